"""How the cameras are shared between the watch processes that live: each has its fair part, and nobody more."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Final, TypeVar

from django.db.models import Q

from cameras.models import Camera
from cameras.models.watching import WatchProcess

LEASE: Final = timedelta(seconds=4)
GIVEN_UP_A_ROUND: Final = 4  # each is connected anew by somebody else: not all at once

# How long a process has had too much before it parts with a camera that shows nothing at all, nothing that moves,
# something that moves, and something whose clip is still being made.
PATIENCE_S: Final = (0.0, 0.0, 60.0, 300.0)


def free_at(at: datetime) -> Q:
    """Cameras that nobody has. A lease that ends later than any could is from before the database's clock was set back:
    whoever lives renews it within a second.
    """
    return Q(leased_until__isnull=True) | Q(leased_until__lt=at) | Q(leased_until__gt=at + 3 * LEASE)


def announce(me: str, at: datetime) -> int:
    """Say that this process lives, forget those that do not; gives how many live, this one among them."""
    WatchProcess.objects.bulk_create(
        [WatchProcess(name=me, seen_at=at)], update_conflicts=True, unique_fields=["name"], update_fields=["seen_at"]
    )
    WatchProcess.objects.exclude(seen_at__range=(at - LEASE, at + 3 * LEASE)).delete()
    return WatchProcess.objects.count()


def take_leave(me: str) -> None:
    """This process ends: what it had is for the others."""
    WatchProcess.objects.filter(name=me).delete()


def fair_share(processes: int) -> int:
    """The most cameras that one of so many processes should have. Suspects are not counted: each has its own."""
    cameras = Camera.objects.filter(enabled=True, suspect_since__isnull=True).count()
    return math.ceil(cameras / max(processes, 1))


T = TypeVar("T")


class Surplus:
    """What a process that has more than its share parts with, a little at a time."""

    def __init__(self) -> None:
        self._since: float | None = None

    def choose(self, ranked: list[tuple[int, T]], too_many: int, monotonic: float) -> list[T]:
        """Which of ours to give up now. ranked: each with its place in PATIENCE_S; `too_many` is how many are too many."""
        if too_many <= 0:
            self._since = None
            return []
        if self._since is None:
            self._since = monotonic
        patient_for = monotonic - self._since
        ready = [one for one in ranked if PATIENCE_S[one[0]] <= patient_for]
        ready.sort(key=lambda one: one[0])
        return [one for _, one in ready[: min(too_many, GIVEN_UP_A_ROUND)]]
