"""How the spine stands: what every page and every probe is told of it, measured at most every two seconds per process."""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from soc.core import deliveries
from soc.core.clock import db_now, monotonic
from soc.core.feed.audiences import Audience
from soc.core.models import Event

EVERY_S: Final = 2.0


@dataclass(frozen=True)
class Pulse:
    """`lag_s`: seconds for which the oldest event has waited to be sealed, or the oldest delivery that is due to be run,
    whichever is longer; 0 when nothing waits. `places`: where deliveries fail again and again, and how many.
    """

    lag_s: float
    places: Mapping[deliveries.Place, int] = field(default_factory=dict)

    @property
    def stuck(self) -> int:
        """In the whole installation."""
        return sum(self.places.values())

    def stuck_for(self, audiences: Iterable[Audience]) -> int:
        """Within the scopes of these audiences, each delivery once."""
        scopes = [(audience.scope, audience.id) for audience in audiences]
        return sum(n for place, n in self.places.items() if any(getattr(place, name) == pk for name, pk in scopes))


def measure() -> Pulse:
    """Ask the database now, by its own clock."""
    at = db_now()
    unsealed = Event.objects.filter(seq__isnull=True).order_by("id").values_list("at", flat=True).first()
    waits = [_age(since, at) for since in (unsealed, deliveries.overdue_since(at)) if since is not None]
    return Pulse(lag_s=max(waits, default=0.0), places=deliveries.stuck_by_place(at))


def _age(since: datetime, at: datetime) -> float:
    return max(0.0, round((at - since).total_seconds(), 1))


class Finger:
    """Keeps the last pulse for EVERY_S: hundreds of pages are told of one measurement."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = Pulse(0.0)
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
