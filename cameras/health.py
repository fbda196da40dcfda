"""A camera without a picture for too long is an alert of its own: found by a sweep, so that a dead watcher counts too.

Where all cameras of an armed site are dark, that is one alert, and a graver one, instead of one for each.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from cameras.actions import commit_candidate, standing
from cameras.actions.conditions import begin
from cameras.models import Camera, Condition
from soc.core import events
from soc.core.models import Site
from soc.core.sweeps import sweep

Health = Camera.Health

UNWATCHED: Final = "Nobody is watching this camera."
# After a time without sweeps (start of the machine, the database was away) rows are old because nobody could write:
# watchers get so long to do it before a camera is called unwatched.
SETTLING: Final = timedelta(seconds=20)
_LONGEST_PAUSE: Final = timedelta(seconds=5)


class Pauses:
    """When sweeping was last interrupted, as this process knows it."""

    def __init__(self) -> None:
        self._last: datetime | None = None
        self._since: datetime | None = None

    def settled(self, at: datetime) -> bool:
        """Note a sweep at `at`; whether sweeps have gone on for SETTLING without a pause."""
        if self._last is None or self._since is None or not timedelta(0) <= at - self._last <= _LONGEST_PAUSE:
            self._since = at
        self._last = at
        return at - self._since >= SETTLING


_pauses = Pauses()


@sweep("cameras.lost")
def raise_lost_cameras(at: datetime) -> int:
    """Raise `offline` once per loss, CAMERA_LOST_S after the last picture, whoever should have been watching.

    1. A camera out of use has no health; one that is new or in use again counts from now.
    2. Each site with a camera whose time is up: `site_lost` if it is armed and has no picture left, else `offline` for
       each of these cameras.
    """
    Camera.objects.filter(enabled=False).exclude(health=Health.UNKNOWN).update(
        health=Health.UNKNOWN, health_since=None, trouble="", lost_alert_at=None
    )
    Camera.objects.filter(enabled=True, health=Health.UNKNOWN, health_since=None).update(health_since=at)
    due = _due(at, watched_too=_pauses.settled(at))
    sites = Camera.objects.filter(due, enabled=True, lost_alert_at=None).order_by().values_list("site", flat=True)
    return sum(_raise_for(site_id, due, at) for site_id in sites.distinct())


def _due(at: datetime, *, watched_too: bool) -> Q:
    """Cameras whose time is up: known to be offline for so long; or nobody has said anything for so long."""
    limit = at - timedelta(seconds=settings.CAMERA_LOST_S)
    lost = Q(health=Health.OFFLINE, health_since__lte=limit)
    if not watched_too:
        return lost
    unwatched = Q(health=Health.ONLINE, last_frame_at__lte=limit) | Q(health=Health.UNKNOWN, health_since__lte=limit)
    return lost | unwatched


def _raise_for(site_id: UUID, due: Q, at: datetime) -> int:
    with transaction.atomic():
        # One spine at a time looks at a site; the other one finds nothing left. An alert that is being folded there is
        # no reason to wait either: the next sweep is soon.
        site = Site.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=site_id).first()
        if site is None:
            return 0
        rows = Camera.objects.select_for_update(skip_locked=True, of=("self",)).select_related("site")
        cameras = list(rows.filter(due, site=site_id, enabled=True, lost_alert_at=None).order_by("pk"))
        for camera in cameras:
            _mark(camera, at)
        if not cameras:
            return 0
        in_use = list(Camera.objects.filter(site=site, enabled=True))
        # Its only one, too, may have been put out.
        if all(camera.health == Health.OFFLINE for camera in in_use) and standing(site).anywhere(at).armed:
            Camera.objects.filter(site=site, enabled=True, lost_alert_at=None).update(lost_alert_at=at)
            only = cameras[0] if len(in_use) == 1 else None
            _raise(site, "site_lost", f"site_lost:{site.pk}:{_since(cameras[0]).isoformat()}", at, only)
            return 1
        for camera in cameras:
            _raise(site, "offline", f"offline:{camera.pk}:{_since(camera).isoformat()}", at, camera)
        return len(cameras)


def _mark(camera: Camera, at: datetime) -> None:
    """Its alert is made now; one that nobody reports any more is called lost, since its last picture."""
    if camera.health != Health.OFFLINE:
        camera.health_since = camera.last_frame_at if camera.health == Health.ONLINE else camera.health_since
        camera.health, camera.trouble = Health.OFFLINE, UNWATCHED
        events.record("camera.lost", camera, by=None, at=at, code="unwatched")
    camera.lost_alert_at = at
    camera.save(update_fields=["health", "health_since", "trouble", "lost_alert_at"])
    condition = begin(camera, Condition.Kind.OFFLINE, at=_since(camera), detail={"code": "unwatched"})
    Condition.objects.filter(pk=condition.pk).update(alert_at=at)


def _since(camera: Camera) -> datetime:
    if camera.health_since is None:
        raise ValueError("a lost camera is lost since some time")
    return camera.health_since


def _raise(site: Site, category: str, dedup: str, at: datetime, camera: Camera | None = None) -> None:
    commit_candidate(
        site=site,
        source="system",
        category=category,
        camera=camera,
        captured_at=at,
        received_at=at,
        judged_at=at,
        dedup=dedup,
    )
