"""The shift of whoever is logged in: sitting down with what is open, breaks, are you there, getting up. Pages on the desk."""
