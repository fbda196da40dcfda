"""What is known of one camera's scene: who is followed, who is in which zone, what stands there. It outlasts connections."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from .perspective import Perspective
from .tracker import Tracker
from .types import Box, Detection, FrameStamp, Track, ZoneShape, ZoneUpdate
from .zones import ZoneWatch

ANSWER_S: Final = 1.0  # so long a look that was asked for may take, before the next frame is asked for


@dataclass(frozen=True, slots=True)
class Parked:
    """Something that stands, as it is handed on to who watches the camera next. `zones`: where it was reported."""

    label: str
    score: float
    box: Box
    seen_at: datetime
    zones: tuple[str, ...]


class Scene:
    """From a frame's detections to tracks and what zones say of them. Keep it while a camera is connected anew, and give
    it new zones when they change: then a parked car is known still.

    perspective: how large people are where, None where nobody said: then every size counts.
    """

    def __init__(
        self,
        zones: Iterable[ZoneShape],
        *,
        perspective: Perspective | None = None,
        tracker: Tracker | None = None,
    ) -> None:
        self.tracker, self.zones, self.perspective = tracker or Tracker(), ZoneWatch(zones), perspective
        self._armed: frozenset[str] | None = None
        self._rules: object = None
        self._covered: frozenset[tuple[str, str]] = frozenset()
        self._wanted = -math.inf  # monotonic seconds of the last look that was asked for

    def replan(self, zones: Iterable[ZoneShape], perspective: Perspective | None) -> None:
        """Go on with these zones and sizes. Raises ValueError for two zones with one id."""
        self.zones.replan(zones)
        self.perspective = perspective

    def parked(self) -> tuple[Parked, ...]:
        """What is parked there, for a scene of tomorrow."""
        return tuple(
            Parked(track.label, track.best_score, track.box, track.last_seen, self.zones.reported_in(track.id))
            for track in self.tracker.parked()
        )

    def recall(self, parked: Iterable[Parked], stamp: FrameStamp) -> None:
        """Begin with what was parked there when the camera was last watched, perhaps by another process. `stamp`: now."""
        for one in parked:
            unseen = (stamp.captured - one.seen_at).total_seconds()
            if unseen >= 0 and (track := self.tracker.recall(one.label, one.score, one.box, stamp, unseen_s=unseen)):
                self.zones.recall(track, one.zones, stamp)

    def arm(self, armed: frozenset[str]) -> None:
        """Say which zones are armed. Who came into one while it was not, and was let be, is reported anew when it is."""
        if self._armed is not None and (newly := armed - self._armed):
            self.zones.renew(newly)
        self._armed = armed

    def judge_by(self, rules: object) -> None:
        """Say by which rules (any value) sightings are judged. By others, whoever was reported counts anew where it is armed: it
        may have been too soon for what they ask.
        """
        if self._rules is not None and rules != self._rules and self._armed:
            self.zones.renew(self._armed, vehicles=True)
        self._rules = rules

    def cover(self, covered: frozenset[tuple[str, str]]) -> None:
        """Say what keeps people from being raised in which zone: pairs of any id and the zone's. Where something of it is over,
        whoever was reported while it held counts anew.
        """
        if ended := self._covered - covered:
            self.zones.renew({zone for _, zone in ended}, vehicles=True)
        self._covered = covered

    def update(
        self, stamp: FrameStamp, detections: Sequence[Detection], *, aspect: float = 16 / 9
    ) -> tuple[tuple[Track, ...], ZoneUpdate]:
        """Take one inferred frame's detections; call it for every one, also without any. aspect: width over height.

        What cannot be of its size where it is begins no track; it only keeps one going, as somebody half hidden does.
        """
        sure, weak = list(detections), list[Detection]()
        if self.perspective is not None:
            sure = [d for d in detections if self.perspective.allows(d, aspect=aspect)]
            weak = [d for d in detections if d not in sure]
        tracks = self.tracker.update(stamp, sure, weak)
        return tracks, self.zones.update(stamp, tracks)

    def worth_a_look(self, monotonic: float) -> bool:
        """Whether a frame should be inferred though nothing moves: somebody is followed, or something that stands still
        is to be looked at again.
        """
        self.tracker.expire(monotonic)
        if self.tracker.following:
            return True
        if not self.tracker.look_due(monotonic) or monotonic - self._wanted < ANSWER_S:
            return False
        self._wanted = monotonic
        return True
