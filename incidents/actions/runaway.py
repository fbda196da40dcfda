"""A place that does nothing but alarm: what repeats there is counted by one incident, which somebody looks at now and then.

The verdict of context says what is a runaway (reason `runaway`): the same camera, zone, class and place as what operators have
just dismissed again and again. Whoever stands elsewhere is none, and no threat ever is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import gettext_noop

from cameras.actions.conditions import condition_began
from cameras.actions.policies import in_force
from cameras.categories import category
from cameras.context.place import same_place
from cameras.models import Candidate, Condition
from incidents.models import Incident
from incidents.models.incident import State
from incidents.outcomes import Verdict
from soc.core.models import Site

PRIORITY: Final = 3
# Kept with the incident as it is, and translated where it is shown.
REASON: Final = gettext_noop("Counts what repeats here. Look whether it is still nothing.")


# What somebody looked at there and did not call nothing: from then on it is an incident like any other.
SERIOUS: Final = (Verdict.REAL, Verdict.SUSPICIOUS, Verdict.CANNOT_TELL)


def counted(candidate: Candidate) -> bool:
    """Whether context calls it a runaway. A threat is none, whatever was said; and where somebody who looked at what was counted
    there took it seriously, nothing is counted any more for as long as that incident is not closed.
    """
    if category(candidate.category).threat or not any(reason.get("code") == "runaway" for reason in candidate.reasons):
        return False
    same = Incident.objects.filter(site=candidate.site_id, counts=key(candidate), verdict__in=SERIOUS)
    return not same.exclude(state=State.CLOSED).exists()


def key(candidate: Candidate) -> str:
    """Camera, zone and class: within these the place in the picture tells one runaway from another."""
    return f"{candidate.camera_id or ''}:{candidate.zone_id or ''}:{candidate.category}"


def counting(candidate: Candidate) -> Incident | None:
    """The incident that counts this one, locked; None where the first of them has not come yet, or it was closed."""
    rows = Incident.objects.select_for_update(of=("self",), no_key=True)
    same = rows.filter(site=candidate.site_id, counts=key(candidate)).exclude(state=State.CLOSED)
    for incident in same.order_by("-queued_at"):
        first = incident.alerts.select_related("candidate").order_by("captured_at", "raised_at").first()
        if first is not None and same_place(_box(first.candidate), _box(candidate)):
            return incident
    return None


def look_every(site: Site) -> timedelta:
    """How long it counts before somebody looks, by the policy of the site."""
    return in_force(site).runaways.look


def flag(candidate: Candidate, *, at: datetime) -> None:
    """The camera wants service: it alarms for nothing."""
    if candidate.camera_id is not None:
        detail = {"category": candidate.category, "zone": str(candidate.zone_id or "")}
        condition_began(candidate.camera_id, kind=Condition.Kind.RUNAWAY, at=at, detail=detail)


def _box(candidate: Candidate) -> tuple[float, float, float, float] | None:
    box = candidate.evidence.get("box")
    return (box[0], box[1], box[2], box[3]) if box else None
