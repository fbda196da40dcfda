"""Who is at the desks, what they are on and how much came to each of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from incidents import load
from incidents.actions.desks import LOOKS
from incidents.models import Shift
from incidents.targets import Figure, nearest_rank
from soc.console.wall.queue import Shown
from soc.core.models import Organisation, Site, User

BAR_W: Final = 16  # px of a window's bar in the picture, and GAP between two
GAP: Final = 4
HEIGHT: Final = 28
WHOLE: Final = 14  # incidents that fill the picture's height


@dataclass(frozen=True, slots=True)
class Bar:
    """One window of ten minutes, drawn."""

    x: int
    y: int
    height: int
    over: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """One person on shift. `on`: what they hold, the most urgent first. `windows`: incidents that came to them per ten
    minutes, oldest first. `median_s`: from detection to their verdicts of the last day; None: none. `heard`: their page
    answered just now."""

    shift: Shift
    on: list[Shown]
    windows: list[int]
    loaded: bool
    median_s: float | None
    heard: bool
    at: datetime = field(repr=False)

    @property
    def user(self) -> User:
        return self.shift.user

    @property
    def on_break(self) -> bool:
        return self.shift.break_from is not None and self.shift.break_until is not None

    @property
    def others(self) -> int:
        """How many they hold besides the first."""
        return max(0, len(self.on) - 1)

    @property
    def overdue(self) -> bool:
        """Not back from the break when it ended."""
        return self.shift.break_until is not None and self.shift.break_until < self.at

    @property
    def silent(self) -> bool:
        return self.shift.silent_at is not None

    @property
    def full(self) -> bool:
        """One more would be too much: others are asked first."""
        return bool(self.windows) and self.windows[-1] >= settings.LOAD_LINE

    @property
    def over_for_min(self) -> int:
        """For how many minutes, in whole windows up to now, as many as the line or more came."""
        count = 0
        for number in reversed(self.windows):
            if number < settings.LOAD_LINE:
                break
            count += 1
        return count * 10

    @property
    def bars(self) -> list[Bar]:
        return [
            Bar(number * (BAR_W + GAP), HEIGHT - (height := max(1, min(HEIGHT, round(HEIGHT * n / WHOLE)))), height,
                n > settings.LOAD_LINE)
            for number, n in enumerate(self.windows)
        ]  # fmt: skip

    @property
    def line_y(self) -> int:
        """Where the line of a load that is still taken well lies in the picture."""
        return HEIGHT - round(HEIGHT * settings.LOAD_LINE / WHOLE)


def operators(
    organisation: Organisation,
    held: dict[UUID, list[Shown]],
    figures: Iterable[Figure],
    *,
    at: datetime,
    sites: QuerySet[Site] | None = None,
) -> list[Operator]:
    """Everyone on shift, whoever holds the most urgent first, then the free, then who is on a break. Three queries.

    `sites`: those that whoever asks leads, where it is not the whole centre. It is then who is at work there, or was within the
    windows, and what came to them from there: who else sits in the centre, and with how much, is for whoever leads all of it.
    """
    shifts = Shift.objects.filter(organisation=organisation, ended_at__isnull=True).select_related("user")
    counted = load.windows(organisation, at, sites=sites)
    loaded = load.over(counted)
    if sites is not None:
        shifts = shifts.filter(user__in=[*held, *(user for user, counts in counted.items() if any(counts))])
    took: dict[UUID, list[float]] = {}
    for figure in figures:
        for one in figure.handled:
            if one.decided and one.owner is not None:
                took.setdefault(one.owner, []).append(one.seconds)
    found = [
        Operator(
            shift,
            held.get(shift.user_id, []),
            counted.get(shift.user_id, []),
            shift.user_id in loaded,
            nearest_rank(sorted(took.get(shift.user_id, [])), 50),
            shift.seen_at >= at - LOOKS,
            at,
        )
        for shift in shifts
    ]
    return sorted(found, key=_order)


def _order(one: Operator) -> tuple[bool, bool, int, str]:
    return one.on_break, not one.on, one.on[0].row.priority if one.on else 0, one.user.sign
