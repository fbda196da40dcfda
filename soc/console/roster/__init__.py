"""The roster: a week of who works, leads and is on call, with the gaps."""
