"""A policy's body, read: every mistake is noted with its path, none is passed over."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import date, time
from functools import lru_cache
from typing import Any, Final, TypeVar
from zoneinfo import available_timezones

from cameras.context.refusal import PolicyRefused, Problem
from cameras.context.schedule import Hours, Week, overlap

T = TypeVar("T")
TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?")
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
DAYS: Final = 7


class Notes:
    """The problems found so far."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def refuse(self, path: str, code: str, **params: Any) -> None:
        self.found.append(Problem(path, code, params))

    def warn(self, path: str, code: str, **params: Any) -> None:
        self.found.append(Problem(path, code, params, warning=True))

    @property
    def refused(self) -> bool:
        return any(not one.warning for one in self.found)

    def check(self) -> None:
        """Raises PolicyRefused where anything was refused."""
        if self.refused:
            raise PolicyRefused([one for one in self.found if not one.warning])


class Part:
    """An object of the body at its path. Each `get_…` notes what is wrong and gives the default then."""

    def __init__(self, value: Any, path: str, notes: Notes, *, known: tuple[str, ...]) -> None:
        self.path, self.notes = path, notes
        self.values: dict[str, Any] = {}
        if not isinstance(value, dict):
            notes.refuse(path, "not_an_object")
            return
        for name in value:
            if name in known:
                self.values[name] = value[name]
            else:
                notes.refuse(joined(path, name), "unknown_key")

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def where(self, name: str) -> str:
        return joined(self.path, name)

    def raw(self, name: str) -> Any:
        return self.values.get(name)

    def text(self, name: str, default: str = "", *, longest: int = 240, needed: bool = False) -> str:
        value = self.values.get(name)
        if value is None:
            if needed or name in self.values:
                self.notes.refuse(self.where(name), "missing")
            return default
        if not isinstance(value, str):
            self.notes.refuse(self.where(name), "not_text")
            return default
        if len(value) > longest:
            self.notes.refuse(self.where(name), "too_long", longest=longest)
            return default
        return value

    def one_of(self, name: str, known: tuple[str, ...], default: str | None = None) -> str:
        value = self.values.get(name, default)
        if value is None:
            self.notes.refuse(self.where(name), "missing", known=list(known))
        elif not isinstance(value, str) or value not in known:
            self.notes.refuse(self.where(name), "not_one_of", known=list(known))
        else:
            return value
        return default if default is not None else known[0]

    def number(self, name: str, default: T, low: float, high: float, *, whole: bool = False) -> float | T:
        """A number from `low` to `high`; null and nothing are the default."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or (whole and not isinstance(value, int)):
            self.notes.refuse(self.where(name), "not_a_whole_number" if whole else "not_a_number")
        elif not low <= value <= high or not math.isfinite(value):
            self.notes.refuse(self.where(name), "out_of_range", low=low, high=high)
        else:
            return value
        return default

    def items(self, name: str, *, most: int) -> Iterator[tuple[Any, str]]:
        """Each of a list with its path."""
        yield from listed(self.values.get(name), self.where(name), self.notes, most=most)


def joined(path: str, name: object) -> str:
    shown = str(name)[:60]
    return f"{path}.{shown}" if path else shown


def listed(value: Any, path: str, notes: Notes, *, most: int) -> list[tuple[Any, str]]:
    """The entries of a list, each with its path; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        notes.refuse(path, "not_a_list")
        return []
    if len(value) > most:
        notes.refuse(path, "too_many", most=most)
        return []
    return [(one, f"{path}.{number}") for number, one in enumerate(value)]


def time_zone_of(name: Any, notes: Notes) -> str:
    """An IANA name. UTC where it is none."""
    if isinstance(name, str) and name in _zones():
        return name
    notes.refuse("time_zone", "unknown_zone", zone=str(name)[:60])
    return "UTC"


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_at(value: Any, path: str, notes: Notes) -> time | None:
    """A wall-clock time, as in 07:30 or 07:30:00."""
    if isinstance(value, str) and TIME.fullmatch(value):
        return time.fromisoformat(value)
    notes.refuse(path, "not_a_time")
    return None


def date_at(value: Any, path: str, notes: Notes) -> date | None:
    """A day, as in 2026-12-24, from 1901 to 2999."""
    if isinstance(value, str) and DATE.fullmatch(value):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = None
        if day is not None and 1900 < day.year < 3000:
            return day
    notes.refuse(path, "not_a_date")
    return None


def week_at(value: Any, path: str, notes: Notes, *, whole_days: bool = True) -> Week:
    """[{"day": 0, "from": "19:00", "to": "07:00"}]: no two may share a moment. whole_days: the same time is 24 hours."""
    days: list[list[tuple[Hours, str]]] = [[] for _ in range(DAYS)]
    for entry, where in listed(value, path, notes, most=DAYS * 24):
        part = Part(entry, where, notes, known=("day", "from", "to"))
        if not isinstance(entry, dict):
            continue
        day = part.number("day", None, 0, DAYS - 1, whole=True)
        if day is None and "day" not in part:
            notes.refuse(part.where("day"), "missing")
        hours = _hours(part.raw("from"), part.raw("to"), (part.where("from"), part.where("to")), notes)
        if hours is None or day is None:
            continue
        if hours.starts == hours.ends and not whole_days:
            notes.refuse(part.where("to"), "inverted")
            continue
        days[int(day)].append((hours, where))
    _refuse_overlaps(days, notes)
    return tuple(tuple(sorted((hours for hours, _ in day), key=_start)) for day in days)


def _start(hours: Hours) -> time:
    return hours.starts


def _refuse_overlaps(days: list[list[tuple[Hours, str]]], notes: Notes) -> None:
    for number, day in enumerate(days):
        for place, (hours, where) in enumerate(day):
            others = [(other, at, 0) for other, at in day[:place]]
            # A night runs into the next day, at most a day and a half of it.
            others += [(other, at, -1) for other, at in days[(number - 1) % DAYS]]
            for other, at, later in others:
                if overlap(hours, other, days=later):
                    notes.refuse(where, "overlap", other=at)


def _hours(starts: Any, ends: Any, where: tuple[str, str], notes: Notes) -> Hours | None:
    if starts is None:
        notes.refuse(where[0], "missing")
    if ends is None:
        notes.refuse(where[1], "no_end")
    start = time_at(starts, where[0], notes) if starts is not None else None
    end = time_at(ends, where[1], notes) if ends is not None else None
    return None if start is None or end is None else Hours(start, end)


def hours_at(value: Any, path: str, notes: Notes) -> tuple[Hours, ...]:
    """[["14:00", "00:00"]]: of one day; none may share a moment with another."""
    found: list[tuple[Hours, str]] = []
    for entry, where in listed(value, path, notes, most=24):
        if not isinstance(entry, list) or not 0 < len(entry) <= 2:
            notes.refuse(where, "not_hours")
            continue
        hours = _hours(entry[0], entry[1] if len(entry) == 2 else None, (f"{where}.0", f"{where}.1"), notes)
        if hours is None:
            continue
        for other, at in found:
            if overlap(hours, other):
                notes.refuse(where, "overlap", other=at)
        found.append((hours, where))
    return tuple(sorted((hours for hours, _ in found), key=_start))


def mapped(
    value: Any, path: str, notes: Notes, read: Callable[[str, Any, str], T | None], *, most: int
) -> dict[str, T]:
    """An object of like entries: `read` gets key, entry and path, and gives None for what it refused."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        notes.refuse(path, "not_an_object")
        return {}
    if len(value) > most:
        notes.refuse(path, "too_many", most=most)
        return {}
    found = {}
    for key, entry in value.items():
        if not isinstance(key, str) or not key or len(key) > 64:
            notes.refuse(joined(path, key), "not_an_id")
        elif (one := read(key, entry, joined(path, key))) is not None:
            found[key] = one
    return found
