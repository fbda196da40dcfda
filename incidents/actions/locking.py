"""How every verb begins: the row locked, the right checked, the token compared."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django_fsm import TransitionNotAllowed, can_proceed

from incidents.errors import Refused, Stale
from incidents.models import Incident
from soc.core.models import User
from soc.core.prepared import prepared
from soc.core.rights import Act


def locked(incident_id: UUID, *, by: User | None = None, act: Act = Act.HANDLE) -> Incident:
    """The incident under its row lock. Raises Incident.DoesNotExist where `by` may not `act`: as if it were not there.

    The owner is not joined: who has waited for the lock is given the row as it is now, but joined rows as they were.
    NO KEY: rows that refer to the incident (alerts, attempts) are written beside a verb, and never wait in a circle.
    """
    found = _locked(incident_id) if by is None else _locked_by(by, act, incident_id)
    if not found:
        raise Incident.DoesNotExist(f"no incident {incident_id} here")
    return found[0]


def _under_lock() -> Any:
    return Incident.objects.select_for_update(of=("self",), no_key=True).select_related("site")


@prepared
def _locked(pk: UUID) -> QuerySet[Incident]:
    return _under_lock().filter(pk=pk)


@prepared
def _locked_by(user: User, act: Act, pk: UUID) -> QuerySet[Incident]:
    return _under_lock().visible_to(user, act).filter(pk=pk)


def check_token(incident: Incident, token: int, by: User) -> None:
    """The fencing token of a claim. Raises Stale when the incident has moved on since the page was made."""
    if incident.owner_id != by.pk:
        raise Stale(incident.owner.sign if incident.owner else "")
    if incident.token != token:
        raise Stale("")


def gone_on(incident: Incident, by: User) -> Stale:
    """What is raised where somebody has gone on from what `by` did last."""
    return Stale(incident.owner.sign if incident.owner and incident.owner_id != by.pk else "")


def move(transition: Any, **values: Any) -> None:
    """Run a transition; one that the state does not allow is refused in words."""
    if not can_proceed(transition, check_conditions=False):
        incident = transition.__self__
        raise Refused(
            "state",
            _("Not possible while the incident is %(state)s.") % {"state": incident.get_state_display()},
        )
    try:
        transition(**values)
    except TransitionNotAllowed as error:  # between the check and the call nothing can change: the row is locked
        raise Refused("state", str(error)) from error
