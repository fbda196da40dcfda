"""Ringing the site's people by hand: their numbers come on request, or with the verdict. Who asked for them is recorded."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from incidents.actions.locking import check_token, locked
from incidents.audit.guard import keep_in, outward
from incidents.models import Incident
from soc.core import events
from soc.core.models import Event, User
from soc.core.prepared import prepared

ASKED: Final = "incident.numbers_shown"


@outward("ask")
def show_numbers(incident_id: UUID, *, token: int, by: User, at: datetime) -> Incident:
    """The owner wants to ring somebody of the site. Twice is once. Raises Stale, and Exercise: a customer whom nobody needs is
    not rung at night."""
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        keep_in(incident)
        if not numbers_shown(incident):
            events.record(ASKED, incident, by=by, at=at)
    return incident


def numbers_shown(incident: Incident) -> bool:
    """Whether the pane shows whom to ring: with a verdict, which an exercise never has, or because its owner asked. Never in a
    drill: a customer whom nobody needs is not rung at night."""
    if incident.drill:
        return False
    return bool(incident.verdict) or bool(_asked(incident.pk))


@prepared
def _asked(incident: UUID) -> QuerySet[Event]:
    return Event.objects.filter(kind=ASKED, subject_id=incident)[:1]
