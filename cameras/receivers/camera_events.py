"""What cameras that look for themselves report: the place where their events come in.

Such a camera (`Camera.analytics` is "camera") is recorded and shown as any other, but its pictures are not looked at here. A
door that speaks its language (ONVIF, a vendor's) makes a `CameraReport` of each event; from here on it is a candidate like
one of ours. No door exists yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cameras.actions import commit_candidate
from cameras.actions.candidates import limit_of
from cameras.categories import CATEGORIES
from cameras.models import Camera, Candidate, Zone
from cameras.vision.types import Detection
from cameras.vision.zones import contains

LARGEST_OFFSET: Final = timedelta(seconds=1)  # a camera's clock further off than this is not believed


class ReportRefused(ValueError):
    """A report that is not taken. `code` is stable, the message is for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class CameraReport:
    """One event of a camera. `at` is the camera's own clock (aware), `dedup` names this event among all of the camera's.

    detections: what it saw, boxes in the picture 0..1.
    """

    dedup: str
    at: datetime
    detections: tuple[Detection, ...]

    def __post_init__(self) -> None:
        if not self.dedup:
            raise ReportRefused("dedup", "An event needs a name of its own.")
        if self.at.utcoffset() is None:
            raise ReportRefused("at", "The time needs an offset.")


def camera_reports(camera: Camera, report: CameraReport, *, at: datetime) -> list[Candidate]:
    """Commit what a camera reports, which arrived at `at`: a candidate for each zone and kind that the zone counts. When
    this returns, they are stored; the same report again gives the same candidates.

    How long somebody must have been there is for the camera to judge: it counts as long enough.

    Raises ReportRefused for a camera whose pictures are looked at here, since everything would be told twice;
    OperationalError while the database is away.
    """
    if camera.analytics != Camera.Analytics.CAMERA:
        raise ReportRefused(
            "analytics", "The pictures of this camera are looked at here: its own events are not taken."
        )
    offset = at - report.at
    believed = abs(offset) <= LARGEST_OFFSET
    return [
        commit_candidate(
            site=camera.site,
            source="camera",
            camera=camera,
            zone=zone,
            category=found.kind,
            captured_at=min(report.at, at) if believed else at,
            received_at=at,
            judged_at=at,
            clock_source="sender" if believed else "arrival",
            clock_offset_s=-offset.total_seconds(),
            dwell_s=limit_of(zone, found.kind),
            score=found.score,
            dedup=f"{camera.pk.hex}:own:{report.dedup}:{zone.pk}:{found.kind}",
            evidence={
                "label": found.label,
                "score": round(found.score, 3),
                "box": [round(v, 4) for v in found.box.as_tuple()],
            },
        )
        for zone, found in _counted(camera, report.detections)
    ]


def _counted(camera: Camera, detections: tuple[Detection, ...]) -> Iterator[tuple[Zone, Detection]]:
    """The surest detection of each kind that a zone counts and has inside."""
    for zone in camera.zones.all():
        polygon = [(float(x), float(y)) for x, y in zone.polygon]
        surest: dict[str, Detection] = {}
        for found in detections:
            asked = found.kind in zone.classes or found.label in zone.classes
            if asked and found.kind in CATEGORIES and contains(polygon, found.box.foot):
                known = surest.get(found.kind)
                surest[found.kind] = found if known is None or found.score > known.score else known
        yield from ((zone, found) for found in surest.values())
