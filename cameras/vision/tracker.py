"""Gives objects an identity over time: greedy matching by overlap, then by distance. One tracker per camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from .types import Box, Detection, FrameStamp, Track

PATH_POINTS = 64


@dataclass(slots=True)
class _Followed:
    id: int
    label: str
    kind: str
    box: Box
    score: float
    best_score: float
    first_seen: datetime
    last_seen: datetime
    seen: float  # monotonic seconds of the last hit
    hits: int = 1
    velocity: tuple[float, float] = (0.0, 0.0)  # of the centre, in pictures a second
    path: list[tuple[float, float, float]] = field(default_factory=list)

    def centre_at(self, monotonic: float) -> tuple[float, float]:
        x, y = self.box.centre
        passed = min(max(monotonic - self.seen, 0.0), 1.0)  # further than a second ahead is guessing
        return (x + self.velocity[0] * passed, y + self.velocity[1] * passed)

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
        )


class Tracker:
    """Follows detections that come a few times a second, over gaps of up to `max_age_s`.

    confirm_hits: detections before a track is given out; one flash of a detector's fancy is nobody.
    max_age_s: seconds without a detection after which a track ends. least_iou: overlap that makes a match at
    once. reach: how far a box's centre may be from where it was expected, in its own diagonals (plus what a
    walking person covers in the gap), for a match without overlap.
    """

    def __init__(
        self, *, confirm_hits: int = 3, max_age_s: float = 2.0, least_iou: float = 0.25, reach: float = 0.9
    ) -> None:
        self.confirm_hits, self.max_age_s = confirm_hits, max_age_s
        self.least_iou, self.reach = least_iou, reach
        self._followed: list[_Followed] = []
        self._last_id = 0

    def update(self, stamp: FrameStamp, detections: Sequence[Detection]) -> tuple[Track, ...]:
        """Take one inferred frame's detections; gives the confirmed tracks seen in it, by id.

        Call it for every inferred frame, also with no detections: that is how tracks end.
        """
        now = stamp.monotonic
        self._followed = [f for f in self._followed if now - f.seen <= self.max_age_s]
        free = dict(enumerate(detections))
        waiting = list(self._followed)
        for _, followed, index in self._pairs(waiting, detections, now):
            if index in free and followed in waiting:
                waiting.remove(followed)
                self._hit(followed, free.pop(index), stamp)
        for detection in free.values():
            self._start(detection, stamp)
        return tuple(f.frozen() for f in self._followed if f.seen == now and f.hits >= self.confirm_hits)

    @property
    def following(self) -> int:
        """How many objects are followed, not yet confirmed ones included: while any is, frames are worth
        inferring.
        """
        return len(self._followed)

    def expire(self, monotonic: float) -> None:
        """End tracks that were not seen for too long, where no frame comes to do it."""
        self._followed = [f for f in self._followed if monotonic - f.seen <= self.max_age_s]

    def reset(self) -> None:
        """Forget everybody; identities are never used again."""
        self._followed = []

    def _pairs(
        self, followed: Sequence[_Followed], detections: Sequence[Detection], now: float
    ) -> list[tuple[float, _Followed, int]]:
        """Possible matches, best first: overlaps before near misses."""
        pairs = []
        for f in followed:
            for index, d in enumerate(detections):
                if f.kind == d.kind and (fit := self._fit(f, d, now)) is not None:
                    pairs.append((fit, f, index))
        return sorted(pairs, key=lambda pair: -pair[0])

    def _fit(self, followed: _Followed, detection: Detection, now: float) -> float | None:
        """1 + overlap where boxes overlap, 0..1 by distance where they nearly do, None where they cannot be
        one.
        """
        x, y = followed.centre_at(now)
        half_w, half_h = followed.box.width / 2, followed.box.height / 2
        expected = Box.clipped(x - half_w, y - half_h, x + half_w, y + half_h) or followed.box
        overlap = max(expected.iou(detection.box), followed.box.iou(detection.box))
        if overlap >= self.least_iou:
            return 1.0 + overlap
        ratio = detection.box.area / followed.box.area
        if not 0.3 <= ratio <= 3.3:
            return None
        dx, dy = detection.box.centre[0] - x, detection.box.centre[1] - y
        gap = now - followed.seen
        allowed = self.reach * math.hypot(followed.box.width, followed.box.height) * (1.0 + 0.5 * gap)
        distance = math.hypot(dx, dy)
        return 1.0 - distance / allowed if distance < allowed else None

    def _start(self, detection: Detection, stamp: FrameStamp) -> None:
        self._last_id += 1
        new = _Followed(
            self._last_id,
            detection.label,
            detection.kind,
            detection.box,
            detection.score,
            detection.score,
            stamp.captured,
            stamp.captured,
            stamp.monotonic,
        )
        new.path.append((stamp.monotonic, *detection.box.foot))
        self._followed.append(new)

    def _hit(self, followed: _Followed, detection: Detection, stamp: FrameStamp) -> None:
        passed = stamp.monotonic - followed.seen
        if passed > 0:
            (x1, y1), (x2, y2) = followed.box.centre, detection.box.centre
            fresh = ((x2 - x1) / passed, (y2 - y1) / passed)
            weight = 0.5 if followed.hits > 1 else 1.0
            followed.velocity = (
                followed.velocity[0] + weight * (fresh[0] - followed.velocity[0]),
                followed.velocity[1] + weight * (fresh[1] - followed.velocity[1]),
            )
        if detection.score >= followed.best_score:
            followed.label, followed.best_score = detection.label, detection.score
        followed.box, followed.score = detection.box, detection.score
        followed.last_seen, followed.seen = stamp.captured, stamp.monotonic
        followed.hits += 1
        followed.path.append((stamp.monotonic, *detection.box.foot))
        del followed.path[:-PATH_POINTS]
