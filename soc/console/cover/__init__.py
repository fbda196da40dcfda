"""What is not as usual for a time: muted, on test, expected, storm, instructions. A page for all sites, one for each.

Everything here has an end, and whoever may begin it may end it before.
"""
