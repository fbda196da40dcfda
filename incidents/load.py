"""How much each operator was given: incidents claimed in windows of ten minutes, as EEMUA 191 counts alarms."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from incidents.models import Shift
from soc.core.models import Event, Organisation, Site

WINDOW: Final = timedelta(minutes=10)
LONG: Final = 3  # so many windows in a row at the line are a flood as well
# Whoever got an incident, by whichever way, has it to handle.
GOT: Final = ("incident.claimed", "incident.taken_over", "incident.reassigned")


def windows(
    organisation: Organisation, at: datetime, n: int = 6, *, sites: QuerySet[Site] | None = None
) -> dict[UUID, list[int]]:
    """Everyone on shift, by id: how many incidents came to them in each of the last `n` windows of ten minutes, oldest first; of
    these sites alone, where they are given."""
    on_shift = Shift.objects.filter(organisation=organisation, ended_at__isnull=True).values_list("user", flat=True)
    return _counted({user: [0] * n for user in on_shift}, organisation.pk, at, sites)


def _counted(
    found: dict[UUID, list[int]], organisation_id: UUID, at: datetime, sites: QuerySet[Site] | None = None
) -> dict[UUID, list[int]]:
    n = len(next(iter(found.values()), []))
    if not found:
        return found
    rows = Event.objects.filter(organisation=organisation_id, kind__in=GOT, at__gt=at - n * WINDOW, at__lte=at)
    if sites is not None:
        rows = rows.filter(site__in=sites.order_by().values("pk"))
    for kind, by, to, when in rows.values_list("kind", "by", "data__to", "at"):
        user = UUID(to) if kind == "incident.reassigned" else by
        if user in found:
            found[user][n - 1 - (at - when) // WINDOW] += 1
    return found


def full(organisation_id: UUID, users: Collection[UUID], at: datetime) -> set[UUID]:
    """Of these, for whom one more would be too much: who was given LOAD_LINE or more in the last window."""
    counted = _counted({user: [0] for user in users}, organisation_id, at)
    return {user for user, counts in counted.items() if counts[-1] >= settings.LOAD_LINE}


def over(counted: Mapping[UUID, list[int]]) -> set[UUID]:
    """Who was given too much: more than LOAD_LINE in the last window, or as much as that in each of the last three."""
    line = settings.LOAD_LINE
    return {user for user, counts in counted.items() if counts[-1] > line or min(counts[-LONG:]) >= line}
