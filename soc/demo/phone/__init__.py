"""A phone network that answers Twilio's REST API (2010-04-01). Knows nothing of cameras, panels or the product."""
