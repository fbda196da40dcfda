"""Who is expected at the desk, leads, or is on call, and when nobody is. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from incidents.models import RosterEntry
from soc.core.models import Organisation, User
from soc.core.rights import MATRIX, Act, Role

Duty = RosterEntry.Duty


@dataclass(frozen=True, slots=True)
class Gap:
    """From `since` to `until` nobody has this duty."""

    duty: str
    since: datetime
    until: datetime


def entries(organisation: Organisation | UUID, since: datetime, until: datetime) -> QuerySet[RosterEntry]:
    """What of the roster lies between these instants, earliest first."""
    rows = RosterEntry.objects.filter(organisation=organisation, starts_at__lt=until, ends_at__gt=since)
    return rows.select_related("user", "by").order_by("starts_at", "user__username", "pk")


def on_duty(organisation: Organisation | UUID, at: datetime, duty: str) -> list[User]:
    """Who has this duty at that instant by the roster; each once, nobody who was deactivated."""
    rows = RosterEntry.objects.filter(organisation=organisation, duty=duty, starts_at__lte=at, ends_at__gt=at)
    found = rows.filter(user__is_active=True).select_related("user").order_by("starts_at", "user__username")
    return list({entry.user_id: entry.user for entry in found}.values())


def on_call(organisation: Organisation | UUID, at: datetime) -> list[User]:
    """Who is on call now."""
    return on_duty(organisation, at, Duty.ON_CALL)


def to_come(organisation: Organisation | UUID, at: datetime, duty: str) -> QuerySet[RosterEntry]:
    """Whose duty goes on or is still to come, the earliest first."""
    rows = RosterEntry.objects.filter(organisation=organisation, duty=duty, ends_at__gt=at)
    return rows.select_related("user").order_by("starts_at")


def leads(organisation: Organisation | UUID) -> list[User]:
    """Who may take over in the whole of a centre: its supervisors before its duty managers."""
    held = {"memberships__organisation": organisation, "memberships__role__in": MATRIX[Act.TAKE_OVER]}
    people = User.objects.filter(is_active=True, **held).distinct().order_by("username").prefetch_related("memberships")
    return sorted(people, key=lambda user: Role.SUPERVISOR not in {m.role for m in user.memberships.all()})


def gaps(found: Iterable[RosterEntry], duty: str, since: datetime, until: datetime) -> list[Gap]:
    """The times between two instants in which none of the entries has this duty."""
    spans = sorted((entry.starts_at, entry.ends_at) for entry in found if entry.duty == duty)
    missing, covered = [], since
    for starts_at, ends_at in spans:
        if starts_at > covered:
            missing.append(Gap(duty, covered, min(starts_at, until)))
        covered = max(covered, ends_at)
        if covered >= until:
            return missing
    return [*missing, Gap(duty, covered, until)]
