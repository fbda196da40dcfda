"""Candidates on their way into PostgreSQL: a bounded queue whose head is retried until it is committed."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

log = logging.getLogger(__name__)

ROOM = 1000
RETRY_S = 0.2


class Outbox:
    """`put` a function that writes; it runs in order, again and again while the database is away.

    A full box is said aloud and refuses the newest: what was accepted first stays first.
    """

    def __init__(self) -> None:
        self._queue: queue.Queue[Callable[[], None]] = queue.Queue(maxsize=ROOM)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, write: Callable[[], None]) -> bool:
        try:
            self._queue.put_nowait(write)
        except queue.Full:
            log.critical("the outbox is full: a candidate could not be kept; is the database away?")
            return False
        return True

    def drained(self) -> bool:
        return self._queue.unfinished_tasks == 0

    def stop(self, timeout_s: float = 5.0) -> None:
        """Write what is left, as long as it takes but no longer than `timeout_s`."""
        self._stop.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not (self._stop.is_set() and self._queue.empty()):
            try:
                write = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            self._write(write)
            self._queue.task_done()
        connection.close()

    def _write(self, write: Callable[[], None]) -> None:
        warned = False
        while True:
            try:
                write()
                return
            except (OperationalError, InterfaceError) as error:
                if not warned:
                    log.warning("a candidate waits for the database: %s", str(error).splitlines()[0])
                warned = True
                connection.close()
                time.sleep(RETRY_S)  # also while stopping: the supervisor decides how long is long enough
            except Exception:
                # Not a matter of waiting: say it, and let the next one through.
                log.exception("a candidate could not be written")
                return
