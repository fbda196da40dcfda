"""How the spine stands: what every page and every probe is told of it, measured at most every two seconds per process."""

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from soc.core import deliveries
from soc.core.clock import db_now, monotonic
from soc.core.models import Event

EVERY_S: Final = 2.0


@dataclass(frozen=True)
class Pulse:
    """`lag_s`: seconds for which the oldest event has waited to be sealed, or the oldest delivery that is due to be run,
    whichever is longer; 0 when nothing waits. `stuck`: deliveries that fail again and again.
    """

    lag_s: float
    stuck: int


def measure() -> Pulse:
    """Ask the database now, by its own clock."""
    at = db_now()
    unsealed = Event.objects.filter(seq__isnull=True).order_by("id").values_list("at", flat=True).first()
    waits = [_age(since, at) for since in (unsealed, deliveries.overdue_since(at)) if since is not None]
    return Pulse(lag_s=max(waits, default=0.0), stuck=deliveries.stuck(at))


def _age(since: datetime, at: datetime) -> float:
    return max(0.0, round((at - since).total_seconds(), 1))


class Finger:
    """Keeps the last pulse for EVERY_S: hundreds of pages are told of one measurement."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = Pulse(0.0, 0)
        self._next = float("-inf")

    def feel(self) -> Pulse:
        """The pulse, at most EVERY_S old. Raises what the database raises; the next caller then tries again."""
        with self._lock:
            if monotonic() >= self._next:
                self._last = measure()
                self._next = monotonic() + EVERY_S
            return self._last


_finger = Finger()


def latest() -> Pulse:
    return _finger.feel()
