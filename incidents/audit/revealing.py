"""The end of a case: judged, acted upon, or withdrawn. Its incident closes itself, without verdict or outcome of an incident."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from incidents.actions.locking import locked, move
from incidents.actions.shifts import now_free
from incidents.models import AuditCase, Incident
from incidents.outcomes import Verdict
from soc.core import events
from soc.core.models import User


def case_of(incident: Incident) -> AuditCase | None:
    """The case that an incident is, locked; None for one in earnest. Inside a transaction that has the incident locked."""
    return AuditCase.objects.select_for_update(of=("self",), no_key=True).filter(incident=incident).first()


def judged(incident: Incident, verdict: str, *, by: User, at: datetime, acted: str = "") -> bool:
    """The owner's verdict on a locked incident: False where it is in earnest; else the case is revealed and the incident over.

    The verdict is kept with the case alone: an incident that has none is in no count of verdicts, whoever counts.
    """
    case = case_of(incident)
    if case is None or case.revealed_at is not None:
        return False
    incident.verdict_at = incident.verdict_at or max(at, incident.claimed_at or at)
    _end(case, incident, by=by, at=at, verdict=verdict, acted=acted)
    return True


def acted_upon(incident_id: UUID, *, act: str, by: User, at: datetime) -> bool:
    """Its owner was about to act outwards, and nothing went out: whoever acts has taken it for real. False where there was
    nothing to reveal (any more)."""
    with transaction.atomic():
        incident = locked(incident_id)
        return judged(incident, Verdict.REAL, by=by, at=at, acted=act)


def break_off(incident_id: UUID, why: str, *, at: datetime) -> bool:
    """End one whoever holds it, with no verdict. `why` is a code. False where there was nothing to reveal (any more)."""
    with transaction.atomic():
        return withdraw(locked(incident_id), why, at=at)


def withdraw(incident: Incident, why: str, *, at: datetime) -> bool:
    """Take a locked one out of the queue again. `why` is a code. False where it is in earnest or over."""
    case = case_of(incident)
    if case is None or case.revealed_at is not None:
        return False
    case.given_up = why
    _end(case, incident, by=None, at=at)
    return True


def _end(
    case: AuditCase, incident: Incident, *, by: User | None, at: datetime, verdict: str = "", acted: str = ""
) -> None:
    case.verdict, case.acted, case.judged_by, case.revealed_at, case.due_at = verdict, acted, by, at, None
    case.save(update_fields=["verdict", "acted", "judged_by", "revealed_at", "due_at", "given_up"])
    move(incident.end_exercise, at=at)
    incident.save()
    told = {"incident": incident.pk, "of": case.kind, "candidate": case.candidate_id, "seed": case.seed}
    if verdict:
        events.record("audit.revealed", case, by=by, at=at, verdict=verdict, acted=acted, **told)
    else:
        events.record("audit.withdrawn", case, by=None, at=at, why=case.given_up, **told)
    # The desks see it end as they see any end.
    events.record("incident.closed", incident, by=by, at=at, outcome="", site_state="", verdict="")
    if incident.owner_id is not None:
        now_free(incident.owner_id, at=at)
