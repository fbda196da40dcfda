"""Pushed, not picked: an open incident is offered to one free operator, and to all when the deadline passes."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q

from incidents.models import Incident, Shift
from incidents.models.incident import HELD, State
from soc.core import events
from soc.core.models import Membership, User
from soc.core.rights import MATRIX, Act

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


def free_operators(incident: Incident, *, at: datetime) -> list[User]:
    """Operators on shift and present, who may handle this site, hold nothing and have no other offer.

    First whoever handled this site last, then who has been without an incident for longest.
    """
    site = incident.site
    rights = Membership.objects.filter(
        Q(organisation=site.organisation_id) | Q(customer=site.customer_id) | Q(site=site.pk),
        role__in=MATRIX[Act.HANDLE],
    )
    busy = Incident.objects.filter(Q(state__in=HELD, owner__isnull=False)).values("owner")
    asked = (
        Incident.objects.filter(state=State.OPEN, offered_to__isnull=False).exclude(pk=incident.pk).values("offered_to")
    )
    rows = (
        User.objects.filter(
            is_active=True,
            pk__in=rights.values("user"),
            shifts__ended_at__isnull=True,
            shifts__seen_at__gte=at - PRESENT,
            shifts__organisation=site.organisation_id,
        )
        .exclude(pk__in=busy)
        .exclude(pk__in=asked)
        .annotate(
            last=Max("incidents__claimed_at"),
            here=Max("incidents__claimed_at", filter=Q(incidents__site=site)),
        )
    )
    recent = at - timedelta(seconds=settings.FOLD_WINDOW_S)
    return sorted(
        rows,
        key=lambda user: (
            -(user.here.timestamp() if user.here and user.here >= recent else 0),
            user.last.timestamp() if user.last else 0,
            user.username,
        ),
    )


def offer(incident: Incident, *, at: datetime) -> bool:
    """Offer a locked open incident to one free operator; False when there is none now (offer_waiting tries again)."""
    for user in free_operators(incident, at=at):
        # Two offers at once must not both choose this operator: whoever holds the shift's row chooses.
        if not Shift.objects.select_for_update(skip_locked=True).filter(user=user, ended_at__isnull=True).exists():
            continue
        if Incident.objects.filter(state=State.OPEN, offered_to=user).exclude(pk=incident.pk).exists():
            continue
        if Incident.objects.held_by(user).exists():
            continue
        incident.offered_to, incident.offered_at = user, at
        incident.save(update_fields=["offered_to", "offered_at"])
        events.record("incident.offered", incident, by=None, at=at, to=user.pk)
        return True
    return False


def offer_waiting(at: datetime) -> int:
    """Offer what waits, most urgent first; take back offers to people who are no longer there."""
    gone = Shift.objects.filter(ended_at__isnull=True, seen_at__gte=at - PRESENT).values("user")
    waiting = Incident.objects.unclaimed().filter(escalation=0)
    lost = waiting.filter(offered_to__isnull=False).exclude(offered_to__in=gone)
    offered = 0
    for pk in [
        *lost.values_list("pk", flat=True),
        *waiting.filter(offered_to=None).by_urgency().values_list("pk", flat=True),
    ]:
        with transaction.atomic():
            incident = (
                Incident.objects.select_for_update(skip_locked=True, of=("self",)).select_related("site").unclaimed()
                .filter(pk=pk, escalation=0).first()
            )  # fmt: skip
            if incident is None:
                continue
            if incident.offered_to_id is not None and not _absent(incident.offered_to_id, at):
                continue
            had = incident.offered_to_id
            if not offer(incident, at=at) and had is not None:
                incident.offered_to = incident.offered_at = None
                incident.save(update_fields=["offered_to", "offered_at"])
            offered += 1
    return offered


def _absent(user_id: object, at: datetime) -> bool:
    return not Shift.objects.filter(user=user_id, ended_at__isnull=True, seen_at__gte=at - PRESENT).exists()
