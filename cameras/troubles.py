"""What is wrong with cameras becomes alerts while their site is armed, found by a sweep.

Disarmed, a trouble is only written down. What is still open at the moment of arming is one alert for the whole site; what
begins later is an alert of its own, though not again and again where it comes and goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, Q

from cameras.actions import Standing, commit_candidate, standing, standings
from cameras.actions.circumstances import TAMPERING
from cameras.actions.conditions import end
from cameras.actions.locking import locked
from cameras.context.rules import CONDITIONS, SOMEBODY
from cameras.context.schedule import ArmState
from cameras.models import Camera, Candidate, Condition, Zone
from soc.core.models import Site
from soc.core.sweeps import sweep

Kind = Condition.Kind

# A camera of which one of these is true guards nothing.
BLIND: Final = frozenset({Kind.OFFLINE, Kind.FROZEN, Kind.BLINDED, Kind.MOVED, Kind.DARK})
# A lens that was covered and is free again is told all the same, if it is found soon.
STILL_NEWS: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class Sight:
    """How a site sees. blind: its cameras in use that guard nothing, with the time since when; cameras: all in use."""

    cameras: list[Camera]
    blind: dict[UUID, datetime]

    @property
    def unseen(self) -> list[Zone]:
        """Zones that no camera sees just now."""
        in_use = {camera.pk for camera in self.cameras}
        zones = [zone for camera in self.cameras for zone in camera.zones.all()]
        return [
            zone
            for zone in zones
            if not ({zone.camera_id, *(also.pk for also in zone.also_seen_by.all())} & in_use) - self.blind.keys()
        ]


def sight_of(site: Site) -> Sight:
    """Of one site, by what is written down now."""
    return sights([site])[site.pk]


def sights(sites: Iterable[Site]) -> dict[UUID, Sight]:
    """Of several sites, in a few queries."""
    found = {site.pk: Sight([], {}) for site in sites}
    still = Prefetch("conditions", Condition.objects.filter(ended_at=None), to_attr="open_conditions")
    rows = Camera.objects.filter(site__in=found, enabled=True).order_by("name")
    for camera in rows.prefetch_related(still, "zones__also_seen_by"):
        sight = found[camera.site_id]
        sight.cameras.append(camera)
        since = [one.began_at for one in camera.open_conditions if one.kind in BLIND]
        if camera.health == Camera.Health.OFFLINE and camera.health_since is not None:
            since.append(camera.health_since)
        if since:
            sight.blind[camera.pk] = min(since)
    return found


@sweep("cameras.troubles")
def raise_troubles(at: datetime) -> int:
    """1. What is open of a camera out of use is over. 2. For each site with something wrong that is armed: one alert for
    what was so when it was armed, and one for each trouble that began since.
    """
    acted = _out_of_use(at)
    wrong = Q(conditions__ended_at=None, conditions__isnull=False)
    news = Q(conditions__alert_at=None, conditions__began_at__gt=at - STILL_NEWS, conditions__isnull=False)
    cameras = Camera.objects.filter(wrong | news | Q(health=Camera.Health.OFFLINE), enabled=True)
    ids = cameras.order_by().values_list("site", flat=True).distinct()
    sites = list(Site.objects.filter(pk__in=ids))
    stand = standings(sites)
    armed = [(site, state) for site in sites if (state := stand[site.pk].anywhere(at)).armed]
    dedups = {_impaired_dedup(site, state): site.pk for site, state in armed}
    told = set(Candidate.objects.filter(dedup__in=dedups).values_list("dedup", flat=True))
    unheard = Condition.objects.filter(site__in=[site.pk for site, _ in armed], alert_at=None, kind__in=CONDITIONS)
    due = set(unheard.filter(_current(at)).values_list("site", flat=True))
    for site, state in armed:
        if site.pk in due or (state.since is not None and _impaired_dedup(site, state) not in told):
            acted += _raise_for(site.pk, at)
    return acted


def _impaired_dedup(site: Site, state: ArmState) -> str:
    return f"armed_impaired:{site.pk}:{state.since.isoformat() if state.since else ''}"


def _current(at: datetime) -> Q:
    return Q(ended_at=None) | Q(kind__in=TAMPERING, began_at__gt=at - STILL_NEWS)


def _out_of_use(at: datetime) -> int:
    rows = Camera.objects.filter(enabled=False, conditions__ended_at=None, conditions__isnull=False)
    ids = list(rows.order_by().values_list("pk", flat=True).distinct())
    for camera_id in ids:
        with transaction.atomic():
            camera = locked(camera_id)
            if camera is not None and not camera.enabled:
                end(camera, *Kind, at=at)
    return len(ids)


def _raise_for(site_id: UUID, at: datetime) -> int:
    with transaction.atomic():
        # One spine at a time looks at a site; the other one finds nothing left.
        site = Site.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=site_id).first()
        if site is None:
            return 0
        stands = standing(site)
        state = stands.anywhere(at)
        if not state.armed:
            return 0  # just disarmed
        return _tell_of_arming(site, stands, state, at) + _tell_of_each(site, stands, at)


def _guards(camera: Camera, stands: Standing, at: datetime) -> ArmState | None:
    """Since when a camera guards something: its site, or a zone of its own that is armed apart. None where it guards nothing."""
    state = stands.arm(at)
    if state.armed:
        return state
    zones = (stands.arm(at, str(zone.pk)) for zone in camera.zones.all())
    return next((one for one in zones if one.armed), None)


def _tell_of_arming(site: Site, stands: Standing, state: ArmState, at: datetime) -> int:
    """Armed with cameras that were without sight at that moment: one alert, graver where a zone is unseen."""
    since, dedup = state.since, _impaired_dedup(site, state)
    if since is None or Candidate.objects.filter(dedup=dedup).exists():
        return 0
    sight = sight_of(site)
    guarding = {camera.pk for camera in sight.cameras if _guards(camera, stands, at) is not None}
    blind = {pk: begun for pk, begun in sight.blind.items() if begun <= since and pk in guarding}
    if not blind:
        return 0
    commit_candidate(
        site=site,
        source="system",
        category="armed_impaired",
        camera=next(camera for camera in sight.cameras if camera.pk in blind) if len(blind) == 1 else None,
        captured_at=at,
        received_at=at,
        judged_at=at,
        dedup=dedup,
        evidence={"cameras": [str(pk) for pk in blind]},
        blind=len(blind),
        cameras=len(sight.cameras),
        unseen=bool(sight.unseen),
    )
    told = Condition.objects.filter(camera__in=blind, ended_at=None, alert_at=None, began_at__lte=since, kind__in=BLIND)
    told.update(alert_at=at)
    return 1


def _tell_of_each(site: Site, stands: Standing, at: datetime) -> int:
    """What began since the arming, and what began before and was not told with it: it takes seconds to be sure that a lens
    is covered, and whoever covers one just before the arming must not be helped by another camera that was blind already.
    """
    rows = Condition.objects.filter(_current(at), site=site, alert_at=None, kind__in=CONDITIONS, camera__enabled=True)
    raised = 0
    for condition in rows.select_related("camera__site").prefetch_related("camera__zones").order_by("began_at"):
        state = _guards(condition.camera, stands, at)
        if state is None:
            continue
        before = state.since is not None and condition.began_at <= state.since
        if before and condition.ended_at is not None:
            continue
        if _lately(condition, at):
            continue
        Condition.objects.filter(pk=condition.pk).update(alert_at=at)
        _raise(condition, at)
        if condition.kind in TAMPERING:
            _look_back(condition, at)
        raised += 1
    return raised


def _lately(condition: Condition, at: datetime) -> bool:
    """Whether the same trouble of the same camera was told not long ago."""
    floor = timedelta(seconds=settings.CONDITION_AGAIN_S[condition.kind])
    same = Condition.objects.filter(camera=condition.camera_id, kind=condition.kind)
    return same.filter(alert_at__gt=at - floor).exists()


def _raise(condition: Condition, at: datetime) -> None:
    since: dict[str, Any] = {"since": condition.began_at.isoformat()}
    commit_candidate(
        site=condition.camera.site,
        source="system",
        category=condition.kind,
        camera=condition.camera,
        captured_at=at,
        received_at=at,
        judged_at=at,
        dedup=f"{condition.kind}:{condition.camera_id}:{condition.began_at.isoformat()}",
        evidence=since | condition.detail,
    )


def _look_back(condition: Condition, at: datetime) -> None:
    """It takes seconds to be sure that a lens is covered. Whoever was seen at the site in these seconds counts too."""
    rows = Candidate.objects.filter(site=condition.site_id, category__in=SOMEBODY, source="camera")
    for seen in rows.filter(captured_at__range=(condition.began_at, at)).select_related("site", "camera", "zone"):
        again = commit_candidate(
            site=seen.site,
            source=seen.source,
            category=seen.category,
            camera=seen.camera,
            zone=seen.zone,
            captured_at=seen.captured_at,
            received_at=seen.received_at,
            judged_at=at,
            dedup=f"tamper_person:{seen.pk}",
            evidence=seen.evidence,
            clock_source=seen.clock_source,
            clock_offset_s=seen.clock_offset_s,
            model_sha256=seen.model_sha256,
        )
        Candidate.objects.filter(pk=again.pk, clip=None).update(clip=seen.clip_id, snapshot=seen.snapshot_id)
