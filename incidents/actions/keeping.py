"""Keeping an incident's pictures and videos beyond the site's days, and letting that end. Whoever asked for it is remembered."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.actions.locking import locked
from incidents.audit.guard import is_exercise
from incidents.errors import Refused
from incidents.models import Incident, Note
from incidents.models.incident import State
from soc.core import events
from soc.core.models import Site, User
from soc.core.rights import Act

LONGEST = 400


def hold(incident_id: UUID, *, reason: str, by: User, at: datetime) -> Incident:
    """Keep its evidence until the hold is lifted. Raises Refused: `reason`, or `state` where it is on hold already."""
    with transaction.atomic():
        incident = _alone(incident_id, by)
        reason = _reason(reason)
        if incident.state == State.CLOSED and is_exercise(incident.pk):
            raise Refused("exercise", _("This was an exercise of the audit: hold the incident that it was taken from."))
        if incident.hold_at is not None:
            raise Refused("state", _("This incident is on hold already."))
        incident.hold_at, incident.hold_by, incident.hold_reason = at, by, reason
        incident.save(update_fields=["hold_at", "hold_by", "hold_reason"])
        _note(incident, str(_("Put on hold: %(reason)s") % {"reason": reason}), by, at)
        events.record("incident.put_on_hold", incident, by=by, at=at)
    return incident


def lift_hold(incident_id: UUID, *, reason: str, by: User, at: datetime) -> Incident:
    """From now on the site's days count again, and what is older goes. Raises Refused: `reason`, `state`."""
    with transaction.atomic():
        incident = _alone(incident_id, by)
        reason = _reason(reason)
        if incident.hold_at is None:
            raise Refused("state", _("This incident is not on hold."))
        incident.hold_at, incident.hold_by, incident.hold_reason = None, None, ""
        incident.save(update_fields=["hold_at", "hold_by", "hold_reason"])
        _note(incident, str(_("Hold lifted: %(reason)s") % {"reason": reason}), by, at)
        events.record("incident.hold_lifted", incident, by=by, at=at)
    return incident


def _reason(said: str) -> str:
    said = said.strip()
    if not said:
        raise Refused("reason", _("Say why."))
    if len(said) > LONGEST:
        raise Refused("reason", _("A reason has at most %(most)s characters.") % {"most": LONGEST})
    return said


def _alone(incident_id: UUID, by: User) -> Incident:
    """The incident under its lock, and its site's, which retention takes too: it never erases what is just put on hold."""
    seen = Incident.objects.visible_to(by, Act.HOLD).values_list("site", flat=True).get(pk=incident_id)
    Site.objects.select_for_update(no_key=True).get(pk=seen)
    return locked(incident_id, by=by, act=Act.HOLD)


def _note(incident: Incident, text: str, by: User, at: datetime) -> None:
    Note(site=incident.site, incident=incident, text=text, by=by, at=at).save()
