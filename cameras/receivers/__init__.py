"""Everything that senses and is not a camera: panels, buttons, other systems.

A receiver turns what it was told into a `Signal`; `accept` commits it as a candidate and answers only then. Doors
(the REST door lives in soc.api) parse and authenticate; nothing here knows HTTP.
"""
