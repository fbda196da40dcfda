"""ByteTrack, from `trackers`, in an environment of its own: its OpenCV and ours cannot be in one. Nothing here is imported
by the product, and `track.py` imports nothing of it.
"""
