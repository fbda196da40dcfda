"""What needless alarms came from, and what a suggestion would have done about them, replayed over what was stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import F

from cameras.actions.policies import in_force
from cameras.categories import CATEGORIES
from cameras.context.policy import Policy, PolicyRefused, read, with_holidays
from cameras.models import Candidate, Zone
from cameras.replaying.counts import Change
from cameras.replaying.replay import replay
from incidents.funnel import NEEDLESS, incidents_of
from incidents.models import Alert
from incidents.outcomes import Outcome
from incidents.replaying import Losses, Lost, real
from incidents.suggesting import Alarm, Suggestion, suggest, usual_hour
from soc.core.models import Site

MOST_SHOWN: Final = 12
MOST_WEIGHED: Final = 150_000  # candidates: more are not replayed while somebody waits for a page
# In these ends nobody was there, or not where it matters.
NOBODY: Final = frozenset({"animal", "weather", "light", "detector_error"})


@dataclass(frozen=True)
class Cause:
    """Needless incidents that were alike: the same end, zone and category. `zone`: of what each began with."""

    site: Site
    zone: Zone | None
    category: str
    outcome: str
    number: int
    hour: int | None  # in which most of them came, by the site's clocks; None: spread over the day

    @property
    def key(self) -> tuple[UUID | None, str, str]:
        return (self.zone.pk if self.zone else None, self.category, self.outcome)

    @property
    def person(self) -> bool:
        """Whether there was somebody."""
        return self.outcome.rpartition(".")[2] not in NOBODY

    @property
    def outcome_label(self) -> str:
        return str(Outcome(self.outcome).label)


def causes(sites: Sequence[Site], *, since: datetime, until: datetime, most: int | None = MOST_SHOWN) -> list[Cause]:
    """The most frequent first. Threats are no cause: what is raised for them is raised."""
    counted: Counter[tuple[UUID, UUID | None, str, str]] = Counter()
    times: dict[tuple[UUID, UUID | None, str, str], list[Alarm]] = {}
    by_pk = {site.pk: site for site in sites}
    for site, _incident, zone, category, outcome, at in _first_alerts(sites, since, until):
        if CATEGORIES[category].threat:
            continue
        key = (site, zone, category, outcome)
        counted[key] += 1
        times.setdefault(key, []).append(Alarm(at.astimezone(by_pk[site].zone_info), 0.0))
    zones = Zone.objects.select_related("camera").in_bulk({key[1] for key in counted if key[1]})
    found = []
    for key, number in sorted(counted.items(), key=lambda one: (-one[1], str(one[0])))[:most]:
        site_id, zone_id, category, outcome = key
        zone = zones.get(zone_id) if zone_id else None
        found.append(Cause(by_pk[site_id], zone, category, outcome, number, usual_hour(times[key])))
    return found


def _first_alerts(sites: Iterable[Site], since: datetime, until: datetime) -> Any:
    """Of each needless incident the alert that it began with, once."""
    rows = incidents_of(sites).filter(captured_at__range=(since, until), verdict__in=NEEDLESS).exclude(outcome="")
    rows = rows.filter(alerts__captured_at=F("captured_at")).order_by("pk", "alerts__raised_at").distinct("pk")
    return rows.values_list("site", "pk", "alerts__candidate__zone", "alerts__category", "outcome", "captured_at")


@dataclass(frozen=True)
class Weighed:
    """A suggestion with what came out, beside the policy in force.

    `stopped` of the cause's `number` needless incidents that still would come; `besides`: other needless ones; `lost`: real
    ones that nobody would have seen, of `real` there; `raised`: candidates that would be raised and would not be now.
    """

    suggestion: Suggestion
    stopped: int
    number: int
    besides: int
    real: int
    lost: list[Lost] = field(default_factory=list)
    raised: int = 0

    @property
    def possible(self) -> bool:
        return not self.lost and self.stopped > 0


@dataclass(frozen=True)
class Weighing:
    """All suggestions for one cause. `already`: of its `number` incidents those that the policy in force would stop by now."""

    cause: Cause
    number: int
    already: int
    found: list[Weighed]

    @property
    def best(self) -> Weighed | None:
        return next((one for one in self.found if one.possible), None)


def too_many(site: Site, *, since: datetime, until: datetime) -> int:
    """How many candidates a replay would read, where these are too many to be waited for; else 0."""
    rows = Candidate.objects.filter(site=site, ordinal__isnull=False, captured_at__range=(since, until))
    number = rows[: MOST_WEIGHED + 1].count()
    return number if number > MOST_WEIGHED else 0


def weighed(cause: Cause, *, since: datetime, until: datetime) -> Weighing:
    """Every suggestion for a cause, replayed beside the policy in force. Those that lose nothing first, then those that stop
    most. What the policy in force would stop by now is not counted for them: it was raised by an older version."""
    known = in_force(cause.site)
    ours = _alarms(cause, since, until)
    now = _Effect.of(cause.site, known, since, until)
    left = {incident: alarm for incident, alarm in ours.items() if incident not in now.stopped}
    there = _real_alarms(cause, since, until)
    zone = str(cause.zone.pk) if cause.zone else ""
    seen = (list(left.values()), list(there.values()), dict(known.body))
    made = suggest(*seen, zone=zone, category=cause.category, outcome=cause.outcome)
    found = [one for each in made if (one := _weigh(cause, each, left, there, now, since, until)) is not None]
    found.sort(key=lambda one: (not one.possible, -one.stopped, one.suggestion.kind))
    return Weighing(cause, len(ours), len(ours) - len(left), found)


def suggestion_for(cause: Cause, kind: str, *, since: datetime, until: datetime) -> Weighed | None:
    """The one of this kind, if there is one and it loses nothing."""
    found = weighed(cause, since=since, until=until).found
    return next((one for one in found if one.suggestion.kind == kind and one.possible), None)


def _alarms(cause: Cause, since: datetime, until: datetime) -> dict[UUID, Alarm]:
    """By incident: how it was first seen."""
    rows = incidents_of([cause.site]).filter(
        captured_at__range=(since, until), verdict__in=NEEDLESS, outcome=cause.outcome
    )
    return _seen(rows, cause)


def _real_alarms(cause: Cause, since: datetime, until: datetime) -> dict[UUID, Alarm]:
    rows = incidents_of([cause.site]).filter(real(), captured_at__range=(since, until))
    return _seen(rows, cause)


def _seen(rows: Any, cause: Cause) -> dict[UUID, Alarm]:
    """The longest stay and best score in the cause's zone and category: what must be beaten to hide all of it."""
    where = {"incident__in": rows, "category": cause.category, "candidate__zone": cause.zone}
    alerts = Alert.objects.filter(**where).order_by("captured_at")
    found: dict[UUID, Alarm] = {}
    columns = ("incident", "captured_at", "candidate__stayed_s", "candidate__facts__dwell_s", "candidate__facts__score")
    for incident, at, stayed, dwell, score in alerts.values_list(*columns):
        now = Alarm(at.astimezone(cause.site.zone_info), stayed if stayed is not None else float(dwell or 0.0), score)
        before = found.get(incident)
        if before is not None:
            best = max((one for one in (before.score, score) if one is not None), default=None)
            now = Alarm(before.at, max(before.stayed_s, now.stayed_s), best)
        found[incident] = now
    return found


@dataclass(frozen=True)
class _Effect:
    """What a policy would have made of the time, beside what was."""

    stopped: set[UUID]
    lost: list[Lost]
    raised: int

    @classmethod
    def of(cls, site: Site, policy: Policy, since: datetime, until: datetime) -> _Effect:
        stopped, losses = Stopped(since, until), Losses(since, until)

        def note(changes: list[Change]) -> None:
            stopped.note(changes)
            losses.note(changes)

        ahead = until + timedelta(hours=1)  # a camera's clock may be ahead of ours
        result = replay([site.pk], since=since, until=ahead, body_of={site.pk: policy}, on_changed=note)
        return cls(stopped.incidents(), losses.lost(), result.newly_raised)


def _weigh(
    cause: Cause,
    suggestion: Suggestion,
    left: dict[UUID, Alarm],
    there: dict[UUID, Alarm],
    now: _Effect,
    since: datetime,
    until: datetime,
) -> Weighed | None:
    if suggestion.body is None:
        return _counted(suggestion, left, there)
    try:
        filled = with_holidays(suggestion.body, around=until.astimezone(cause.site.zone_info).year)
        policy = read(filled, time_zone=cause.site.time_zone, version="suggestion")
    except PolicyRefused:
        return None  # what is no policy is no suggestion
    then = _Effect.of(cause.site, policy, since, until)
    gone = then.stopped - now.stopped
    of_cause = len(gone & set(left))
    known = {one.incident for one in now.lost}
    lost = [one for one in then.lost if one.incident not in known]
    real_ones = incidents_of([cause.site]).filter(real(), captured_at__range=(since, until)).count()
    raised = max(0, then.raised - now.raised)
    return Weighed(suggestion, of_cause, len(left), len(gone) - of_cause, real_ones, lost, raised)


def _counted(suggestion: Suggestion, ours: dict[UUID, Alarm], there: dict[UUID, Alarm]) -> Weighed:
    """What the camera would not have reported, counted: no policy is changed, so there is nothing to replay."""
    bar = suggestion.below
    stopped = 0 if bar is None else sum(one.score is not None and one.score < bar for one in ours.values())
    return Weighed(suggestion, stopped, len(ours), 0, len(there))


class Stopped:
    """Counts, change by change, which needless incidents would not have come: all of whose alerts are gone."""

    def __init__(self, since: datetime, until: datetime) -> None:
        self.span = (since, until)
        self.hidden: Counter[UUID] = Counter()

    def note(self, changes: list[Change]) -> None:
        gone = [change.candidate for change in changes if change.before == "raise"]
        if gone:
            alerts = Alert.objects.filter(
                candidate__in=gone, incident__verdict__in=NEEDLESS, incident__audit__isnull=True, incident__drill=False
            )
            self.hidden.update(alerts.values_list("incident", flat=True))

    def incidents(self) -> set[UUID]:
        rows = Alert.objects.filter(incident__in=list(self.hidden)).values_list("incident", flat=True)
        return {incident for incident, number in Counter(rows).items() if number <= self.hidden[incident]}
