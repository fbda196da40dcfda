"""What a shift came to: who was there, what came and how it ended, against the targets; what was late, out, blind or stopped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext as _

from cameras.models import Condition, Storm
from cameras.troubles import BLIND
from incidents.actions.reviewing import HANDLED
from incidents.models import HandOver, Incident, RosterEntry, Shift
from incidents.models.incident import State
from incidents.outcomes import Outcome
from incidents.targets import Figure, measured
from responses.actions.paging import NOBODY
from responses.models import Attempt, DispatchStop
from soc.console.centres import whole
from soc.console.door import ALERTS
from soc.console.happened import LEVELS, WHY
from soc.console.strip import headline
from soc.core.models import Event, Organisation, User
from soc.core.rights import Act, scoped

LONGEST: Final = timedelta(days=31)
WITHOUT_ROSTER: Final = timedelta(hours=8)
MOST: Final = 40


@dataclass(frozen=True, slots=True)
class Span:
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Worked:
    """One person's part of the shift. `breaks`: minutes; `handled`: incidents in which they did something."""

    user: User
    since: datetime
    until: datetime | None
    desk: str
    breaks: int
    handled: int
    taken_on: int | None
    last_words: str


def spans(organisation: Organisation, *, at: datetime) -> list[Span]:
    """The shifts of the roster that have begun, the newest first; without a roster the last eight hours."""
    rows = RosterEntry.objects.filter(organisation=organisation, starts_at__lte=at, ends_at__gt=at - timedelta(days=4))
    known = {Span(one.starts_at, one.ends_at) for one in rows.exclude(duty=RosterEntry.Duty.ON_CALL)}
    found = sorted(known, key=lambda span: span.since, reverse=True)[:8]
    return found or [Span(at - WITHOUT_ROSTER, at)]


def report(user: User, organisation: Organisation, span: Span, *, at: datetime) -> dict[str, Any]:
    """Everything of one shift. What is still open is counted as it stands now."""
    until = min(span.until, at)
    rows = Incident.objects.visible_to(user, Act.WALL).filter(organisation=organisation)
    came = rows.filter(captured_at__gte=span.since, captured_at__lt=until)
    earnest = came.as_known()
    left = rows.as_known().filter(queued_at__lt=until).exclude(state=State.CLOSED)
    figures = measured(came, at=at)
    all_of_it = whole(user, organisation, Act.WALL)
    return {
        "span": span,
        "until": until,
        "running": span.until > at,
        "leads": _leads(organisation, span),
        "whole": all_of_it,
        "worked": _worked(organisation, span, until) if all_of_it else [],
        "count": earnest.count(),
        "by_outcome": _outcomes(earnest),
        "figures": [(one, _percentiles(one), [one.soon, one.late]) for one in figures if one.handled],
        "missed": [one for one in figures if one.missed],
        "late": [(row, headline(row)) for row in _shown(earnest.filter(turn_at__gt=F("queued_at")))],
        "slow": _slow(figures, rows),
        "open": [(row, headline(row)) for row in _shown(left)],
        "escalated": _escalated(user, organisation, span.since, until),
        "sent": _sent(user, organisation, span.since, until),
        "blind": _blind(user, organisation, span.since, until),
        "stops": _stops(organisation, span.since, until) if all_of_it else [],
        "storms": _storms(organisation, span.since, until) if all_of_it else [],
        "drills": [(row, headline(row)) for row in _shown(came.filter(drill=True))],
    }


def _shown(rows: Any) -> Any:
    return rows.select_related("site", "owner").prefetch_related(ALERTS).order_by("priority", "queued_at")[:MOST]


def _leads(organisation: Organisation, span: Span) -> list[User]:
    rows = RosterEntry.objects.filter(organisation=organisation, duty=RosterEntry.Duty.LEAD, starts_at__lt=span.until)
    return list({row.user_id: row.user for row in rows.filter(ends_at__gt=span.since).select_related("user")}.values())


def _worked(organisation: Organisation, span: Span, until: datetime) -> list[Worked]:
    """Whoever was at a desk, earliest first."""
    over = Q(ended_at__isnull=True) | Q(ended_at__gt=span.since)
    shifts = list(
        Shift.objects.filter(over, organisation=organisation, started_at__lt=until)
        .select_related("user")
        .order_by("started_at")
    )
    of = {"organisation": organisation, "at__gte": span.since, "at__lt": until}
    deeds = Event.objects.filter(**of, kind__in=HANDLED, by__in=[one.user_id for one in shifts])
    handled: dict[UUID | None, set[UUID]] = {}
    for by, subject in deeds.values_list("by", "subject_id"):
        handled.setdefault(by, set()).add(subject)
    breaks = _breaks(shifts, until)
    taken = {one.shift_id: len(one.items) for one in HandOver.objects.filter(shift__in=shifts)}
    return [
        Worked(
            one.user, one.started_at, one.ended_at, one.desk, breaks.get(one.pk, 0), len(handled.get(one.user_id, ())),
            taken.get(one.pk), one.last_words,
        )
        for one in shifts
    ]  # fmt: skip


def _breaks(shifts: list[Shift], until: datetime) -> dict[UUID, int]:
    """Minutes of each shift that were a break: from its event to being back, or to the end of what is told here."""
    rows = Event.objects.filter(
        subject_id__in=[one.pk for one in shifts], kind__in=["shift.break", "shift.back", "shift.ended"]
    )
    began: dict[UUID, datetime] = {}
    total: Counter[UUID] = Counter()
    for shift, kind, at in rows.filter(at__lt=until).order_by("id").values_list("subject_id", "kind", "at"):
        if kind == "shift.break":
            began.setdefault(shift, at)
        elif shift in began:
            total[shift] += int((at - began.pop(shift)).total_seconds())
    for shift, at in began.items():
        total[shift] += int((until - at).total_seconds())
    return {shift: round(seconds / 60) for shift, seconds in total.items()}


def _outcomes(rows: Any) -> list[tuple[str, int, str]]:
    """(outcome in words, how many, its group), the commonest first; what has none yet last."""
    found = Counter(rows.order_by().values_list("outcome", flat=True))
    named = [(str(Outcome(code).label), number, Outcome(code).group) for code, number in found.most_common() if code]
    return [*named, ("", found[""], "")] if found[""] else named


def _percentiles(figure: Figure) -> list[tuple[int, float | None]]:
    return [(50, figure.percentile(50)), (90, figure.percentile(90))]


def _slow(figures: list[Figure], rows: Any) -> list[tuple[Incident, str, float, int]]:
    """The incidents that were decided later than the later target, or are not decided and over it: the slowest first."""
    over = {
        one.incident: (one.seconds, figure.target.late_s)
        for figure in figures
        for one in figure.handled
        if one.seconds > figure.target.late_s
    }
    found = [(row, headline(row), *over[row.pk]) for row in _shown(rows.filter(pk__in=over))]
    return sorted(found, key=lambda one: -one[2])


def _escalated(user: User, organisation: Organisation, since: datetime, until: datetime) -> list[tuple[str, int]]:
    """How often supervisors or whoever is on call had to be told, by why."""
    reach = scoped(user, Act.WALL, organisation="organisation", customer="customer", site="site")
    rows = Event.objects.filter(reach, organisation=organisation, at__gte=since, at__lt=until)
    told = Counter((event.data.get("level"), event.data.get("why")) for event in rows.filter(kind="incident.escalated"))
    found = [(upwards(level, why), number) for (level, why), number in sorted(told.items(), key=str)]
    nobody = rows.filter(kind=NOBODY).count()
    return [*found, (_("Nobody on call could be reached"), nobody)] if nobody else found


def upwards(level: object, why: object) -> str:
    return _("To %(whom)s: %(why)s") % {"whom": LEVELS.get(level, level), "why": WHY.get(str(why), why)}


def _sent(user: User, organisation: Organisation, since: datetime, until: datetime) -> dict[str, int]:
    """Outward acts by what they were and came to."""
    rows = Attempt.objects.visible_to(user, Act.WALL).filter(organisation=organisation)
    rows = rows.filter(created_at__gte=since, created_at__lt=until)
    calls = rows.filter(kind=Attempt.Kind.CALL)
    ours = calls.filter(paged=None)
    return {
        "voice": rows.filter(kind=Attempt.Kind.TALK, placed_at__isnull=False).count(),
        "calls": ours.filter(placed_at__isnull=False).count(),
        "accepted": ours.filter(accepted_at__isnull=False, declined_at=None).count(),
        "on_site": ours.filter(on_site_at__isnull=False).count(),
        "pages": calls.exclude(paged=None).count(),
        "failed": rows.filter(status=Attempt.Status.FAILED, paged=None).count(),
    }


def _blind(
    user: User, organisation: Organisation, since: datetime, until: datetime
) -> tuple[float, list[tuple[str, str, float]]]:
    """(hours in which cameras guarded nothing, [(camera, site, its hours)]), the longest first; two troubles at once are one."""
    rows = Condition.objects.visible_to(user, Act.WALL).filter(
        organisation=organisation, kind__in=BLIND, began_at__lt=until
    )
    rows = rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=since)).select_related("camera__site")
    spans_of: dict[Any, list[tuple[datetime, datetime]]] = {}
    for row in rows.filter(camera__enabled=True).order_by("began_at"):
        spans_of.setdefault(row.camera, []).append((max(row.began_at, since), min(row.ended_at or until, until)))
    found = [
        (camera.name, camera.site.name, _length(times).total_seconds() / 3600) for camera, times in spans_of.items()
    ]
    found.sort(key=lambda one: -one[2])
    return sum(hours for _name, _site, hours in found), found[:MOST]


def _length(times: list[tuple[datetime, datetime]]) -> timedelta:
    """How long they last together; they come by their beginnings."""
    total, covered = timedelta(), datetime.min.replace(tzinfo=times[0][0].tzinfo)
    for begins, ends in times:
        total += max(timedelta(), ends - max(begins, covered))
        covered = max(covered, ends)
    return total


def _stops(organisation: Organisation, since: datetime, until: datetime) -> list[DispatchStop]:
    rows = DispatchStop.objects.filter(organisation=organisation, at__lt=until).select_related("by", "lifted_by")
    return list(rows.filter(Q(lifted_at__isnull=True) | Q(lifted_at__gt=since)).order_by("at"))


def _storms(organisation: Organisation, since: datetime, until: datetime) -> list[Storm]:
    """Those that went on then; one ends at its end, or when somebody ended it."""
    rows = Storm.objects.filter(organisation=organisation, starts_at__lt=until, ends_at__gt=since)
    return list(
        rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=since)).select_related("made_by").order_by("starts_at")
    )
