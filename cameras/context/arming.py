"""Weekly arming in a site's own time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


def _since_midnight(moment: time) -> timedelta:
    return timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second, microseconds=moment.microsecond)


@dataclass(frozen=True)
class Interval:
    """Armed from `starts` on `weekday` (0 = Monday) to the next `ends`; equal times mean 24 hours. Wall-clock times."""

    weekday: int
    starts: time
    ends: time

    def span(self) -> tuple[timedelta, timedelta]:
        """(start, length) on the wall clock; start counts from Monday 00:00. Exact: touching is not overlapping."""
        start = self.weekday * DAY + _since_midnight(self.starts)
        end = self.weekday * DAY + _since_midnight(self.ends)
        if self.ends <= self.starts:
            end += DAY
        return start, end - start


@dataclass(frozen=True)
class ArmState:
    """Armed or not, by whom, and since and until when (None: no such border within a week)."""

    armed: bool
    owner: str
    since: datetime | None
    until: datetime | None


def overlap(a: Interval, b: Interval) -> bool:
    """Whether two weekly intervals share a moment, the turn of the week included."""
    (a0, an), (b0, bn) = a.span(), b.span()
    return any(a0 < b0 + shift + bn and b0 + shift < a0 + an for shift in (-WEEK, timedelta(0), WEEK))


def _border(day: date, moment: time, zone: ZoneInfo, *, last: bool) -> datetime:
    """When a wall-clock time of a day is, in UTC.

    A time that the clocks skip is the moment they jump; one that happens twice is its first, or with `last` its second.
    """
    wall = datetime.combine(day, moment, zone)
    early, late = (wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
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


def _spans(intervals: Iterable[Interval], zone: ZoneInfo, around: datetime) -> list[tuple[datetime, datetime]]:
    """Concrete spans of the intervals from nine days before to nine days after `around`, touching ones joined.

    Ends are built from wall-clock times of their own day, so that a night with a clock change keeps its armed hours'
    local borders. A border inside a gap is the moment the clocks jump; one that happens twice arms at the first and
    disarms at the second: in doubt, armed. An interval that lies wholly inside a gap does not happen that day.
    """
    spans: list[tuple[datetime, datetime]] = []
    today = around.astimezone(zone).date()
    for interval in intervals:
        for offset in range(-9, 10):
            day = today + timedelta(days=offset)
            if day.weekday() != interval.weekday:
                continue
            end_day = day + DAY if interval.ends <= interval.starts else day
            start = _border(day, interval.starts, zone, last=False)
            end = _border(end_day, interval.ends, zone, last=True)
            if start < end:
                spans.append((start, end))
    spans.sort()
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def arm_state(intervals: Iterable[Interval], zone: ZoneInfo, at: datetime) -> ArmState:
    """The arm state at `at`. `since` and `until` are the borders of the present stretch, in UTC.

    Raises ValueError for an `at` without an offset: it would be read in the machine's own zone.
    """
    if at.utcoffset() is None:
        raise ValueError(f"arm_state needs an aware time, not {at}")
    before: datetime | None = None
    for start, end in _spans(intervals, zone, at):
        if start <= at < end:
            endless = (end - start) >= 2 * WEEK
            return ArmState(True, "schedule", None if endless else start, None if endless else end)
        if at < start:
            return ArmState(False, "schedule", before, start)
        before = end
    return ArmState(False, "schedule", before, None)
