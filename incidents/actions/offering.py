"""Pushed, not picked: an open incident is offered to one free operator, and to all when the deadline passes."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from incidents.models import Incident, Shift
from incidents.models.incident import HELD, State
from soc.core import events
from soc.core.models import Site, User
from soc.core.rights import Act, allows

# A console is heard of every two seconds; three missed beats and the operator gets no new incident.
PRESENT = timedelta(seconds=8)


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


def _present(at: datetime) -> QuerySet[Shift]:
    return Shift.objects.filter(ended_at__isnull=True, seen_at__gte=at - PRESENT, user__is_active=True)


def _free(at: datetime) -> list[Shift]:
    """The shifts of those who are present, hold nothing and have no offer; longest without an incident first."""
    holds = Incident.objects.filter(owner=OuterRef("user"), state__in=HELD)
    asked = Incident.objects.filter(offered_to=OuterRef("user"), state=State.OPEN)
    rows = _present(at).filter(~Exists(holds), ~Exists(asked))
    rows = rows.order_by(Coalesce("free_since", "started_at"), "user__username")
    return list(rows.select_related("user").prefetch_related("user__memberships"))


def may_handle(shift: Shift, site: Site) -> bool:
    scopes = {("organisation", site.organisation_id), ("customer", site.customer_id), ("site", site.pk)}
    return shift.organisation_id == site.organisation_id and any(
        allows(membership.role, Act.HANDLE) and membership.scope() in scopes
        for membership in shift.user.memberships.all()
    )


def free_operators(incident: Incident, *, at: datetime) -> list[User]:
    """Operators on shift and present, who may handle this site, hold nothing and have no other offer.

    First whoever handled this site last, then who has been without an incident for longest.
    """
    free = [shift.user for shift in _free(at) if may_handle(shift, incident.site)]
    if len(free) < 2:
        return free
    recent = at - timedelta(seconds=settings.FOLD_WINDOW_S)
    here = Incident.objects.filter(site=incident.site_id, last_alert_at__gte=recent, owner__in=free)
    known = list(here.order_by("-claimed_at").values_list("owner", flat=True))
    return sorted(free, key=lambda user: known.index(user.pk) if user.pk in known else len(known))


def offer(incident: Incident, *, at: datetime) -> bool:
    """Offer a locked open incident to one free operator; False when there is none now (offer_waiting tries again)."""
    for user in free_operators(incident, at=at):
        # Two offers at once must not both choose this operator: whoever holds the shift's row chooses, and looks again.
        shift = Shift.objects.select_for_update(skip_locked=True, no_key=True).filter(user=user, ended_at__isnull=True)
        if shift.first() is None:
            continue
        if Incident.objects.unclaimed().filter(offered_to=user).exists() or Incident.objects.held_by(user).exists():
            continue
        incident.offered_to, incident.offered_at = user, at
        incident.save(update_fields=["offered_to", "offered_at"])
        events.record("incident.offered", incident, by=None, at=at, to=user.pk)
        return True
    return False


def offer_waiting(at: datetime) -> int:
    """Offer what waits, most urgent first; take back offers to people who have gone or took another. Returns how many moved.

    Runs every 250 ms: one query when nothing waits, three when nobody is free, however much waits.
    """
    there = _present(at).filter(user=OuterRef("offered_to"))
    holds = Incident.objects.filter(owner=OuterRef("offered_to"), state__in=HELD)
    unasked = Q(offered_to__isnull=True) | ~Exists(there) | Exists(holds)
    waiting = Incident.objects.unclaimed().filter(unasked, escalation=0)
    rows = list(waiting.select_related("site").by_urgency())
    free = _free(at) if rows else []
    moved = 0
    for row in rows:
        if row.offered_to_id is None and not any(may_handle(shift, row.site) for shift in free):
            continue
        with transaction.atomic():
            locked = waiting.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
            incident = locked.filter(pk=row.pk).first()
            if incident is None:
                continue  # another spine has it, or it was claimed
            if offer(incident, at=at):
                free = [shift for shift in free if shift.user_id != incident.offered_to_id]
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
