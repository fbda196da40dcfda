"""A quiet incident: nothing is heard or seen at the site until a supervisor lifts that, for whoever holds it asks and cannot know
who stands beside whom. A new alarm of the kind makes it quiet again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.actions.locking import check_token, locked
from incidents.errors import Refused
from incidents.models import Incident, Note
from incidents.models.incident import State
from soc.core import approving, events
from soc.core.models import Approval, User
from soc.core.rights import Act

QUIET: Final = "quiet"


def ask_to_lift(incident_id: UUID, *, reason: str, token: int, by: User, at: datetime) -> Approval:
    """Ask a supervisor to let something be heard and seen there, for whoever holds it.

    Raises Refused: `quiet` (it is not), `reason`, `asked`, Stale; Incident.DoesNotExist.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        _still_quiet(incident)
        data = {"incident": str(incident.pk)}
        try:
            approval = approving.ask(
                QUIET, of=incident.site, about=str(incident.pk), data=data, reason=reason, by=by, at=at
            )
        except approving.Refused as refused:
            raise Refused(refused.code, refused.message) from refused
        events.record("incident.quiet_asked", incident, by=by, at=at, approval=approval.pk)
    return approval


def lift_quiet(incident_id: UUID, *, reason: str, by: User, at: datetime) -> Incident:
    """From now on the voice, a light and a siren may be used there; why stands among its notes.

    Raises Refused `reason`, `quiet`; Incident.DoesNotExist.
    """
    reason = " ".join(reason.split())
    if not approving.LEAST <= len(reason) <= approving.LONGEST:
        raise Refused("reason", _("Say why in a few words (3 to 240 characters)."))
    with transaction.atomic():
        incident = _lift(incident_id, by=by, at=at)
        Note(site=incident.site, incident=incident, text=reason, by=by, at=at).save()
    return incident


def _lift(incident_id: UUID, *, by: User, at: datetime) -> Incident:
    """In the caller's transaction."""
    incident = locked(incident_id, by=by, act=Act.LIFT_QUIET)
    _still_quiet(incident)
    incident.quiet_lifted_at = at
    incident.save(update_fields=["quiet_lifted_at"])
    events.record("incident.quiet_lifted", incident, by=by, at=at)
    return incident


def _still_quiet(incident: Incident) -> None:
    if not incident.hushed or incident.state == State.CLOSED:
        raise Refused("quiet", _("It is not silent: it may be spoken to."))


def _granted(approval: Approval, by: User, at: datetime) -> None:
    _lift(UUID(approval.data["incident"]), by=by, at=at)


def _refused(approval: Approval, by: User, at: datetime) -> None:
    incident = locked(UUID(approval.data["incident"]))
    events.record("incident.quiet_kept", incident, by=by, at=at, approval=approval.pk)


def register() -> None:
    """When the app is ready."""
    wait = timedelta(seconds=settings.APPROVAL_WAIT_S[QUIET])
    approving.register(QUIET, approving.Kind(Act.HANDLE, Act.LIFT_QUIET, wait, _granted, _refused))
