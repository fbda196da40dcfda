"""“Ask it”, and “why”: what would happen to somebody who comes, and why what came was raised, watched or ignored.

It answers. It decides nothing, changes nothing, records nothing.
"""
