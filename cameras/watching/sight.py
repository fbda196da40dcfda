"""What one camera's thread does with a frame: gate, slot, answer, track, zones. Knows no database and reads no clock.

Every captured frame ends in exactly one of three counts: gated (nothing moved, or it is not ours to look at), inferred (a
worker answered), dropped. The causes of drops: paced (more often than we look), superseded (a newer one came before a worker
did), stale (too old when one came), unanswered (the connection ended before). What waits for an answer is not counted yet.
"""

from __future__ import annotations

import math
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings

from cameras.vision.best import BestShots, Shot
from cameras.vision.card import ModelCard
from cameras.vision.ingest import Frame
from cameras.vision.light import LightMeter, Profile
from cameras.vision.models import Models
from cameras.vision.motion import MotionGate
from cameras.vision.perspective import Perspective
from cameras.vision.picture import Picture
from cameras.vision.scene import Scene
from cameras.vision.slots import SlotRef, SlotResult, SlotWriter
from cameras.vision.types import Box, Departure, Detection, Motion, Sighting
from cameras.vision.zones import contains
from cameras.watching.plan import OURS, Arming, Plan

INFER_FPS: Final = 5.0
EARLY_S: Final = 0.04
LOST_REQUEST_S: Final = 1.0  # a task message may be lost: ask again
BLIND_AGAIN_S: Final = 60.0
STILL_S: Final = 0.15  # a still scene is judged again after so long: at about the pace at which it would be looked at
CALM_S: Final = 1.0  # a still scene is told by frames too, and they may be a second apart
KEPT_PICTURES: Final = 8
KEPT_PATH: Final = 400
KEPT_DEPARTURES: Final = 100
# Where workers cannot keep up, a camera's share grows with its weight: four times for what moves in an armed zone, twice for
# somebody who is followed, both together eight times.
ARMED, FOLLOWED = 4, 2
ASK_AGAIN: Final = timedelta(minutes=1)  # whether the site is armed, at the latest


@dataclass(frozen=True)
class Seen:
    """A sighting with what proves it: the picture it was decided on and the track's boxes (monotonic s, box). `short`: a
    stay that was too short for its zone, told when it was over, without a picture.
    """

    sighting: Sighting
    picture: Picture | None
    path: tuple[tuple[float, Box], ...]
    model: str
    short: bool = False


@dataclass(frozen=True)
class Blind:
    """Motion in an armed zone that nobody looked at for `seconds`."""

    frame: Frame
    zone_id: str
    seconds: float


def scene_of(plan: Plan) -> Scene:
    """A scene of which nothing is known yet."""
    return Scene(plan.zones, perspective=perspective_of(plan))


def perspective_of(plan: Plan) -> Perspective | None:
    return Perspective(*plan.perspective) if plan.perspective else None


@dataclass(frozen=True)
class _Held:
    """A frame that waits until a worker is done with the one before it."""

    frame: Frame
    motion: Motion
    weight: int


class Sight:
    """One connection's worth of seeing. `ask` hands a slot's reference to the workers and must not block.

    The camera's thread calls `see`; any thread may call `answers`, which need not wait for the next frame.
    """

    def __init__(
        self,
        plan: Plan,
        slot: SlotWriter,
        *,
        ask: Callable[[SlotRef], None],
        blind_after_s: float,
        gate: MotionGate | None = None,
        card: ModelCard | None = None,
        scene: Scene | None = None,
    ) -> None:
        """card: of the detector that is asked; found by the plan's model where none is given. scene: what was known of the
        camera's scene before, nothing where none is given.
        """
        self.plan, self.slot, self.ask = plan, slot, ask
        self.blind_after_s = blind_after_s
        self.card = card or Models(settings.MODELS_DIR).card_for(plan.model)
        self.gate = gate or MotionGate(ignore=plan.ignore_areas)
        self.scene = scene or scene_of(plan)
        self.tracker = self.scene.tracker
        self.counts: Counter[str] = Counter()
        self.latest: Frame | None = None
        self.inference_ms = 0.0
        self.model = ""  # SHA-256 of the one that looked last
        self.age_s = 0.0  # of the frame answered last, when its answer was taken
        self._light = LightMeter()
        self._paths: dict[int, deque[tuple[float, Box]]] = {}
        self._left: deque[Departure] = deque(maxlen=KEPT_DEPARTURES)
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._best = BestShots()
        self._next_at: float | None = None  # when a frame is wanted next, monotonic s
        self._held: _Held | None = None
        self._calm, self._judged_at = False, -math.inf  # whether nothing went on when a frame was judged last, and when
        self._stirred = -math.inf  # when there was last something to look at, monotonic s
        self._looked = False  # whether a worker has answered at all
        self._first_at = -math.inf  # when it is asked for the next time, monotonic s
        self._unanswered: float | None = None
        self._moved: tuple[Frame, str] | None = None  # the last frame with motion in an armed zone, and the zone
        self._blind_at: float | None = None
        self._arming: tuple[Plan, datetime, datetime, Arming] | None = None  # by which plan, from when to when
        self._closed = False
        self._lock = threading.RLock()

    def see(self, frame: Frame) -> tuple[list[Seen], Blind | None]:
        """Take one frame; gives what an earlier frame's answer turned into sightings, and whether the camera is blind.

        1. Judge motion; a still picture is gated unless somebody is being followed, or nobody has looked through this
           connection yet: who stands there when a camera comes back has not moved before it.
        2. Put the frame into the slot, at most INFER_FPS a second, and ask the workers unless they are asked already.
        3. Take the newest answer: boxes to tracks to zones to sightings.

        A camera that looks for itself is not looked at here: all its frames are gated. A still scene is judged now and then.
        """
        with self._lock:
            self.latest = frame
            self.counts["captured"] += 1
            if self.plan.analytics != OURS:
                self.counts["gated"] += 1
                self.counts["gated:camera"] += 1
                return [], None
            now = frame.stamp.monotonic
            if self._calm and self._looked and 0 <= now - self._judged_at < STILL_S:
                self.counts["gated"] += 1
                return self._answers(now), self._blind(frame, None, wanted=False)
            motion = self.gate.update(frame.picture.y, now)
            self._judged_at = now
            self._calm = not (motion.active or motion.global_change or self.tracker.following)
            armed = self._armed(frame.stamp.captured)
            zone = next((z.id for z in self.plan.zones if z.id in armed and _touches(z.polygon, motion)), None)
            wanted = True
            if not (motion.active or motion.global_change or self.scene.worth_a_look(now)):
                if self._first_look(now):
                    self._offer(_Held(frame, motion, self._weight(None, frame.stamp.captured)))
                else:
                    self.counts["gated"] += 1
                if now - self._stirred > self.blind_after_s + CALM_S:
                    # The scene is still: whatever moves next and is not looked at is an alarm of its own.
                    self._unanswered = self._blind_at = None
                zone = None
            elif not self._pace(now):
                self._stirred = now
                self._drop("paced")
                wanted = False
            else:
                self._stirred = now
                self._offer(_Held(frame, motion, self._weight(zone, frame.stamp.captured)))
            return self._answers(now), self._blind(frame, zone, wanted=wanted)

    def stirs(self, now: float) -> bool:
        """Whether something goes on: somebody is followed, or moved a moment ago and may not be looked at yet."""
        return self.tracker.following > 0 or now - self._stirred <= self.blind_after_s + CALM_S

    def stands_in(self) -> bool:
        """Whether another model than the plan's looks: that one is not there, or refused. Our card is the house's where it is
        not there.
        """
        return bool(self.model and self.plan.model) and (self.card.name == self.plan.model) != (
            self.card.sha256 == self.model
        )

    def unlooked(self, now: float) -> Blind | None:
        """At the end of a connection: motion in an armed zone that nobody has looked at, and nobody will any more."""
        with self._lock:
            if self._unanswered is None or self._moved is None or self._blind_at is not None:
                return None
            return Blind(*self._moved, now - self._unanswered)

    def answers(self, now: float) -> list[Seen]:
        """Take what the workers answered, and ask again where a request got lost."""
        with self._lock:
            return [] if self._closed else self._answers(now)

    def departed(self) -> list[Departure]:
        """Who has left since this was asked for last, of those that were sightings. From any thread."""
        gone = []
        while self._left:
            gone.append(self._left.popleft())
        return gone

    def close(self) -> None:
        """The connection ended: what waits is dropped."""
        with self._lock:
            self._closed = True
            self._drop("unanswered", self.slot.drop_waiting() + (self._held is not None))
            self._held = None
            self.slot.close()

    def _answers(self, now: float) -> list[Seen]:
        self._best.settle(now)
        seen: list[Seen] = []
        while (result := self.slot.take_result()) is not None:
            self.age_s = now - result.stamp.monotonic
            seen += self._answered(result)
        if self._held is not None and self._may_put(self._held, now):
            held, self._held = self._held, None
            self._put(held)
        waited = self.slot.outstanding_s(now)
        if waited is not None and waited > LOST_REQUEST_S:
            self.slot.give_up()
        if ref := self.slot.request(now):
            self.ask(ref)
        return seen

    def _first_look(self, now: float) -> bool:
        """Whether a still picture is to be looked at: once, and again where that was not answered."""
        if self._looked or now < self._first_at:
            return False
        self._first_at = now + LOST_REQUEST_S
        return True

    def _weight(self, zone: str | None, at: datetime) -> int:
        """How urgent this camera is now, beside others. zone: an armed one in which something moves."""
        followed = self.tracker.following > 0
        armed = zone is not None or (followed and self._armed(at))
        return (ARMED if armed else 1) * (FOLLOWED if followed else 1)

    def _armed(self, at: datetime) -> frozenset[str]:
        """The zones that are armed."""
        return self._arms(at).armed

    def _arms(self, at: datetime) -> Arming:
        known = self._arming
        if known is None or known[0] is not self.plan or not known[1] <= at < known[2]:
            state = self.plan.arming(at)
            until = at + ASK_AGAIN if state.until is None else min(state.until, at + ASK_AGAIN)
            known = self._arming = (self.plan, at, until, state)
        return known[3]

    def _stand(self, at: datetime) -> None:
        """Hold the scene to what is asked at `at`. Under another policy, or armed or disarmed by hand, whoever was told of
        counts anew: it may have been too soon for what is asked now, and was then only watched. So does whoever stays for longer
        than they were expected, or than a snooze or a test went on.
        """
        arms = self._arms(at)
        if arms.zones != self.scene.zones.zones:
            self.scene.zones.replan(arms.zones)
        self.scene.arm(arms.armed)
        self.scene.judge_by(self.plan.standing)
        self.scene.cover(self.plan.covered(at))

    def _pace(self, now: float) -> bool:
        """Whether a frame is wanted: INFER_FPS a second on average. One that comes a little early is, and one that comes
        late takes the next one's time only in part, so that a camera of just that pace loses none to its own unrest.
        """
        if self._next_at is not None and now < self._next_at - EARLY_S:
            return False
        step = 1 / INFER_FPS
        self._next_at = now + step if self._next_at is None else max(self._next_at, now - step / 2) + step
        return True

    def _offer(self, held: _Held) -> None:
        """For the workers: into the slot, or kept until the one there is answered, where a worker is looking at that."""
        now = held.frame.stamp.monotonic
        if self._held is not None:
            self._drop("superseded")
            self._held = None
        if self._may_put(held, now):
            self._put(held)
        else:
            self._held = held

    def _may_put(self, held: _Held, now: float) -> bool:
        """Not while a worker looks at the one that is there, nor where the next frame will be there before a worker is. Else
        the newest replaces what no worker has come to: whatever were kept back for longer would be looked at less often.
        """
        captured = held.frame.stamp.monotonic
        if self.slot.busy(now):
            return False
        return not self.slot.spares(captured, now, weight=held.weight, every_s=1 / INFER_FPS)

    def _put(self, held: _Held) -> None:
        frame, stamp = held.frame, held.frame.stamp
        before = self.slot.counts.dropped
        light = self._light.update(frame.picture, stamp.monotonic)
        self.slot.put(
            frame.picture,
            stamp,
            motion=held.motion.boxes,
            min_score=Profile.of(self.card, light, self.plan.day_score, self.plan.night_score).min_score,
            model=self.plan.model,
            weight=held.weight,
        )
        self._drop("unanswered", self.slot.counts.dropped - before)
        self._pictures[stamp.number] = frame.picture
        while len(self._pictures) > KEPT_PICTURES:
            self._pictures.popitem(last=False)

    def _drop(self, cause: str, count: int = 1) -> None:
        if count:
            self.counts["dropped"] += count
            self.counts[f"dropped:{cause}"] += count

    def _answered(self, result: SlotResult) -> list[Seen]:
        self._drop("superseded", result.dropped)
        if result.stale:
            self._drop("stale")
            return []
        self.counts["inferred"] += 1
        self._looked = True
        self.inference_ms, self.model = result.inference_ms, result.model
        self._unanswered = self._blind_at = None
        picture = self._pictures.get(result.stamp.number)
        self._let_go(result.stamp.number)
        self._stand(result.stamp.captured)
        tracks, update = self.scene.update(
            result.stamp,
            [found for found in result.detections if self._asks_for(found)],
            **({"aspect": picture.width / picture.height} if picture is not None else {}),
        )
        for track in tracks:
            if track.last_seen == result.stamp.captured:  # what stands there unseen has no new place
                path = self._paths.setdefault(track.id, deque(maxlen=KEPT_PATH))
                path.append((result.stamp.monotonic, track.box))
        self._forget(result.stamp.monotonic)
        for track in tracks:
            if picture is not None and track.last_seen == result.stamp.captured:  # a remembered one may be hidden now
                self._best.offer(track.id, picture, result.stamp, track.box, track.score)
        self._left.extend(update.left)
        seen = [Seen(one, picture, self.path_of(one.track.id), result.model) for one in update.sightings]
        # Where nothing is armed, nothing is filtered by how long it stayed.
        brief = (one for one in update.short if one.zone_id in self._armed(one.at))
        return seen + [Seen(one, None, self.path_of(one.track.id), result.model, short=True) for one in brief]

    def _let_go(self, number: int) -> None:
        """Pictures up to this one are not asked about any more: each is megabytes, and there are many cameras."""
        for older in [kept for kept in self._pictures if kept <= number]:
            del self._pictures[older]

    def _asks_for(self, found: Detection) -> bool:
        """Whether some zone counts it. What nobody asks for is not followed either, and keeps no camera looked at."""
        classes = self.plan.classes
        return found.kind in classes or found.label in classes

    def path_of(self, track_id: int) -> tuple[tuple[float, Box], ...]:
        """Where a track was, up to now: for a clip that ends after the sighting."""
        return tuple(self._paths.get(track_id, ()))

    def best_of(self, track_id: int) -> Shot | None:
        """The best picture of a track up to now."""
        return self._best.of(track_id)

    def _forget(self, now: float) -> None:
        for track_id in [i for i, path in self._paths.items() if now - path[-1][0] > 60]:
            del self._paths[track_id]

    def _blind(self, frame: Frame, zone: str | None, *, wanted: bool) -> Blind | None:
        """Whether motion in an armed zone (`zone`) was not looked at for too long. Somebody who was there for a second counts as
        much as somebody who stays: from the first such frame on only an answer is a comfort, stillness is none.

        wanted: whether a worker was to look at this very frame; else no answer is to be waited for on its account.
        """
        now = frame.stamp.monotonic
        if zone is not None and (wanted or self._unanswered is not None):
            self._moved = (frame, zone)
            if self._unanswered is None:
                self._unanswered = now
        if self._unanswered is None or self._moved is None:
            self._moved = None
            return None
        waited = now - self._unanswered
        if waited <= self.blind_after_s:
            return None
        if self._blind_at is not None and (zone is None or now - self._blind_at < BLIND_AGAIN_S):
            return None  # said again only of what moves still
        self._blind_at = now
        return Blind(*self._moved, waited)


def _touches(polygon: tuple[tuple[float, float], ...], motion: Motion) -> bool:
    """Whether something moved in a zone: a corner, foot or centre of a moving patch in it, or it inside the patch."""
    for box in motion.boxes:
        points = (box.foot, box.centre, (box.x1, box.y1), (box.x2, box.y1), (box.x1, box.y2), (box.x2, box.y2))
        if any(contains(polygon, point) for point in points):
            return True
        if any(box.x1 <= x <= box.x2 and box.y1 <= y <= box.y2 for x, y in polygon):
            return True
    return False
