"""What there is to see of an alert: the clip, else the snapshot, else a sentence that says why there is nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from cameras.models import Candidate
from incidents.models import Alert, Incident
from soc.console.sentences import place, what
from soc.console.strip import lead

# Seconds after which a clip that is not there will hardly come: the note stops promising it.
CLIP_EXPECTED = timedelta(seconds=30)


@dataclass(frozen=True)
class Evidence:
    """`kind`: clip | snapshot | none. `tracks` as the overlay has them, times in seconds from `started`; `zone` is an
    SVG path in a 0..1 square; `key_s` is the moment of the trigger in seconds from `started`; `note` says what is missing
    and when it comes."""

    kind: str
    alert: Alert | None
    place: str = ""
    url: str = ""
    poster: str = ""
    started: datetime | None = None
    tracks: list[dict[str, Any]] = field(default_factory=list)
    zone: str = ""
    key_s: float = 0
    note: str = ""
    more: str = ""
    description: str = ""


def evidence(incident: Incident, *, chosen: UUID | None, at: datetime) -> Evidence:
    """Of the chosen alert, else of the one the incident is named after."""
    alert = _alert(incident, chosen)
    if alert is None:
        return Evidence("none", None, note=_("No alert came with this incident."))
    candidate = alert.candidate
    where = place(candidate)
    shown: dict[str, Any] = {"alert": alert, "place": where, "description": _describe(candidate, where)}
    coming = candidate.camera_id is not None and at - candidate.captured_at < CLIP_EXPECTED
    if candidate.clip:
        overlay = candidate.clip.overlay or {}
        poster = f"/media/{candidate.snapshot_id}" if candidate.snapshot_id else ""
        return Evidence(
            "clip", url=f"/media/{candidate.clip_id}", poster=poster, started=candidate.clip.started_at,
            tracks=overlay.get("tracks") or _still(candidate, _key_s(candidate)), zone=_zone(candidate, overlay),
            key_s=_key_s(candidate), **shown,
        )  # fmt: skip
    if candidate.snapshot:
        note = _("The clip follows in a few seconds") if coming else _("No clip, only this picture")
        return Evidence(
            "snapshot", url=f"/media/{candidate.snapshot_id}", started=candidate.snapshot.started_at,
            tracks=_still(candidate), zone=_zone(candidate, candidate.snapshot.overlay or {}), note=note, **shown,
        )  # fmt: skip
    return Evidence("none", note=_none(candidate, coming=coming), more=_more(candidate), **shown)


def _alert(incident: Incident, chosen: UUID | None) -> Alert | None:
    alerts = list(incident.alerts.all())
    first = lead(incident)
    for alert in alerts:
        if (alert.pk == chosen) if chosen else (first is not None and alert.candidate_id == first.pk):
            return alert
    return alerts[0] if alerts else None


def _key_s(candidate: Candidate) -> float:
    """Where in the clip the trigger is: what a clip that stands still shows."""
    if candidate.clip is None:
        return 0
    moment = candidate.snapshot.started_at if candidate.snapshot else None
    return max(0.0, ((moment or candidate.captured_at) - candidate.clip.started_at).total_seconds())


def _still(candidate: Candidate, at_s: float = 0) -> list[dict[str, Any]]:
    """The trigger's own box, for a picture that does not move and a clip without tracks: at its moment only."""
    box = candidate.evidence.get("box")
    if not box:
        return []
    label = {"label": candidate.evidence.get("label", ""), "score": candidate.evidence.get("score")}
    return [{"id": candidate.evidence.get("track", 0), **label, "path": [[at_s, *box]]}]


def _zone(candidate: Candidate, overlay: dict[str, Any]) -> str:
    points = overlay.get("zone") or (candidate.zone.polygon if candidate.zone else [])
    return "M" + " ".join(f"{x:.4f} {y:.4f}" for x, y in points) + "Z" if points else ""


def _describe(candidate: Candidate, where: str) -> str:
    return _("Evidence: %(what)s, %(place)s") % {
        "what": what(candidate.category),
        "place": where or candidate.site.name,
    }


def _none(candidate: Candidate, *, coming: bool) -> str:
    if candidate.camera is None:
        return _("No camera belongs to this signal")
    if candidate.camera.health == candidate.camera.Health.OFFLINE:
        since = candidate.camera.health_since
        if since is None:
            return _("No picture from this camera")
        local = since.astimezone(candidate.site.zone_info)
        return _("No picture since %(time)s") % {"time": local.strftime("%H:%M")}
    return _("The picture follows in a few seconds") if coming else _("No picture came with this alert")


def _more(candidate: Candidate) -> str:
    if candidate.camera is None:
        return _("Look at the site's cameras by their numbers, or call.")
    return candidate.camera.trouble or _("The live picture may show more: press L.")
