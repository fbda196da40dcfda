"""Shared kernel: tenants, users, rights, the event spine, the live feed, the clock, media.

Imports nothing of ours; everything else may import it.
"""
