"""The funnel: from frames with motion to what was real, by site, by day and by hour of the day. Reads only.

It counts what cameras noticed (the family *intrusion*): panels' signals and faults of cameras are not filtered by what is
seen. What was put in by the blind audit, or as a drill, is in no figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count as Counting
from django.db.models import F, QuerySet, Sum
from django.db.models.functions import ExtractHour, TruncDate

from cameras.categories import CATEGORIES, Family
from cameras.models import EXERCISES, CameraHour, Candidate
from incidents.models import Incident
from incidents.outcomes import Verdict
from soc.core.models import Site

NOTICED: Final = frozenset(entry.code for entry in CATEGORIES.values() if entry.family == Family.INTRUSION)
REAL: Final = (Verdict.REAL, Verdict.SUSPICIOUS)  # in doubt, it was
NEEDLESS: Final = (Verdict.FALSE, Verdict.AUTHORISED)


@dataclass(frozen=True, slots=True)
class Count:
    """The stages of the funnel. `moved`: frames with motion. `real`: incidents called real or suspicious; `needless`: false
    or authorised; the rest of the incidents is not decided yet, or could not be told."""

    moved: int = 0
    candidates: int = 0
    raised: int = 0
    incidents: int = 0
    real: int = 0
    needless: int = 0

    def __add__(self, other: Count) -> Count:
        return Count(
            self.moved + other.moved,
            self.candidates + other.candidates,
            self.raised + other.raised,
            self.incidents + other.incidents,
            self.real + other.real,
            self.needless + other.needless,
        )

    @property
    def kept_back(self) -> int:
        """Noticed, stored, and shown to nobody."""
        return self.candidates - self.raised

    @property
    def undecided(self) -> int:
        return self.incidents - self.real - self.needless

    @property
    def reduction(self) -> float | None:
        """The part of the candidates that reached nobody, 0..1; None where there was none. Worth nothing without recall."""
        return self.kept_back / self.candidates if self.candidates else None


@dataclass(frozen=True, slots=True)
class Funnel:
    """`by_day` has every day of the period, `by_hour` all 24, each in the time of its own site."""

    since: datetime
    until: datetime
    total: Count
    by_site: dict[UUID, Count]
    by_day: dict[date, Count]
    by_hour: dict[int, Count]


def began(zone: ZoneInfo, *, until: datetime, days: int) -> datetime:
    """The midnight with which the last `days` days begin in `zone`, today among them."""
    first = until.astimezone(zone).date() - timedelta(days=days - 1)
    return datetime.combine(first, time(0), zone)


def candidates_of(sites: Iterable[Site]) -> QuerySet[Candidate]:
    """What their cameras noticed."""
    rows = Candidate.objects.filter(site__in=list(sites), category__in=NOTICED)
    return rows.exclude(source__in=EXERCISES)


def incidents_of(sites: Iterable[Site]) -> QuerySet[Incident]:
    """What became of it."""
    return Incident.objects.in_earnest().filter(site__in=list(sites), family=Family.INTRUSION)


def funnel(sites: Sequence[Site], *, until: datetime, days: int) -> Funnel:
    """Count the last `days` days of these sites: three queries for each of their time zones."""
    zones: dict[str, list[Site]] = defaultdict(list)
    for site in sites:
        zones[site.time_zone].append(site)
    cells: dict[tuple[UUID, date, int], Count] = defaultdict(Count)
    earliest, all_days = until, set()
    for name, of_zone in zones.items():
        zone = ZoneInfo(name)
        since = began(zone, until=until, days=days)
        earliest = min(earliest, since)
        first = since.date()
        all_days |= {first + timedelta(days=number) for number in range(days)}
        for key, count in _cells(of_zone, zone, since, until):
            cells[key] += count
    by_site: dict[UUID, Count] = {site.pk: Count() for site in sites}
    by_day: dict[date, Count] = {day: Count() for day in sorted(all_days)}
    by_hour: dict[int, Count] = {hour: Count() for hour in range(24)}
    total = Count()
    for (site_id, day, hour), count in cells.items():
        total += count
        by_site[site_id] += count
        by_hour[hour] += count
        by_day[day] = by_day.get(day, Count()) + count
    return Funnel(earliest, until, total, by_site, by_day, by_hour)


def _cells(
    sites: list[Site], zone: ZoneInfo, since: datetime, until: datetime
) -> Iterable[tuple[tuple[UUID, date, int], Count]]:
    span = (since, until)
    hours = CameraHour.objects.filter(site__in=sites, hour__range=span)
    for site_id, day, hour, moved in _grouped(hours, "hour", zone, total=Sum("moved")):
        yield (site_id, day, hour), Count(moved=moved)
    noticed = candidates_of(sites).filter(captured_at__range=span)
    for site_id, day, hour, decision, number in _grouped(noticed, "captured_at", zone, "decision", total=_all()):
        yield (site_id, day, hour), Count(candidates=number, raised=number if decision == "raise" else 0)
    became = incidents_of(sites).filter(captured_at__range=span)
    for site_id, day, hour, verdict, number in _grouped(became, "captured_at", zone, "verdict", total=_all()):
        real, needless = (number if verdict in kind else 0 for kind in (REAL, NEEDLESS))
        yield (site_id, day, hour), Count(incidents=number, real=real, needless=needless)


def _all() -> Counting:
    return Counting("pk")


def _grouped(rows: QuerySet[Any], stamp: str, zone: ZoneInfo, *by: str, total: Any) -> Any:
    """(site, local day, local hour, *by, total) for each that there is."""
    local = {"of_day": TruncDate(stamp, tzinfo=zone), "of_hour": ExtractHour(stamp, tzinfo=zone)}
    keys = ("site_id", "of_day", "of_hour", *by)
    return rows.annotate(**local).values(*keys).annotate(total=total).order_by().values_list(*keys, "total")


@dataclass(frozen=True, slots=True)
class OfCamera:
    """One camera's part of a site's funnel."""

    name: str
    camera: UUID | None
    count: Count


def by_camera(site: Site, *, since: datetime, until: datetime) -> list[OfCamera]:
    """The funnel of one site by camera. An incident counts for the camera of its first alert."""
    span = (since, until)
    counts: dict[UUID | None, Count] = {camera: Count() for camera in site.cameras.values_list("pk", flat=True)}
    names = dict(site.cameras.values_list("pk", "name"))
    moved = CameraHour.objects.filter(site=site, hour__range=span).values_list("camera").annotate(total=Sum("moved"))
    for camera, total in moved.order_by():
        counts[camera] = counts.get(camera, Count()) + Count(moved=total)
    noticed = candidates_of([site]).filter(captured_at__range=span).values_list("camera", "decision")
    for camera, decision, number in noticed.annotate(total=_all()).order_by():
        raised = number if decision == "raise" else 0
        counts[camera] = counts.get(camera, Count()) + Count(candidates=number, raised=raised)
    first = incidents_of([site]).filter(captured_at__range=span, alerts__captured_at=F("captured_at"))
    seen: set[UUID] = set()
    for pk, camera, verdict in first.values_list("pk", "alerts__candidate__camera", "verdict"):
        if pk not in seen:
            seen.add(pk)
            one = Count(incidents=1, real=int(verdict in REAL), needless=int(verdict in NEEDLESS))
            counts[camera] = counts.get(camera, Count()) + one
    rows = [OfCamera(names.get(pk, "") if pk else "", pk, count) for pk, count in counts.items()]
    return sorted(rows, key=lambda row: (-row.count.candidates, row.name))
