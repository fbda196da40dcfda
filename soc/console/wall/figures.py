"""Time to decide and incidents by hour, drawn: geometry in the units of the pictures' view boxes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor
from typing import Final
from uuid import UUID
from zlib import crc32

from incidents.funnel import REAL
from incidents.targets import Figure, Share, Target
from incidents.targets import figure as empty_figure
from soc.console.sentences import URGENCY
from soc.core.models import Organisation

WIDTH: Final = 600
HEIGHT: Final = 52
BASE: Final = 40  # the axis
LATE_X: Final = 450  # where the second limit stands
MOST_DOTS: Final = 300  # drawn, the newest; the figures count them all
HOURS: Final = 13


def percent(share: float | None) -> str:
    """In tenths, rounded down, so that it is never said too well; "" where there is nothing to say."""
    return "" if share is None else f"{floor(share * 10 + 1e-9) / 10:g}"


@dataclass(frozen=True, slots=True)
class Told:
    """A share as it is printed, with whether it misses what is wanted."""

    share: Share

    @property
    def value(self) -> str:
        return percent(self.share.share)

    @property
    def wanted(self) -> str:
        return f"{self.share.wanted:g}"


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: int
    late: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """One priority's decisions of the last day. `beyond`: late ones that lie beyond the picture's right edge."""

    figure: Figure
    name: str
    dots: list[Dot]
    soon_x: float
    late_x: int = LATE_X

    @property
    def shares(self) -> Sequence[Told]:
        return (Told(self.figure.soon), Told(self.figure.late))


def strips(
    organisation: Organisation, figures: Iterable[Figure], targets: dict[tuple[UUID, int], Target]
) -> list[Strip]:
    """One for each priority, also where nothing came."""
    known = {figure.priority: figure for figure in figures if figure.organisation == organisation.pk}
    return [
        _strip(known.get(priority) or empty_figure(organisation.pk, priority, targets[organisation.pk, priority], []))
        for priority in (1, 2, 3)
    ]


def _strip(figure: Figure) -> Strip:
    late_s = figure.target.late_s
    counted = [one for one in figure.handled if one.decided or one.seconds > late_s]
    dots = [
        # Where it stands across says nothing: it keeps the dots apart, the same each time.
        Dot(
            round(min(WIDTH - 6.0, LATE_X * one.seconds / late_s), 1),
            6 + crc32(one.incident.bytes) % 29,
            one.seconds > late_s,
        )
        for one in counted[-MOST_DOTS:]
    ]
    return Strip(figure, str(URGENCY[figure.priority]), dots, round(LATE_X * figure.target.soon_s / late_s, 1))


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour's incidents, by when they were detected. height: of all, of 100; real_height: of those that were real."""

    starts: datetime
    n: int
    real: int
    height: float
    real_height: float

    @property
    def y(self) -> float:
        return round(100 - self.height, 1)

    @property
    def real_y(self) -> float:
        return round(100 - self.real_height, 1)


def hours(figures: Iterable[Figure], *, at: datetime) -> list[Hour]:
    """The last HOURS hours, the one that goes on among them. Hours are the clock's own, in UTC."""
    last = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    counted = {last - timedelta(hours=number): [0, 0] for number in reversed(range(HOURS))}
    for figure in figures:
        for one in figure.handled:
            cell = counted.get(one.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0))
            if cell is not None:
                cell[0] += 1
                cell[1] += one.verdict in REAL
    top = max([1, *(n for n, _real in counted.values())])
    return [
        Hour(starts, n, real, round(100 * n / top, 1), round(100 * real / top, 1))
        for starts, (n, real) in counted.items()
    ]
