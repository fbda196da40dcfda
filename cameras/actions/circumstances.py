"""The circumstances that a thing noticed is judged in: what people did and said, as it was at that instant. From rows.

Nothing here depends on a policy: it is stored with the candidate, and other policies are tried on it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject

from cameras.context.clock_changes import border
from cameras.context.facts import Context, Dismissed, Expected, Facts, Muted, Toggle
from cameras.context.judge import SOMEBODY
from cameras.models import EXERCISES, AccessWindow, ArmChange, Candidate, Condition, Dismissal, Muting, Storm
from soc.core.models import Site

log = logging.getLogger(__name__)

TAMPERING = (Condition.Kind.BLINDED, Condition.Kind.MOVED, Condition.Kind.FROZEN)
TOLD_TAMPERING = ("blinded", "moved", "frozen", "site_lost")

# Dismissals are taken in from so long ago at most, and so many of one camera: a policy may ask for fewer.
DISMISSED_WITHIN: Final = timedelta(hours=2)
MOST_DISMISSED: Final = 64

DAY: Final = timedelta(days=1)
MIDNIGHT: Final = time(0)


def context_of(site: Site, facts: Facts) -> Context:
    """The external circumstances of `facts` at `facts.at`, frozen. One query tells the arm state by hand and what else there
    is, and only that is read: at most sites, most of the time, nothing. Writes nothing.
    """
    at = facts.at
    said, awaited, hushed, stormy = _there(site, at)
    tampering = last_tampering(site, at=at) if facts.category in SOMEBODY else None
    return Context(
        toggle=_toggle_said(said) if said else None,
        expected=tuple(expected(site, at=at)) if awaited else (),
        muted=tuple(muted(site, at=at)) if hushed else (),
        storm_until=storm_until(site, at=at) if stormy else None,
        tampered_at=tampering[0] if tampering else None,
        tamper_kind=tampering[1] if tampering else "",
        dismissed=tuple(dismissed(site, facts)) if facts.camera else (),
    )


SiteRef = Site | OuterRef
A_SITE, A_TIME = UUID(int=0), datetime(1970, 1, 1, tzinfo=UTC)


@cache
def _question() -> tuple[str, tuple[Any, ...]]:
    """What `_there` asks, as SQL, with its values for A_SITE and A_TIME. Made once: to make it costs more than to answer it."""
    here: SiteRef = OuterRef("pk")
    by_hand = _toggles(here, A_TIME).values(said=JSONObject(armed="armed", at="at", until="until", how="how"))[:1]
    rows = Site.objects.filter(pk=A_SITE).values_list(
        Subquery(by_hand),
        Exists(_windows(here, A_TIME)),
        Exists(_mutings(here, A_TIME)),
        Exists(_storms(OuterRef("organisation"), here, A_TIME)),
    )
    return rows.query.sql_with_params()


def _there(site: Site, at: datetime) -> tuple[dict[str, Any] | None, bool, bool, bool]:
    """Of a site at a time: the last change of the arm state by hand; whether anybody is expected, anything muted, a storm on."""
    sql, values = _question()
    known: dict[Any, Any] = {A_SITE: site.pk, A_TIME: at}
    with connection.cursor() as cursor:
        cursor.execute(sql, [known[value] if isinstance(value, UUID | datetime) else value for value in values])
        said, awaited, hushed, stormy = cursor.fetchone()
    return json.loads(said) if isinstance(said, str) else said, awaited, hushed, stormy


def _toggles(site: SiteRef, at: datetime) -> QuerySet[ArmChange]:
    """What people did to the arm state by hand, the last first, whether or not it still holds: that is for the policy to say."""
    return ArmChange.objects.filter(_not_over("undone_at", at), site=site, at__lte=at).order_by("-at")


def _toggle_said(said: dict[str, Any]) -> Toggle:
    """Of JSON that PostgreSQL made."""
    until = datetime.fromisoformat(said["until"]) if said["until"] else None
    return toggle_from(
        ArmChange(armed=said["armed"], at=datetime.fromisoformat(said["at"]), until=until, how=said["how"])
    )


def toggle_from(row: ArmChange) -> Toggle:
    return Toggle(armed=row.armed, at=row.at, until=row.until, how=row.how, by=_BY.get(row.how, ""))


_BY: Final[dict[str, str]] = {
    ArmChange.How.PORTAL: "customer",
    ArmChange.How.PHONE: "operator",
    ArmChange.How.PANEL: "panel",
}


def expected(site: Site, *, at: datetime) -> Iterator[Expected]:
    """Who is expected at `at`, by the windows that people made."""
    for row in _windows(site, at).order_by("ends_at", "pk").prefetch_related("zones"):
        if (until := ends_if_readable(row, site, at)) is not None:
            zones = frozenset(str(zone.pk) for zone in row.zones.all())
            yield Expected(str(row.pk), row.kind, row.people, until, zones, row.vehicles)


def _windows(site: SiteRef, at: datetime) -> QuerySet[AccessWindow]:
    return AccessWindow.objects.filter(_not_over("cancelled_at", at), site=site, starts_at__lte=at, ends_at__gt=at)


def ends(window: AccessWindow, site: Site, at: datetime) -> datetime | None:
    """When a window that is open at `at` closes; None where it is not open.

    A weekly one goes by the site's own clocks. Where they are put back, a time that happens twice opens it at the second
    and closes it at the first: in doubt, nobody is expected.
    """
    if not window.starts_at <= at < window.ends_at:
        return None
    if not window.weekdays:
        return window.ends_at
    today = at.astimezone(site.zone_info).date()
    # At most 24 hours long: who is in it today came today or yesterday.
    found = [end for day in (today - DAY, today) if (end := _ends_of_day(window, site, day, at)) is not None]
    return min(max(found), window.ends_at) if found else None


def ends_if_readable(window: AccessWindow, site: Site, at: datetime) -> datetime | None:
    """The same. One that cannot be read is told as an error, and nobody is expected by it: no alarm is lost for it."""
    try:
        return ends(window, site, at)
    except Exception:
        log.exception("access window %s cannot be read", window.pk)
        return None


def _ends_of_day(window: AccessWindow, site: Site, day: date, at: datetime) -> datetime | None:
    if day.weekday() not in window.weekdays:
        return None
    opens, closes = window.from_time or MIDNIGHT, window.to_time or MIDNIGHT
    start = border(day, opens, site.zone_info, last=True)
    end = border(day + DAY if closes <= opens else day, closes, site.zone_info, last=False)
    return end if start <= at < end else None


def muted(site: Site, *, at: datetime) -> Iterator[Muted]:
    """What is snoozed or on test at `at`."""
    for row in _mutings(site, at).order_by("ends_at", "pk"):
        yield Muted(
            id=str(row.pk),
            kind=row.kind,
            until=row.ends_at,
            camera=str(row.camera_id or ""),
            zone=str(row.zone_id or ""),
            categories=frozenset(row.categories),
        )


def _mutings(site: SiteRef, at: datetime) -> QuerySet[Muting]:
    return Muting.objects.filter(_not_over("ended_at", at), site=site, starts_at__lte=at, ends_at__gt=at)


def storm_until(site: Site, *, at: datetime) -> datetime | None:
    """Until when storm mode holds for the site at `at`; None where it does not."""
    rows = _storms(site.organisation_id, site, at)
    return rows.order_by("-ends_at").values_list("ends_at", flat=True).first()


def _storms(organisation: UUID | OuterRef, site: SiteRef, at: datetime) -> QuerySet[Storm]:
    return Storm.objects.filter(
        _not_over("ended_at", at),
        Q(sites=None) | Q(sites=site),
        organisation=organisation,
        starts_at__lte=at,
        ends_at__gt=at,
    )


def dismissed(site: Site, facts: Facts) -> Iterator[Dismissed]:
    """What operators lately called false or authorised of the same category before the same camera, the oldest first."""
    rows = Dismissal.objects.filter(
        site=site,
        at__gt=facts.at - DISMISSED_WITHIN,
        at__lte=facts.at,
        candidate__camera_id=facts.camera,
        candidate__category=facts.category,
    )
    newest = rows.select_related("candidate").order_by("-at", "-pk")[:MOST_DISMISSED]
    for row in reversed(newest):
        seen = row.candidate
        box = seen.evidence.get("box")
        yield Dismissed(
            ordinal=seen.ordinal or 0,
            at=row.at,
            camera=facts.camera,
            zone=str(seen.zone_id or ""),
            category=seen.category,
            box=(box[0], box[1], box[2], box[3]) if box else None,
        )


def last_tampering(site: Site, *, at: datetime) -> tuple[datetime, str] | None:
    """When a camera of the site was last blinded, moved or frozen, or all were lost, and which of these: seen by us or
    reported by the site itself, TAMPER_PERSON_S before `at` at most. A view moved on purpose is none.
    """
    between = (at - timedelta(seconds=settings.TAMPER_PERSON_S), at)
    seen = Condition.objects.filter(site=site, kind__in=TAMPERING, began_at__range=between)
    told = Candidate.objects.filter(
        site=site, category__in=TOLD_TAMPERING, captured_at__range=between, decision="raise"
    ).exclude(source__in=EXERCISES)
    found = [
        seen.exclude(detail__has_key="accepted").order_by("-began_at").values_list("began_at", "kind").first(),
        told.exclude(source="system", camera__isnull=False)
        .order_by("-captured_at")
        .values_list("captured_at", "category")
        .first(),
    ]
    return max((one for one in found if one is not None), default=None)


def _not_over(field: str, at: datetime) -> Q:
    """Not ended early, or not yet at that instant."""
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gt": at})
