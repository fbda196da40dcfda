"""A policy over what was stored: `replay` reads the candidates of sites and counts whose verdict would be another one.

One process reads with a cursor on the server and keeps no row: its memory is the same for a hundred candidates and for a
million. Several sites may be shared out over several processes; the candidates of one site belong together.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from cameras.actions.policies import readable
from cameras.context.policy import Policy as Read
from cameras.models import EXERCISES, Candidate, Policy
from cameras.replaying.again import Row, again
from cameras.replaying.counts import Change, Result
from soc.core.models import Site

# Read before the time that is counted, so that what was cooling down or running away when it began does so again.
WARM: Final = timedelta(days=1)
ROWS_AT_ONCE: Final = 2000
CHANGES_AT_ONCE: Final = 500
TOLD_EVERY: Final = 5000

Progress = Callable[[int, int], None]
Changed = Callable[[list[Change]], None]

COLUMNS: Final = (
    "id::text, ordinal, decision, priority, facts::text, context::text, policy_id::text, stayed_s"  # as `Row` has them
)
FROM: Final = (
    " FROM cameras_candidate WHERE site_id = %s AND ordinal IS NOT NULL AND facts ? 'category'"
    " AND source NOT IN ('audit', 'drill') AND captured_at >= %s AND captured_at < %s"
)

ORDERED: Final = Q(ordinal__isnull=False, facts__has_key="category")


def replay(
    site_ids: Collection[UUID],
    *,
    since: datetime,
    until: datetime,
    body_of: Mapping[UUID, Read],
    on_progress: Progress | None = None,
    on_changed: Changed | None = None,
) -> Result:
    """Judge what was captured from `since` to before `until` by `body_of[site]`, and compare with the stored verdicts.

    A site without a policy in `body_of` is judged by the version that each candidate was judged by: what comes out is what
    was. on_progress(done, of) is told every few thousand; on_changed gets every change, some hundred at a time, in order.
    What the blind audit put there is not read; what was judged before policies had versions is skipped and counted.
    """
    began = time.monotonic()
    sites = {site.pk: site for site in Site.objects.filter(pk__in=site_ids)}
    result = Result(skipped=_skipped(sites, since, until))
    total = _within(sites, since, until).count() if on_progress else 0
    for site in sites.values():
        _one_site(site, since, until, body_of.get(site.pk), result, partial(_tell, on_progress, total), on_changed)
    _tell(on_progress, total, result.candidates)
    result.seconds = time.monotonic() - began
    return result


def rows_of(site_id: UUID, *, since: datetime, until: datetime) -> Iterator[Row]:
    """The stored candidates of a site in the order in which they were judged, a few at a time."""
    # A cursor without a transaction would have the server write its whole answer to a file first.
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(f"SELECT {COLUMNS}{FROM} ORDER BY ordinal", [site_id, since, until])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield from rows


class Versions:
    """The versions that candidates of one site were judged by, each read once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.known: dict[str | None, Read] = {None: readable(None, site)}

    def of(self, row: Row) -> Read:
        version = self.known.get(row[6])
        if version is None:
            version = self.known[row[6]] = readable(Policy.objects.get(pk=str(row[6]), site=self.site), self.site)
        return version


def _one_site(
    site: Site,
    since: datetime,
    until: datetime,
    policy: Read | None,
    result: Result,
    tell: Callable[[int], None],
    on_changed: Changed | None,
) -> None:
    record, zone = Versions(site).of, site.zone_info
    wanted = record if policy is None else lambda row: policy
    changes: list[Change] = []
    for row, facts, _context, verdict in again(
        rows_of(site.pk, since=since - WARM, until=until), wanted, of_record=record
    ):
        if facts.at < since:
            continue
        result.candidates += 1
        if not result.candidates % TOLD_EVERY:
            tell(result.candidates)
        if verdict.decision == row[2] and (verdict.priority == row[3] or verdict.decision != "raise"):
            continue
        result.note(facts.at.astimezone(zone).date(), row[2], verdict.decision)
        if on_changed and verdict.decision != row[2]:
            changes.append(Change(UUID(row[0]), site.pk, facts.at, facts.category, row[2], verdict.decision))
            if len(changes) >= CHANGES_AT_ONCE:
                on_changed(changes)
                changes = []
    if on_changed and changes:
        on_changed(changes)


def _within(sites: Collection[UUID], since: datetime, until: datetime) -> QuerySet[Candidate]:
    """What is judged again."""
    return _noticed(sites, since, until).filter(ORDERED)


def _skipped(sites: Collection[UUID], since: datetime, until: datetime) -> int:
    return _noticed(sites, since, until).exclude(ORDERED).count()


def _noticed(sites: Collection[UUID], since: datetime, until: datetime) -> QuerySet[Candidate]:
    rows = Candidate.objects.filter(site_id__in=list(sites), captured_at__gte=since, captured_at__lt=until)
    return rows.exclude(source__in=EXERCISES)


def _tell(on_progress: Progress | None, total: int, done: int) -> None:
    if on_progress is not None:
        on_progress(done, total)
