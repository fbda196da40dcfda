"""The contingency pack: what a desk needs when this server is away, sealed on the server and opened on the desk by a phrase
that only people have. See docs/decisions/contingency-pack.md.
"""
