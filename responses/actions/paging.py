"""Telling whoever is on call that nobody claims an incident, or that its owner has gone: by text and by telephone, once for
every escalation. By text alone where an operator waits for a supervisor's word.

It is for the centre's own people alone, so a stop of all dispatches does not hold it up; and never for an exercise.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from incidents.actions.locking import locked
from incidents.audit.guard import is_exercise
from incidents.models import Incident
from incidents.models.incident import State
from responses.actions import script
from responses.actions.planning import known, plan
from responses.models import Attempt
from responses.reach import to_ring
from soc.core import events
from soc.core.models import Approval, User

RING_S: Final = 30
NOBODY: Final = "incident.nobody_paged"
APPROVAL: Final = "approval"  # in an attempt's data: what its text asks a word on
Kind = Attempt.Kind


def page_on_call(incident_id: UUID, *, escalation: int, at: datetime) -> list[Attempt]:
    """Order a text and a call to whoever is on call now; to who leads, where the roster names nobody with a telephone. The calls
    and texts that were ordered; none where somebody has it meanwhile, and for exercises. `escalation`: the id of its
    event; twice is once.

    With nobody to reach it is recorded as `incident.nobody_paged`: the wall says so.
    """
    with transaction.atomic():
        incident = locked(incident_id)
        if not incident.unattended or incident.drill or is_exercise(incident.pk):
            return []
        people = to_ring(incident.organisation_id, at=at)
        if not people:
            events.record(NOBODY, incident, by=None, at=at, escalation=escalation)
        return [attempt for user in people for attempt in _page(incident, user, f"page:{escalation}:{user.pk}", at=at)]


def _page(incident: Incident, user: User, dedup: str, *, at: datetime) -> list[Attempt]:
    if known(incident, dedup, kind=Kind.CALL, suffix=":call"):
        return []
    to: dict[str, Any] = {"by": None, "at": at, "dedup": dedup, "paged": user}
    body = script.page_body(incident, address(incident))
    text = plan(incident, Kind.TEXT, suffix=":text", data={"body": body}, **to)
    return [text, plan(incident, Kind.CALL, suffix=":call", data={"ring_s": RING_S}, **to)]


def page_for_approval(approval_id: UUID, *, raised: int, at: datetime) -> list[Attempt]:
    """An operator waits for a supervisor's word in an incident that goes on, and nobody has given it in time: a text to
    whoever is on call, else to who leads. None where it was decided meanwhile. `raised`: the id of the event that says
    so; twice is once.
    """
    approval = Approval.objects.filter(pk=approval_id, state=Approval.State.WAITING).first()
    if approval is None:
        return []
    with transaction.atomic():
        incident = locked(UUID(approval.data["incident"]))
        if incident.state == State.CLOSED or incident.drill or is_exercise(incident.pk):
            return []
        people = [user for user in to_ring(incident.organisation_id, at=at) if user.pk != approval.asked_by_id]
        if not people:
            events.record(NOBODY, incident, by=None, at=at, approval=approval.pk)
        body = script.approval_body(incident, f"{settings.PUBLIC_URL}/console/approvals/")
        return [_tell(incident, user, f"approval:{raised}:{user.pk}", body, approval, at=at) for user in people]


def _tell(incident: Incident, user: User, dedup: str, body: str, approval: Approval, *, at: datetime) -> Attempt:
    before = known(incident, dedup, kind=Kind.TEXT, suffix=":text")
    data = {"body": body, APPROVAL: str(approval.pk)}
    return before or plan(incident, Kind.TEXT, suffix=":text", by=None, at=at, dedup=dedup, paged=user, data=data)


def address(incident: Incident) -> str:
    """Where it is claimed. It opens nothing to anybody who is not logged in."""
    return f"{settings.PUBLIC_URL}/console/incidents/{incident.pk}/"
