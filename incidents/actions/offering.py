"""Pushed, not picked: an open incident is offered to one free operator, and to all when the deadline passes."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from incidents.actions.choosing import PRESENT, Seat, choose, free_seats, may_handle, present, seats
from incidents.models import Incident
from incidents.models.incident import HELD
from soc.core import events

__all__ = ["PRESENT", "hasten", "may_handle", "offer", "offer_waiting", "start_deadlines"]


def start_deadlines(incident: Incident, *, at: datetime) -> None:
    """Set who hears of it when nobody claims. Assigns fields; the caller saves."""
    rank = incident.priority - 1
    incident.claim_by = at + timedelta(seconds=settings.CLAIM_ALL_S[rank])
    incident.supervisor_by = at + timedelta(seconds=settings.CLAIM_SUPERVISOR_S[rank])
    incident.oncall_by = at + timedelta(seconds=settings.CLAIM_ONCALL_S[rank])
    incident.escalation = 0
    incident.offered_to = None
    incident.offered_at = None


def hasten(incident: Incident, *, at: datetime) -> None:
    """Start the shorter deadlines of a higher priority. None gets longer, and what has passed stays passed: an incident
    that everyone sees is not taken from them again. Assigns fields; the caller saves.
    """
    rank = incident.priority - 1
    for column, seconds in (
        ("claim_by", settings.CLAIM_ALL_S),
        ("supervisor_by", settings.CLAIM_SUPERVISOR_S),
        ("oncall_by", settings.CLAIM_ONCALL_S),
        ("verdict_by", settings.VERDICT_S),
    ):
        before = getattr(incident, column)
        if before is not None:
            setattr(incident, column, min(before, at + timedelta(seconds=seconds[rank])))


def offer(incident: Incident, *, at: datetime, among: list[Seat] | None = None) -> bool:
    """Offer a locked open incident to one operator; False when there is none now (offer_waiting tries again).

    `among`: who is at the desks, as read before; the one who is asked is marked there.
    """
    for seat in choose(incident, seats(at) if among is None else among, at=at):
        # Two offers at once must not both choose this operator: whoever holds the shift's row chooses, and looks again.
        shift = present(at).select_for_update(skip_locked=True, of=("self",), no_key=True).filter(pk=seat.shift.pk)
        if shift.first() is None:
            continue
        user = seat.user
        asked = Incident.objects.unclaimed().filter(offered_to=user)
        if asked.exists() or Incident.objects.held_by(user).exclude(site=incident.site_id).exists():
            continue
        incident.offered_to, incident.offered_at = user, at
        incident.save(update_fields=["offered_to", "offered_at"])
        events.record("incident.offered", incident, by=None, at=at, to=user.pk)
        seat.asked = True
        return True
    return False


def offer_waiting(at: datetime) -> int:
    """Offer what waits, most urgent first; take back offers to people who have gone or took another. Returns how many moved.

    Runs every 250 ms: one query when nothing waits, two when nobody is there, however much waits.
    """
    there = present(at).filter(user=OuterRef("offered_to"))
    busy = Incident.objects.filter(owner=OuterRef("offered_to"), state__in=HELD).exclude(site=OuterRef("site"))
    unasked = Q(offered_to__isnull=True) | ~Exists(there) | Exists(busy)
    waiting = Incident.objects.unclaimed().filter(unasked, escalation=0)
    rows = list(waiting.select_related("site").by_urgency())
    among = seats(at) if rows else []
    moved = 0
    for row in rows:
        if row.offered_to_id is None and not free_seats(row.site, among):
            continue
        with transaction.atomic():
            locked = waiting.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
            incident = locked.filter(pk=row.pk).first()
            if incident is None:
                continue  # another spine has it, or it was claimed
            if offer(incident, at=at, among=among):
                pass
            elif incident.offered_to_id is not None:
                _take_back(incident, at=at)
            else:
                continue
            moved += 1
    return moved


def _take_back(incident: Incident, *, at: datetime) -> None:
    """Nobody is asked now, so anybody may claim it: the screens are told."""
    incident.offered_to = incident.offered_at = None
    incident.save(update_fields=["offered_to", "offered_at"])
    events.record("incident.offered", incident, by=None, at=at, to=None)
