"""How many queries something asks: what reads or writes rows, without the words that begin and end transactions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

# The context of a row's history comes in front of whatever is said while something may change.
AROUND = re.compile(r"(SELECT set_config\('pghistory.*?\); )?(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)")


@contextmanager
def at_most(number: int) -> Iterator[None]:
    """Raises AssertionError, with the queries, where the block asks more."""
    with CaptureQueriesContext(connection) as asked:
        yield
    counted = [query["sql"] for query in asked.captured_queries if not AROUND.match(query["sql"])]
    assert len(counted) <= number, "\n".join([f"{len(counted)} queries:", *counted])
