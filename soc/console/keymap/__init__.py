"""The console's commands and the keys that press them: the one list that the help, the palette and each person's own keys
are made of. Nothing here acts: a key presses the control of the page that shows it.
"""
