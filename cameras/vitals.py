"""What can be measured of the cameras: how many are in use, how many show nothing new, how long pictures wait to be looked at."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, FloatField, Max, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from cameras.models import Camera, WatchProcess
from soc.core.vitals import gauge

OLD: Final = timedelta(seconds=5)
ALIVE: Final = timedelta(seconds=15)  # a watch process is heard of every few seconds


@gauge("cameras")
def cameras(at: datetime) -> dict[str, Any]:
    """`cameras`, `stale`: by organisation, in use, and with no picture of the last five seconds. `detect_age_ms`: how old the
    oldest picture was when its answer came, over the cameras looked at just now; null where none is. `watchers`: processes."""
    used = Camera.objects.filter(enabled=True)
    old = Count("pk", filter=Q(last_frame_at__isnull=True) | Q(last_frame_at__lt=at - OLD))
    counted = list(used.values("organisation").annotate(n=Count("pk"), old=old).order_by())
    looked = used.filter(last_frame_at__gte=at - OLD).annotate(
        rate=Cast(KT("measured__inferred_fps"), FloatField()), age=Cast(KT("measured__age_ms"), FloatField())
    )
    return {
        "cameras": {str(row["organisation"]): row["n"] for row in counted},
        "stale": {str(row["organisation"]): row["old"] for row in counted},
        "detect_age_ms": looked.filter(rate__gt=0).aggregate(oldest=Max("age"))["oldest"],
        "watchers": WatchProcess.objects.filter(seen_at__gte=at - ALIVE).count(),
    }
