"""A camera without a picture for too long is an alert of its own: found by a sweep, so that a dead watcher counts too."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from cameras.actions import commit_candidate
from cameras.models import Camera
from soc.core import events
from soc.core.sweeps import sweep


@sweep("cameras.lost")
def raise_lost_cameras(at: datetime) -> int:
    """Raise `offline` once per loss, CAMERA_LOST_S after the last picture, whoever should have been watching."""
    limit = at - timedelta(seconds=settings.CAMERA_LOST_S)
    lost = Q(health=Camera.Health.OFFLINE, health_since__lte=limit) | Q(
        health=Camera.Health.ONLINE, last_frame_at__lte=limit
    )
    raised = 0
    for pk in Camera.objects.filter(lost, enabled=True, lost_alert_at__isnull=True).values_list("pk", flat=True):
        with transaction.atomic():
            camera = (
                Camera.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("site")
                .filter(lost, pk=pk, lost_alert_at__isnull=True)
                .first()
            )
            if camera is None:
                continue
            since = camera.health_since if camera.health == Camera.Health.OFFLINE else camera.last_frame_at
            assert since is not None
            if camera.health == Camera.Health.ONLINE:
                # Nobody reports it any more: no watcher holds the camera.
                camera.health, camera.health_since = Camera.Health.OFFLINE, at
                camera.trouble = "Nobody is watching this camera."
                events.record("camera.lost", camera, by=None, at=at, code="unwatched")
            camera.lost_alert_at = at
            camera.save(update_fields=["health", "health_since", "trouble", "lost_alert_at"])
            commit_candidate(
                site=camera.site,
                source="system",
                category="offline",
                camera=camera,
                captured_at=at,
                received_at=at,
                judged_at=at,
                dedup=f"offline:{camera.pk}:{since.isoformat()}",
            )
            raised += 1
    return raised
