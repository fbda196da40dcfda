"""The live feed: sealed events, pushed to whoever may see them, resumable without a gap.

A face registers how an event looks (`face()`); the reader thread of each web process follows the sealed events and
hands them on to that process's sockets.
"""
