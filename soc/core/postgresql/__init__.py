"""Django's PostgreSQL backend, with one difference: a lost connection always has the same name (see base.py)."""
