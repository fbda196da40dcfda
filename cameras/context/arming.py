"""Weekly arming in a site's own time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

WEEK_MINUTES = 7 * 24 * 60


@dataclass(frozen=True)
class Interval:
    """Armed from `starts` on `weekday` (0 = Monday) to the next `ends`; equal times mean 24 hours. Wall-clock times."""

    weekday: int
    starts: time
    ends: time

    def minutes(self) -> tuple[float, float]:
        """(start, length) in minutes from Monday 00:00."""
        start = self.weekday * 1440 + self.starts.hour * 60 + self.starts.minute + self.starts.second / 60
        end = self.weekday * 1440 + self.ends.hour * 60 + self.ends.minute + self.ends.second / 60
        if self.ends <= self.starts:
            end += 1440
        return start, end - start


@dataclass(frozen=True)
class ArmState:
    """Armed or not, by whom, and until when (None: no end within a week)."""

    armed: bool
    owner: str
    since: datetime | None
    until: datetime | None


def overlap(a: Interval, b: Interval) -> bool:
    """Whether two weekly intervals share a moment, the turn of the week included."""
    (a0, an), (b0, bn) = a.minutes(), b.minutes()
    return any(a0 < b0 + shift + bn and b0 + shift < a0 + an for shift in (-WEEK_MINUTES, 0, WEEK_MINUTES))


def _spans(intervals: Iterable[Interval], zone: ZoneInfo, around: datetime) -> list[tuple[datetime, datetime]]:
    """Concrete spans of the intervals from nine days before to nine days after `around`, touching ones joined.

    Ends are built from wall-clock times of their own day, so that a night with a clock change keeps its armed hours'
    local borders. A border inside a gap is the moment the clocks jump; one that happens twice arms at the first and
    disarms at the second: in doubt, armed.
    """
    spans: list[tuple[datetime, datetime]] = []
    today = around.astimezone(zone).date()
    for interval in intervals:
        for offset in range(-9, 10):
            day = today + timedelta(days=offset)
            if day.weekday() != interval.weekday:
                continue
            end_day = day + timedelta(days=1) if interval.ends <= interval.starts else day
            start = datetime.combine(day, interval.starts, zone).replace(fold=0)
            end = datetime.combine(end_day, interval.ends, zone).replace(fold=1)
            utc = ZoneInfo("UTC")
            spans.append((start.astimezone(utc), end.astimezone(utc)))
    spans.sort()
    joined: list[tuple[datetime, datetime]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def arm_state(intervals: Iterable[Interval], zone: ZoneInfo, at: datetime) -> ArmState:
    """The arm state at `at` (aware). `since` and `until` are the borders of the present stretch, in UTC."""
    before: datetime | None = None
    for start, end in _spans(intervals, zone, at):
        if start <= at < end:
            endless = (end - start) >= timedelta(days=14)
            return ArmState(True, "schedule", None if endless else start, None if endless else end)
        if at < start:
            return ArmState(False, "schedule", before, start)
        before = end
    return ArmState(False, "schedule", before, None)
