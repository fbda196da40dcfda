"""What one camera's thread does with a frame: gate, slot, answer, track, zones. Knows no database and reads no clock.

Every captured frame ends in exactly one of three counts: gated (nothing moved), inferred (a worker answered), dropped
(with its cause). What waits for an answer is not counted yet.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cameras.vision.best import BestShots, Shot
from cameras.vision.ingest import Frame
from cameras.vision.motion import MotionGate
from cameras.vision.picture import Picture
from cameras.vision.slots import SlotRef, SlotResult, SlotWriter
from cameras.vision.tracker import Tracker
from cameras.vision.types import Box, Motion, Sighting
from cameras.vision.zones import ZoneWatch, contains
from cameras.watching.plan import Plan

INFER_FPS: Final = 5.0
LOST_REQUEST_S: Final = 1.0  # a task message may be lost: ask again
BLIND_AGAIN_S: Final = 60.0
KEPT_PICTURES: Final = 8
KEPT_PATH: Final = 400


@dataclass(frozen=True)
class Seen:
    """A sighting with what proves it: the picture it was decided on and the track's boxes (monotonic s, box)."""

    sighting: Sighting
    picture: Picture | None
    path: tuple[tuple[float, Box], ...]
    model: str


@dataclass(frozen=True)
class Blind:
    """Motion in an armed zone that nobody looked at for `seconds`."""

    frame: Frame
    zone_id: str
    seconds: float


class Sight:
    """One connection's worth of seeing. `ask` hands a slot's reference to the workers and must not block."""

    def __init__(
        self,
        plan: Plan,
        slot: SlotWriter,
        *,
        ask: Callable[[SlotRef], None],
        blind_after_s: float,
        gate: MotionGate | None = None,
    ) -> None:
        self.plan, self.slot, self.ask = plan, slot, ask
        self.blind_after_s = blind_after_s
        self.gate, self.tracker, self.zones = gate or MotionGate(), Tracker(), ZoneWatch(plan.zones)
        self.counts: Counter[str] = Counter()
        self.latest: Frame | None = None
        self.inference_ms = 0.0
        self._paths: dict[int, deque[tuple[float, Box]]] = {}
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._best = BestShots()
        self._put_at: float | None = None
        self._unanswered: float | None = None
        self._blind_at: float | None = None

    def see(self, frame: Frame) -> tuple[list[Seen], Blind | None]:
        """Take one frame; gives what an earlier frame's answer turned into sightings, and whether the camera is blind.

        1. Judge motion; a still picture is gated unless somebody is being followed.
        2. Put the frame into the slot, at most INFER_FPS a second, and ask the workers unless they are asked already.
        3. Take the newest answer: boxes to tracks to zones to sightings.
        """
        self.latest = frame
        self.counts["captured"] += 1
        now = frame.stamp.monotonic
        motion = self.gate.update(frame.picture.y, now)
        self.tracker.expire(now)
        if not (motion.active or motion.global_change or self.tracker.following):
            self.counts["gated"] += 1
            # The scene is still: whatever moves next and is not looked at is an alarm of its own.
            self._unanswered = self._blind_at = None
        elif self._put_at is not None and now - self._put_at < 1 / INFER_FPS - 1e-3:
            self._drop("paced")
        else:
            self._put(frame, motion)
        return self.answers(now), self._blind(frame, motion)

    def answers(self, now: float) -> list[Seen]:
        """Take what the workers answered, and ask again where a request got lost."""
        self._best.settle(now)
        seen: list[Seen] = []
        while (result := self.slot.take_result()) is not None:
            seen += self._answered(result)
        waited = self.slot.outstanding_s(now)
        if waited is not None and waited > LOST_REQUEST_S:
            self.slot.give_up()
        if ref := self.slot.request(now):
            self.ask(ref)
        return seen

    def close(self) -> None:
        """The connection ended: what waits is dropped."""
        self._drop("unanswered", self.slot.drop_waiting())
        self.slot.close()

    def _put(self, frame: Frame, motion: Motion) -> None:
        self._put_at = frame.stamp.monotonic
        before = self.slot.counts.dropped
        self.slot.put(frame.picture, frame.stamp, motion=motion.boxes)
        self._drop("unanswered", self.slot.counts.dropped - before)
        self._pictures[frame.stamp.number] = frame.picture
        while len(self._pictures) > KEPT_PICTURES:
            self._pictures.popitem(last=False)

    def _drop(self, cause: str, count: int = 1) -> None:
        if count:
            self.counts["dropped"] += count
            self.counts[f"dropped:{cause}"] += count

    def _answered(self, result: SlotResult) -> list[Seen]:
        self.counts["inferred"] += 1
        self._drop("superseded", result.dropped)
        self.inference_ms = result.inference_ms
        self._unanswered = self._blind_at = None
        tracks = self.tracker.update(result.stamp, result.detections)
        for track in tracks:
            path = self._paths.setdefault(track.id, deque(maxlen=KEPT_PATH))
            path.append((result.stamp.monotonic, track.box))
        self._forget(result.stamp.monotonic)
        picture = self._pictures.get(result.stamp.number)
        for track in tracks:
            if picture is not None and track.last_seen == result.stamp.captured:  # a remembered one may be hidden now
                self._best.offer(track.id, picture, result.stamp, track.box, track.score)
        return [
            Seen(sighting, picture, tuple(self._paths[sighting.track.id]), result.model)
            for sighting in self.zones.update(result.stamp, tracks).sightings
        ]

    def path_of(self, track_id: int) -> tuple[tuple[float, Box], ...]:
        """Where a track was, up to now: for a clip that ends after the sighting."""
        return tuple(self._paths.get(track_id, ()))

    def best_of(self, track_id: int) -> Shot | None:
        """The best picture of a track up to now."""
        return self._best.of(track_id)

    def _forget(self, now: float) -> None:
        for track_id in [i for i, path in self._paths.items() if now - path[-1][0] > 60]:
            del self._paths[track_id]

    def _blind(self, frame: Frame, motion: Motion) -> Blind | None:
        now = frame.stamp.monotonic
        zone = next((z.id for z in self.plan.zones if _touches(z.polygon, motion)), None)
        if zone is None or not self.plan.armed(frame.stamp.captured):
            return None
        if self._unanswered is None:
            self._unanswered = now
        waited = now - self._unanswered
        if waited <= self.blind_after_s or (self._blind_at is not None and now - self._blind_at < BLIND_AGAIN_S):
            return None
        self._blind_at = now
        return Blind(frame, zone, waited)


def _touches(polygon: tuple[tuple[float, float], ...], motion: Motion) -> bool:
    """Whether something moved in a zone: a corner, foot or centre of a moving patch in it, or it inside the patch."""
    for box in motion.boxes:
        points = (box.foot, box.centre, (box.x1, box.y1), (box.x2, box.y1), (box.x1, box.y2), (box.x2, box.y2))
        if any(contains(polygon, point) for point in points):
            return True
        if any(box.x1 <= x <= box.x2 and box.y1 <= y <= box.y2 for x, y in polygon):
            return True
    return False
