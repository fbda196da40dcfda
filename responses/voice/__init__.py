"""How the recordings in static/voice were made. Nothing here runs with the product."""
