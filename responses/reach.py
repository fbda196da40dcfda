"""Who is rung where nobody claims, and what became of it when they were rung last. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from incidents.roster import leads, on_call
from responses.models import Attempt
from soc.core.models import User

MOST: Final = 3  # telephones that ring for one escalation


@dataclass(frozen=True, slots=True)
class Reach:
    """`rostered`: on call by the roster, else they lead and stand in. `rung_at`: when their telephone was rung last, if it ever
    was; `answered`: whether somebody took it then."""

    user: User
    rostered: bool
    rung_at: datetime | None
    answered: bool


def to_ring(organisation: UUID, *, at: datetime) -> list[User]:
    """Who is to be rung now, at most MOST: on call by the roster, else who leads. Only people with a telephone."""
    rostered = [user for user in on_call(organisation, at) if user.phone]
    return (rostered or [user for user in leads(organisation) if user.phone])[:MOST]


def reach(organisation: UUID, *, at: datetime) -> list[Reach]:
    """The same people with what is known of their telephones; none where nobody could be rung."""
    people = to_ring(organisation, at=at)
    rostered = {user.pk for user in on_call(organisation, at)}
    calls = Attempt.objects.filter(organisation=organisation, kind=Attempt.Kind.CALL, paged__in=people)
    last: dict[UUID | None, Attempt] = {}
    for call in calls.filter(placed_at__isnull=False).order_by("paged", "-placed_at").distinct("paged"):
        last[call.paged_id] = call
    return [_reach(user, last.get(user.pk), rostered=user.pk in rostered) for user in people]


def _reach(user: User, call: Attempt | None, *, rostered: bool) -> Reach:
    if call is None:
        return Reach(user, rostered, None, answered=False)
    return Reach(user, rostered, call.placed_at, call.answered_at is not None)
