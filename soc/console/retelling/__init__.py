"""How an incident went, instant by instant, as its operator saw it: to learn from, and to review by. It writes nothing."""
