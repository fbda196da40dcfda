"""What is not in the database yet, as data: a candidate can wait in memory or in a file, what follows of it in memory."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from cameras.actions import commit_candidate
from cameras.models import Camera, Candidate, Zone

MOMENTS = ("captured_at", "received_at", "judged_at")


@dataclass(frozen=True)
class PendingCandidate:
    """What `commit_candidate` needs, rows by their ids. `zone_id` is empty where no zone is meant; times are aware."""

    camera_id: UUID
    source: str
    category: str
    captured_at: datetime
    received_at: datetime
    judged_at: datetime
    dedup: str
    zone_id: str = ""
    evidence: dict[str, Any] = field(default_factory=dict)
    clock_source: str = "arrival"
    clock_offset_s: float = 0.0
    dwell_s: float = 0.0
    score: float | None = None
    model_sha256: str = ""
    people: int = 1

    def commit(self) -> None:
        """Once, however often it is called. Raises OperationalError or InterfaceError while the database is away,
        Camera.DoesNotExist for a camera that was deleted meanwhile.
        """
        fields = {name: value for name, value in vars(self).items() if name not in ("camera_id", "zone_id")}
        camera = Camera.objects.select_related("site").get(pk=self.camera_id)
        zone = Zone.objects.filter(pk=self.zone_id).first() if self.zone_id else None
        commit_candidate(site=camera.site, camera=camera, zone=zone, **fields)

    def as_line(self) -> str:
        texts = {name: getattr(self, name).isoformat() for name in MOMENTS}
        return json.dumps(asdict(self) | texts | {"camera_id": str(self.camera_id)})

    @classmethod
    def from_line(cls, line: str) -> PendingCandidate:
        """Raises ValueError, TypeError or KeyError for a line that `as_line` did not write."""
        fields = json.loads(line)
        moments = {name: datetime.fromisoformat(fields[name]) for name in MOMENTS}
        if any(moment.utcoffset() is None for moment in moments.values()):
            raise ValueError("a time without an offset")
        return cls(**{**fields, **moments, "camera_id": UUID(fields["camera_id"])})


@dataclass(frozen=True)
class PendingStay:
    """How long somebody stayed in the end, for candidates (by `dedup`) that were committed, or wait to be, before this."""

    dedups: tuple[str, ...]
    stayed_s: float

    def commit(self) -> None:
        """A row that is not there, or says as much already, stays as it is. Raises as `PendingCandidate.commit` does."""
        shorter = Q(stayed_s__isnull=True) | Q(stayed_s__lt=self.stayed_s)
        Candidate.objects.filter(shorter, dedup__in=self.dedups).update(stayed_s=self.stayed_s)
