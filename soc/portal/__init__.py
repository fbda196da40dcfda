"""The customer's face: their sites, what was done for them and the same clock. Reads only; imports the line, no other face.

Operators' notes, reasons and phone numbers never come here, names of specialists neither: they have call-signs.
"""
