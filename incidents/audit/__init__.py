"""The blind audit: what the filter held back, and known intrusions, put before operators unmarked, to know what it misses.

Drawing, admitting, withdrawing, revealing, and what follows for recall. Nothing of a case may leave the house: `guard`.
"""
