"""Django's PostgreSQL backend, in which every lost connection is an OperationalError or an InterfaceError.

A server that dies in the middle of a statement is told by psycopg2 as a plain DatabaseError ("server closed the
connection unexpectedly"). Taken for a fault of the statement, what was to be written would be given up.
"""

from __future__ import annotations

from types import TracebackType

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property


class LossIsOperational(DatabaseErrorWrapper):
    """Names psycopg2's errors as Django does, but for one that came without any word of the server: what PostgreSQL
    itself says of a statement carries a code (SQLSTATE)."""

    wrapper: DatabaseWrapper

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is self.wrapper.Database.DatabaseError and getattr(error, "pgcode", None) is None:
            self.wrapper.errors_occurred = True  # the connection is looked at before it is used again
            raise OperationalError(*error.args).with_traceback(traceback) from error  # type: ignore[union-attr]
        super().__exit__(kind, error, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    @cached_property
    def wrap_database_errors(self) -> LossIsOperational:
        return LossIsOperational(self)
