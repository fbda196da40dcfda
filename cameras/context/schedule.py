"""Armed hours in a site's own time: an ordinary week, special days, dates, public holidays, and what they come to.

A date beats a special day, which beats a public holiday, which beats the day of the week. Hours belong to the day they
start on: a night that began before a holiday ends as it would have. A border that the clocks skip is the moment they jump;
one that happens twice arms at the first and disarms at the second: in doubt, armed. Hours that lie wholly in what is
skipped do not happen.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cameras.context.clock_changes import border

DAY: Final = timedelta(days=1)
MONTHS_KNOWN: Final = 240  # forgotten together: a replay of years takes no more memory than one of a month


@dataclass(frozen=True, slots=True)
class ArmState:
    """Armed or not, by whom, and since and until when, in UTC (None: no such border within a year)."""

    armed: bool
    owner: str  # schedule | customer | panel
    since: datetime | None
    until: datetime | None


NEVER: Final = ArmState(False, "schedule", None, None)
ALWAYS: Final = ArmState(True, "schedule", None, None)


@dataclass(frozen=True, slots=True)
class Hours:
    """From `starts` to `ends` by the wall clock; an end at or before the start is on the next day, the same time is 24 hours."""

    starts: time
    ends: time

    @property
    def overnight(self) -> bool:
        return self.ends <= self.starts

    def span(self) -> tuple[timedelta, timedelta]:
        """Start and end from the midnight of their day, by a clock that is never changed."""
        start, end = _since_midnight(self.starts), _since_midnight(self.ends)
        return start, end + DAY if self.overnight else end


Week = tuple[tuple[Hours, ...], ...]  # seven: Monday first
NO_WEEK: Final[Week] = ((),) * 7


@dataclass(frozen=True, slots=True)
class Special:
    """A range of days with hours of its own, both ends within it."""

    name: str
    first: date
    last: date
    hours: tuple[Hours, ...]


@dataclass(frozen=True)
class Calendar:
    """What a schedule says. zone: an IANA name. holidays: names by date; holiday_hours None: holidays are as their weekday."""

    zone: str
    week: Week = NO_WEEK
    specials: tuple[Special, ...] = ()
    dates: Mapping[date, tuple[Hours, ...]] = field(default_factory=dict)
    holidays: Mapping[date, str] = field(default_factory=dict)
    holiday_hours: tuple[Hours, ...] | None = None
    date_names: Mapping[date, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it never arms."""
        given = (*self.week, *(one.hours for one in self.specials), *self.dates.values())
        return not any(given) and not (self.holidays and self.holiday_hours)

    def on(self, day: date) -> tuple[str, str, tuple[Hours, ...]]:
        """What counts on a day: date, special, holiday or weekday; its name, empty for a weekday; the hours that start then."""
        if day in self.dates:
            return "date", self.date_names.get(day, ""), self.dates[day]
        for special in self.specials:
            if special.first <= day <= special.last:
                return "special", special.name, special.hours
        if self.holiday_hours is not None and day in self.holidays:
            return "holiday", self.holidays[day], self.holiday_hours
        return "weekday", self.holidays.get(day, ""), self.week[day.weekday()]


class Timeline:
    """A calendar as stretches of time. Each month is worked out once, then found by bisection.

    The same answers whatever was asked before. It may be shared by threads: each writes only what any other would.
    """

    __slots__ = ("_last", "_months", "_raw", "calendar", "zone")

    def __init__(self, calendar: Calendar) -> None:
        self.calendar = calendar
        self.zone = ZoneInfo(calendar.zone)
        self._raw: dict[int, list[Span]] = {}
        self._months: dict[int, tuple[list[datetime], list[ArmState]]] = {}
        # (from, until, state) of the stretch that was asked for last: whoever comes next is mostly in it.
        self._last: tuple[datetime, datetime, ArmState] | None = None

    def state(self, at: datetime) -> ArmState:
        """The arm state at `at`. Raises ValueError for a time without an offset.

        Beyond the years that clocks and calendars know, whatever has hours is armed: in doubt, armed.
        """
        if (last := self._last) is not None and at.tzinfo is not None and last[0] <= at < last[1]:
            return last[2]
        at = _utc(at)
        if not 1900 < at.year < 3000:
            return NEVER if self.calendar.empty else ALWAYS
        number = at.year * 12 + at.month - 1
        starts, states = self._month(number)
        place = bisect_right(starts, at) - 1
        until = starts[place + 1] if place + 1 < len(starts) else _first(number + 1)
        self._last = (starts[place], until, states[place])
        return states[place]

    def borders(self, after: datetime, before: datetime) -> Iterator[tuple[datetime, bool]]:
        """When it changes, and whether it is armed from then on: after <= border < before, in UTC, in order."""
        after, before = _utc(after), _utc(before)
        at = after - timedelta(microseconds=1)
        while at < before:
            until = self.state(at).until
            if until is None:  # none for a year
                at += min(300 * DAY, before - at)
            elif until >= before:
                return
            else:
                if until >= after:
                    yield until, self.state(until).armed
                at = until

    def on(self, day: date) -> tuple[str, str, tuple[Hours, ...]]:
        """See `Calendar.on`."""
        return self.calendar.on(day)

    def _month(self, number: int) -> tuple[list[datetime], list[ArmState]]:
        known = self._months.get(number)
        if known is None:
            if len(self._months) >= MONTHS_KNOWN:
                self._months.clear()
                self._raw.clear()
            known = self._months[number] = self._stretches(number)
        return known

    def _stretches(self, number: int) -> tuple[list[datetime], list[ArmState]]:
        """Of a month (UTC): where each stretch that touches it begins, the first one with the month itself; and what it is."""
        first, end = _first(number), _first(number + 1)
        if self.calendar.empty:
            return [first], [NEVER]
        around = self._borders(number, 1)
        if not around or around[0][0] > first or around[-1][0] < end:
            # No border near on one side, as in a long holiday or with a site that is always armed: look as far as a year.
            around = self._borders(number, 13)
        if not around:
            armed = any(start <= first < stop for start, stop in _joined(self._spans(number - 1, number + 1)))
            return [first], [ALWAYS if armed else NEVER]
        edges = [(None, not around[0][1]), *around]
        starts, states = [], []
        for place, (since, armed) in enumerate(edges):
            until = edges[place + 1][0] if place + 1 < len(edges) else None
            if (until is not None and until <= first) or (since is not None and since >= end):
                continue
            starts.append(first if since is None or since < first else since)
            states.append(ArmState(armed, "schedule", since, until))
        return starts, states

    def _borders(self, number: int, far: int) -> list[tuple[datetime, bool]]:
        """Every border from `far` months before the month to `far` after it. Spans reach beyond their month by two days at most,
        so a month more on either side makes sure that none of these is in truth within a longer stretch.
        """
        low, high = _first(number - far), _first(number + 1 + far)
        found = []
        for start, end in _joined(self._spans(number - far - 1, number + far + 1)):
            if low <= start < high:
                found.append((start, True))
            if low <= end < high:
                found.append((end, False))
        return found

    def _spans(self, first: int, last: int) -> list[Span]:
        return [span for number in range(first, last + 1) for span in self._days(number)]

    def _days(self, number: int) -> list[Span]:
        """The spans of hours that start on the days of a month."""
        known = self._raw.get(number)
        if known is None:
            known, day = [], date(number // 12, number % 12 + 1, 1)
            while day.month == number % 12 + 1:
                for hours in self.calendar.on(day)[2]:
                    start = border(day, hours.starts, self.zone, last=False)
                    end = border(day + DAY if hours.overnight else day, hours.ends, self.zone, last=True)
                    if start < end:
                        known.append((start, end))
                day += DAY
            self._raw[number] = known
        return known


Span = tuple[datetime, datetime]


def overlap(a: Hours, b: Hours, *, days: int = 0) -> bool:
    """Whether the hours of a day and those of the day `days` later share a moment, by a clock that is never changed."""
    (a0, a1), (b0, b1) = a.span(), b.span()
    later = days * DAY
    return a0 < b1 + later and b0 + later < a1


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        raise ValueError(f"an arm state needs an aware time, not {at}")
    return at.astimezone(UTC)


def _first(number: int) -> datetime:
    """The first moment of a month (UTC), months being counted from the year 0."""
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _joined(spans: list[Span]) -> list[Span]:
    """In order, touching and overlapping ones as one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            if end > joined[-1][1]:
                joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return joined
