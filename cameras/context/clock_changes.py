"""When a wall-clock time of a day is, clock changes included."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def border(day: date, moment: time, zone: ZoneInfo, *, last: bool) -> datetime:
    """When a wall-clock time of a day is, in UTC.

    A time that the clocks skip is the moment they jump; one that happens twice is its first, or with `last` its second.
    """
    wall = datetime.combine(day, moment, zone)
    early, late = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if early <= late:
        return late if last else early
    # Skipped. The offset before the jump (fold 0) puts it after the jump, the one after it (fold 1) before: the
    # jump lies between, at the first moment with the later offset. Jumps are at whole seconds.
    before, after = late.replace(microsecond=0), early.replace(microsecond=0) + timedelta(seconds=1)
    target = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == target:
            after = middle
        else:
            before = middle
    return after
