"""Which cases there are: a seeded lot from what was held back, by site and day, and known intrusions in between.

Everything random comes from a seed that is kept with what was drawn: `again` makes a draw once more, and finds the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from math import floor
from random import Random
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.utils.crypto import salted_hmac

from cameras.models import Candidate
from incidents.funnel import candidates_of
from incidents.models import AuditCase, AuditDraw, KnownIntrusion
from soc.core import events
from soc.core.models import Organisation, Site

DAY: Final = timedelta(days=1)
WEEK: Final = timedelta(days=7)
LATE: Final = timedelta(minutes=10)  # what was captured before midnight may be committed after it
LOOK_BACK: Final = 3  # days that were missed, while nothing ran, are made up for
SHIFTS_A_DAY: Final = 3
FILLED: Final = 0.8  # of what can be shown: some comes when it may not be shown
AROUND_S: Final = 20 * 60  # a case comes at its own time of day, so many seconds sooner or later
SEEDS: Final = 2**63


def lot(among: Iterable[UUID], *, rate: float, least: int, seed: int) -> list[UUID]:
    """Draw `rate` of them (the broken part of the number by lot as well), but at least `least`. Pure: the same from the same."""
    of = sorted(among)
    dice = Random(seed)
    number = max(floor(rate * len(of) + dice.random()), least)
    return dice.sample(of, min(number, len(of)))


def draw_due(at: datetime) -> int:
    """Every draw that is due at `at`: the last days of every site, and the weeks that ended with one. Returns how many cases."""
    if settings.AUDIT_RATE <= 0:
        return 0
    midnight = _midnight(at - LATE)
    return sum(draw_day(midnight - back * DAY, at=at) for back in range(LOOK_BACK, 0, -1))


def draw_day(starts_at: datetime, *, at: datetime) -> int:
    """The draws of one day (from midnight, UTC), for every site that held something back and was not drawn from yet."""
    ends_at = starts_at + DAY
    counted = held_back(starts_at, ends_at).values_list("site").annotate(n=Count("pk")).order_by()
    population = dict(counted)
    done = set(AuditDraw.objects.filter(starts_at=starts_at, ends_at=ends_at).values_list("site", flat=True))
    sites = Site.objects.filter(pk__in=population).select_related("organisation")
    of_centre: dict[UUID, int] = defaultdict(int)
    for site in sites:
        of_centre[site.organisation_id] += population[site.pk]
    drawn = 0
    for site in sites:
        if site.pk not in done:
            rate = rate_for(of_centre[site.organisation_id])
            drawn += _draw(site, starts_at, ends_at, rate=rate, least=0, at=at)
    if ends_at.weekday() == 0:
        drawn += sum(draw_week(site, ends_at, at=at) for site in _lacking(ends_at))
    return drawn + sum(draw_known(centre, ends_at, at=at) for centre in Organisation.objects.order_by("pk"))


def rate_for(population: int) -> float:
    """The share to be drawn, less where operators could not be shown so much."""
    room = FILLED * SHIFTS_A_DAY * settings.AUDIT_MOST_A_SHIFT
    return min(settings.AUDIT_RATE, room / population) if population else 0.0


def draw_week(site: Site, ends_at: datetime, *, at: datetime) -> int:
    """What a week lacks of its least number, from all of it."""
    starts_at = ends_at - WEEK
    if AuditDraw.objects.filter(site=site, starts_at=starts_at, ends_at=ends_at).exists():
        return 0
    had = set(_sampled(site, starts_at, ends_at).values_list("candidate", flat=True))
    least = settings.AUDIT_LEAST_A_WEEK - len(had)
    return _draw(site, starts_at, ends_at, rate=0.0, least=least, at=at, without=had) if least > 0 else 0


def _lacking(ends_at: datetime) -> Iterable[Site]:
    held = held_back(ends_at - WEEK, ends_at).values("site")
    return Site.objects.filter(pk__in=held).order_by("pk")


def _sampled(site: Site, starts_at: datetime, ends_at: datetime) -> QuerySet[AuditCase]:
    span = {"candidate__captured_at__gte": starts_at, "candidate__captured_at__lt": ends_at}
    return AuditCase.objects.filter(site=site, kind=AuditCase.Kind.SAMPLED, **span)


def held_back(starts_at: datetime, ends_at: datetime, sites: Sequence[Site] | None = None) -> QuerySet[Candidate]:
    """What cameras noticed then and nobody was shown, ignored or watched."""
    rows = candidates_of(Site.objects.all() if sites is None else sites).exclude(decision=Candidate.Decision.RAISE)
    return rows.filter(captured_at__gte=starts_at, captured_at__lt=ends_at)


def showable(at: datetime) -> Q:
    """Candidates whose clip was there at `at`: without it nobody could judge."""
    erased = Q(clip__erased_at__isnull=True) | Q(clip__erased_at__gt=at)
    return Q(clip__isnull=False, clip__writing=False, camera__isnull=False, snapshot__isnull=False) & erased


def _draw(
    site: Site, starts_at: datetime, ends_at: datetime, *, rate: float, least: int, at: datetime,
    without: Collection[UUID] = (),
) -> int:  # fmt: skip
    held = held_back(starts_at, ends_at, [site])
    found = list(held.filter(showable(at)).exclude(pk__in=without).values_list("pk", flat=True))
    seed = Random().randrange(SEEDS)
    drawn = lot(found, rate=rate, least=least, seed=seed)
    draw = AuditDraw(
        site=site, starts_at=starts_at, ends_at=ends_at, made_at=at, seed=seed, rate=rate, population=held.count(),
        showable=len(found), drawn=len(drawn),
    )  # fmt: skip
    try:
        with transaction.atomic():
            draw.save(force_insert=True)
            for candidate in Candidate.objects.filter(pk__in=drawn).order_by("pk"):
                _case(site, AuditCase.Kind.SAMPLED, candidate, seed=seed, at=at)
            told = {
                "seed": seed,
                "rate": rate,
                "population": draw.population,
                "showable": len(found),
                "drawn": len(drawn),
            }
            span = {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
            events.record("audit.drawn", draw, by=None, at=at, **span, **told)
    except IntegrityError:
        return 0  # another spine has drawn it
    return len(drawn)


def again(draw: AuditDraw) -> list[UUID]:
    """The same draw once more, from its seed: ids of candidates. As long as their rows and their clips' rows are there."""
    held = held_back(draw.starts_at, draw.ends_at, [draw.site]).filter(showable(draw.made_at))
    before: set[UUID] = set()
    least = 0
    if draw.ends_at - draw.starts_at > DAY:
        earlier = _sampled(draw.site, draw.starts_at, draw.ends_at).exclude(seed=draw.seed)
        before = set(earlier.values_list("candidate", flat=True))
        least = draw.drawn
    found = held.exclude(pk__in=before).values_list("pk", flat=True)
    return lot(found, rate=draw.rate, least=least, seed=draw.seed)


# --- known intrusions


def draw_known(centre: Organisation, day: datetime, *, at: datetime) -> int:
    """How many known intrusions this day brings, and which: from a seed that only the house can make, one for each day."""
    seed = int.from_bytes(
        salted_hmac("nightdesk.audit", f"{centre.pk}:{day.date()}", algorithm="sha256").digest()[:8], "big"
    )
    seed %= SEEDS
    made = AuditCase.objects.filter(organisation=centre, kind=AuditCase.Kind.INJECTED, seed=seed)
    dice = Random(seed)
    number = floor(settings.AUDIT_KNOWN_A_WEEK / 7 + dice.random())
    if not number or made.exists():
        return 0
    with transaction.atomic():
        if not Organisation.objects.select_for_update(skip_locked=True, no_key=True).filter(pk=centre.pk).exists():
            return 0  # another spine is at it
        if made.exists():
            return 0
        known = list(usable(centre, at).order_by("pk").select_related("candidate__site"))
        picked = dice.sample(known, min(number, len(known)))
        for one in picked:
            _case(one.candidate.site, AuditCase.Kind.INJECTED, one.candidate, seed=seed, at=at)
    return len(picked)


def usable(centre: Organisation, at: datetime) -> QuerySet[KnownIntrusion]:
    """Those in use that have their clip and were not shown for a while. Each belongs to this centre, and is shown at its site."""
    shown = AuditCase.objects.filter(candidate=OuterRef("candidate"), kind=AuditCase.Kind.INJECTED).values("candidate")
    last = shown.annotate(last=Max("drawn_at")).values("last")
    there = Candidate.objects.filter(showable(at), organisation=centre)
    rows = KnownIntrusion.objects.filter(organisation=centre, enabled=True, candidate__in=there)
    rested = at - timedelta(days=settings.AUDIT_KNOWN_AGAIN_DAYS)
    return rows.annotate(last=Subquery(last)).filter(Q(last__isnull=True) | Q(last__lt=rested))


# --- a case


def _case(site: Site, kind: str, candidate: Candidate, *, seed: int, at: datetime) -> AuditCase:
    case = AuditCase(site=site, kind=kind, candidate=candidate, seed=seed, drawn_at=at)
    case.due_at = same_hour(candidate, after=at)
    case.save(force_insert=True)
    if kind == AuditCase.Kind.INJECTED:
        events.record("audit.drawn", case, by=None, at=at, seed=seed, candidate=candidate.pk)
    return case


def same_hour(candidate: Candidate, *, after: datetime) -> datetime:
    """The next time after `after` that the site's clocks show the candidate's own time of day, or nearly: what is seen, and
    whether people belong there, goes by the hour. How nearly is by lot, the same for the same candidate and day."""
    zone = candidate.site.zone_info
    local = candidate.captured_at.astimezone(zone)
    day = after.astimezone(zone).date()
    while True:
        dice = Random(f"{candidate.pk}:{day}")
        due = datetime.combine(day, local.time(), zone).astimezone(UTC) + timedelta(
            seconds=dice.uniform(-1, 1) * AROUND_S
        )
        if due > after:
            return due
        day += DAY


def _midnight(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
