"""The views that other cameras' candidates want of ours: found by their rows, cut from our rings."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final
from uuid import UUID

from cameras.actions.angles import angle_done
from cameras.models import Angle
from cameras.vision.ingest import Stream
from cameras.watching import film as films
from cameras.watching.evidence import EvidenceDesk
from cameras.watching.film import View
from soc.core import clock

PATIENCE_S: Final = 30.0  # for a camera that is just being connected to
AT_ONCE: Final = 100
NO_PICTURE: Final = "The camera had no picture then."
TOO_OLD: Final = "The camera's recording did not reach back to that moment."


class Angles:
    """Asked once a round with the cameras that are ours."""

    def __init__(self, desk: EvidenceDesk, on_air: Callable[[UUID], Stream | None]) -> None:
        self._desk, self._on_air = desk, on_air
        self._ordered: set[UUID] = set()

    def round(self, cameras: Collection[UUID]) -> int:
        """Order what is new; the number. One query by the index of what is wanted."""
        wanted = {row.pk: row for row in self._wanted(cameras)}
        self._ordered &= wanted.keys()
        ordered = 0
        for pk, row in wanted.items():
            if pk not in self._ordered and self._order(row):
                self._ordered.add(pk)
                ordered += 1
        return ordered

    def _wanted(self, cameras: Collection[UUID]) -> list[Angle]:
        rows = Angle.objects.filter(done_at=None, camera__in=list(cameras)).order_by("trigger_at")
        return list(rows[:AT_ONCE]) if cameras else []

    def _order(self, row: Angle) -> bool:
        """Whether it is on its way. What cannot be had any more is said on the row."""
        now = clock.now()
        ago = (now - row.trigger_at).total_seconds()
        trigger = clock.monotonic() - ago
        stream = self._on_air(row.camera_id)
        span = stream.ring.span() if stream is not None else None
        if stream is None or stream.info is None or span is None:
            if ago > PATIENCE_S:
                angle_done(row, words=NO_PICTURE, at=now)
            return False
        if span.first > trigger + films.AFTER_S:
            angle_done(row, words=TOO_OLD, at=now)
            return False
        held = stream.ring.snapshot()
        self._desk.view(View(row.camera_id, row.pk, trigger, stream.ring, stream.info, held))
        return True
