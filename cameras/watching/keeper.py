"""Which cameras this process watches: leases in PostgreSQL, threads to match, and what is known of them written back."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet

from cameras.actions import (
    camera_back,
    camera_drifts,
    camera_lost,
    camera_on_time,
    clear_camera,
    condition_began,
    condition_ended,
    standings,
)
from cameras.actions.covers import covers
from cameras.actions.locking import locked
from cameras.models import Camera, CameraHour
from cameras.vision.ingest import Frame, Stream
from cameras.watching.angles import Angles
from cameras.watching.conditions import CameraCheck, References
from cameras.watching.plan import Plan, plan_of
from cameras.watching.quarantine import Quarantine, proof_s
from cameras.watching.shares import LEASE, Surplus, announce, fair_share, free_at, take_leave
from cameras.watching.watcher import Desk, News, Watcher
from soc.core import clock
from soc.core.away import LOST
from soc.core.clock import db_now
from soc.core.models import Site

log = logging.getLogger(__name__)

ROUND_S = 1.0
TAKE_UP_S: Final = 0.25  # how often it is asked for another policy, or an arming by hand, between two rounds
WRITE_S: Final = 5.0  # how often a camera's counts are written; what happened to it is told at once
LEFT_ALONE_S: Final = 20.0  # a thread that does not end by then hangs in the decoder, and is not waited for
STOP_S: Final = 6.0  # for all threads together: what they found must be kept before the supervisor loses patience
CHILD_STOP_S: Final = 3.0  # beyond that, for a process of our own: its outbox comes after its threads
EMPTY_ROUNDS: Final = 10  # of a process for one camera that cannot have it: then it goes

COUNTS: Final = ("captured", "gated", "inferred", "dropped")


@dataclass
class Watched:
    """A camera in our hands: its thread, by which plan and lease it was begun, and what is written of it."""

    watcher: Watcher
    plan: Plan
    generation: int
    saved: Counter[str] = field(default_factory=Counter)
    # What was about to be written, and the totals it came from: where the database went away it may have been, or not.
    tried: tuple[dict[str, Any], Counter[str]] | None = None
    stopped_at: float | None = None  # monotonic s
    written_at: float | None = None  # monotonic s
    given_up: bool = False  # for others to have once its thread has ended

    def stop(self) -> None:
        if self.stopped_at is None:
            self.stopped_at = clock.monotonic()
            self.watcher.stop()

    def serves(self, plan: Plan, generation: int) -> bool:
        """Whether its thread may go on with that plan, without connecting anew."""
        return not self.given_up and generation == self.generation and plan.connection == self.plan.connection

    def gone(self) -> bool:
        if not self.watcher.alive():
            return True
        return self.stopped_at is not None and clock.monotonic() - self.stopped_at > LEFT_ALONE_S


class Keeper:
    """Takes free cameras, renews its leases, starts and stops threads. One round a second, on one thread.

    The keeper of all leaves suspect cameras to its `quarantine`; with `only` it is the keeper of one suspect, until
    that has proven harmless.
    """

    def __init__(
        self, desk: Desk, media_address: str, *, quarantine: Quarantine | None = None, only: UUID | None = None
    ) -> None:
        self.desk, self.media_address, self.quarantine, self.only = desk, media_address, quarantine, only
        # Never the same twice: in a container every process may be number 1.
        self.me = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"
        self.cameras: dict[UUID, Watched] = {}
        self._empty_rounds, self._had = 0, False
        self._surplus = Surplus()
        self._health: dict[UUID, str] = {}  # as the rows say
        self._sites: dict[UUID, Site] = {}  # of our cameras
        self._angles = Angles(desk.evidence, self.on_air)
        self._references = References(self.check_of)

    def run(self, stop: threading.Event) -> None:
        """Until told to stop, or until there is nothing left to do for the keeper of one camera."""
        while not stop.is_set():
            well = self._try(lambda: self.round(db_now()))
            if self.only and self._finished():
                return
            until = clock.monotonic() + ROUND_S
            while not stop.wait(TAKE_UP_S) and clock.monotonic() < until:
                well = well and self._try(self.take_up)

    def _try(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except LOST as error:
            # Cameras go on being watched: nobody else can take them while the database is away either.
            log.warning("the watcher waits for the database: %s", str(error).splitlines()[0])
        except Exception:
            log.exception("a round of the watcher failed")
        else:
            return True
        connection.close()
        return False

    def round(self, at: datetime) -> None:
        """1. Find out whom a crash makes suspect. 2. Renew, take, give up, read what changed. 3. Tell threads what
        changed, stop those that no longer fit, start those that are missing; nobody waits for one that ends. 4. Write
        what is known.
        """
        if self.quarantine:
            self.quarantine.round(at)
        mine = self._lease(at)
        for camera_id, watched in list(self.cameras.items()):
            plan, generation = mine.get(camera_id, (None, 0))
            if plan is None or not watched.serves(plan, generation):
                watched.stop()
            elif plan != watched.plan:
                watched.plan = plan
                watched.watcher.replan(plan)
            if watched.gone():
                self._end(camera_id, watched)
                if watched.given_up:
                    mine.pop(camera_id, None)
        for camera_id, (plan, generation) in mine.items():
            if camera_id not in self.cameras:
                self._begin(plan, generation)
        self._angles.round(self.cameras.keys())
        self._references.round(self.cameras)
        self._save(at)

    def take_up(self) -> None:
        """Give threads another policy, or an arming by hand, without waiting for the next round: two small queries."""
        stand = standings(self._sites.values())
        for watched in self.cameras.values():
            stands = stand.get(watched.plan.site_id)
            if stands is not None and stands != watched.plan.standing:
                watched.plan = replace(watched.plan, standing=stands)
                watched.watcher.replan(watched.plan)

    def newest(self, camera_id: UUID) -> Frame | None:
        watched = self.cameras.get(camera_id)
        return watched.watcher.newest() if watched else None

    def on_air(self, camera_id: UUID) -> Stream | None:
        """The stream of a camera that is recorded just now."""
        watched = self.cameras.get(camera_id)
        return watched.watcher.on_air() if watched else None

    def check_of(self, camera_id: UUID) -> CameraCheck | None:
        """How a camera's pictures are judged, while it is watched."""
        watched = self.cameras.get(camera_id)
        return watched.watcher.check if watched else None

    def stop(self) -> None:
        """Stop every thread and every process of our own, and wait for them."""
        for watched in self.cameras.values():
            watched.stop()
        if self.quarantine:
            self.quarantine.stop()
        until = clock.monotonic() + STOP_S
        for watched in self.cameras.values():
            watched.watcher.join(max(until - clock.monotonic(), 0.0))
        if self.quarantine:
            self.quarantine.join(max(until - clock.monotonic(), 0.0) + CHILD_STOP_S)

    def release(self) -> None:
        """After `stop`: write the last counts, and leave the cameras to others at once."""
        self._save(clock.now(), at_last=True)
        self._references.join(STOP_S)
        self.cameras.clear()
        take_leave(self.me)
        Camera.objects.filter(leased_by=self.me).update(leased_by="", leased_until=None, media_address="")

    def _pool(self) -> QuerySet[Camera]:
        """The cameras that may be ours."""
        if self.only:
            return Camera.objects.filter(enabled=True, pk=self.only, suspect_since__isnull=False)
        return Camera.objects.filter(enabled=True, suspect_since__isnull=True)

    def _lease(self, at: datetime) -> dict[UUID, tuple[Plan, int]]:
        until = at + LEASE
        share = 1 if self.only else fair_share(announce(self.me, at))
        with transaction.atomic():
            held = self._pool().filter(leased_by=self.me).update(leased_until=until)
            leaving = sum(watched.given_up for watched in self.cameras.values())
            room = share - (held - leaving)
            loose = self._pool().select_for_update(skip_locked=True).filter(free_at(at)).order_by("pk")
            taken = list(loose.values_list("pk", flat=True)[: max(room, 0)])
            Camera.objects.filter(pk__in=taken).update(
                leased_by=self.me, leased_until=until, generation=F("generation") + 1, media_address=self.media_address
            )
        self._give_up(-room)
        rows = list(self._pool().filter(leased_by=self.me).select_related("site").prefetch_related("zones"))
        self._sites = {row.site_id: row.site for row in rows}
        stand, covered = standings(self._sites.values()), covers(self._sites.values(), at)
        mine: dict[UUID, tuple[Plan, int]] = {}
        self._health.clear()
        for row in rows:
            self._health[row.pk] = row.health
            try:
                mine[row.pk] = (plan_of(row, stand[row.site_id], covered[row.site_id]), row.generation)
            except (ValueError, TypeError, KeyError) as error:
                camera_lost(row.pk, code="settings", words=f"This camera's settings cannot be used: {error}", at=at)
        return mine

    def _give_up(self, too_many: int) -> None:
        """Part with what is above our share: its thread ends, then its lease."""
        now = clock.monotonic()
        ours = [one for one in self.cameras.values() if one.stopped_at is None]
        for watched in self._surplus.choose([(one.watcher.rank(now), one) for one in ours], too_many, now):
            watched.given_up = True
            log.info("%s is for another process", watched.plan.name)

    def _begin(self, plan: Plan, generation: int) -> None:
        watcher = Watcher(plan, generation, self.desk)
        self.cameras[plan.camera_id] = Watched(watcher, plan, generation)
        self._had = True
        watcher.start()
        log.info("watching %s", plan.name)

    def _end(self, camera_id: UUID, watched: Watched) -> None:
        """Its thread has ended: the last counts. A camera that we gave up or may no longer have is free at once."""
        self._write(camera_id, watched, at_last=True)
        del self.cameras[camera_id]
        lost = Camera.objects.filter(pk=camera_id, leased_by=self.me, generation=watched.generation)
        if not watched.given_up:
            lost = lost.exclude(pk__in=self._pool())
        lost.update(leased_by="", leased_until=None, media_address="")
        log.info("leaving %s", watched.plan.name)

    def _save(self, at: datetime, *, at_last: bool = False) -> None:
        for camera_id, watched in list(self.cameras.items()):
            self._write(camera_id, watched, at_last=at_last)
            if self.only and not watched.watcher.stopping() and watched.watcher.decoded_s >= _proof_s(camera_id):
                clear_camera(camera_id, at=at)

    def _finished(self) -> bool:
        """The one camera is proven harmless, out of use, gone or another's."""
        self._empty_rounds = 0 if self.cameras else self._empty_rounds + 1
        return self._empty_rounds >= (1 if self._had else EMPTY_ROUNDS)

    def _write(self, camera_id: UUID, watched: Watched, *, at_last: bool) -> None:
        """Tell the row what the thread has said of the camera, in order; now and then, and at last, how it does."""
        watcher, now = watched.watcher, clock.monotonic()
        while watcher.news:
            self._tell(camera_id, watcher.news[0])
            watcher.news.popleft()
        frame = watcher.last_frame
        if self._health.get(camera_id, Camera.Health.ONLINE) != Camera.Health.ONLINE and watcher.online and frame:
            # Just back; or called lost by somebody who could not know, such as the sweep after the database was away.
            camera_back(camera_id, at=frame.stamp.received)
        if at_last or watched.written_at is None or now - watched.written_at >= WRITE_S:
            self._count(camera_id, watched)
            watched.written_at = now if frame else None

    def _count(self, camera_id: UUID, watched: Watched) -> None:
        """Add what was counted since the last time, and put down how the camera does."""
        watcher = watched.watcher
        totals, frame = watcher.totals(), watcher.last_frame
        if totals == watched.saved and frame is None:
            return
        with transaction.atomic():
            row = locked(camera_id)
            if row is None:
                return  # deleted: its thread is about to end
            if watched.tried is not None and watched.tried[0] == row.frames:
                watched.saved = watched.tried[1]  # it was committed, only nobody could tell us
            news = totals - watched.saved
            kept = {key: row.frames.get(key, 0) + news[key] for key in COUNTS}
            for end in ("dropped", "gated"):
                causes = Counter(row.frames.get(f"{end}_by", {}))
                causes.update({key.partition(":")[2]: n for key, n in news.items() if key.startswith(f"{end}:")})
                kept[f"{end}_by"] = dict(causes)
            kept["short_unkept"] = row.frames.get("short_unkept", 0) + news["short_unkept"]
            sight = watcher.sight
            kept["inference_ms"] = round(sight.inference_ms, 1) if sight else row.frames.get("inference_ms", 0)
            watched.tried = (kept, totals)
            seen = [at for at in (row.last_frame_at, frame.stamp.received if frame else None) if at]
            measured = watcher.measured(clock.monotonic()) or row.measured
            Camera.objects.filter(pk=camera_id).update(
                frames=kept, last_frame_at=max(seen, default=None), measured=measured
            )
            _add_to_hour(row, news, clock.now())
        watched.saved, watched.tried = totals, None

    def _tell(self, camera_id: UUID, news: News) -> None:
        match news.kind:
            case "back":
                camera_back(camera_id, at=news.at)
            case "lost":
                camera_lost(camera_id, code=news.code, words=news.words, at=news.at)
            case "partly":
                Camera.objects.filter(pk=camera_id, health=Camera.Health.ONLINE).update(trouble=news.words[:240])
            case "drifts":
                camera_drifts(camera_id, offset_s=news.offset_s, at=news.at)
            case "on_time":
                camera_on_time(camera_id, at=news.at)
            case "began":
                condition_began(camera_id, kind=news.code, at=news.at, detail=news.detail)
            case "ended":
                condition_ended(camera_id, kind=news.code, at=news.at)
            case "probed":
                Camera.objects.filter(pk=camera_id).update(probed=news.code, crashes=0)
            case _:
                raise ValueError(f"no such news: {news.kind}")


def _add_to_hour(camera: Camera, news: Counter[str], at: datetime) -> None:
    """For the funnel. The camera's row is locked: nobody else adds to its hours meanwhile."""
    moved = news["inferred"] + news["dropped"]
    added = {"captured": news["captured"], "moved": moved, "inferred": news["inferred"]}
    if not any(added.values()):
        return
    hour = at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    rows = CameraHour.objects.filter(camera=camera, hour=hour)
    if not rows.update(**{name: F(name) + count for name, count in added.items()}):
        CameraHour(site=camera.site, camera=camera, hour=hour, **added).save(force_insert=True)


def _proof_s(camera_id: UUID) -> float:
    return proof_s(Camera.objects.filter(pk=camera_id).values_list("crashes", flat=True).first() or 0)


def slot_space() -> str:
    """Keeps the slots of two installations on one host apart."""
    return hashlib.sha256(str(settings.VAR).encode()).hexdigest()[:8]
