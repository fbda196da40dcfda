"""How much of what was real the filter passed on, from the verdicts of the blind audit. Always with its interval.

    recall = raised real / (raised real + missed),   missed = what was held back × the share of it that operators called real

The share is of sampled cases alone, weighted by site and week (`wilson.stratified`), and its interval becomes recall's. A
sampled case is a miss where it was called real or suspicious and no real incident of its site was under way: of who was raised
two seconds later nobody was lost. Hits count by incident and misses by candidate, so that recall is rather too low than too
high. Known intrusions are no part of it: they tell what operators see, not what the filter passes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from cameras.models import Candidate
from incidents.audit.wilson import Interval, Stratum, of_counts, stratified
from incidents.funnel import REAL, candidates_of, incidents_of
from incidents.models import AuditCase, AuditDraw, Incident
from incidents.outcomes import Verdict
from soc.core.models import Site

ENOUGH: Final = 30  # cases; with fewer no figure is quoted
WIDEST: Final = 0.5  # nor where the interval leaves half of all possibilities
UNDECIDED: Final = Verdict.CANNOT_TELL


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of one site, or of several together, in a period.

    `strata`: sampled cases by site and week; `cannot_tell`: sampled cases of which an operator could not tell, in no stratum.
    """

    candidates: int = 0
    held_back: int = 0
    raised_real: int = 0
    strata: tuple[Stratum, ...] = ()
    cannot_tell: int = 0
    shown: int = 0
    seen: int = 0
    waiting: int = 0
    never_shown: int = 0

    def __add__(self, other: Found) -> Found:
        return Found(
            self.candidates + other.candidates,
            self.held_back + other.held_back,
            self.raised_real + other.raised_real,
            self.strata + other.strata,
            self.cannot_tell + other.cannot_tell,
            self.shown + other.shown,
            self.seen + other.seen,
            self.waiting + other.waiting,
            self.never_shown + other.never_shown,
        )


@dataclass(frozen=True, slots=True)
class Recall:
    """value, low, high: 0..1, the part of what was real that was passed on. `n`: sampled cases judged; `enough`: it may be
    quoted, else say that they are too few. `found`: what it was reckoned from. `missed`: how many candidates that were real
    are thought to have been held back. `seen`: the part of known intrusions that operators recognised. `reduction`, 0..1: the
    part of the candidates that reached nobody, None where there was none: shown beside recall, always.
    """

    value: float
    low: float
    high: float
    n: int
    misses: int
    enough: bool
    missed: Interval
    seen: Interval
    reduction: float | None
    found: Found = field(repr=False)


def estimate(found: Found) -> Recall:
    """Reckon recall from what was found. Pure."""
    share, _effective = stratified(found.strata)
    missed = Interval(*(found.held_back * bound for bound in (share.value, share.low, share.high)))
    real = found.raised_real
    value, low, high = (_part(real, of) for of in (missed.value, missed.high, missed.low))
    n = sum(stratum.n for stratum in found.strata)
    something = real + missed.value > 0
    return Recall(
        value=value,
        low=low if something else 0.0,
        high=high,
        n=n,
        misses=sum(stratum.hits for stratum in found.strata),
        enough=something and n >= ENOUGH and high - low <= WIDEST,
        missed=missed,
        seen=of_counts(found.seen, found.shown),
        reduction=found.held_back / found.candidates if found.candidates else None,
        found=found,
    )


def _part(real: int, missed: float) -> float:
    return real / (real + missed) if real + missed else 1.0


def recall(sites: Iterable[Site], since: datetime, until: datetime) -> Recall:
    """Of all these sites together, of what was captured in [since, until)."""
    return together(by_site(list(sites), since, until))


def together(found: Mapping[UUID, Found]) -> Recall:
    """Of all of them as one."""
    return estimate(sum(found.values(), Found()))


def by_site(sites: Sequence[Site], since: datetime, until: datetime) -> dict[UUID, Found]:
    """What is known of each site; `estimate` makes its recall. A fixed number of queries however many sites there are."""
    span = {"captured_at__gte": since, "captured_at__lt": until}
    noticed: dict[UUID, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = candidates_of(sites).filter(**span).values_list("site", "decision").annotate(n=Count("pk")).order_by()
    for site, decision, number in rows:
        noticed[site]["raised" if decision == Candidate.Decision.RAISE else "held_back"] += number
    real = incidents_of(sites).filter(verdict__in=REAL, **span).values_list("site").annotate(n=Count("pk")).order_by()
    raised_real = dict(real)
    populations = _populations(sites, since, until)
    cases = _cases(sites, since, until)
    found = {}
    for site in sites:
        counted, own = noticed[site.pk], cases[site.pk]
        found[site.pk] = Found(
            candidates=counted["raised"] + counted["held_back"],
            held_back=counted["held_back"],
            raised_real=raised_real.get(site.pk, 0),
            strata=tuple(Stratum(populations[site.pk, week], n, hits) for week, (n, hits) in own.weeks.items()),
            cannot_tell=own.cannot_tell,
            shown=own.shown,
            seen=own.seen,
            waiting=own.waiting,
            never_shown=own.never_shown,
        )
    return found


@dataclass(slots=True)
class _Cases:
    weeks: dict[date, tuple[int, int]] = field(default_factory=dict)
    cannot_tell: int = 0
    shown: int = 0
    seen: int = 0
    waiting: int = 0
    never_shown: int = 0


def week_of(at: datetime) -> date:
    """The Monday of the week, by UTC, that something was captured in."""
    return at.date() - timedelta(days=at.weekday())


def _populations(sites: Sequence[Site], since: datetime, until: datetime) -> dict[tuple[UUID, date], int]:
    """What was held back at each site in each week, as the draws of its days counted it."""
    found: dict[tuple[UUID, date], int] = defaultdict(int)
    draws = AuditDraw.objects.filter(site__in=sites, ends_at__gt=since, starts_at__lt=until)
    days = draws.filter(ends_at__lte=F("starts_at") + timedelta(days=1))
    for site, starts_at, population in days.values_list("site", "starts_at", "population"):
        found[site, week_of(starts_at)] += population
    return found


def _cases(sites: Sequence[Site], since: datetime, until: datetime) -> dict[UUID, _Cases]:
    found: dict[UUID, _Cases] = defaultdict(_Cases)
    # A known intrusion may be months old: it counts when it is shown.
    captured = Q(kind=AuditCase.Kind.SAMPLED, candidate__captured_at__gte=since, candidate__captured_at__lt=until)
    shown = Q(kind=AuditCase.Kind.INJECTED, drawn_at__gte=since, drawn_at__lt=until)
    rows = AuditCase.objects.filter(captured | shown, site__in=sites).annotate(under_way=Exists(_under_way()))
    columns = ("site", "kind", "candidate__captured_at", "verdict", "given_up", "revealed_at", "under_way")
    for site, kind, captured_at, verdict, given_up, revealed_at, under_way in rows.values_list(*columns):
        own = found[site]
        if given_up:
            own.never_shown += 1
        elif revealed_at is None:
            own.waiting += 1
        elif kind == AuditCase.Kind.INJECTED:
            own.shown += 1
            own.seen += verdict in REAL
        elif verdict == UNDECIDED:
            own.cannot_tell += 1
        else:
            n, hits = own.weeks.get(week_of(captured_at), (0, 0))
            own.weeks[week_of(captured_at)] = n + 1, hits + int(verdict in REAL and not under_way)
    return found


def _under_way() -> QuerySet[Incident]:
    """Real incidents of the case's site that its candidate would have been folded into."""
    window = timedelta(seconds=settings.FOLD_WINDOW_S)
    rows = Incident.objects.in_earnest().filter(site=OuterRef("site"), verdict__in=REAL)
    began = OuterRef("candidate__captured_at") + window
    return rows.filter(captured_at__lte=began, last_alert_at__gte=OuterRef("candidate__captured_at") - window)
