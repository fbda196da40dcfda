"""The demonstration's rows. May import everything; nothing imports it.

What exists is left as people changed it: seeding again adds what is missing and moves the simulated cameras to the
ports of this run.
"""
