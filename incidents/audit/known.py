"""Known intrusions: marked by a supervisor from closed, genuine incidents, shown again at their own site and nowhere else."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cameras.categories import Family, category
from cameras.models import Candidate
from incidents.actions.locking import locked
from incidents.errors import Refused
from incidents.funnel import REAL
from incidents.models import Incident, KnownIntrusion
from incidents.models.incident import State
from soc.core import events
from soc.core.models import User
from soc.core.rights import Act


def shows(incident: Incident) -> Candidate | None:
    """What of an incident would be shown: the first alert of its highest category that has its clip and its picture.

    None where it is no closed, genuine intrusion, has nothing to show any more, or is one already.
    """
    genuine = incident.verdict in REAL and incident.outcome.startswith("genuine.")
    if incident.state != State.CLOSED or incident.family != Family.INTRUSION or not genuine or incident.drill:
        return None
    alerts = incident.alerts.select_related("candidate__clip", "candidate__snapshot").order_by("captured_at")
    found = [alert.candidate for alert in alerts if _there(alert.candidate)]
    found.sort(key=lambda one: -category(one.category).rank)
    if not found or KnownIntrusion.objects.filter(candidate=found[0]).exists():
        return None
    return found[0]


def _there(candidate: Candidate) -> bool:
    media = (candidate.clip, candidate.snapshot)
    return candidate.camera_id is not None and all(one is not None and one.there for one in media)


def mark(incident_id: UUID, *, by: User, at: datetime) -> KnownIntrusion:
    """Put an incident among the known intrusions. Raises Refused (`known`) for what cannot be one, or is one already;
    Incident.DoesNotExist where `by` may not."""
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.AUDIT_MARK)
        candidate = shows(incident)
        if candidate is None:
            raise Refused(
                "known",
                _("Only a closed, genuine intrusion that still has its clip can be shown again, each once."),
            )
        found = KnownIntrusion.objects.create(
            organisation=incident.organisation, candidate=candidate, added_by=by, added_at=at
        )
        events.record("audit.marked", found, by=by, at=at, incident=incident.pk, candidate=candidate.pk)
    return found


def put_to_use(known_id: UUID, enabled: bool, *, by: User, at: datetime) -> KnownIntrusion:
    """Take it out of use, or back. Raises KnownIntrusion.DoesNotExist where `by` may not."""
    with transaction.atomic():
        rows = KnownIntrusion.objects.visible_to(by, Act.AUDIT_MARK).select_for_update(of=("self",), no_key=True)
        found = rows.get(pk=known_id)
        if found.enabled != enabled:
            found.enabled = enabled
            found.save(update_fields=["enabled"])
            kind = "audit.known_used" if enabled else "audit.known_rested"
            events.record(kind, found, by=by, at=at, candidate=found.candidate_id)
    return found
