"""Who is where and for how long: tracks against polygons, with inertia, giving a sighting once the dwell is
reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from .types import FrameStamp, Point, Presence, Sighting, Track, ZoneShape, ZoneUpdate

_EDGE = 1e-6


def contains(polygon: Sequence[Point], point: Point) -> bool:
    """True where the point lies in the polygon or on its edge (even-odd rule). Coordinates 0..1."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True):
        cross = (x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)
        within = min(x1, x2) - _EDGE <= x <= max(x1, x2) + _EDGE and min(y1, y2) - _EDGE <= y <= max(y1, y2) + _EDGE
        if abs(cross) <= _EDGE and within:
            return True
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            inside = not inside
    return inside


@dataclass(slots=True)
class _Stay:
    """One track's dealings with one zone. Times in monotonic seconds."""

    entered_at: datetime
    seen: float
    inside: bool = True  # at the last look
    looks: int = 1  # in a row inside
    dwell_s: float = 0.0
    left: float | None = None
    reported: bool = False


class ZoneWatch:
    """Holds zones against tracks; one watch per camera.

    enter_looks: looks in a row that must find the foot point inside before a stay begins to count, so that a
    box that flickers over the edge is no entry; the dwell still counts from the first of them. leave_s:
    seconds outside (or unseen) after which the stay is over and its dwell with it. again_s: seconds away
    after which the same track is reported anew. longest_step_s: the most that one look may add to a dwell.
    """

    def __init__(
        self,
        zones: Iterable[ZoneShape],
        *,
        enter_looks: int = 2,
        leave_s: float = 1.5,
        again_s: float = 30.0,
        longest_step_s: float = 2.5,
    ) -> None:
        self.zones = tuple(zones)
        if len({zone.id for zone in self.zones}) != len(self.zones):
            raise ValueError("two zones have one id")
        self.enter_looks, self.leave_s, self.again_s = enter_looks, leave_s, again_s
        self.longest_step_s = longest_step_s
        self._stays: dict[tuple[int, str], _Stay] = {}

    def update(self, stamp: FrameStamp, tracks: Sequence[Track]) -> ZoneUpdate:
        """Judge one inferred frame's confirmed tracks.

        Gives a sighting once for each track and zone when the dwell is reached, and who is present.
        Call it for every inferred frame, also with no tracks.
        """
        sightings: list[Sighting] = []
        present: list[Presence] = []
        for track in tracks:
            for zone in self.zones:
                if not zone.counts(track):
                    continue
                stay = self._look(zone, track, stamp)
                if stay is None or not stay.inside or stay.looks < self.enter_looks:
                    continue
                if not stay.reported and stay.dwell_s >= zone.dwell_s:
                    stay.reported = True
                    sightings.append(Sighting(track, zone.id, stay.entered_at, stay.dwell_s, stamp, track.kind))
                present.append(Presence(track, zone.id, stay.entered_at, stay.dwell_s, stay.reported))
        self._forget(stamp.monotonic)
        return ZoneUpdate(tuple(sightings), tuple(present))

    def reset(self) -> None:
        """Forget all stays; the next entry is reported anew."""
        self._stays.clear()

    def _look(self, zone: ZoneShape, track: Track, stamp: FrameStamp) -> _Stay | None:
        now, key = stamp.monotonic, (track.id, zone.id)
        inside = contains(zone.polygon, track.box.foot)
        stay = self._stays.get(key)
        if stay is None:
            if inside:
                stay = self._stays[key] = _Stay(stamp.captured, now)
            return stay
        if inside:
            away = now - (stay.left if stay.left is not None else stay.seen)
            if away > self.leave_s:
                self._return(stay, stamp, away)
            else:
                stay.dwell_s += min(now - stay.seen, self.longest_step_s)
                stay.looks += 1
            stay.left, stay.inside, stay.seen = None, True, now
        else:
            if stay.inside:
                stay.left = stay.seen
                stay.looks = 0
            stay.inside, stay.seen = False, now
        return stay

    def _return(self, stay: _Stay, stamp: FrameStamp, away: float) -> None:
        """A new stay of a known track: reported again only if it was away for long."""
        stay.entered_at, stay.dwell_s, stay.looks = stamp.captured, 0.0, 1
        if away > self.again_s:
            stay.reported = False

    def _forget(self, now: float) -> None:
        """Drop stays nobody can come back to: a tracker ends tracks long before this."""
        limit = max(self.again_s, self.leave_s) + 60.0
        for key in [key for key, stay in self._stays.items() if now - stay.seen > limit]:
            del self._stays[key]
