"""The blind audit's face: what a case was, told at once when it is over, and what all of them come to."""
