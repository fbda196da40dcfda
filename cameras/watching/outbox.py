"""Candidates on their way into PostgreSQL: a bounded queue whose head is retried until it is committed."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from django.db import connection

from cameras.watching import spill
from cameras.watching.pending import PendingCandidate, PendingStay
from soc.core import clock
from soc.core.away import LOST

log = logging.getLogger(__name__)

ROOM = 1000
RETRY_S = 0.2
LOOK_S = 5.0  # between two looks for files, such as those of a process that ended after we began


class Outbox:
    """`put` a candidate; they are committed in order, the head again and again while the database is away. `add` what is
    known of one later: that is let go where there is little room, and never spilled.

    What does not fit, and what is left at `stop`, is spilled to a file in `folder`, which a running or the next watch
    process commits. The candidate itself is what is kept so: its clip and snapshot are in memory only, and may be lost.
    A process that is killed outright loses what waits in its memory, at most ROOM candidates, and those only while the
    database is away: that much is accepted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: deque[PendingCandidate | PendingStay] = deque()  # the head stays in it until it is committed
        self._changed = threading.Condition()
        self._stopping = False
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, candidate: PendingCandidate) -> bool:
        """False where it is lost: neither room nor a disk to write to."""
        with self._changed:
            if len(self._waiting) < ROOM and not self._given_up.is_set():
                self._waiting.append(candidate)
                self._changed.notify()
                return True
        return self._spill([candidate])

    def add(self, stay: PendingStay) -> None:
        with self._changed:
            if len(self._waiting) < ROOM // 2 and not self._given_up.is_set():
                self._waiting.append(stay)
                self._changed.notify()

    def drained(self) -> bool:
        return not self._waiting

    def stop(self, timeout_s: float = 2.0) -> None:
        """Commit what is left, but no longer than `timeout_s`; then spill it."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        with self._changed:
            self._given_up.set()
            left = [one for one in self._waiting if isinstance(one, PendingCandidate)]
            self._waiting.clear()
        if left:
            self._spill(left)

    def _spill(self, candidates: Sequence[PendingCandidate]) -> bool:
        try:
            spill.spill(candidates, self._folder)
        except OSError:
            log.critical("%d candidates are LOST: neither database nor disk", len(candidates), exc_info=True)
            return False
        log.critical("%d candidates wait in %s: is the database away?", len(candidates), self._folder)
        return True

    def _run(self) -> None:
        look_at = clock.monotonic()  # at once: what was noticed first goes first
        while True:
            if clock.monotonic() >= look_at:
                self._retried(partial(spill.replay, self._folder))
                look_at = clock.monotonic() + LOOK_S
            with self._changed:
                if not self._waiting and not self._stopping:
                    self._changed.wait(max(look_at - clock.monotonic(), 0.01))
                if not self._waiting and self._stopping:
                    break
                head = self._waiting[0] if self._waiting else None
            if head is not None and self._retried(head.commit):
                self._done(head)
        connection.close()

    def _done(self, head: PendingCandidate | PendingStay) -> None:
        with self._changed:
            if self._waiting and self._waiting[0] is head:  # or it was spilled meanwhile, which is harmless
                self._waiting.popleft()

    def _retried(self, attempt: Callable[[], object]) -> bool:
        """Until the database takes it or refuses it; False once that is given up."""
        warned = False
        while not self._given_up.is_set():
            try:
                attempt()
                return True
            except LOST as error:
                if not warned:
                    log.warning("a candidate waits for the database: %s", (str(error).splitlines() or [""])[0])
                warned = True
                connection.close()
                self._given_up.wait(RETRY_S)
            except Exception:
                # Not a matter of waiting: say it, and let the next one through.
                log.exception("a candidate could not be written")
                return True
        return False
