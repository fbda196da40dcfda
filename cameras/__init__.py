"""Everything that senses: cameras, addresses, zones; `cameras.vision` turns their frames into sightings.

The first room of the line: it imports `soc.core` and nothing further down.
"""
