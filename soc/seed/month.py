"""What happened at the demonstration's sites in the month before its first run: sightings by the minute, and what they were.

Pure, and the same for the same day. What is made of them (raised, watched, ignored) is not said here: that is judged. What
people called them in the end is, for it is what they were.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = 30
LONDON: Final = ZoneInfo("Europe/London")
Box = tuple[float, float, float, float]

DEPOT, QUAY, GLASSHOUSE = "Pinewick Depot", "Quay Street Lot", "Glasshouse"


@dataclass(frozen=True, slots=True)
class Cause:
    """What a sighting was in the end: the verdict and outcome that an operator ends it with, and what they tell the customer."""

    code: str
    verdict: str
    outcome: str
    summary: str = ""
    spoken_to: bool = False  # the loudspeaker was used
    film: str = ""  # which of the demonstration's films shows it; empty: none


@dataclass(frozen=True, slots=True)
class Sighting:
    """Somebody or something in a zone. `stayed_s`: in the zone in the end."""

    at: datetime
    site: str
    camera: str
    zone: str
    stayed_s: float
    score: float
    shown: tuple[float, Box]  # at which second of the cause's film, and where they stand in it, 0..1
    cause: Cause
    category: str = "person"
    people: int = 1

    @property
    def box(self) -> Box:
        return self.shown[1]


PASSER_BY: Final = Cause(
    "passer_by", "false", "false.outside_zone", "Somebody walked past the fence on the public path.", film="street"
)
FOX: Final = Cause("fox", "false", "false.animal", "A fox crossed the yard.", film="quiet")
LEAVES: Final = Cause("leaves", "false", "false.weather", "Wind in the hedge. Nobody was there.", film="foliage")
BAKER: Final = Cause(
    "baker", "authorised", "authorised.delivery", "The early delivery came through the gate.", film="intrusion_b"
)
CLOSERS: Final = Cause(
    "closers", "authorised", "authorised.staff", "Your own people, closing up after hours.", film="street"
)
CLEANER: Final = Cause("cleaner", "authorised", "authorised.contractor", "The cleaner.", film="intrusion_b")
REPAIR: Final = Cause(
    "repair", "authorised", "authorised.contractor", "The people who repair the fence.", film="intrusion_b"
)
GUEST: Final = Cause("guest", "false", "false.outside_zone", "Somebody passing by day.", film="street")
DETERRED: Final = Cause(
    "intruder", "real", "genuine.deterred_by_voice", "Someone climbed the fence. We spoke to them and they left again.",
    spoken_to=True, film="intrusion_a",
)  # fmt: skip
LEFT: Final = Cause(
    "intruder",
    "real",
    "genuine.left_before_intervention",
    "Someone walked through and left before we stepped in.",
    film="intrusion_b",
)
TRIED: Final = Cause(
    "intruder",
    "real",
    "genuine.attempt_only",
    "Someone tried the door and left. Nothing is missing.",
    film="intrusion_a",
)
LOITERED: Final = Cause(
    "intruder",
    "suspicious",
    "genuine.left_before_intervention",
    "Someone looked over the fence for a while and left.",
    film="street",
)


def month(until: datetime) -> list[Sighting]:
    """All of it, the oldest first: of the thirty days before the day of `until`, and of that day up to half an hour before.

    The same for every `until` of one day, but for where it ends.
    """
    today = until.astimezone(LONDON).date()
    found: list[Sighting] = []
    for number in range(DAYS, -1, -1):
        day = today - timedelta(days=number)
        rng = Random(f"nightdesk {day.isoformat()}")
        for tell in (_depot, _quay, _glasshouse):
            found += tell(day, number, rng)
    last = until - timedelta(minutes=30)
    return sorted((one for one in found if one.at <= last), key=lambda one: (one.at, one.site, one.stayed_s))


def first_day(until: datetime) -> datetime:
    """The midnight with which the story begins."""
    return datetime.combine(until.astimezone(LONDON).date() - timedelta(days=DAYS), time(0), LONDON)


def _at(day: date, hour: float, rng: Random, *, spread_min: float = 0.0) -> datetime:
    """A wall-clock hour of the day, give or take."""
    minutes = hour * 60 + rng.uniform(-spread_min, spread_min)
    wall = datetime.combine(day, time(0), LONDON) + timedelta(minutes=minutes)
    return wall.replace(microsecond=rng.randrange(1000) * 1000)


@lru_cache(maxsize=1)
def moments() -> dict[str, list[tuple[float, Box]]]:
    """By film: (seconds from its beginning, where somebody stands then), found by the house's detector once and for all."""
    kept = json.loads(Path(__file__).with_name("moments.json").read_text())
    return {film: [(row[0], tuple(box)) for row in rows for box in row[1]] for film, rows in kept.items()}


def _shown(rng: Random, cause: Cause, low: float, high: float, tall: float) -> tuple[float, Box]:
    """A moment of the film that shows the cause, with feet between `low` and `high` of the picture as near as there is one;
    of a film in which nobody is, any moment and a place for what was taken for somebody."""
    found = moments().get(cause.film)
    if found:
        fitting = [one for one in found if low <= one[1][3] <= high]
        return rng.choice(fitting or sorted(found, key=lambda one: abs(one[1][3] - (low + high) / 2))[:6])
    feet, x = rng.uniform(low, high), rng.uniform(0.08, 0.84)
    wide = tall * 0.38
    box = (round(x, 3), round(max(feet - tall, 0.0), 3), round(min(x + wide, 1.0), 3), round(feet, 3))
    return round(rng.uniform(1, 20), 1), box


def _weekday(day: date, ago: int, other: int) -> int:
    """Of the day that was `other` days ago, where `day` was `ago`."""
    return (day - timedelta(days=other - ago)).weekday()


def _stayed(rng: Random, least: float, usual: float, most: float) -> float:
    return round(min(most, least + rng.expovariate(1 / (usual - least))), 1)


YARD_PLACE: Final = ("Loading yard", "Yard")
PATH_PLACE: Final = ("Loading yard", "Path along the fence")
BACK_PLACE: Final = ("Back yard", "Yard")

ROAD_WORKS: Final = 12  # days ago: many walked round them, along the fence, one afternoon

# Nights on which somebody came who did not belong there: days before today → hour, where, how long, what it was.
DEPOT_REAL: Final[dict[int, list[tuple[float, tuple[str, str], float, Cause]]]] = {
    28: [(2.22, YARD_PLACE, 21.4, DETERRED)],
    17: [(3.47, BACK_PLACE, 2.8, TRIED)],  # as short as the foxes stay
    12: [(23.31, PATH_PLACE, 8.6, LOITERED)],
    20: [(4.4, YARD_PLACE, 18.2, TRIED)],
    9: [(1.05, YARD_PLACE, 33.5, DETERRED)],
    6: [(0.4, YARD_PLACE, 24.6, DETERRED)],
    4: [(2.71, PATH_PLACE, 11.2, LOITERED)],
    2: [(3.93, YARD_PLACE, 15.9, DETERRED)],
}
EARLY: Final = (23, 22, 21)  # on the first working day of these somebody came at the hour of the early delivery
QUAY_REAL: Final = {
    27: [(0.9, 22.0, TRIED)], 25: [(2.9, 28.0, LEFT)], 21: [(1.62, 34.0, LEFT)], 18: [(4.2, 17.0, TRIED)],
    14: [(3.6, 25.5, LEFT)], 11: [(3.2, 19.5, TRIED)], 8: [(2.1, 31.0, LEFT)], 3: [(2.4, 41.0, LEFT)],
}  # fmt: skip
GLASSHOUSE_REAL: Final = {19: [(0.74, 12.4, LEFT)], 6: [(4.1, 9.8, LOITERED)]}


def _depot(day: date, ago: int, rng: Random) -> Iterator[Sighting]:
    """Passers-by on the path, an early delivery on working days, a fox now and then, the cleaner on Tuesdays."""
    for _ in range(rng.randint(6, 11)):
        at = _at(day, rng.triangular(6, 23.4, 17), rng)
        stayed = _stayed(rng, 1.0, 2.5, 5.4)
        yield Sighting(
            at,
            DEPOT,
            *PATH_PLACE,
            stayed,
            round(rng.uniform(0.58, 0.9), 2),
            _shown(rng, PASSER_BY, 0.24, 0.40, 0.12),
            PASSER_BY,
        )
    early = ago in EARLY and day.weekday() < 5 and all(_weekday(day, ago, other) >= 5 for other in EARLY if other > ago)
    if day.weekday() < 5 and not early:
        at = _at(day, 5.8, rng, spread_min=14)
        yield Sighting(
            at,
            DEPOT,
            *YARD_PLACE,
            _stayed(rng, 20, 34, 58),
            round(rng.uniform(0.74, 0.93), 2),
            _shown(rng, BAKER, 0.55, 0.9, 0.3),
            BAKER,
        )
    if rng.random() < 0.4:
        at = _at(day, rng.choice([0.5, 1.6, 2.4, 3.3, 4.2, 22.8, 23.5]), rng, spread_min=20)
        camera = rng.choice([YARD_PLACE, BACK_PLACE])
        yield Sighting(
            at,
            DEPOT,
            *camera,
            round(rng.uniform(2.1, 3.6), 1),
            round(rng.uniform(0.41, 0.54), 2),
            _shown(rng, FOX, 0.6, 0.95, 0.1),
            FOX,
        )
    if day.weekday() == 1:
        for hour in (19.2, 19.9, 20.6):
            at = _at(day, hour, rng, spread_min=9)
            yield Sighting(
                at,
                DEPOT,
                *YARD_PLACE,
                _stayed(rng, 8, 15, 40),
                round(rng.uniform(0.7, 0.92), 2),
                _shown(rng, CLEANER, 0.55, 0.9, 0.3),
                CLEANER,
            )
    if ago == ROAD_WORKS:
        for _ in range(9):
            at = _at(day, rng.uniform(15.05, 16.3), rng)
            stayed = _stayed(rng, 2.0, 3.5, 6)
            yield Sighting(
                at,
                DEPOT,
                *PATH_PLACE,
                stayed,
                round(rng.uniform(0.58, 0.9), 2),
                _shown(rng, PASSER_BY, 0.24, 0.40, 0.12),
                PASSER_BY,
            )
    if ago in (16, 15, 14):
        for hour in (8.6, 11.2, 14.4):
            at = _at(day, hour, rng, spread_min=20)
            stayed = _stayed(rng, 12, 30, 90)
            yield Sighting(
                at,
                DEPOT,
                *BACK_PLACE,
                stayed,
                round(rng.uniform(0.7, 0.92), 2),
                _shown(rng, REPAIR, 0.55, 0.9, 0.3),
                REPAIR,
            )
    for hour, place, stayed, cause in [*DEPOT_REAL.get(ago, []), *([(5.86, YARD_PLACE, 26.0, LEFT)] if early else [])]:
        tall, low, high = (0.12, 0.26, 0.40) if place == PATH_PLACE else (0.3, 0.6, 0.9)
        first = Sighting(
            _at(day, hour, rng),
            DEPOT,
            *place,
            stayed,
            round(rng.uniform(0.78, 0.94), 2),
            _shown(rng, cause, low, high, tall),
            cause,
        )
        yield first
        if stayed > 20:  # seen again a little later, and folded into the same incident
            again = timedelta(seconds=rng.uniform(12, 30))
            yield replace(
                first, at=first.at + again, stayed_s=round(stayed / 3, 1), shown=_shown(rng, cause, low, high, tall)
            )


def _quay(day: date, ago: int, rng: Random) -> Iterator[Sighting]:
    """Open to the public by day; the last of the staff go between eight and half past; somebody on the footpath at night."""
    for _ in range(rng.randint(12, 20)):
        at = _at(day, rng.triangular(6.6, 19.8, 13), rng)
        zone, low, high = rng.choice([("Forecourt", 0.55, 0.85), ("Footpath", 0.28, 0.38), ("Footpath", 0.28, 0.38)])
        yield Sighting(
            at,
            QUAY,
            "Forecourt",
            zone,
            _stayed(rng, 1.2, 5, 40),
            round(rng.uniform(0.55, 0.93), 2),
            _shown(rng, GUEST, low, high, 0.14),
            GUEST,
        )
    if day.weekday() < 6:
        for _ in range(rng.choice([1, 1, 2])):
            at = _at(day, 20.2, rng, spread_min=11)
            yield Sighting(
                at, QUAY, "Forecourt", "Forecourt", _stayed(rng, 6, 14, 50), round(rng.uniform(0.72, 0.93), 2),
                _shown(rng, CLOSERS, 0.55, 0.85, 0.2), CLOSERS,
            )  # fmt: skip
    for _ in range(rng.choice([0, 1, 1, 2, 3])):
        at = _at(day, rng.choice([20.9, 21.7, 22.6, 23.2, 0.4, 5.3, 5.7]), rng, spread_min=15)
        yield Sighting(
            at, QUAY, "Forecourt", "Footpath", _stayed(rng, 1.4, 4, 9.5), round(rng.uniform(0.56, 0.9), 2),
            _shown(rng, PASSER_BY, 0.28, 0.38, 0.12), PASSER_BY,
        )  # fmt: skip
    for hour, stayed, cause in QUAY_REAL.get(ago, []):
        yield Sighting(
            _at(day, hour, rng), QUAY, "Forecourt", "Forecourt", stayed, round(rng.uniform(0.78, 0.94), 2),
            _shown(rng, cause, 0.6, 0.85, 0.22), cause,
        )  # fmt: skip


def _glasshouse(day: date, ago: int, rng: Random) -> Iterator[Sighting]:
    """Leaves, most of all when it blows."""
    for _ in range(rng.choice([1, 2, 3, 4, 9]) if rng.random() < 0.8 else 0):
        at = _at(day, rng.uniform(0.2, 23.7), rng)
        yield Sighting(
            at, GLASSHOUSE, "Orchard side", "Hedge", round(rng.triangular(0.8, 4.4, 1.5), 1), round(rng.uniform(0.36, 0.52), 2),
            _shown(rng, LEAVES, 0.4, 0.8, 0.2), LEAVES,
        )  # fmt: skip
    for hour, stayed, filmed in GLASSHOUSE_REAL.get(ago, []):
        cause = replace(filmed, film="")  # there is no film of anybody there
        yield Sighting(
            _at(day, hour, rng), GLASSHOUSE, "Orchard side", "Hedge", stayed, round(rng.uniform(0.78, 0.94), 2),
            _shown(rng, cause, 0.5, 0.9, 0.3), cause,
        )  # fmt: skip


def frames(camera: str, hour: datetime, rng: Random) -> tuple[int, int, int]:
    """(captured, with motion, looked at) of one hour of a camera at ten pictures a second."""
    captured = 36_000 - rng.randint(0, 40)
    local = hour.astimezone(LONDON).hour
    busy: dict[str, Callable[[int], float]] = {
        "Loading yard": lambda h: 0.05 if 7 <= h < 20 else 0.012,
        "Back yard": lambda h: 0.02 if 7 <= h < 20 else 0.006,
        "Forecourt": lambda h: 0.52 if 7 <= h < 20 else 0.06,
        "Orchard side": lambda h: 0.3 if 10 <= h < 17 else 0.14,
    }
    moved = int(captured * busy.get(camera, lambda h: 0.02)(local) * rng.uniform(0.5, 1.5))
    return captured, moved, int(moved * rng.uniform(0.44, 0.52))
