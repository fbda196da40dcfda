"""Gives objects an identity over time. One tracker per camera; it sees boxes alone, no picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from .assignment import assign
from .course import LEAST_SIZE, LONGEST_S, MEASURED, SIZE_SPREAD, Course
from .stationary import Stand, patience_with
from .types import Box, Detection, FrameStamp, Track, kind_of

PATH_POINTS = 64

MOST_OFF: Final = 25.0  # how far (squared, in standard deviations) from where it is expected an object may be found
MOST_MISSED: Final = 5  # looks in a row, until what is not confirmed is given up
# How far what is not confirmed yet may have gone, in its box's diagonals, and how much farther with each second: its speed is
# not known, and flashes of fancy here and there must not become somebody who runs.
REACH, REACH_A_SECOND = 0.4, 0.8
LOST_COSTS: Final = 1.5  # somebody seen a moment ago is likelier than somebody lost, for each second …
MOST_LOST_COSTS: Final = 2.0  # … up to this
WEAK_COSTS: Final = 2.0  # a weak detection is somebody's only where no sure one is …
WEAK_OFF: Final = 9.0  # … and only close to where it is expected


@dataclass(slots=True)
class Followed:
    """One object. `seen`: monotonic seconds of the last hit. `hits`: sure detections of it."""

    id: int
    label: str
    kind: str
    box: Box
    score: float
    best_score: float
    first_seen: datetime
    last_seen: datetime
    seen: float
    course: Course
    stand: Stand
    hits: int = 1
    missed: int = 0  # looks in a row that did not find it
    lost: bool = False  # unseen for so long that it is no longer followed, only remembered
    path: list[tuple[float, float, float]] = field(default_factory=list)

    def frozen(self) -> Track:
        return Track(
            self.id,
            self.label,
            self.box,
            self.score,
            self.first_seen,
            self.last_seen,
            self.hits,
            tuple(self.path),
            self.best_score,
            self.stand.stationary,
        )


@dataclass(slots=True)  # frozen ones take three times as long to make, and each look makes two dozen
class _Found:
    """A detection with what is asked of it once for every object it may be."""

    box: Box
    kind: str
    centre: tuple[float, float]
    width: float  # logarithms
    height: float
    weak: bool

    @classmethod
    def of(cls, d: Detection, weak: bool) -> _Found:
        width, height = (math.log(max(side, LEAST_SIZE)) for side in (d.box.width, d.box.height))
        return cls(d.box, d.kind, d.box.centre, width, height, weak)

    def unlike(self, width: float, height: float) -> float:
        """How unlike its size is to these (logarithms), as a squared distance in standard deviations."""
        taller = (self.height - height) / SIZE_SPREAD
        wider = (self.width - width) / (2 * SIZE_SPREAD)
        return taller * taller + wider * wider


@dataclass(slots=True)
class _Way:
    """Where one object is expected: its centre and the variances of that, what it costs to be anywhere there, and how far
    from where it was seen last it can be at all.
    """

    x: float
    vx: float
    y: float
    vy: float
    costs: float
    last: tuple[float, float]
    reach: float

    def off(self, one: _Found) -> float | None:
        """The squared distance from the expected place in standard deviations; None where it cannot be there."""
        x, y = one.centre
        dx, dy = x - self.x, y - self.y
        off = dx * dx / self.vx + dy * dy / self.vy
        if off > (WEAK_OFF if one.weak else MOST_OFF):
            return None
        return off if math.hypot(x - self.last[0], y - self.last[1]) <= self.reach else None


class Tracker:
    """Follows detections that come a few times a second, over gaps, crossings and stops.

    confirm_hits: sure detections before a track is given out; one flash of a detector's fancy is nobody. max_age_s:
    seconds without a detection after which an object is no longer followed. remember_s: seconds for which one that
    moved may still come back as itself, and for which what parks is followed; what stood still is remembered for longer
    (`stationary.PATIENCE`).
    """

    def __init__(self, *, confirm_hits: int = 3, max_age_s: float = 2.0, remember_s: float = 8.0) -> None:
        self.confirm_hits, self.max_age_s, self.remember_s = confirm_hits, max_age_s, remember_s
        self._known: list[Followed] = []
        self._last_id = 0
        self._looked = -math.inf

    def update(
        self, stamp: FrameStamp, detections: Sequence[Detection], weak: Sequence[Detection] = ()
    ) -> tuple[Track, ...]:
        """Take one inferred frame's detections; gives the confirmed tracks seen in it, and those that are stationary and
        believed to be where they were last seen, by id.

        `weak` detections are too uncertain to begin a track or to confirm one; they only keep one going. Call it for
        every inferred frame, also with no detections: that is how tracks end.
        """
        now = stamp.monotonic
        self.expire(now)
        self._looked = now
        found = [*detections, *weak]
        sure = len(detections)
        seen = [_Found.of(d, index >= sure) for index, d in enumerate(found)]
        costs = [self._costs(f, seen, now) for f in self._known]
        taken = set[int]()
        for row, column in assign(costs):
            taken.add(column)
            self._hit(self._known[row], found[column], stamp, sure=column < sure)
        for f in self._known:
            if f.seen != now:
                f.missed += 1
                f.stand.miss(now)
        self._known = [f for f in self._known if f.missed < MOST_MISSED or f.hits >= self.confirm_hits]
        for index, detection in enumerate(detections):
            if index not in taken and not self._is_blur(detection, now):
                self._start(detection, stamp)
        return tuple(
            f.frozen() for f in self._known if f.hits >= self.confirm_hits and (f.seen == now or f.stand.there)
        )

    @property
    def following(self) -> int:
        """How many objects are followed that move or may move on, not yet confirmed ones included: while any is, frames
        are worth inferring. Stationary ones are not counted: see `look_due`.
        """
        return sum(not f.lost and not f.stand.stationary for f in self._known)

    def look_due(self, monotonic: float) -> bool:
        """Whether a stationary object has not been looked at for so long that the next frame should be inferred."""
        return any(f.stand.due(monotonic, self._looked, patience_with(f.kind)) for f in self._known)

    def expire(self, monotonic: float) -> None:
        """End tracks that were not seen for too long, where no frame comes to do it."""
        kept = []
        for f in self._known:
            unseen, patience = monotonic - f.seen, patience_with(f.kind)
            if f.hits < self.confirm_hits:
                keep = self.max_age_s
            elif f.stand.stood_s >= patience.rest_s:
                keep = patience.forget_s
            else:
                keep = self.remember_s
            # What has just been parked must not be lost before it was seen to stand.
            follow = self.remember_s if patience.parks else self.max_age_s
            if unseen > follow and not f.lost and f.hits >= self.confirm_hits:
                f.lost = True
                f.stand.lose(patience)
            if unseen <= keep:
                kept.append(f)
        self._known = kept

    def parked(self) -> tuple[Track, ...]:
        """What stands and is of a kind that is left standing."""
        return tuple(f.frozen() for f in self._known if f.stand.stationary and patience_with(f.kind).parks)

    def recall(self, label: str, score: float, box: Box, stamp: FrameStamp, *, unseen_s: float) -> Track | None:
        """Know something as parked that was seen so long ago, under a new identity. None where it would be forgotten."""
        kind = kind_of(label)
        patience = patience_with(kind)
        if not patience.parks or unseen_s > patience.forget_s:
            return None
        self._last_id += 1
        seen, at = stamp.monotonic - unseen_s, stamp.captured - timedelta(seconds=unseen_s)
        stand = Stand(box, seen - patience.still_s, seen, stationary=True)
        course = Course.of(box)
        known = Followed(self._last_id, label, kind, box, score, score, at, at, seen, course, stand, self.confirm_hits)
        known.lost = True
        known.path.append((seen, *box.foot))
        self._known.append(known)
        return known.frozen()

    def reset(self) -> None:
        """Forget everybody; identities are never used again."""
        self._known = []

    def _costs(self, f: Followed, found: Sequence[_Found], now: float) -> list[float | None]:
        """For each of what was found, how unlikely it is that it is this one; None where it cannot be. The cheaper of two ways
        to be one: it went on as it went (how far off it is, how uncertain that place is and how unlike the sizes are), or it
        stands where it stood.
        """
        patience, way = patience_with(f.kind), self._way(f, now)
        stands = f.stand.stood_s >= patience.rest_s
        width, height = math.log(f.course.width), math.log(f.course.height)
        row: list[float | None] = [None] * len(found)
        for column, one in enumerate(found):
            if one.kind != f.kind:
                continue
            off = way.off(one) if way is not None else None
            still = stands and f.stand.takes(one.box, patience)
            if off is None and not still:
                continue  # as most are: what else would have to be reckoned costs more than this
            unlike = one.unlike(width, height)
            cost = math.inf
            if way is not None and off is not None and unlike <= MOST_OFF:
                cost = off + unlike + way.costs
            if still:
                cost = min(cost, _standing(f, one, unlike))
            if cost < math.inf:
                row[column] = cost + WEAK_COSTS if one.weak else cost
        return row

    def _way(self, f: Followed, now: float) -> _Way | None:
        """Where it is expected if it went on as it went; None where it was unseen for too long."""
        gap = now - f.seen
        if gap > self.remember_s:
            return None
        x, vx, y, vy = f.course.expected(gap)
        spread = math.log(vx * vy / (f.course.width * f.course.height) ** 2)
        reach = math.inf
        if f.hits < self.confirm_hits:
            reach = (REACH + REACH_A_SECOND * gap) * math.hypot(f.box.width, f.box.height)
        return _Way(x, vx, y, vy, spread + min(LOST_COSTS * gap, MOST_LOST_COSTS), f.box.centre, reach)

    def _is_blur(self, d: Detection, now: float) -> bool:
        """Whether it lies on something parked that this frame shows nowhere else: light on it, half of it."""
        return any(
            f.kind == d.kind and f.seen != now and f.stand.blurs(d.box, patience_with(f.kind)) for f in self._known
        )

    def _start(self, d: Detection, stamp: FrameStamp) -> None:
        self._last_id += 1
        self._known.append(
            Followed(
                self._last_id,
                d.label,
                d.kind,
                d.box,
                d.score,
                d.score,
                stamp.captured,
                stamp.captured,
                stamp.monotonic,
                Course.of(d.box),
                Stand.of(d.box, stamp.monotonic),
                path=[(stamp.monotonic, *d.box.foot)],
            )
        )

    def _hit(self, f: Followed, d: Detection, stamp: FrameStamp, *, sure: bool) -> None:
        gap = stamp.monotonic - f.seen
        if gap > LONGEST_S:
            f.course = Course.of(d.box)
        else:
            f.course.hit(d.box, gap)
        f.stand.hit(d.box, stamp.monotonic, patience_with(f.kind))
        if d.score >= f.best_score:
            f.label, f.best_score = d.label, d.score
        f.box, f.score = d.box, d.score
        f.last_seen, f.seen, f.lost = stamp.captured, stamp.monotonic, False
        f.hits, f.missed = f.hits + sure, 0
        f.path.append((stamp.monotonic, *d.box.foot))
        del f.path[:-PATH_POINTS]


def _standing(f: Followed, one: _Found, unlike: float) -> float:
    """What it costs to be what stood still there, however long ago that was seen."""
    (x, y), (place_x, place_y) = one.centre, f.stand.place.centre
    dx = (x - place_x) / (MEASURED[0] * max(f.stand.place.width, LEAST_SIZE))
    dy = (y - place_y) / (MEASURED[1] * max(f.stand.place.height, LEAST_SIZE))
    off = min((dx * dx + dy * dy) / 2, MOST_OFF)  # with twice the variance of one measurement
    spread = 2 * math.log(2 * MEASURED[0] * MEASURED[1])
    return off + min(unlike, MOST_OFF) + spread + (MOST_LOST_COSTS if f.lost else 0.0)
