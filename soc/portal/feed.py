"""What a customer's page hears. Rendered once per event for all of a customer's people."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string

from cameras.models import Candidate
from incidents.models import Incident
from soc.core.feed.audiences import Face
from soc.core.models import Event, User
from soc.core.rights import Act
from soc.portal import cards, reads

# What changes a page without an incident: it looks again.
STALE = frozenset(
    {
        *("arming.armed", "arming.disarmed", "arming.undone", "presence.expected", "presence.cancelled"),
        *("muting.began", "muting.ended", "camera.condition_began", "camera.condition_ended"),
    }
)
KINDS = frozenset(
    {
        "incident.claimed",
        "incident.taken_over",
        "incident.verdict",
        "incident.stamped",
        "incident.closed",
        "incident.reopened",
        "incident.undone",
        "evidence.ready",
        "camera.lost",
        "camera.back",
        *STALE,
    }
)

# What is not for customers keeps its place in their chain of positions, and says nothing: not even of what kind it was.
SILENT: dict[str, Any] = {"kind": "", "subject": [], "site": None, "at": None}


def rows(event: Event) -> dict[str, Any]:
    """The incident's card and list row, or for a camera the word to look again."""
    if event.kind.startswith("camera.condition_") and event.data.get("what") != "runaway":
        return SILENT
    if event.kind.startswith("camera.") or event.kind in STALE:
        return {"stale": True}
    incident = _incident(event)
    if incident is None or not reads.may_be_told(incident):
        return SILENT
    card = cards.cards([incident])[0]
    context = {"card": card}
    return {
        "incident": incident.pk,
        "card": render_to_string("portal/card.html", context),
        "row": render_to_string("portal/row.html", context),
    }


def _incident(event: Event) -> Incident | None:
    rows = Incident.objects.in_earnest().select_related("site", "owner")
    if event.kind == "evidence.ready":
        candidate = Candidate.objects.filter(pk=event.subject_id, alert__isnull=False).first()
        return rows.filter(pk=candidate.alert.incident_id).first() if candidate else None
    return rows.filter(pk=event.subject_id).first()


def snapshot(user: User) -> dict[str, Any]:
    """The page is its own snapshot: it fetches itself again."""
    return {"stale": True}


FACE = Face(name="portal", act=Act.PORTAL, kinds=KINDS, rows=rows, snapshot=snapshot)
