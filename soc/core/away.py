"""What says that the database is away, and that waiting helps."""

from django.db import InterfaceError, OperationalError

# Whole, because the database backend names every lost connection so (soc/core/postgresql).
LOST = (OperationalError, InterfaceError)
