"""How the installation does, measured by the spine every five seconds and kept for a day: what the supervisors' wall draws.

Each stage tells what can be measured of it, as gauges: numbers by name, for the whole installation; what belongs to a centre is
told by organisation, {"cameras": {"<organisation>": 12}}, and only its own people are shown it. Nothing acts on these figures.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from celery import current_app
from django.db.models import Count, Min
from kombu.exceptions import OperationalError as BrokerAway
from redis.exceptions import RedisError

from soc.core.away import LOST
from soc.core.clock import monotonic
from soc.core.models import Delivery, Event, Vitals
from soc.core.sweeps import chore

log = logging.getLogger(__name__)

EVERY_S: Final = 5
KEPT: Final = timedelta(days=1)
PING_EVERY_S: Final = 15.0
PING_WITHIN_S: Final = 1.0

Gauge = Callable[[datetime], dict[str, Any]]
_gauges: dict[str, Gauge] = {}


def gauge(name: str) -> Callable[[Gauge], Gauge]:
    """Register `function(at) -> numbers by name`. It may ask the database a query or two, and touch nothing else."""

    def register(function: Gauge) -> Gauge:
        _gauges[name] = function
        return function

    return register


def measure(at: datetime) -> dict[str, Any]:
    """Every gauge's numbers. One that fails is left out, and said in the log: the others are measured all the same."""
    found: dict[str, Any] = {}
    for name, read in _gauges.items():
        try:
            found |= read(at)
        except LOST:
            raise
        except Exception:
            log.exception("the gauge %s failed", name)
    return found


def take(at: datetime) -> Vitals | None:
    """Measure and keep, at most once in EVERY_S of the database's clock however many spines run; None: it is there already."""
    at = at.replace(second=at.second - at.second % EVERY_S, microsecond=0)
    if Vitals.objects.filter(at=at).exists():
        return None
    row = Vitals(at=at, data=measure(at))
    Vitals.objects.bulk_create([row], ignore_conflicts=True)
    return row


@chore("vitals.old")
def forget(at: datetime) -> int:
    """Remove what is older than a day."""
    return Vitals.objects.filter(at__lt=at - KEPT).delete()[0]


# --- the spine's own


@gauge("spine")
def spine(at: datetime) -> dict[str, Any]:
    """`relay_lag_ms`: for how long the oldest event has waited to be sealed. `due`: deliveries that anybody could run now,
    `oldest_due_s`: for how long the oldest of them could have been."""
    unsealed = Event.objects.filter(seq__isnull=True).order_by("id").values_list("at", flat=True).first()
    waiting = Delivery.objects.filter(done_at__isnull=True, due_at__lte=at, leased_until__isnull=True)
    owed = waiting.aggregate(due=Count("pk"), since=Min("due_at"))
    return {
        "relay_lag_ms": max(0, round((at - unsealed).total_seconds() * 1000)) if unsealed else 0,
        "due": owed["due"],
        "oldest_due_s": max(0.0, round((at - owed["since"]).total_seconds(), 1)) if owed["since"] else 0.0,
    }


class Canaries:
    """Asks the workers whether they are there; the answer is kept for PING_EVERY_S, since each question waits a second."""

    def __init__(self) -> None:
        self._next = float("-inf")
        self._last: list[str] | None = None

    def ask(self) -> list[str] | None:
        """The names of those that answered, sorted; None where nobody could be asked."""
        if monotonic() >= self._next:
            self._last = self._answers()
            self._next = monotonic() + PING_EVERY_S
        return self._last

    def _answers(self) -> list[str] | None:
        try:
            replies = current_app.control.ping(timeout=PING_WITHIN_S)
        except (BrokerAway, RedisError, OSError):
            return None  # shown as such: nobody could be asked
        return sorted({name for reply in replies or [] for name in reply})


_canaries = Canaries()


@gauge("workers")
def workers(_at: datetime) -> dict[str, Any]:
    return {"workers": _canaries.ask()}
