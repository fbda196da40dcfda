"""Several threads at the same thing at the same moment, each on a PostgreSQL connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection

WAIT_S = 30.0  # for all to reach the start; beyond it something hangs


class Together:
    """`count` threads that keep their connections from one round to the next."""

    def __init__(self, count: int, pool: ThreadPoolExecutor) -> None:
        self.count, self._pool = count, pool

    def run(self, act: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        """Call `act(item)` for each of the `count` items at once; what it returned or raised, in order.

        Nobody starts before everybody is there, so that each item has a thread of its own.
        """
        start = threading.Barrier(self.count)

        def one(item: Any) -> Any:
            start.wait(WAIT_S)
            try:
                return act(item)
            except Exception as error:  # it is the result that the test looks at
                return error

        return [future.result(WAIT_S) for future in [self._pool.submit(one, item) for item in items]]


@contextmanager
def together(count: int) -> Iterator[Together]:
    with ThreadPoolExecutor(count) as pool:
        threads = Together(count, pool)
        try:
            yield threads
        finally:
            threads.run(lambda _: connection.close(), range(count))
