"""How many of a process's camera threads work at once: as many as there are processors, and one more.

The pictures of many cameras come at the same instants. Let all threads at them, and each stops some ten times a picture for
Python's one lock, since every call of FFmpeg and OpenCV gives it away and wants it back: with 64 cameras that is 46
changes of thread for each picture, where five are enough. Those who wait for a seat wait once.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Final

PATIENCE_S: Final = 0.25


class Seats:
    """`count` seats, taken for one picture and left again.

    A courtesy and no lock: whoever waited for `patience_s` works all the same. If somebody keeps a seat for longer than that
    (a picture without an end, a disk that does not answer), another is put in its place, so that nobody has to wait for them a
    second time.
    """

    def __init__(
        self,
        count: int,
        *,
        patience_s: float = PATIENCE_S,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if count < 1:
            raise ValueError("nobody could sit")
        self.patience_s, self._monotonic = patience_s, monotonic
        self._free: SimpleQueue[object] = SimpleQueue()
        self._taken: dict[object, float] = {}  # since when, monotonic s; of what was replaced, nothing
        for _ in range(count):
            self._free.put(object())

    def take(self) -> object | None:
        """A seat, for `leave`; None where there was none in time."""
        try:
            seat = self._free.get(timeout=self.patience_s)
        except Empty:
            if not self._one_is_overdue():
                return None
            seat = object()
        self._taken[seat] = self._monotonic()
        return seat

    def leave(self, seat: object | None) -> None:
        """Let the next one have it."""
        if seat is not None and self._taken.pop(seat, None) is not None:
            self._free.put(seat)

    def _one_is_overdue(self) -> bool:
        """Strike off a seat that is kept too long, where there is one. Another thread may be quicker with any of them."""
        limit = self._monotonic() - self.patience_s
        overdue = [seat for seat, since in self._taken.copy().items() if since < limit]
        return any(self._taken.pop(seat, None) is not None for seat in overdue)


def for_this_machine() -> Seats:
    """Seats for the processors that this process may use. One more, since somebody who sits may be waiting for Python."""
    return Seats(len(os.sched_getaffinity(0)) + 1)
