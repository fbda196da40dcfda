"""Whether a site is armed, found by walking its clock on the wall minute by minute: slow, and plain enough to be believed.

It shares nothing with `cameras.context.schedule` but the calendar that both are asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cameras.context.schedule import Calendar, Hours

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
MARGIN = 3 * DAY  # hours that began before, and what is skipped or doubled at the edges


def armed_minutes(calendar: Calendar, first: datetime, last: datetime) -> list[bool]:
    """For each whole minute from `first` until before `last` (UTC), whether it is armed.

    1. Write down what the clock on the wall shows at each minute.
    2. For each day and each of its hours: armed from the first minute at which the clock shows the start, or if it never
       does, has passed it; until the last minute at which it shows the end, or if it never does, has not passed it yet.
    """
    begin, zone = first - MARGIN, ZoneInfo(calendar.zone)
    count = round((last + MARGIN - begin) / MINUTE)
    shown = [_shown(begin + number * MINUTE, zone) for number in range(count)]
    firsts: dict[datetime, int] = {}
    lasts: dict[datetime, int] = {}
    for number, wall in enumerate(shown):
        firsts.setdefault(wall, number)
        lasts[wall] = number
    armed = [False] * count
    day = shown[0].date() + DAY
    while day < shown[-1].date() - DAY:
        for hours in _hours_of(calendar, day):
            starts, ends = _walls(day, hours)
            start = firsts[starts] if starts in firsts else _passed(starts, firsts)
            end = lasts[ends] if ends in lasts else _passed(ends, firsts)
            for number in range(start, end):
                armed[number] = True
        day += DAY
    begun = round(MARGIN / MINUTE)
    return armed[begun : begun + round((last - first) / MINUTE)]


def _shown(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def _walls(day: date, hours: Hours) -> tuple[datetime, datetime]:
    later = day + DAY if hours.ends <= hours.starts else day
    return datetime.combine(day, hours.starts), datetime.combine(later, hours.ends)


def _passed(wall: datetime, firsts: dict[datetime, int]) -> int:
    """The first minute at which the clock shows something later than a time that it never shows."""
    near = wall
    while near not in firsts:
        near += MINUTE
    return firsts[near]


def _hours_of(calendar: Calendar, day: date) -> tuple[Hours, ...]:
    if day in calendar.dates:
        return calendar.dates[day]
    for special in calendar.specials:
        if special.first <= day <= special.last:
            return special.hours
    if day in calendar.holidays and calendar.holiday_hours is not None:
        return calendar.holiday_hours
    return calendar.week[day.weekday()]


def transitions(zone: str, year: int) -> Iterator[datetime]:
    """When the clocks of a zone are changed in a year, to the minute, in UTC."""
    at, clock = datetime(year, 1, 1, tzinfo=UTC), ZoneInfo(zone)
    offset = at.astimezone(clock).utcoffset()
    while at.year == year:
        at += MINUTE * 15
        if (now := at.astimezone(clock).utcoffset()) != offset:
            yield at
            offset = now
