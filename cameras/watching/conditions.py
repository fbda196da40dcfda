"""The condition of one camera, judged about once a second in its own thread; and the picture that shows its view as it
shall be, stored and read again by another.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from cameras.actions import keep_reference
from cameras.models import Camera
from cameras.vision import snapshot
from cameras.vision.condition import ConditionWatch
from cameras.vision.ingest import Frame
from cameras.vision.picture import PictureRefused
from cameras.watching.plan import Plan, polygons
from soc.core import clock, media
from soc.core.away import LOST

log = logging.getLogger(__name__)

PACE_S, HURRIED_S = 1.0, 2.0  # between two looks; where a process falls behind its cameras
RATE_S: Final = 10.0  # over which pictures are counted
BREAK_S: Final = 3.0  # without a picture: a new beginning
FIRST_S: Final = 5.0  # how long a view must be good before its picture may stand for it,
BY_NIGHT_S: Final = 600.0  # and how long where it is dim: by day there will be a better one
DIM: Final = 0.2
ROUND_S: Final = 3.0


@dataclass(frozen=True)
class Told:
    """A condition (a kind of `Condition`) that began or ended, and when."""

    kind: str
    began: bool
    at: datetime
    detail: dict[str, Any] = field(default_factory=dict)


class CameraCheck:
    """Fed with every frame by the camera's thread; `wanted` and `best` are for whoever keeps the reference picture."""

    def __init__(self, plan: Plan) -> None:
        self.masks = plan.privacy_masks
        self._watch = ConditionWatch(masks=self.masks)
        self._frames: deque[tuple[float, int]] = deque()  # when each came, and how many were skipped by then
        self._judged: float | None = None
        self._good_since: float | None = None
        self._wanted: tuple[NDArray[np.uint8] | None, bool] | None = None
        self._best: tuple[Frame, float] | None = None

    @property
    def light(self) -> float:
        """Of the last picture judged, 0..1."""
        return self._watch.light

    def want(self, reference: NDArray[np.uint8] | None, *, anew: bool) -> None:
        """Compare with this luma from the next frame on. anew: the view was changed on purpose."""
        self._wanted = (reference, anew)

    def best(self, *, asked: bool) -> Frame | None:
        """A picture that shows the view well. asked: somebody said that the view is right as it is now."""
        frame, good_s = self._best or (None, 0.0)
        if frame is None or self._wanted is not None:
            return None
        enough = 0.0 if asked else FIRST_S if self.light >= DIM else BY_NIGHT_S
        return frame if good_s >= enough else None

    def see(self, frame: Frame, *, skipped: int = 0, hurried: bool = False) -> list[Told]:
        """Count a frame, and judge it where the last one judged is a second old; two seconds, where it is hurried.

        skipped: pictures so far that came and were not decoded, since there was no time. They are no fault of the camera's.
        """
        now = frame.stamp.monotonic
        if self._frames and now - self._frames[-1][0] > BREAK_S:
            self._frames.clear()
            self._good_since = None
            self._watch.reconnected()
        self._frames.append((now, skipped))
        while self._frames and now - self._frames[0][0] > RATE_S:
            self._frames.popleft()
        if self._judged is not None and 0 <= now - self._judged < (HURRIED_S if hurried else PACE_S):
            return []
        self._judged = now
        if self._wanted is not None:
            (reference, anew), self._wanted = self._wanted, None
            self._watch.refer(reference, anew=anew)
        changes = self._watch.update(frame.picture.y, now, fps=self._rate(now))
        self._note_good(frame, now)
        return [
            Told(change.kind, change.began, frame.stamp.received - timedelta(seconds=now - change.since), change.detail)
            for change in changes
        ]

    def _rate(self, now: float) -> float | None:
        """Pictures a second; None until there is enough to count."""
        (begun, before), (_, skipped) = self._frames[0], self._frames[-1]
        spent = now - begun
        return (len(self._frames) - 1 + max(skipped - before, 0)) / spent if spent >= RATE_S / 2 else None

    def _note_good(self, frame: Frame, now: float) -> None:
        if not self._watch.presentable:
            self._good_since = self._best = None
            return
        if self._good_since is None:
            self._good_since = now
        self._best = (frame, now - self._good_since)


class References:
    """Keeps each watched camera's reference picture: stores the first good one, hands a changed one to its watcher.

    A store may be slow or away: this works on a thread of its own, one at a time, and nothing waits for it.
    """

    def __init__(self, check_of: Callable[[UUID], CameraCheck | None]) -> None:
        self._check_of = check_of
        self._known: dict[UUID, tuple[CameraCheck, UUID | None, datetime | None]] = {}
        self._thread: threading.Thread | None = None
        self._begun: float | None = None

    def round(self, cameras: Mapping[UUID, object]) -> None:
        """Called by the keeper in each of its rounds."""
        now = clock.monotonic()
        if self._thread is not None and self._thread.is_alive():
            return
        if self._begun is not None and now - self._begun < ROUND_S:
            return
        self._begun = now
        self._thread = threading.Thread(target=self._run, args=(list(cameras),), name="references", daemon=True)
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self, cameras: list[UUID]) -> None:
        try:
            self.look_through(cameras)
        except (*LOST, OSError) as error:
            log.warning("reference pictures wait: %s", type(error).__name__)
        except Exception:
            log.exception("reference pictures")
        finally:
            connection.close()

    def look_through(self, cameras: list[UUID]) -> None:
        """1. Hand over what changed. 2. Store a picture for whoever has none."""
        self._known = {pk: known for pk, known in self._known.items() if pk in set(cameras)}
        for row in Camera.objects.filter(pk__in=cameras).select_related("site", "reference"):
            check = self._check_of(row.pk)
            if check is None or check.masks != polygons(row.privacy_masks):
                continue  # what it has may show what is hidden by now: its watcher is about to end
            known = self._known.get(row.pk)
            before = known[1:] if known and known[0] is check else None
            if before != (row.reference_id, row.reference_at):
                self._hand_over(row, check, before)
            if row.reference is None and (frame := check.best(asked=row.reference_at is not None)):
                _store(row, frame)

    def _hand_over(self, row: Camera, check: CameraCheck, before: tuple[UUID | None, datetime | None] | None) -> None:
        luma = None
        if row.reference is not None and (file := media.opened(row.reference)) is not None:
            with file:
                content = file.read(snapshot.MOST_BYTES + 1)
            try:
                luma = snapshot.decode(content).y
            except PictureRefused as refused:
                log.error("reference of %s: %s", row, refused)
        renewed = before is not None and row.reference_id is None
        check.want(luma, anew=renewed)
        self._known[row.pk] = (check, row.reference_id, row.reference_at)


def _store(row: Camera, frame: Frame) -> None:
    picture = snapshot.take(frame.picture)
    at = clock.now()
    stored = media.store(
        row.site, kind="snapshot", content=picture.jpeg, content_type="image/jpeg", suffix="jpg",
        started_at=frame.stamp.captured, at=at,
    )  # fmt: skip
    keep_reference(row.pk, stored, at=at, masks=row.privacy_masks)
