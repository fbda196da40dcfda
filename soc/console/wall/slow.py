"""What the wall shows of whole days and weeks: it changes slowly and costs more, so it is asked for once in a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.core.cache import cache
from django.db import connection
from django.urls import reverse

from incidents import causes as known
from incidents.causes import Cause
from incidents.funnel import began
from incidents.worth import Worth, worth
from soc.console.centres import whole
from soc.console.filter import words
from soc.console.filter.reads import sites_of
from soc.core.models import Organisation, Site, User
from soc.core.rights import Act

DAYS_OF_WORTH: Final = 30
DAYS_OF_CAUSES: Final = 7
MOST: Final = 4
FRESH_S: Final = 300
NIGHT: Final = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Needless:
    """A cause of needless alarms, with the change that would have stopped some of them; `suggested` is "" without one."""

    site: str
    place: str
    what: str
    number: int
    suggested: str
    href: str


@dataclass(frozen=True, slots=True)
class Most:
    """The most that waited at once in the last hours, and when."""

    n: int
    at: datetime


def slow(user: User, organisation: Organisation, *, at: datetime) -> dict[str, Any]:
    """Kept for FRESH_S per person and centre, for as long as their rights are the same: several walls of one person ask once."""
    held = sorted(f"{one.role}{one.scope()[1]}" for one in user.memberships.all())
    key = f"wall:slow:{user.pk}:{organisation.pk}:{sha256(''.join(held).encode()).hexdigest()}"
    found: dict[str, Any] | None = cache.get(key)
    if found is None:
        found = _gathered(user, organisation, at)
        cache.set(key, found, FRESH_S)
    return found


def _gathered(user: User, organisation: Organisation, at: datetime) -> dict[str, Any]:
    sites = [site for site in sites_of(user) if site.organisation_id == organisation.pk]
    found: Worth | None = None
    if sites:
        found, _each = worth(sites, since=at - timedelta(days=DAYS_OF_WORTH), until=at)
    # What waited in the whole centre is for whoever leads all of it.
    most = most_waiting(organisation.pk, at) if whole(user, organisation, Act.WALL) else None
    return {"worth": found, "needless": needless(sites, at=at), "most": most}


def needless(sites: list[Site], *, at: datetime) -> list[Needless]:
    """The most frequent causes of the week, one a site and zone, each with its best suggestion where it can be replayed soon."""
    found: list[Needless] = []
    seen: set[tuple[UUID, UUID | None]] = set()
    since = at - timedelta(days=DAYS_OF_CAUSES)
    for cause in known.causes(sites, since=since, until=at, most=MOST * 3):
        where = (cause.site.pk, cause.zone.pk if cause.zone else None)
        if where in seen or len(found) == MOST:
            continue
        seen.add(where)
        found.append(_needless(cause, at))
    return found


def _needless(cause: Cause, at: datetime) -> Needless:
    since = began(cause.site.zone_info, until=at, days=DAYS_OF_CAUSES)  # as the filter's page counts its days
    best = None
    if not known.too_many(cause.site, since=since, until=at):
        best = known.weighed(cause, since=since, until=at).best
    said = f"{words.suggested(best, cause)} {words.result(best)}" if best else ""
    zone, category, outcome = cause.key
    asked = urlencode({"zone": zone or "", "category": category, "outcome": outcome, "days": DAYS_OF_CAUSES})
    href = f"{reverse('console-filter-cause', args=[cause.site.pk])}?{asked}"
    return Needless(cause.site.name, words.place(cause), cause.outcome_label, cause.number, said, href)


def most_waiting(organisation: UUID, at: datetime) -> Most | None:
    """From the samples of the spine; None where nothing ever waited."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (data #>> ARRAY['waiting', %s])::int AS n, at FROM core_vitals"
            " WHERE at > %s AND data #>> ARRAY['waiting', %s] IS NOT NULL ORDER BY n DESC, at DESC LIMIT 1",
            [str(organisation), at - NIGHT, str(organisation)],
        )
        row = cursor.fetchone()
    return Most(*row) if row and row[0] else None
