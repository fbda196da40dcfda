"""The queue strip and the "ops" face of the live feed: how an incident looks from afar, and everything a page starts from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.template.loader import render_to_string

from cameras.models import Camera, Candidate
from incidents import actions
from incidents.models import Incident, Shift
from incidents.models.incident import HELD, State
from responses import actions as responses
from responses.models import Attempt
from soc.console import clockline
from soc.console.cover.reads import storms
from soc.console.door import ALERTS, incidents_of
from soc.console.sentences import place, title
from soc.core import clock
from soc.core.models import Event, User
from soc.core.rights import Act

INCIDENT = """opened folded sounded offered offered_to_all escalated claimed taken_over verdict noted parked waiting resumed due
    owner_back left_lying reassigned released returned closed reopened undone described painted stamped step_done step_skipped
    put_on_hold hold_lifted identified looked disarm_overridden arm_changed"""
# What changes every pane of a site, or the banner, and no row: pages begin anew.
ANEW = frozenset(
    {
        *("storm.began", "storm.renewed", "storm.ended", "instruction.given", "instruction.ended"),
        *("presence.expected", "presence.cancelled"),
        *("dispatch.stopped", "dispatch.lifted"),
    }
)
# Who is at the desks: told as {"desk": user id}, and to everybody, for whoever is left alone is told so.
SHIFT = "started ended asked silent answered break break_over back"
ATTEMPT = "planned placed answered accepted declined ended failed exhausted on_my_way on_site left retried unclear"
KINDS = frozenset(
    {f"incident.{verb}" for verb in INCIDENT.split()}
    | {f"attempt.{verb}" for verb in ATTEMPT.split()}
    | {f"shift.{verb}" for verb in SHIFT.split()}
    | {"evidence.ready", "evidence.lost", "camera.lost", "camera.back"}
    | {"drill.pressed"}
    | ANEW
)
SHOWN = [State.OPEN, *HELD, State.PARKED]


def lead(incident: Incident) -> Candidate | None:
    """What the incident is named after: the first alert of its highest category."""
    alerts = list(incident.alerts.all())
    named = [alert for alert in alerts if alert.category == incident.category]
    return (named or alerts)[0].candidate if alerts else None


def headline(incident: Incident) -> str:
    first = lead(incident)
    return title(incident.category, place(first) if first else "")


def row(incident: Incident) -> dict[str, Any]:
    """One incident in the strip: its HTML, the same for all readers, and the fields a page decides by.

    Instants are ISO 8601; ids are strings or "". `sound`: whether it is to be heard until somebody claims it.
    """
    limit_s = settings.CLAIM_ALL_S[incident.priority - 1]
    shown = incident.state in SHOWN
    late_by = clockline.age(incident.late_by) if incident.late_by else ""
    facts = {"incident": incident, "title": headline(incident), "limit_s": limit_s, "late_by": late_by}
    return {
        "incident": str(incident.pk),
        "state": incident.state,
        "offered_to": str(incident.offered_to_id or ""),
        "owner": str(incident.owner_id or ""),
        "away": incident.absent_since is not None,
        "priority": incident.priority,
        "escalation": incident.escalation,
        "queued": incident.queued_at.isoformat(),
        "turn": incident.turn_at.isoformat(),
        "painted": incident.painted_at is not None,
        "due": incident.due_at.isoformat() if incident.due_at else "",
        "sound": incident.state == State.OPEN,
        "title": facts["title"],
        "where": incident.site.name,
        "html": render_to_string("console/row.html", facts) if shown else "",
    }


def rows(event: Event) -> dict[str, Any]:
    """What the consoles of an organisation show of one event. Raises nothing for subjects that are gone."""
    if event.kind in ANEW:
        return {"stale": True}
    if event.subject_type == "shift":
        return {"desk": str(event.data.get("user") or event.by_id)}
    incident_id = _incident_of(event)
    if incident_id is None:
        return {}
    found = (
        Incident.objects.select_related("site", "owner", "offered_to").prefetch_related(ALERTS).filter(pk=incident_id)
    ).first()
    return row(found) if found else {}


def _incident_of(event: Event) -> Any:
    if event.subject_type == "incident":
        return event.subject_id
    if event.subject_type == "attempt":
        return (
            event.data.get("incident")
            or Attempt.objects.filter(pk=event.subject_id).values_list("incident", flat=True).first()
        )
    if event.subject_type == "candidate":
        return Incident.objects.filter(alerts__candidate=event.subject_id).values_list("pk", flat=True).first()
    return event.data.get("incident")


def snapshot(user: User) -> dict[str, Any]:
    """Everything a console starts from: all unfinished incidents, this user's shift, and the figures of a quiet night."""
    waiting = incidents_of(user).unfinished().by_urgency()
    return {
        "rows": [row(incident) for incident in waiting],
        "shift": on_shift(user) is not None,
        "figures": figures(user),
        "storm": render_to_string("console/storm.html", banners(user)).strip(),
    }


def banners(user: User) -> dict[str, Any]:
    """What stands above the pane for everybody of the centre."""
    return {"storms": storms(user, at=clock.now()), "stops": responses.stops_of(user)}


def figures(user: User) -> dict[str, Any]:
    """How the night stands, for the quiet screen. Counts; `last` is an ISO instant or ""."""
    cameras = Camera.objects.visible_to(user, Act.CONSOLE).filter(enabled=True)
    # An exercise counts until it is known for one.
    last = (
        Incident.objects.visible_to(user, Act.CONSOLE)
        .exclude(Q(audit__revealed_at__isnull=False) | Q(drill=True))
        .order_by("-queued_at")
        .values_list("queued_at", flat=True)
        .first()
    )
    shift = on_shift(user)
    done = Incident.objects.in_earnest().filter(owner=user, state=State.CLOSED)
    filtered = Candidate.objects.visible_to(user, Act.CONSOLE).exclude(decision=Candidate.Decision.RAISE)
    return {
        "sites": cameras.order_by().values("site").distinct().count(),
        "cameras": cameras.count(),
        "dark": cameras.filter(health=Camera.Health.OFFLINE).count(),
        "last": last.isoformat() if last else "",
        "filtered": filtered.filter(captured_at__gte=shift.started_at).count() if shift else 0,
        "closed": done.filter(closed_at__gte=shift.started_at).count() if shift else 0,
        "since": shift.started_at.isoformat() if shift else "",
    }


def on_shift(user: User) -> Shift | None:
    return Shift.objects.filter(user=user, ended_at__isnull=True).first()


def colleagues(user: User) -> list[dict[str, Any]]:
    """Who else holds something now: call-sign, headline, site."""
    held = incidents_of(user).filter(Q(state__in=HELD) & ~Q(owner=user)).by_urgency()
    return [{"sign": i.owner.sign, "title": headline(i), "site": i.site.name} for i in held if i.owner]


def beat(user_id: UUID, said: Mapping[str, Any]) -> None:
    """A page of theirs is alive. What it says of itself: {"visible": bool, "active": bool, "open": incident id or "",
    "silent": bool}. A script that says nothing of it is awake; a socket that was just opened has said nothing yet.
    """
    actions.seen(
        user_id,
        at=clock.now(),
        visible=said.get("visible", "type" in said) is not False,
        active=said.get("active") is True,
        looking=_id_of(said.get("open")),
        silent=said.get("silent") is True,
    )


def _id_of(word: Any) -> UUID | None:
    """A page's word for an incident; what is no id names none."""
    try:
        return UUID(word) if isinstance(word, str) else None
    except ValueError:
        return None
