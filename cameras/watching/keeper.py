"""Which cameras this process watches: leases in PostgreSQL, threads to match, and what is known of them written back."""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import threading
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, Q

from cameras.models import Camera
from cameras.vision.ingest import Frame
from cameras.watching.plan import Plan, plan_of
from cameras.watching.watcher import Desk, Watcher
from soc.core.clock import db_now

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=4)
ROUND_S = 1.0


class Keeper:
    """Takes free cameras, renews its leases, starts and stops threads. One round a second, on one thread."""

    def __init__(self, desk: Desk, media_address: str) -> None:
        self.desk, self.media_address = desk, media_address
        # Never the same twice: in a container every process may be number 1.
        self.me = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"
        self.watchers: dict[UUID, Watcher] = {}
        self._plans: dict[UUID, tuple[Plan, int]] = {}
        self._saved: dict[UUID, Counter[str]] = {}

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self.round(db_now())
            except (OperationalError, InterfaceError) as error:
                # Cameras go on being watched: nobody else can take them while the database is away either.
                log.warning("the watcher waits for the database: %s", str(error).splitlines()[0])
                connection.close()
            except Exception:
                log.exception("a round of the watcher failed")
                connection.close()
            stop.wait(ROUND_S)

    def round(self, at: datetime) -> None:
        """Renew, take, read what changed, match the threads, write what is known."""
        mine = self._lease(at)
        for camera_id in [known for known in self.watchers if known not in mine]:
            self._end(camera_id)
        for camera_id, (plan, generation) in mine.items():
            running = self._plans.get(camera_id)
            if running == (plan, generation) and self.watchers[camera_id].alive():
                continue
            if camera_id in self.watchers:
                self._end(camera_id)
            self._begin(plan, generation)
        self._save()

    def newest(self, camera_id: UUID) -> Frame | None:
        watcher = self.watchers.get(camera_id)
        return watcher.newest() if watcher else None

    def stop(self) -> None:
        """Stop every thread, write the last counts, and leave the cameras to others at once."""
        for watcher in self.watchers.values():
            watcher.stop()
        for watcher in self.watchers.values():
            watcher.join(6)

    def release(self) -> None:
        self._save()
        Camera.objects.filter(leased_by=self.me).update(leased_by="", leased_until=None, media_address="")

    def _lease(self, at: datetime) -> dict[UUID, tuple[Plan, int]]:
        until = at + LEASE
        with transaction.atomic():
            Camera.objects.filter(leased_by=self.me, enabled=True).update(leased_until=until)
            free = Q(leased_until__isnull=True) | Q(leased_until__lt=at)
            takeable = Camera.objects.select_for_update(skip_locked=True).filter(free, enabled=True)
            taken = list(takeable.values_list("pk", flat=True))
            Camera.objects.filter(pk__in=taken).update(
                leased_by=self.me, leased_until=until, generation=F("generation") + 1, media_address=self.media_address
            )
        rows = Camera.objects.filter(leased_by=self.me, enabled=True).select_related("site")
        rows = rows.prefetch_related("zones", "site__armingintervals")
        return {row.pk: (plan_of(row), row.generation) for row in rows}

    def _begin(self, plan: Plan, generation: int) -> None:
        watcher = Watcher(plan, generation, self.desk)
        self.watchers[plan.camera_id] = watcher
        self._plans[plan.camera_id] = (plan, generation)
        self._saved[plan.camera_id] = Counter()
        watcher.start()
        log.info("watching %s", plan.name)

    def _end(self, camera_id: UUID) -> None:
        watcher = self.watchers.pop(camera_id)
        watcher.stop()
        watcher.join(6)
        self._write_counts(camera_id, watcher)
        self._plans.pop(camera_id, None)
        log.info("leaving %s", watcher.plan.name)

    def _save(self) -> None:
        for camera_id, watcher in self.watchers.items():
            self._write_counts(camera_id, watcher)

    def _write_counts(self, camera_id: UUID, watcher: Watcher) -> None:
        """Add what was counted since the last time, and say when the last picture came."""
        totals = watcher.totals()
        news = totals - self._saved.get(camera_id, Counter())
        frame = watcher.last_frame
        if not news and frame is None:
            return
        with transaction.atomic():
            row = Camera.objects.select_for_update().get(pk=camera_id)
            kept = {key: row.frames.get(key, 0) + news[key] for key in ("captured", "gated", "inferred", "dropped")}
            causes = Counter(row.frames.get("dropped_by", {}))
            causes.update({key.partition(":")[2]: n for key, n in news.items() if key.startswith("dropped:")})
            sight = watcher.sight
            kept["dropped_by"] = dict(causes)
            kept["inference_ms"] = round(sight.inference_ms, 1) if sight else row.frames.get("inference_ms", 0)
            seen = frame.stamp.received if frame is not None else row.last_frame_at
            Camera.objects.filter(pk=camera_id).update(frames=kept, last_frame_at=seen)
        self._saved[camera_id] = totals


def slot_space() -> str:
    """Keeps the slots of two installations on one host apart."""
    return hashlib.sha256(str(settings.VAR).encode()).hexdigest()[:8]
