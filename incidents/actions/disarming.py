"""A site that is disarmed while an incident goes on: that closes, mutes and downgrades nothing. The incident ends by a passcode
that somebody of the site gives, and by a look; or by a supervisor's word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cameras.actions.contacts import vouched
from cameras.categories import Family
from cameras.errors import Refused as NotVouched
from cameras.models import ArmChange, SiteContact
from incidents.actions.locking import check_token, locked
from incidents.errors import Refused
from incidents.models import Incident, Note
from soc.core import events
from soc.core.models import Event, User
from soc.core.prepared import prepared
from soc.core.rights import Act

IDENTIFIED: Final = "incident.identified"
LOOKED: Final = "incident.looked"
OVERRIDDEN: Final = "incident.disarm_overridden"
LONGEST: Final = 400


@dataclass(frozen=True)
class Disarmed:
    """The last disarm during an incident, and what was done about it since. `by`: whose passcode was given."""

    change: ArmChange
    identified: datetime | None
    by: SiteContact | None
    looked: datetime | None
    overridden: datetime | None

    @property
    def settled(self) -> bool:
        return self.overridden is not None or (self.identified is not None and self.looked is not None)


def disarmed(incident: Incident) -> Disarmed | None:
    """What somebody did to the site's arm state while the incident went on; None where nobody disarmed it.

    A site that is opened at its usual time asks nothing of a technical incident: that goes on through many days.
    """
    technical = incident.family == Family.TECHNICAL
    changes = _disarms(incident.site_id, incident.captured_at, incident.closed_at, technical)
    change = next(iter(changes), None)
    if change is None:
        return None
    kinds = (IDENTIFIED, LOOKED, OVERRIDDEN)
    done: dict[str, Event] = {}
    for event in Event.objects.filter(subject_id=incident.pk, kind__in=kinds, at__gte=change.at).order_by("id"):
        done[event.kind] = event
    known = done.get(IDENTIFIED)
    return Disarmed(
        change,
        identified=known.at if known else None,
        by=SiteContact.objects.filter(pk=known.data.get("contact")).first() if known else None,
        looked=done[LOOKED].at if LOOKED in done else None,
        overridden=done[OVERRIDDEN].at if OVERRIDDEN in done else None,
    )


@prepared
def _disarms(site: UUID, since: datetime, until: datetime | None, technical: bool) -> QuerySet[ArmChange]:
    rows = ArmChange.objects.filter(site=site, armed=False, undone_at=None, at__gte=since)
    if until is not None:
        rows = rows.filter(at__lte=until)
    if technical:
        rows = rows.filter(scheduled=False)
    return rows.select_related("by", "source").order_by("-at")[:1]


def guard(incident: Incident) -> list[str]:
    """What is still missing before it may be closed, in words. See `close_guards`."""
    found = disarmed(incident)
    if found is None or found.settled:
        return []
    missing = []
    if found.identified is None:
        missing.append(str(_("the passcode of somebody at the site, for it was disarmed meanwhile")))
    if found.looked is None:
        missing.append(str(_("a look at the site since it was disarmed")))
    return missing


def identify(
    incident_id: UUID, *, word: str, contact: UUID | None = None, token: int, by: User, at: datetime
) -> Incident:
    """The passcode that somebody gives, typed in. Whose it was is noted; never the word. A duress word answers alike.

    Raises Refused: `passcode`, `locked`, or Stale. To be called outside of a transaction (see `contacts.vouch`).
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
    try:
        whom = vouched(incident.site, word, by=by, at=at, contact=contact)
    except NotVouched as error:
        raise Refused(error.code, error.message) from error
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        words = {"name": whom.name, "role": whom.get_role_display()}
        _note(incident, str(_("Passcode given by %(name)s, %(role)s.") % words), by, at)
        events.record(IDENTIFIED, incident, by=by, at=at, contact=whom.pk)
    return incident


def look(incident_id: UUID, *, token: int, by: User, at: datetime) -> Incident:
    """The specialist says that they have looked at the site since it was disarmed."""
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        events.record(LOOKED, incident, by=by, at=at)
    return incident


def override_disarm(incident_id: UUID, *, reason: str, by: User, at: datetime) -> Incident:
    """A supervisor lets it end without passcode and look, and says why. Raises Refused `reason`; Incident.DoesNotExist."""
    reason = reason.strip()
    if not reason:
        raise Refused("reason", _("Say why."))
    if len(reason) > LONGEST:
        raise Refused("reason", _("A reason has at most %(most)s characters.") % {"most": LONGEST})
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.TAKE_OVER)
        if not by.may(Act.HANDLE, incident.site):
            raise Refused("role", _("Your role may not handle incidents."))
        _note(incident, str(_("Ends without passcode and look: %(reason)s") % {"reason": reason}), by, at)
        events.record(OVERRIDDEN, incident, by=by, at=at)
    return incident


def tell_incidents(change: ArmChange, *, at: datetime) -> int:
    """Write into every incident that goes on at the site that somebody armed or disarmed it, once for each. Says in how many."""
    told = 0
    going_on = Incident.objects.unfinished().filter(site=change.site_id, captured_at__lte=change.at)
    for pk in going_on.values_list("pk", flat=True):
        with transaction.atomic():
            incident = locked(pk)
            state = {"change": str(change.pk), "armed": change.armed, "undone": change.undone_at is not None}
            if Event.objects.filter(kind="incident.arm_changed", subject_id=pk, data=state).exists():
                continue
            events.record("incident.arm_changed", incident, by=change.by, at=at, **state)
            told += 1
    return told


def _note(incident: Incident, text: str, by: User, at: datetime) -> None:
    Note(site=incident.site, incident=incident, text=text, by=by, at=at).save()
