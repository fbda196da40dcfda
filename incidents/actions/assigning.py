"""A supervisor gives an incident to somebody at a desk."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.actions.choosing import present
from incidents.actions.locking import locked, move
from incidents.actions.shifts import hold_desks, now_free
from incidents.errors import Refused
from incidents.models import Incident, Note
from incidents.models.incident import HELD
from soc.core import events
from soc.core.models import User
from soc.core.rights import Act


def reassign(incident_id: UUID, *, to: User, reason: str, by: User, at: datetime) -> Incident:
    """Make `to` the owner, whoever it was before: the same state where somebody held it, else claimed; a new token; the reason
    is kept as a note.

    Raises Incident.DoesNotExist where `by` may not assign; Refused: `reason`, `long`, `role` (they may not handle this site),
    `away` (not on shift, on a break, or not there), `state` (closed).
    """
    reason = reason.strip()
    if not reason:
        raise Refused("reason", _("Say why."))
    if len(reason) > 400:
        raise Refused("long", _("A reason has at most 400 characters."))
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.ASSIGN)
        if not to.may(Act.HANDLE, incident.site):
            raise Refused("role", _("%(sign)s may not handle incidents of this site.") % {"sign": to.sign})
        before = incident.owner_id
        if incident.state in HELD and before == to.pk:
            return incident
        hold_desks(*(user for user in (to.pk, before) if user is not None))
        if not present(at).filter(user=to, organisation=incident.organisation_id).exists():
            raise Refused("away", _("%(sign)s is not at a desk now.") % {"sign": to.sign})
        if incident.state in HELD:
            incident.owner = to
            incident.token += 1
            incident.absent_since = incident.oncall_by = None
        else:
            move(incident.claim, by=to, at=at)
        if not incident.verdict:
            incident.verdict_by = at + timedelta(seconds=settings.VERDICT_S[incident.priority - 1])
        incident.save()
        note = Note(site=incident.site, incident=incident, text=reason, by=by, at=at)
        note.save()
        facts = {"to": to.pk, "before": before, "token": incident.token, "note": note.pk}
        events.record("incident.reassigned", incident, by=by, at=at, **facts)
        if before is not None:
            now_free(before, at=at)
    return incident
