"""A supervisor looks over somebody's shoulder: read only, told to nobody at the desks, and kept in the record."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from incidents.models import Incident, Looking
from soc.core import events
from soc.core.models import User
from soc.core.rights import Act

# Whoever looked away for so long and looks again watches anew.
AGAIN: Final = timedelta(seconds=60)


def watch(incident_id: UUID, *, by: User, at: datetime) -> Incident:
    """Begin a silent watch, recorded once however long it lasts. Raises Incident.DoesNotExist where `by` has no wall over it."""
    with transaction.atomic():
        incident: Incident = Incident.objects.visible_to(by, Act.WALL).select_related("site").get(pk=incident_id)
        known = Looking.objects.select_for_update(no_key=True).filter(incident=incident, user=by).first()
        if known is not None and known.silent and known.seen_at > at - AGAIN:
            return incident
        facts = {"since": at, "seen_at": at, "silent": True}
        Looking.objects.update_or_create(incident=incident, user=by, defaults=facts)
        events.record("incident.watched", incident, by=by, at=at)
    return incident
