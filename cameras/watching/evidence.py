"""Evidence of a candidate: a snapshot at once, a first clip within a second, the whole one when its end has come.

Packets from before the trigger are held from the first moment, so that neither the ring nor a reconnection takes them.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection

from cameras.actions import attach_evidence
from cameras.models import Candidate
from cameras.vision import snapshot
from cameras.vision.clip import Clip, ClipError, ClipOrder, cut
from cameras.vision.opening import StreamInfo
from cameras.vision.picture import Picture
from cameras.vision.ring import MediaPacket, PacketRing
from cameras.vision.types import Box
from soc.core import clock, media

log = logging.getLogger(__name__)

BEFORE_S, AFTER_S = 6.0, 8.0
EARLY_S = 0.4  # enough of the moment itself to see what it is about
RETRY_S = 2.0
SOON_S = 0.1
MOST_TRIES = 600

Path = Callable[[], Sequence[tuple[float, Box]]]
Inside = Callable[[UUID], AbstractContextManager[object]]


@dataclass(frozen=True)
class Proof:
    """What a candidate's evidence is made of. `path` is asked when the clip is cut: the track goes on."""

    camera_id: UUID
    dedup: str
    trigger: float  # monotonic s
    trigger_at: datetime
    ring: PacketRing
    info: StreamInfo
    held: tuple[MediaPacket, ...]
    picture: Picture | None
    path: Path
    label: str
    score: float
    zone: Sequence[tuple[float, float]]

    def overlay(self, starts: float) -> dict[str, Any]:
        """Boxes and zone as data beside the picture; times in seconds from `starts` (monotonic)."""
        rows = [[round(t - starts, 3), *(round(v, 4) for v in box.as_tuple())] for t, box in self.path()]
        track = {"id": self.dedup, "label": self.label, "score": round(self.score, 3), "path": rows}
        return {"tracks": [track] if rows else [], "zone": [list(point) for point in self.zone]}


class NotYet(Exception):
    """The candidate is still on its way into the database."""


class EvidenceDesk:
    """One thread per watch process. Slow disks delay evidence, never an alert: candidates go another way."""

    def __init__(self, inside: Inside = lambda camera_id: nullcontext()) -> None:
        """inside: entered while native code has a camera's packets, so that a crash can be traced to it."""
        self._inside = inside
        self._jobs: list[tuple[float, int, Callable[[], None], int]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._stop = False
        self._thread = threading.Thread(target=self._run, name="evidence", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Cut what is ordered with what there is, then end."""
        with self._wake:
            self._stop = True
            self._wake.notify()
        self._thread.join(timeout_s)

    def prove(self, proof: Proof) -> None:
        """Order snapshot, first clip and whole clip of a candidate that is committed."""
        self._add(proof.trigger, lambda: _snapshot(proof))
        self._add(proof.trigger + EARLY_S, lambda: self._clip(proof, EARLY_S))
        self._add(proof.trigger + AFTER_S + 0.3, lambda: self._clip(proof, AFTER_S))

    def idle(self) -> bool:
        with self._wake:
            return not self._jobs

    def _clip(self, proof: Proof, after_s: float) -> None:
        candidate = _candidate(proof.dedup)
        if after_s < AFTER_S and candidate.clip_id is not None:
            return  # a first clip that had to wait must not replace the whole one
        with self._inside(proof.camera_id):
            clip = cut(_packets(proof), proof.info, ClipOrder(proof.trigger, BEFORE_S, after_s))
        attach_evidence(candidate, clip=_stored(proof, candidate, clip), at=clock.now())

    def _add(self, due: float, job: Callable[[], None], tries: int = 0) -> None:
        with self._wake:
            heapq.heappush(self._jobs, (due, next(self._order), job, tries))
            self._wake.notify()

    def _again(self, job: Callable[[], None], tries: int, wait_s: float) -> None:
        """Later; but not for ever, and not once there is no later."""
        if not self._stop and tries < MOST_TRIES:
            self._add(clock.monotonic() + wait_s, job, tries + 1)
        else:
            log.error("evidence was given up after %d tries", tries + 1)

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._jobs or (self._jobs[0][0] > clock.monotonic() and not self._stop):
                    if self._stop and not self._jobs:
                        connection.close()
                        return
                    due = self._jobs[0][0] - clock.monotonic() if self._jobs else None
                    self._wake.wait(None if due is None else max(due, 0.01))
                _, _, job, tries = heapq.heappop(self._jobs)
            try:
                job()
            except NotYet:
                self._again(job, tries, SOON_S)
            except ClipError as error:
                log.warning("no clip: %s", error)
            except (DatabaseError, InterfaceError, OSError) as error:
                # Database or disk: the packets are held by the job, so waiting costs memory only.
                log.warning("evidence waits: %s", type(error).__name__)
                connection.close()
                self._again(job, tries, RETRY_S)
            except Exception:
                log.exception("evidence failed")


def _candidate(dedup: str) -> Candidate:
    """The committed row; while the outbox has not written it yet, that is a reason to come back."""
    row = Candidate.objects.select_related("site").filter(dedup=dedup).first()
    if row is None:
        raise NotYet(dedup)
    return row


def _snapshot(proof: Proof) -> None:
    if proof.picture is None:
        return
    candidate = _candidate(proof.dedup)
    picture = snapshot.take(proof.picture)
    stored = media.store(
        candidate.site,
        kind="snapshot",
        content=picture.jpeg,
        content_type="image/jpeg",
        suffix="jpg",
        started_at=proof.trigger_at,
        at=clock.now(),
        overlay=proof.overlay(proof.trigger),
    )
    attach_evidence(candidate, snapshot=stored, at=clock.now())


def _packets(proof: Proof) -> Sequence[MediaPacket]:
    """What was held from before, and what came since on the same connection."""
    since = proof.ring.snapshot()
    if not proof.held or not since:
        return proof.held or since
    last = proof.held[-1].monotonic
    if since[0].monotonic > last:  # the ring was emptied for another connection: its packets belong to another clip
        return proof.held
    return (*proof.held, *(packet for packet in since if packet.monotonic > last))


def _stored(proof: Proof, candidate: Candidate, clip: Clip) -> Any:
    return media.store(
        candidate.site,
        kind="clip",
        content=clip.data,
        content_type="video/mp4",
        suffix="mp4",
        started_at=clip.starts_at,
        at=clock.now(),
        duration_s=round(clip.duration_s, 3),
        overlay={**proof.overlay(clip.starts_monotonic), "trigger_s": round(clip.trigger_s, 3), "codec": clip.codec},
    )
