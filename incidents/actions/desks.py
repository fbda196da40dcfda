"""Who sits at a console, awake, and what they look at: told with every beat of their pages."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Case, F, Q, QuerySet, Value, When

from incidents.actions.watching import AGAIN, watch
from incidents.models import Desk, Incident, Looking, Shift
from soc.core.models import User
from soc.core.prepared import prepared
from soc.core.rights import Act

# A page is heard of every two seconds: whatever was written less than this ago is as good as now.
FRESH = timedelta(seconds=1.5)
# Three missed beats, and nobody looks any more.
LOOKS = timedelta(seconds=8)


def seen(
    user_id: UUID,
    *,
    at: datetime,
    visible: bool = True,
    active: bool = False,
    looking: UUID | None = None,
    silent: bool = False,
) -> None:
    """The console's heartbeat. Written at most every two seconds per person, however many pages are open.

    `visible`: the page is in sight. `active`: a key or a press since the last beat. `looking`: the incident that is open on it,
    `silent`: without colleagues being told.
    """
    _here(user_id, at=at, visible=visible, active=active)
    if looking is not None and visible:
        _look(user_id, looking, at=at, silent=silent)


def _here(user_id: UUID, *, at: datetime, visible: bool, active: bool) -> None:
    shift = Shift.objects.filter(user=user_id, ended_at__isnull=True)
    stale, values = _aged("seen_at", at), {"seen_at": at}
    if visible:
        stale, values = stale | _aged("awake_at", at), values | {"awake_at": at}
    if active:
        stale, values = stale | _aged("active_at", at), values | {"active_at": at}
    if shift.filter(stale).update(**values) or shift.exists():
        return
    stale = _aged("seen_at", at) | (_aged("awake_at", at) if visible else Q())
    values.pop("active_at", None)  # only who is on shift is asked whether they are there
    if not Desk.objects.filter(stale, user=user_id).update(**values):
        Desk.objects.get_or_create(user_id=user_id, defaults=values)


def _aged(column: str, at: datetime) -> Q:
    return Q(**{f"{column}__isnull": True}) | Q(**{f"{column}__lt": at - FRESH})


def _look(user_id: UUID, incident_id: UUID, *, at: datetime, silent: bool) -> None:
    """That it is open on this person's screen; `since` begins anew where they had looked away. What they may not see counts
    for nothing, whatever their page says; nor does a page make a look silent: that is `watch`, which asks for the right and
    keeps it in the record. A page says only that a silent watch goes on; where none does it begins one, and whoever may not
    is seen to look like anybody.
    """
    row = Looking.objects.filter(incident=incident_id, user=user_id)
    if silent:
        goes_on = row.filter(silent=True, seen_at__gt=at - AGAIN)
        if goes_on.filter(seen_at__lt=at - FRESH).update(seen_at=at) or goes_on.exists():
            return
        user = User.objects.prefetch_related("memberships").get(pk=user_id)
        if Incident.objects.visible_to(user, Act.WALL).filter(pk=incident_id).exists():
            watch(incident_id, by=user, at=at)
            return
    since: Any = Case(When(seen_at__lt=at - LOOKS, then=Value(at)), default=F("since"))
    changed = Q(seen_at__lt=at - FRESH) | Q(silent=True)
    if row.filter(changed).update(seen_at=at, since=since, silent=False) or row.exists():
        return
    user = User.objects.prefetch_related("memberships").get(pk=user_id)
    if Incident.objects.visible_to(user, Act.CONSOLE).filter(pk=incident_id).exists():
        facts = {"since": at, "seen_at": at}
        Looking.objects.get_or_create(incident_id=incident_id, user_id=user_id, defaults=facts)


def lookers(incident: Incident, at: datetime) -> list[User]:
    """On whose screens it is open now, who opened it first comes first; without those who watch silently."""
    return [row.user for row in _looking(incident.pk, at - LOOKS)]


@prepared
def _looking(incident: UUID, since: datetime) -> QuerySet[Looking]:
    rows = Looking.objects.filter(incident=incident, silent=False, seen_at__gte=since)
    return rows.select_related("user").order_by("since", "user__username")
