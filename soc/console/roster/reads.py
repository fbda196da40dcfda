"""What the roster's page shows, gathered. Days and hours are those of the centre's clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from incidents import roster
from incidents.actions.rostering import people
from incidents.models import RosterEntry
from soc.console.centres import centres, whole
from soc.console.times import centre_zone
from soc.core.models import Organisation, User
from soc.core.rights import Act

Duty = RosterEntry.Duty


@dataclass(frozen=True)
class Shown:
    """An entry in one day of the week; `since` and `until` within that day. `may`: it can still be struck off."""

    entry: RosterEntry
    since: datetime
    until: datetime
    now: bool
    may: bool


@dataclass(frozen=True)
class Day:
    """`rows`: by duty. `gaps`: the times of the day that are still to come in which nobody has a duty."""

    day: date
    today: bool
    rows: list[tuple[str, str, list[Shown]]]
    gaps: list[roster.Gap]


def week(user: User, organisation: Organisation, asked: str, *, at: datetime) -> dict[str, Any]:
    """One week from Monday; `asked` is any day of it as ISO, else this week."""
    zone = centre_zone(organisation)
    today = at.astimezone(zone).date()
    monday = _monday(asked, today)
    days = [monday + timedelta(days=n) for n in range(7)]
    bounds = [datetime.combine(day, time(0), zone) for day in (*days, days[-1] + timedelta(days=1))]
    entries = list(roster.entries(organisation, bounds[0], bounds[-1]))
    may = whole(user, organisation, Act.ASSIGN)
    on_call = roster.on_call(organisation, at)
    return {
        "organisation": organisation,
        "centres": centres(user, Act.CONSOLE),
        "zone": zone,
        "zone_name": str(zone),
        "at": at,
        "monday": monday,
        "before": monday - timedelta(days=7),
        "after": monday + timedelta(days=7),
        "days": [_day(day, *span, entries, today, at, may) for day, span in zip(days, pairwise(bounds), strict=True)],
        "on_call": on_call,
        "paged": [one for one in on_call if one.phone] or [one for one in roster.leads(organisation) if one.phone],
        "instead": not any(one.phone for one in on_call),
        "may": may,
        "people": people(organisation) if may else [],
        "duties": Duty.choices,
    }


def _day(
    day: date, since: datetime, until: datetime, entries: list[RosterEntry], today: date, at: datetime, may: bool
) -> Day:
    here = [one for one in entries if one.starts_at < until and one.ends_at > since]
    rows = []
    for duty, label in Duty.choices:
        rows.append((duty, str(label), [_shown(one, since, until, at, may) for one in here if one.duty == duty]))
    ahead = max(since, at)
    gaps = [gap for duty in Duty.values for gap in roster.gaps(here, duty, ahead, until)] if ahead < until else []
    return Day(day, day == today, rows, gaps)


def _shown(one: RosterEntry, since: datetime, until: datetime, at: datetime, may: bool) -> Shown:
    now = one.starts_at <= at < one.ends_at
    return Shown(one, max(one.starts_at, since), min(one.ends_at, until), now, may and one.ends_at > at)


def _monday(asked: str, today: date) -> date:
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = today
    if not abs(day - today) < timedelta(days=4000):
        day = today
    return day - timedelta(days=day.weekday())
