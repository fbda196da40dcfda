"""Telling a lost connection from a fault of the statement."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DatabaseError, OperationalError


@contextmanager
def loss_is_operational() -> Iterator[None]:
    """Raise OperationalError for every lost connection.

    A server that dies in the middle of a statement is told by psycopg2 as a plain DatabaseError ("server closed the
    connection unexpectedly"). Taken for a fault of the statement, what was to be written would be given up.
    """
    try:
        yield
    except DatabaseError as error:
        if type(error) is DatabaseError:
            raise OperationalError(*error.args) from error
        raise
