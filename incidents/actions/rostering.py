"""The roster: who is expected at the desk, leads, or is on call. No entry is edited: it is struck off, and one written anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.errors import Refused
from incidents.models import RosterEntry
from soc.core import events
from soc.core.models import Organisation, User
from soc.core.rights import MATRIX, Act

Duty = RosterEntry.Duty
# At a desk at most so long at a stretch; on call from one evening to another.
LONGEST: Final = {Duty.OPERATOR: timedelta(hours=14), Duty.LEAD: timedelta(hours=14), Duty.ON_CALL: timedelta(days=14)}
AHEAD: Final = timedelta(days=400)
FITTING: Final = {Duty.OPERATOR: Act.HANDLE, Duty.LEAD: Act.TAKE_OVER, Duty.ON_CALL: Act.TAKE_OVER}


def people(organisation: Organisation, duty: str | None = None) -> list[User]:
    """Who may be put on the roster, for this duty or for any, by name."""
    acts = [FITTING[Duty(duty)]] if duty else list(FITTING.values())
    roles = frozenset().union(*(MATRIX[act] for act in acts))
    held = User.objects.filter(memberships__organisation=organisation, memberships__role__in=roles, is_active=True)
    return sorted(held.distinct(), key=lambda user: (user.sign.lower(), user.username))


def add_to_roster(
    organisation: Organisation, *, user: UUID, duty: str, starts_at: datetime, ends_at: datetime, by: User, at: datetime
) -> RosterEntry:
    """Raises Refused: `duty`, `user` (none whose role fits), `span` (ends before it begins, is over, too long or too far off),
    `overlap` (has this duty then already); Organisation.DoesNotExist where `by` may not."""
    _may(organisation.pk, by)
    if duty not in Duty.values:
        raise Refused("duty", _("Choose a duty."))
    whom = next((one for one in people(organisation, duty) if one.pk == user), None)
    if whom is None:
        raise Refused("user", _("Choose somebody whose role fits this duty."))
    if not starts_at < ends_at:
        raise Refused("span", _("The end must be after the beginning."))
    if ends_at <= at or starts_at > at + AHEAD:
        raise Refused("span", _("Choose a time that is not over and not more than a year off."))
    if ends_at - starts_at > LONGEST[Duty(duty)]:
        hours = int(LONGEST[Duty(duty)].total_seconds() // 3600)
        raise Refused("span", _("This duty lasts %(hours)s hours at most.") % {"hours": hours})
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        same = RosterEntry.objects.filter(organisation=organisation, user=whom, duty=duty)
        if same.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
            raise Refused("overlap", _("%(sign)s has this duty at that time already.") % {"sign": whom.sign})
        entry = RosterEntry.objects.create(
            organisation=organisation, user=whom, duty=duty, starts_at=starts_at, ends_at=ends_at, by=by, at=at
        )
        events.record("roster.added", entry, by=by, at=at, **_told(entry))
    return entry


def strike_off_roster(entry_id: UUID, *, by: User, at: datetime) -> None:
    """From now on this entry does not count: one that has begun ends now, and one to come is gone.

    Raises Refused `over`; RosterEntry.DoesNotExist where `by` may not.
    """
    with transaction.atomic():
        entry = RosterEntry.objects.select_for_update(of=("self",), no_key=True).get(pk=entry_id)
        try:
            _may(entry.organisation_id, by)
        except Organisation.DoesNotExist as error:
            raise RosterEntry.DoesNotExist from error
        if entry.ends_at <= at:
            raise Refused("over", _("This duty is over: the roster of the past stays as it was."))
        events.record("roster.struck", entry, by=by, at=at, **_told(entry))
        if entry.starts_at < at:
            entry.ends_at = at
            entry.save(update_fields=["ends_at"])
        else:
            entry.delete()


def _may(organisation_id: UUID, by: User) -> None:
    if not by.memberships.filter(organisation=organisation_id, role__in=MATRIX[Act.ASSIGN]).exists():
        raise Organisation.DoesNotExist(f"{by} may not write the roster of {organisation_id}")


def _told(entry: RosterEntry) -> dict[str, object]:
    span = {"starts_at": entry.starts_at.isoformat(), "ends_at": entry.ends_at.isoformat()}
    return {"user": entry.user_id, "duty": entry.duty, **span}
