"""What an exported incident tells: to the centre everything, to the customer what their own pages show."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from django.db.models import Q

from cameras.models import Angle, Candidate
from incidents.models import Incident
from soc.core.models import Event, Media, User
from soc.core.rights import Act

Reader = Literal["centre", "customer"]


@dataclass(frozen=True)
class Exhibit:
    """A stored picture or video of the incident: its name in the package and what it shows."""

    media: Media
    name: str
    camera: str
    alert: str
    view_of_another_camera: bool = False


def facts(incident: Incident, reader: Reader) -> dict[str, Any]:
    """As plain JSON: instants in ISO 8601, UTC. People are call-signs, never names."""
    told: dict[str, Any] = {
        "incident": incident.reference,
        "id": str(incident.pk),
        "site": {"name": incident.site.name, "address": incident.site.address, "time_zone": incident.site.time_zone},
        "category": incident.category,
        "priority": incident.priority,
        "state": incident.state,
        "verdict": incident.verdict,
        "outcome": incident.outcome,
        "seen_as": incident.seen_as,
        "site_left": incident.site_state,
        "summary": incident.summary,
        "handled_by": _sign(incident.owner),
        "clock": {name: utc(at) for name, at in incident.clock().items()},
        "alerts": [_alert(alert) for alert in incident.alerts.select_related("candidate__zone", "candidate__camera")],
        "verdicts": [{"verdict": change.verdict, "at": utc(change.at)} for change in incident.verdicts.order_by("at")],
    }
    if reader == "centre":
        told["notes"] = [
            {"by": _sign(note.by), "at": utc(note.at), "text": note.text}
            for note in incident.notes.select_related("by").order_by("at")
        ]
        told["hold"] = {"since": utc(incident.hold_at), "reason": incident.hold_reason} if incident.hold_at else None
    return told


def _alert(alert: Any) -> dict[str, Any]:
    candidate: Candidate = alert.candidate
    return {
        "id": str(alert.pk),
        "category": alert.category,
        "priority": alert.priority,
        "captured_at": utc(candidate.captured_at),
        "clock": {"source": candidate.clock_source, "offset_s": candidate.clock_offset_s},
        "camera": candidate.camera.name if candidate.camera else None,
        "zone": candidate.zone.name if candidate.zone else None,
        "seen": {name: candidate.evidence[name] for name in ("label", "score", "box") if name in candidate.evidence},
        "model": candidate.model_sha256 or None,
    }


def exhibits(incident: Incident, by: User) -> list[Exhibit]:
    """Everything there is to see that `by` may see, each once, in the order of capture."""
    found: dict[Any, tuple[Media, str, str, bool]] = {}
    paths = ("candidate__camera", "candidate__clip", "candidate__snapshot")
    for alert in incident.alerts.select_related(*paths).order_by("captured_at"):
        candidate = alert.candidate
        camera = candidate.camera.name if candidate.camera else ""
        for media in (candidate.clip, candidate.snapshot):
            if media is not None:
                found.setdefault(media.pk, (media, camera, str(alert.pk), False))
    angles = Angle.objects.filter(candidate__alert__incident=incident, clip__isnull=False)
    for angle in angles.select_related("camera", "clip", "candidate__alert").order_by("trigger_at", "camera__name"):
        assert angle.clip is not None
        found.setdefault(angle.clip_id, (angle.clip, angle.camera.name, str(angle.candidate.alert.pk), True))
    seen = set(Media.objects.visible_to(by, Act.VIDEO).filter(pk__in=found).values_list("pk", flat=True))
    shown = [row for pk, row in found.items() if pk in seen]
    return [Exhibit(row[0], _name(number, *row[:2]), *row[1:]) for number, row in enumerate(shown, 1)]


def _name(number: int, media: Media, camera: str) -> str:
    place = re.sub(r"[^A-Za-z0-9]+", "-", camera).strip("-")[:40] or "camera"
    at = media.started_at.astimezone(UTC)
    return f"media/{number:02d}-{place}-{at:%Y%m%dT%H%M%SZ}-{media.kind}.{media.key.rpartition('.')[2]}"


def record(incident: Incident, shown: list[Exhibit], reader: Reader) -> list[dict[str, Any]]:
    """Where the record has this incident: positions and hashes, which stand in the chain whose heads are signed each minute.
    The centre is told the kinds too. What is not sealed yet has no position."""
    candidates = incident.alerts.values_list("candidate", flat=True)
    subjects = [incident.pk, *candidates, *(exhibit.media.pk for exhibit in shown)]
    rows = Event.objects.filter(
        Q(subject_id__in=subjects)
        | Q(site=incident.site, at__gte=incident.captured_at, data__incident=str(incident.pk))
    ).order_by("id")
    told = [{"seq": event.seq, "hash": event.hash, "at": utc(event.at), "kind": event.kind} for event in rows]
    return told if reader == "centre" else [{k: v for k, v in row.items() if k != "kind"} for row in told]


def utc(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat() if at else None


def _sign(user: Any) -> str:
    return (user.call_sign if user else "") or ""
