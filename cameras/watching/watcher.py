"""One camera, one thread: connect, read, see, report; wait a little and connect again, for as long as the lease is ours."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from django.conf import settings

from cameras.actions import camera_back, camera_lost, commit_candidate
from cameras.models import Camera, Zone
from cameras.vision.address import AddressRefused
from cameras.vision.ingest import Backoff, Frame, Stream
from cameras.vision.opening import StreamError
from cameras.vision.ring import PacketRing
from cameras.vision.slots import SlotRef, SlotWriter
from cameras.watching.evidence import EvidenceDesk, Proof
from cameras.watching.outbox import Outbox
from cameras.watching.plan import Plan
from cameras.watching.sight import Blind, Seen, Sight
from soc.core import clock

log = logging.getLogger(__name__)

DRAIN_S = 3.0


@dataclass(frozen=True)
class Desk:
    """What all threads of a watch process share."""

    outbox: Outbox
    evidence: EvidenceDesk
    ask: Callable[[SlotRef], None]
    space: str
    awake_at: float


class Watcher:
    """Watches one camera in a thread of its own until stopped."""

    def __init__(self, plan: Plan, generation: int, desk: Desk) -> None:
        self.plan, self.generation, self.desk = plan, generation, desk
        self.counts: Counter[str] = Counter()
        self.sight: Sight | None = None
        self.last_frame: Frame | None = None
        self.online: bool | None = None
        self._connections = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"camera {plan.name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def alive(self) -> bool:
        return self._thread.is_alive()

    def totals(self) -> Counter[str]:
        """Counts of all connections; captured is the sum of the three ends a frame can have."""
        total = Counter(self.counts)
        sight = self.sight
        if sight is not None:
            total.update(sight.counts)
        total["captured"] = total["gated"] + total["inferred"] + total["dropped"]
        return total

    # --- the thread

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                self._watch(backoff)
            except AddressRefused as error:
                self._lost(error.code, str(error))
            except StreamError as error:
                self._lost(error.fault, str(error))
            except OSError as error:
                # Shared memory that cannot be had, a socket the system refuses: one camera's trouble, not its neighbours'.
                log.exception("%s", self.plan.name)
                self._lost("system", f"This camera cannot be watched here: {error.strerror}.")
            except Exception:
                log.exception("%s: unexpected, connecting again", self.plan.name)
                self._lost("system", "This camera cannot be watched here; the log of the watcher says why.")
            self._stop.wait(backoff.next())

    def _watch(self, backoff: Backoff) -> None:
        """One connection. Slots are numbered by lease and connection, so that an old answer is never taken for a new one."""
        self._connections += 1
        stream = Stream(self.plan.pinned(), ring=PacketRing())
        generation = self.generation * 100_000 + self._connections
        with SlotWriter(str(self.plan.camera_id), generation=generation, space=self.desk.space) as slot:
            sight = Sight(
                self.plan, slot, ask=self.desk.ask, blind_after_s=settings.BLIND_AFTER_S, awake_at=self.desk.awake_at
            )
            self.sight = sight
            try:
                stream.read(
                    partial(self._frame, sight, stream),
                    on_open=lambda info: self._opened(backoff),
                    should_stop=self._stop.is_set,
                )
            finally:
                self._drain(sight, stream)
                sight.close()
                self.counts.update(sight.counts)
                self.sight = None

    def _opened(self, backoff: Backoff) -> None:
        backoff.reset()

    def _frame(self, sight: Sight, stream: Stream, frame: Frame) -> None:
        self.last_frame = frame
        if not self.online:
            self.online = True
            self._write(lambda: camera_back(self._camera(), at=clock.now()))
        seen, blind = sight.see(frame)
        for one in seen:
            self._report(one, sight, stream)
        if blind:
            self._report_blind(blind, stream)

    def _drain(self, sight: Sight, stream: Stream) -> None:
        """The last frames are with the workers: what they find still counts."""
        waited = threading.Event()
        until = clock.monotonic() + DRAIN_S
        while sight.slot.counts.waiting and clock.monotonic() < until:
            for one in sight.answers(clock.monotonic()):
                self._report(one, sight, stream)
            waited.wait(0.02)

    def _lost(self, code: str, words: str) -> None:
        log.info("%s: %s", self.plan.name, words)
        self.online = False
        self._write(lambda: camera_lost(self._camera(), code=code, words=words, at=clock.now()))

    def _camera(self) -> Camera:
        return Camera.objects.select_related("site").get(pk=self.plan.camera_id)

    def _write(self, write: Callable[[], None]) -> None:
        self.desk.outbox.put(write)

    # --- what becomes of what was seen

    def _report(self, seen: Seen, sight: Sight, stream: Stream) -> None:
        """A candidate into the outbox, its evidence ordered. The packets before it are held from this moment."""
        sighting = seen.sighting
        track = f"{sight.slot.generation}-{sighting.track.id}"
        dedup = f"{self.plan.camera_id}:{track}:{sighting.zone_id}:{sighting.entered_at.timestamp():.3f}"
        stamp = sighting.stamp
        path = [[round(t - stamp.monotonic, 3), *(round(v, 4) for v in b.as_tuple())] for t, b in seen.path[-50:]]
        evidence = {
            "track": track,
            "label": sighting.label,
            "score": round(sighting.score, 3),
            "box": [round(v, 4) for v in sighting.box.as_tuple()],
            "path": path,
        }
        judged = clock.now()

        def write() -> None:
            camera = self._camera()
            commit_candidate(
                site=camera.site,
                source="camera",
                category=sighting.kind,
                camera=camera,
                zone=Zone.objects.filter(pk=sighting.zone_id).first(),
                captured_at=stamp.captured,
                received_at=stamp.received,
                judged_at=judged,
                dedup=dedup,
                evidence=evidence,
                clock_source=stamp.clock_source,
                clock_offset_s=stamp.offset_s or 0.0,
                dwell_s=sighting.dwell_s,
                score=sighting.score,
                model_sha256=seen.model,
            )

        if self.desk.outbox.put(write) and stream.info is not None:
            self.desk.evidence.prove(
                Proof(
                    dedup=dedup,
                    trigger=stamp.monotonic,
                    trigger_at=stamp.captured,
                    ring=stream.ring,
                    info=stream.info,
                    held=stream.ring.snapshot(),
                    picture=seen.picture,
                    path=lambda: sight.path_of(sighting.track.id) or seen.path,
                    label=sighting.label,
                    score=sighting.score,
                    zone=self._outline(sighting.zone_id),
                )
            )

    def _outline(self, zone_id: str) -> tuple[tuple[float, float], ...]:
        return next((zone.polygon for zone in self.plan.zones if zone.id == zone_id), ())

    def _report_blind(self, blind: Blind, stream: Stream) -> None:
        """Nobody looked for seconds: an intrusion alarm of its own, and a technical one. Needs neither Redis nor workers."""
        stamp = blind.frame.stamp
        log.error("%s: motion in an armed zone and no inference for %.1f s", self.plan.name, blind.seconds)
        judged = clock.now()
        for category in ("unfiltered_motion", "perception_down"):
            dedup = f"{self.plan.camera_id}:{category}:{self.generation}:{stamp.captured.timestamp():.3f}"

            def write(category: str = category, dedup: str = dedup) -> None:
                camera = self._camera()
                motion = category == "unfiltered_motion"
                commit_candidate(
                    site=camera.site,
                    source="camera" if motion else "system",
                    category=category,
                    camera=camera,
                    zone=Zone.objects.filter(pk=blind.zone_id).first() if motion else None,
                    captured_at=stamp.captured,
                    received_at=stamp.received,
                    judged_at=judged,
                    dedup=dedup,
                    evidence={"seconds": round(blind.seconds, 1)},
                    clock_source=stamp.clock_source,
                    clock_offset_s=stamp.offset_s or 0.0,
                )

            kept = self.desk.outbox.put(write)
            if kept and stream.info is not None and category == "unfiltered_motion":
                self.desk.evidence.prove(
                    Proof(
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
        return self.last_frame if self.online else None


Watchers = dict[UUID, Watcher]
