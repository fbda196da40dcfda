"""What the sensing side keeps of stored pictures, however old they grow, and which orders nobody will fill any more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import Exists, OuterRef, Q

from cameras.models import Angle, Camera, SitePlan
from soc.core.sweeps import chore

UNFILLED: Final = timedelta(minutes=5)
UNWATCHED: Final = "Nobody watched this camera then."


def references() -> Q:
    """The pictures that a moved view is told by."""
    return Q(Exists(Camera.objects.filter(reference=OuterRef("pk"))))


def grounds() -> Q:
    """The pictures that lie under plans."""
    return Q(Exists(SitePlan.objects.filter(picture=OuterRef("pk"))))


@chore("cameras.angles")
def end_angles(at: datetime) -> int:
    """Views of other cameras that nobody cut: whoever had the packets is gone. What there is of a first clip stays."""
    late = Angle.objects.filter(done_at=None, trigger_at__lt=at - UNFILLED)
    with_clip = late.filter(clip__isnull=False).update(done_at=at)
    return with_clip + late.update(done_at=at, words=UNWATCHED)
