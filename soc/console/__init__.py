"""The specialists' face: the queue strip, the open incident, its acts, the live picture.

Reads through `visible_to`, acts through `incidents.actions` and `responses.actions`; keeps nothing of its own.
The other faces must not be imported here, nor this one by them.
"""
