"""What a number counts, as a list: the incidents of a period, by what they were called and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet
from django.db.models.functions import ExtractHour, TruncDate
from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime

from incidents.funnel import NEEDLESS, REAL, incidents_of
from incidents.models import Incident
from soc.core.models import Site

A_PAGE: Final = 50
KINDS: Final = {"real": Q(verdict__in=REAL), "needless": Q(verdict__in=NEEDLESS)}


@dataclass(frozen=True)
class Asked:
    """What of the incidents is asked for; what cannot be read is not asked for."""

    kind: str = ""
    since: datetime | None = None
    until: datetime | None = None
    hour: int | None = None
    day: date | None = None
    camera: UUID | None = None
    zone: UUID | None = None
    category: str = ""
    outcome: str = ""

    @classmethod
    def of(cls, data: QueryDict) -> Asked:
        hour = data.get("hour", "")
        return cls(
            kind=data.get("kind", "") if data.get("kind") in KINDS else "",
            since=_instant(data.get("since", "")),
            until=_instant(data.get("until", "")),
            hour=int(hour) if hour in map(str, range(24)) else None,
            day=_day(data.get("day", "")),
            camera=_uuid(data.get("camera", "")),
            zone=_uuid(data.get("zone", "")),
            category=data.get("category", "")[:30],
            outcome=data.get("outcome", "")[:50],
        )


def incidents(sites: Sequence[Site], asked: Asked) -> QuerySet[Incident]:
    """Newest first."""
    rows = incidents_of(sites).select_related("site", "owner")
    if asked.since:
        rows = rows.filter(captured_at__gte=asked.since)
    if asked.until:
        rows = rows.filter(captured_at__lte=asked.until)
    if asked.kind:
        rows = rows.filter(KINDS[asked.kind])
    if asked.category:
        rows = rows.filter(category=asked.category)
    if asked.outcome:
        rows = rows.filter(outcome=asked.outcome)
    if asked.camera:
        rows = rows.filter(alerts__candidate__camera=asked.camera, alerts__captured_at=F("captured_at"))
    if asked.zone:
        rows = rows.filter(alerts__candidate__zone=asked.zone, alerts__captured_at=F("captured_at"))
    if asked.hour is not None or asked.day is not None:
        rows = rows.filter(_local(sites, asked))
    return rows.distinct().order_by("-captured_at", "-number")


def _local(sites: Sequence[Site], asked: Asked) -> Q:
    """The day and hour of each site's own time, as the funnel counts them."""
    found = Q(pk__in=[])
    for name in {site.time_zone for site in sites}:
        zone = ZoneInfo(name)
        here = Q(site__in=[site for site in sites if site.time_zone == name])
        rows = Incident.objects.filter(here)
        for part, value in (("of_day", asked.day), ("of_hour", asked.hour)):
            if value is not None:
                rows = rows.annotate(**{part: _of(part, zone)}).filter(**{part: value})
        found |= Q(pk__in=rows.values("pk"))
    return found


def _of(part: str, zone: ZoneInfo) -> Any:
    return TruncDate("captured_at", tzinfo=zone) if part == "of_day" else ExtractHour("captured_at", tzinfo=zone)


def without_page(data: QueryDict) -> str:
    """The question again, for the links to other pages of its answer."""
    return urlencode([(key, value) for key, value in data.items() if key != "page"])


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text)
    except ValueError:
        return None
    return found if found and found.utcoffset() is not None else None


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
