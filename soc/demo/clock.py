"""The simulated world's own clock: UTC wall time, and wall time that moves with the monotonic clock."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The time, aware, in UTC."""
    return datetime.now(UTC)


def iso(at: datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds, or None."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else None


class Stopwatch:
    """Seconds since its making, and the wall time each of them had.

    The wall time is read once, so that a stream's timestamps never jump when the machine's clock is set.
    """

    def __init__(self) -> None:
        self._monotonic = time.monotonic()
        self._wall = time.time()

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._monotonic

    def wall(self, seconds: float) -> float:
        """Unix time at that many seconds after the start."""
        return self._wall + seconds

    def when(self, seconds: float) -> datetime:
        """The aware UTC time at that many seconds after the start."""
        return datetime.fromtimestamp(self.wall(seconds), UTC)
