"""One camera, one thread: look first, connect, read, see, report; wait a little and connect again, while the lease is ours."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings

from cameras.vision.address import AddressRefused
from cameras.vision.ingest import Frame, Stream
from cameras.vision.keeping_up import Backoff
from cameras.vision.opening import StreamError
from cameras.vision.slots import SlotRef, SlotWriter
from cameras.vision.types import FrameStamp
from cameras.watching.conditions import CameraCheck
from cameras.watching.evidence import AFTER_S, EvidenceDesk, Proof
from cameras.watching.memory import Memory
from cameras.watching.outbox import Outbox
from cameras.watching.pending import PendingCandidate, PendingStay
from cameras.watching.plan import Plan
from cameras.watching.sight import Blind, Seen, Sight, perspective_of, scene_of
from cameras.watching.stays import Stays
from cameras.watching.streams import CRASHED_AGAIN_S, ProbeRefused, Streams
from soc.core import clock

log = logging.getLogger(__name__)

DRAIN_S = 3.0
DRIFT_S = 10.0  # of a wrong clock, without a break, before somebody is told
SILENT_S = 60.0  # of one connection
PROBES = 4  # first looks at once: each is a process of its own
PROBE_AGAIN_S = 60.0  # at most, between two looks at an address that was never usable
PARTLY_S = 1.0  # how often it is asked what one of two pictures lacks
HURRY_S = 0.06  # so far behind a camera, work that can wait is left out
MOST_NEWS = 1000
CLIP_S = 3.0  # for a clip to be cut once its end has come

_connections = itertools.count(1)


@dataclass(frozen=True)
class Desk:
    """What all threads of a watch process share."""

    outbox: Outbox
    evidence: EvidenceDesk
    ask: Callable[[SlotRef], None]
    space: str
    inside: Callable[[UUID], AbstractContextManager[object]] = lambda camera_id: nullcontext()
    leave: Callable[[], None] = lambda: None
    listen: Callable[[str, Callable[[], None] | None], None] = lambda slot, take: None  # as HandOff's
    probes: threading.Semaphore = field(default_factory=lambda: threading.BoundedSemaphore(PROBES))


@dataclass(frozen=True)
class News:
    """Something about the camera itself, for its row: back, lost, partly, drifts, on_time, began, ended or probed.
    `at`: when it was so.
    """

    kind: str
    at: datetime
    code: str = ""
    words: str = ""
    offset_s: float = 0.0
    detail: dict[str, Any] = field(default_factory=dict)


class Watcher:
    """Watches one camera in a thread of its own until stopped. Writes candidates; what it says of the camera itself
    waits in `news` for the keeper.
    """

    def __init__(self, plan: Plan, generation: int, desk: Desk) -> None:
        self.plan, self.generation, self.desk = plan, generation, desk
        self.counts: Counter[str] = Counter()
        self.sight: Sight | None = None
        self.scene = scene_of(plan)  # outlasts connections: what is parked is not reported again
        self.memory = Memory(settings.VAR / "scenes", plan.camera_id)
        self.last_frame: Frame | None = None
        self.online: bool | None = None
        self.news: deque[News] = deque()
        self.decoded_s = 0.0  # how long pictures have come, breaks left out
        self._told: tuple[str, str] | None = None
        self._usable = plan.probed
        self._reported: float | None = None  # monotonic s of the last candidate
        self.stays = Stays()
        self.check = CameraCheck(plan)
        self._drifting: bool | None = None
        self._drifting_since: float | None = None
        self._clock_heard: float | None = None
        self._counting = threading.Lock()
        self._partly, self._partly_at = "", 0.0
        self.frames = 0  # looked at, of all connections
        self._gauged = (clock.monotonic(), 0, 0)  # when, frames and inferences by then
        self._stop = threading.Event()
        self.streams = Streams(
            plan,
            probes=desk.probes,
            inside=partial(desk.inside, plan.camera_id),
            leave=desk.leave,
            stopping=self._stop.is_set,
        )
        self._thread = threading.Thread(target=self._run, name=f"camera {plan.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self.streams.stop()

    def join(self, timeout_s: float) -> None:
        until = clock.monotonic() + timeout_s
        self._thread.join(timeout_s)
        self.streams.join(max(until - clock.monotonic(), 0.0))

    def alive(self) -> bool:
        return self._thread.is_alive() or self.streams.alive()

    def stopping(self) -> bool:
        return self._stop.is_set()

    def replan(self, plan: Plan) -> None:
        """Go on with a plan that needs no new connection; the thread takes it up with its next frame."""
        self.plan = plan

    def rank(self, monotonic: float) -> int:
        """How much would be disturbed if another process took over now: 0 nothing is seen here anyway, 1 nothing goes on,
        2 something moves, 3 the clip of a candidate is not complete.
        """
        sight, reported = self.sight, self._reported
        if not self.online or sight is None:
            return 0
        if reported is not None and monotonic - reported < AFTER_S + CLIP_S:
            return 3
        return 2 if sight.stirs(monotonic) else 1

    def measured(self, monotonic: float) -> dict[str, Any] | None:
        """How it does since this was asked for last: pictures a second, processor time to decode one, the last inference
        and how old its picture was then, inferences a second, light (0..1), whether something else than the
        processor decodes, whether a small picture is looked at, and whether by another model than was asked for. None
        where that was less than a second ago.
        """
        then, frames, inferred = self._gauged
        passed = monotonic - then
        if passed < 1.0:
            return None
        now = (monotonic, self.frames, self.totals()["inferred"])
        self._gauged = now
        sight, looked = self.sight, self.streams.looked
        return {
            "fps": round((now[1] - frames) / passed, 1),
            "decode_ms": round(looked.decode_ms, 2) if looked else 0.0,
            "inference_ms": round(sight.inference_ms, 1) if sight else 0.0,
            "inferred_fps": round((now[2] - inferred) / passed, 2),
            "age_ms": round(1000 * sight.age_s) if sight else 0,
            "hardware": bool(looked and looked.on_hardware),
            "light": round(self.check.light, 3),
            "small": bool(looked and self.plan.sub_address and looked is not self.streams.kept()),
            "stand_in": bool(sight and sight.stands_in()),
        }

    def totals(self) -> Counter[str]:
        """Counts of all connections; captured is the sum of the three ends a frame can have."""
        with self._counting:
            total = Counter(self.counts)
            if self.sight is not None:
                total.update(Counter(self.sight.counts))  # a copy first: the thread goes on counting
        if late := self.streams.late():
            total["dropped"] += late
            total["dropped:late"] += late
        total["short_unkept"] = self.stays.left_out
        total["captured"] = total["gated"] + total["inferred"] + total["dropped"]
        return total

    # --- the thread

    def _run(self) -> None:
        backoff, probing = Backoff(), Backoff(first=1.0, most=PROBE_AGAIN_S)
        while not self._stop.is_set():
            wait = backoff
            try:
                if self._usable != self.plan.digest:
                    wait = probing
                    self._probe()
                    wait = backoff
                self._watch(backoff)
            except AddressRefused as error:
                self._lost(error.code, str(error))
            except ProbeRefused as error:
                self._lost(error.fault, str(error))
                if error.fault == "crashed":
                    wait = Backoff(first=CRASHED_AGAIN_S, most=CRASHED_AGAIN_S)
            except StreamError as error:
                self._lost(error.fault, str(error))
            except OSError as error:
                # Shared memory that cannot be had, a socket the system refuses: one camera's trouble, not its neighbours'.
                log.exception("%s", self.plan.name)
                self._lost("system", f"This camera cannot be watched here: {error.strerror}.")
            except Exception:
                log.exception("%s: unexpected, connecting again", self.plan.name)
                self._lost("system", "This camera cannot be watched here; the log of the watcher says why.")
            self._stop.wait(wait.next())
        self.streams.stop()
        self.desk.leave()

    def _probe(self) -> None:
        """A camera that was never looked at. Where only its small picture is not usable, it is looked at again next time."""
        usable = self.streams.look_first()
        if self._stop.is_set():
            return
        self._usable = self.plan.digest
        if usable:
            self._tell(News("probed", clock.now(), code=self.plan.digest))

    def _watch(self, backoff: Backoff) -> None:
        """One connection."""
        if self._stop.is_set():
            return
        self._open_eyes()
        try:
            self.streams.read(self._frame, on_open=backoff.opened)
        finally:
            self._close_eyes()
            self.streams.let_go()
            self.memory.keep(self.scene.parked())

    def _open_eyes(self) -> None:
        """Slots are numbered by lease and connection, so that an old answer is never taken for a new one."""
        slot = SlotWriter(
            str(self.plan.camera_id),
            generation=self.generation * 1_000_000 + next(_connections) % 1_000_000,
            space=self.desk.space,
            max_width=settings.SLOT_WIDTH,
            max_height=settings.SLOT_HEIGHT,
        )
        try:
            sight = Sight(self.plan, slot, ask=self.desk.ask, blind_after_s=settings.BLIND_AFTER_S, scene=self.scene)
        except BaseException:
            slot.close()
            raise
        with self._counting:
            self.sight = sight
        self.desk.listen(slot.name, partial(self._take, sight))

    def _take(self, sight: Sight) -> None:
        """Called from the hand-off's thread as soon as a worker answered, and not only with the next frame."""
        for one in sight.answers(clock.monotonic()):
            self._report(one, sight)
        self._part(sight)

    def _close_eyes(self) -> None:
        sight = self.sight
        if sight is None:
            return
        self.desk.listen(sight.slot.name, None)
        self._drain(sight)
        if not self.stopping() and (blind := sight.unlooked(clock.monotonic())):
            self._report_blind(blind)  # whoever cuts a camera off as soon as it has seen them is not to be missed
        sight.close()
        with self._counting:
            self.counts.update(sight.counts)
            self.sight = None

    def _replanned(self, sight: Sight) -> Sight:
        """Other hours are only noted; where it is looked at in another way, the looking begins anew. The stream goes on."""
        if sight.plan.looks == self.plan.looks:
            sight.plan = self.plan
            return sight
        self._close_eyes()
        self.scene.replan(self.plan.zones, perspective_of(self.plan))
        self._open_eyes()
        assert self.sight is not None
        return self.sight

    def _frame(self, frame: Frame) -> None:
        if self.last_frame is not None:
            self.decoded_s += min(max(frame.stamp.monotonic - self.last_frame.stamp.monotonic, 0.0), 1.0)
        else:
            self.memory.recall(self.scene, frame.stamp)
        self.last_frame = frame
        self.frames += 1
        if not self.online:
            self.online, self._told, self._partly = True, None, ""
            self._tell(News("back", frame.stamp.received))
        self._judge_clock(frame.stamp)
        looked = self.streams.looked
        hurried = looked is not None and looked.late_s > HURRY_S
        for told in self.check.see(frame, skipped=self.streams.late(), hurried=hurried):
            self._tell(News("began" if told.began else "ended", told.at, code=told.kind, detail=told.detail))
        sight = self.sight
        assert sight is not None
        if sight.plan is not self.plan:
            sight = self._replanned(sight)
        seen, blind = sight.see(frame)
        for one in seen:
            self._report(one, sight)
        self._part(sight)
        if blind:
            self._report_blind(blind)
        self._judge_streams(frame.stamp)

    def _judge_streams(self, stamp: FrameStamp) -> None:
        """What one of two pictures lacks is said on the camera's row, and so is that it is there again."""
        if stamp.monotonic - self._partly_at < PARTLY_S:
            return
        self._partly_at = stamp.monotonic
        words = self.streams.trouble()
        if words != self._partly:
            self._partly = words
            self._tell(News("partly", stamp.received, words=words))

    def _judge_clock(self, stamp: FrameStamp) -> None:
        """A clock that is wrong for ten seconds on end is told once. A camera that tells no time just now says nothing; one that
        has told none for SILENT_S has no clock that is wrong: it was replaced, or set not to.
        """
        if stamp.offset_s is not None or self._clock_heard is None:  # from its first picture on it might tell one
            self._clock_heard = stamp.monotonic
        if stamp.offset_s is None and stamp.monotonic - self._clock_heard < SILENT_S:
            return
        if stamp.offset_s is None or not stamp.drifting:
            self._drifting_since = None
            if self._drifting is not False:  # unknown at first: an earlier watcher may have flagged it
                self._drifting = False
                self._tell(News("on_time", stamp.received))
            return
        if self._drifting_since is None:
            self._drifting_since = stamp.monotonic
        if not self._drifting and stamp.monotonic - self._drifting_since > DRIFT_S:
            self._drifting = True
            self._tell(News("drifts", stamp.received, offset_s=-stamp.offset_s))

    def _drain(self, sight: Sight) -> None:
        """The last frames are with the workers: what they find still counts."""
        waited = threading.Event()
        until = clock.monotonic() + DRAIN_S
        while sight.slot.counts.waiting and clock.monotonic() < until:
            for one in sight.answers(clock.monotonic()):
                self._report(one, sight)
            waited.wait(0.02)

    def _lost(self, code: str, words: str) -> None:
        """Said once for each cause: a camera is tried again and again, and the row need not hear of every try."""
        if self._stop.is_set():
            return  # an end that we wanted
        self.online = False
        self._drifting_since = self._clock_heard = None
        if self._told != (code, words):
            self._told = (code, words)
            log.info("%s: %s", self.plan.name, words)
            self._tell(News("lost", clock.now(), code=code, words=words))

    def _tell(self, news: News) -> None:
        if len(self.news) < MOST_NEWS:
            self.news.append(news)
        else:
            log.error("%s: %s is not kept: too much waits for the database", self.plan.name, news.kind)

    # --- what becomes of what was seen

    def _report(self, seen: Seen, sight: Sight) -> None:
        """A candidate into the outbox, its evidence ordered. The packets before it are held from this moment."""
        if seen.short and not self.stays.has_room(clock.monotonic()):
            return
        stream = self.streams.kept()
        sighting = seen.sighting
        track = f"{sight.slot.generation}-{sighting.track.id}"
        stamp = sighting.stamp
        # By the frame that decided it: one stay may be several things, one after the other, and a line is crossed twice.
        dedup = (
            f"{self.plan.camera_id.hex}:{track}:{sighting.zone_id}:{sighting.category}:{stamp.captured.timestamp():.3f}"
        )
        drawn, way = seen.path[-50:], seen.path  # `seen` itself has a picture, which nothing may keep
        path = [[round(t - stamp.monotonic, 3), *(round(v, 4) for v in b.as_tuple())] for t, b in drawn]
        evidence = {
            "track": track,
            "label": sighting.label,
            "score": round(sighting.score, 3),
            "box": [round(v, 4) for v in sighting.box.as_tuple()],
            "path": path,
        }
        if sighting.direction:
            evidence["direction"] = sighting.direction
        pending = PendingCandidate(
            camera_id=self.plan.camera_id,
            zone_id=sighting.zone_id,
            source="camera",
            category=sighting.category,
            captured_at=stamp.captured,
            received_at=stamp.received,
            judged_at=clock.now(),
            dedup=dedup,
            evidence=evidence,
            clock_source=stamp.clock_source,
            clock_offset_s=_ahead_s(stamp),
            dwell_s=sighting.dwell_s,
            score=sighting.score,
            model_sha256=seen.model,
            people=sighting.people,
        )
        self._reported = stamp.monotonic
        kept = self.desk.outbox.put(pending)
        if seen.short:
            self.desk.outbox.add(PendingStay((dedup,), sighting.dwell_s))
        else:
            self.stays.note(sighting, dedup)
        if kept and stream is not None and stream.info is not None and _holds(stream, stamp):
            self.desk.evidence.prove(
                Proof(
                    camera_id=self.plan.camera_id,
                    dedup=dedup,
                    trigger=stamp.monotonic,
                    trigger_at=stamp.captured,
                    ring=stream.ring,
                    info=stream.info,
                    held=stream.ring.snapshot(),
                    picture=seen.picture,
                    path=lambda: sight.path_of(sighting.track.id) or way,
                    label=sighting.label,
                    score=sighting.score,
                    zone=self._outline(sighting.zone_id),
                    box=sighting.box,
                    track=track,
                    best=lambda: sight.best_of(sighting.track.id),
                )
            )

    def _part(self, sight: Sight) -> None:
        """How long those stayed who have left."""
        for stay in self.stays.over(sight.departed()):
            self.desk.outbox.add(stay)

    def _outline(self, zone_id: str) -> tuple[tuple[float, float], ...]:
        return next((zone.polygon for zone in self.plan.zones if zone.id == zone_id), ())

    def _report_blind(self, blind: Blind) -> None:
        """Nobody looked for seconds: an intrusion alarm of its own, and a technical one. Needs neither Redis nor workers."""
        stream = self.streams.kept()
        stamp = blind.frame.stamp
        log.error("%s: motion in an armed zone and no inference for %.1f s", self.plan.name, blind.seconds)
        judged = clock.now()
        for category in ("unfiltered_motion", "perception_down"):
            dedup = f"{self.plan.camera_id}:{category}:{self.generation}:{stamp.captured.timestamp():.3f}"

            motion = category == "unfiltered_motion"
            pending = PendingCandidate(
                camera_id=self.plan.camera_id,
                zone_id=blind.zone_id if motion else "",
                source="camera" if motion else "system",
                category=category,
                captured_at=stamp.captured,
                received_at=stamp.received,
                judged_at=judged,
                dedup=dedup,
                evidence={"seconds": round(blind.seconds, 1)},
                clock_source=stamp.clock_source,
                clock_offset_s=_ahead_s(stamp),
            )
            self._reported = stamp.monotonic
            kept = self.desk.outbox.put(pending)
            if kept and stream is not None and stream.info is not None and motion:
                self.desk.evidence.prove(
                    Proof(
                        camera_id=self.plan.camera_id,
                        dedup=dedup,
                        trigger=stamp.monotonic,
                        trigger_at=stamp.captured,
                        ring=stream.ring,
                        info=stream.info,
                        held=stream.ring.snapshot(),
                        picture=blind.frame.picture,
                        path=tuple,
                        label="",
                        score=0.0,
                        zone=self._outline(blind.zone_id),
                    )
                )

    def newest(self) -> Frame | None:
        """For the live view. None once it is stopping: what it holds may be unmasked by the masks of now."""
        return self.last_frame if self.online and not self.stopping() else None

    def on_air(self) -> Stream | None:
        """The stream that is recorded, for the live view: what it is, and its packets."""
        return None if self.stopping() else self.streams.on_air()


def _holds(stream: Stream, stamp: FrameStamp) -> bool:
    """Whether this moment is of the stream's present connection: a short stay may have ended with the one before."""
    span = stream.ring.span()
    return span is not None and span.first <= stamp.monotonic


def _ahead_s(stamp: FrameStamp) -> float:
    """How far the camera's clock is ahead of ours."""
    return -stamp.offset_s if stamp.offset_s is not None else 0.0
