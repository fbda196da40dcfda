"""What else there is to see of an incident: the site's cameras by their numbers, and what a clip is held against."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cameras.models import Camera, Candidate, Zone
from incidents.audit.disguise import original_of
from incidents.models import Alert, Incident
from incidents.models.incident import State
from soc.console.evidence import Evidence
from soc.console.strip import lead
from soc.core import clock
from soc.core.models import Media, User
from soc.core.prepared import prepared
from soc.core.rights import Act

MOST: Final = 9  # one key each
OF_PICTURE: Final = ("started_at", "writing", "erased_at")


@dataclass(frozen=True)
class Seen:
    """A camera with the number that is its key and its mark on the plan. `own`: it raised the alarm; `sees_it`: it looks at
    the same zone."""

    camera: Camera
    number: int
    own: bool
    sees_it: bool


def cameras(incident: Incident, user: User) -> list[Seen]:
    """Those of the site whose picture this user may see, by number: numbers go by name and stay the same all night. Of more
    than nine the one that raised the alarm, those that see the same zone, and the first of the others."""
    first = lead(incident)
    own = first.camera_id if first else None
    beside = _beside(first.zone) if first and first.zone else set()
    rows = _cameras(user, incident.site_id)
    if len(rows) > MOST:
        nearest = sorted(rows, key=lambda camera: (camera.pk != own, camera.pk not in beside))[:MOST]
        rows = [camera for camera in rows if camera in nearest]
    return [Seen(camera, n, camera.pk == own, camera.pk in beside) for n, camera in enumerate(rows, 1)]


@prepared
def _cameras(user: User, site: UUID) -> QuerySet[Camera]:
    rows: QuerySet[Camera] = Camera.objects.visible_to(user, Act.VIDEO).filter(site=site, enabled=True).order_by("name")
    return rows


def _beside(zone: Zone) -> set[UUID]:
    """The cameras that see this zone too."""
    return set(_see_too(zone.pk))


@prepared
def _see_too(zone: UUID) -> QuerySet[Any]:
    return Zone.also_seen_by.through.objects.filter(zone=zone).values_list("camera_id", flat=True)


def facts(seen: list[Seen]) -> dict[str, Any]:
    """For the pane. `own`: the camera that raised the alarm, None for a signal without one; `front`: whose live picture is
    shown first; `others`: the tiles, those that see the zone first."""
    own = next((one for one in seen if one.own), None)
    front = own or next(iter(seen), None)
    others = sorted((one for one in seen if one is not front), key=lambda one: not one.sees_it)
    return {
        "cameras": seen,
        "own": own,
        "front": front,
        "others": others,
        "others_seen": sum(one.camera.health != Camera.Health.OFFLINE for one in others),
    }


def compare(incident: Incident, shown: Evidence, user: User, seen: list[Seen]) -> list[dict[str, str]]:
    """What the evidence is held against, the first one first: the view as it is when nobody is there, for whoever may see the
    cameras now (`seen`), the moment before the clip's own, the last alarm of this camera. `kind`: image | video (its first
    frame); `words` go under the picture."""
    candidate = shown.alert.candidate if shown.alert else None
    if candidate is None or candidate.camera is None:
        return []
    zone = incident.site.zone_info
    found = [
        _reference(candidate.camera, zone) if seen else {},
        _before(shown),
        _last_time(incident, candidate, user, zone),
    ]
    return [one for one in found if one]


def _reference(camera: Camera, zone: ZoneInfo) -> dict[str, str]:
    picture = camera.reference
    if picture is None or not picture.there:
        return {}
    when = stamp(picture, zone)
    return _one(when, _("Reference"), _("%(when)s, nobody") % {"when": when}, f"/media/{picture.pk}")


def _before(shown: Evidence) -> dict[str, str]:
    if shown.kind != "clip" or shown.key_s < 1:
        return {}
    words = _("%(seconds)d s before the alarm") % {"seconds": round(shown.key_s)}
    return _one(_("Before"), _("Just before"), words, shown.url, kind="video")


def _last_time(incident: Incident, candidate: Candidate, user: User, zone: ZoneInfo) -> dict[str, str]:
    shown_again = original_of(candidate)  # a case of the blind audit is not told by its own picture
    but = shown_again.pk if shown_again is not None else candidate.pk
    found = _last_alarm(user, incident.site_id, incident.pk, candidate.camera_id, but, candidate.captured_at)
    last: Alert | None = next(iter(found), None)
    picture = last.candidate.snapshot if last else None
    if last is None or picture is None or not picture.there:
        return {}
    words = f"{stamp(picture, zone)}: {last.incident.get_outcome_display() or _('no outcome')}"
    return _one(_("Last alarm"), _("Last alarm"), words, f"/media/{picture.pk}")


@prepared
def _last_alarm(
    user: User, site: UUID, but: UUID, camera: UUID | None, but_of: UUID, before: datetime
) -> QuerySet[Alert]:
    ended = Incident.objects.visible_to(user, Act.CONSOLE).in_earnest().filter(site=site, state=State.CLOSED)
    rows = Alert.objects.filter(
        incident__in=ended.exclude(pk=but), candidate__camera=camera, candidate__snapshot__isnull=False
    ).exclude(candidate=but_of)
    shown = "incident__outcome", "candidate__snapshot", *(f"candidate__snapshot__{name}" for name in OF_PICTURE)
    rows = rows.select_related("candidate__snapshot", "incident").only(*shown)
    return rows.filter(captured_at__lt=before).order_by("-captured_at")[:1]


def _one(label: str, title: str, words: str, url: str, *, kind: str = "image") -> dict[str, str]:
    return {"label": label, "title": title, "words": words, "url": url, "kind": kind}


def stamp(picture: Media, zone: ZoneInfo) -> str:
    """“02:05” where it was taken in the last day, else “19 Nov”, by the site's clock."""
    taken = picture.started_at.astimezone(zone)
    recent = (clock.now() - picture.started_at).total_seconds() < 86_400
    return taken.strftime("%H:%M") if recent else date_format(taken, "j M")
