"""Context: what turns a sighting into a verdict. Pure functions of frozen values; imports no Django, reads no clock."""
