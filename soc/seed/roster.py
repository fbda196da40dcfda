"""The demonstration's roster: two operators who take turns, and a supervisor who leads and is on call."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from incidents.models import RosterEntry
from soc.core.models import Organisation, User

DAYS: Final = 14
TURN: Final = timedelta(hours=12)
ON_CALL_PHONE: Final = "+441632960090"  # of the numbers kept for fiction
Duty = RosterEntry.Duty


def put_roster(organisation: Organisation, *, operators: tuple[str, str], lead: str, at: datetime) -> None:
    """Two weeks from the day before, where nobody has written a roster of this centre for a time that is still to come."""
    if RosterEntry.objects.filter(organisation=organisation, ends_at__gt=at).exists():
        return
    people = {user.username: user for user in User.objects.filter(username__in=(*operators, lead))}
    leader = people[lead]
    if not leader.phone:
        leader.phone = ON_CALL_PHONE
        leader.save(update_fields=["phone"])
    begins = at.replace(hour=6, minute=0, second=0, microsecond=0) - timedelta(days=1)
    rows = []
    for number in range(2 * DAYS):
        span = {"starts_at": begins + number * TURN, "ends_at": begins + (number + 1) * TURN}
        rows.append((people[operators[number % 2]], Duty.OPERATOR, span))
        rows.append((leader, Duty.LEAD, span))
    for week in (0, 7):
        since = begins + timedelta(days=week)
        rows.append((leader, Duty.ON_CALL, {"starts_at": since, "ends_at": since + timedelta(days=7)}))
    RosterEntry.objects.bulk_create(
        RosterEntry(organisation=organisation, user=user, duty=duty, by=leader, at=at, **span)
        for user, duty, span in rows
    )
