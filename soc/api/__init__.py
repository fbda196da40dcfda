"""The REST door: signals in with a key per source, incidents out to whoever may see them; described by OpenAPI.

It parses, acts and answers. What a signal means is decided in cameras, who may see what in soc.core.rights.
"""
