"""Django's PostgreSQL backend, in which every lost connection is an OperationalError or an InterfaceError, one in constant
use is not asked each time whether it still works, and statements may be planned once.

A server that dies in the middle of a statement is told by psycopg2 as a plain DatabaseError ("server closed the
connection unexpectedly"). Taken for a fault of the statement, what was to be written would be given up.
"""

from __future__ import annotations

import select
import time
from types import TracebackType
from typing import Any, Final

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


MOST: Final = 256  # statements that a connection keeps planned, some tens of kilobytes each
ASKED_S: Final = 1.0  # whoever answered so lately is not asked again, as long as the line is still


class DatabaseWrapper(base.DatabaseWrapper):
    asked: tuple[float, Any] = (0.0, None)  # when (monotonic s), and the connection that answered
    planned: tuple[Any, dict[str, str]] = (None, {})  # a connection, and the names of the statements it has

    @cached_property
    def wrap_database_errors(self) -> LossIsOperational:
        return LossIsOperational(self)

    def is_usable(self) -> bool:
        """Asks the server. Django does so at the beginning of every request: one in ten of an alarm's ways there and back."""
        at, answered = self.asked
        line = self.connection
        lately = line is not None and line is answered and time.monotonic() - at < ASKED_S
        if lately and not self.errors_occurred and not line.closed and _still(line.fileno()):
            return True
        usable = super().is_usable()
        self.asked = (time.monotonic(), self.connection if usable else None)
        return usable

    def plan(self, statement: str) -> str:
        """The name under which this connection's server knows `statement`, which begins with its types: "(uuid) AS SELECT …".
        It is parsed once, and planned five times at most."""
        self.close_if_health_check_failed()
        self.ensure_connection()
        if self.planned[0] is not self.connection:
            self.planned = (self.connection, {})
        names = self.planned[1]
        if (name := names.get(statement)) is None:
            with self.wrap_database_errors, self.connection.cursor() as cursor:
                if len(names) >= MOST:
                    cursor.execute("DEALLOCATE ALL")
                    names.clear()
                name = f"statement_{len(names)}"
                cursor.execute(f"PREPARE {name} {statement}")
            names[statement] = name
        return name


def _still(line: int) -> bool:
    """Whether nothing has come on a line that nothing was asked on: the end of a server that goes is told on it."""
    poll = select.poll()
    poll.register(line, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)
