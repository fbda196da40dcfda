"""Who is asked: of those at a desk, awake and free, whoever knows the site, and whoever has been given less."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from incidents import load
from incidents.models import Incident, Shift
from incidents.models.incident import HELD, State
from soc.core.models import Site, User
from soc.core.rights import Act, allows

# A console is heard of every two seconds; three missed beats and the operator gets no new incident.
PRESENT: Final = timedelta(seconds=8)
URGENT: Final = 1


@dataclass
class Seat:
    """Somebody at a desk who may be asked something. `sites`: of the incidents that they hold; `asked`: has an offer."""

    shift: Shift
    sites: set[UUID] = field(default_factory=set)
    asked: bool = False
    awake: bool = True

    @property
    def user(self) -> User:
        return self.shift.user

    def free_for(self, site_id: UUID) -> bool:
        """Without an incident; or busy at this very site and nowhere else, so that what follows there is theirs."""
        return not self.asked and self.sites <= {site_id}


def present(at: datetime) -> QuerySet[Shift]:
    """The shifts of those whom something may be offered to: heard of lately, not on a break, and not silent when asked
    whether they are there."""
    there = Shift.objects.filter(ended_at__isnull=True, seen_at__gte=at - PRESENT, user__is_active=True)
    return there.filter(break_until__isnull=True, silent_at__isnull=True)


def seats(at: datetime) -> list[Seat]:
    """Everybody present; longest without an incident first. Two queries, one where nobody is."""
    held = Incident.objects.filter(owner=OuterRef("user"), state__in=HELD).values("site")
    offered = Incident.objects.filter(offered_to=OuterRef("user"), state=State.OPEN)
    rows = present(at).annotate(sites=ArraySubquery(held), asked=Exists(offered))
    rows = rows.order_by(Coalesce("free_since", "started_at"), "user__username")
    asleep = at - timedelta(seconds=settings.ASLEEP_S)
    return [
        Seat(shift, set(shift.sites), shift.asked, awake=shift.awake_at is None or shift.awake_at > asleep)
        for shift in rows.select_related("user").prefetch_related("user__memberships")
    ]


def may_handle(shift: Shift, site: Site) -> bool:
    scopes = {("organisation", site.organisation_id), ("customer", site.customer_id), ("site", site.pk)}
    return shift.organisation_id == site.organisation_id and any(
        allows(membership.role, Act.HANDLE) and membership.scope() in scopes
        for membership in shift.user.memberships.all()
    )


def free_seats(site: Site, among: list[Seat]) -> list[Seat]:
    """Who is free for an incident there: of those awake, or where all of them sleep, of those. Asks the database nothing."""
    if not any(seat.free_for(site.pk) for seat in among):
        return []
    here = [seat for seat in among if may_handle(seat.shift, site)]
    awake = [seat for seat in here if seat.awake]
    return [seat for seat in awake or here if seat.free_for(site.pk)]


def choose(incident: Incident, among: list[Seat], *, at: datetime) -> list[Seat]:
    """Who may be asked now, in this order:

    1. Whoever holds another incident of this site and nothing else: what follows belongs to them.
    2. Whoever handled this site last.
    3. Whoever has been without an incident for longest.

    Whoever sleeps is asked only where nobody awake is at a desk for this site. Whoever was given as much as is taken well is
    passed over while somebody else is free, but for what is urgent.
    """
    free = free_seats(incident.site, among)
    if len(free) < 2:
        return free
    if incident.priority > URGENT:
        much = load.full(incident.organisation_id, {seat.user.pk for seat in free}, at)
        free = [seat for seat in free if seat.user.pk not in much] or free
    recent = at - timedelta(seconds=settings.FOLD_WINDOW_S)
    handled = Incident.objects.filter(
        site=incident.site_id, last_alert_at__gte=recent, owner__in=[seat.user for seat in free]
    )
    known = list(handled.order_by("-claimed_at").values_list("owner", flat=True))
    order = {user: place for place, user in reversed(list(enumerate(known)))}
    return sorted(free, key=lambda seat: (not seat.sites, order.get(seat.user.pk, len(known))))
