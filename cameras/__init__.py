"""Everything that senses: cameras, their addresses and zones, and `cameras.vision`, which turns frames into sightings.

The first room of the line: it imports `soc.core` and nothing further down.
"""
