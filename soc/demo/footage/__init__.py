"""The committed footage, its ground truth (clips.json), and the script that made it."""
