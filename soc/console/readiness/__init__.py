"""How cameras are, before the night and in it: a list by site, a page for each camera.

Numbers and conditions for whoever works with cameras; pictures only for those who may see them.
"""
