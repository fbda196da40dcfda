"""How soon incidents are to be decided, and how soon they were: from detection to the verdict, by priority.

Drills are in no figure, nor are the cases of the blind audit once they are known for such (until then a figure without them
would tell them from the rest). What nobody has decided counts as missed as soon as it is over a
limit, and not before: a figure must not be good because the worst ones are still open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from incidents.models import HandlingTarget, Incident
from incidents.models.incident import IncidentQuerySet, State
from soc.core.models import Organisation, User
from soc.core.prepared import prepared
from soc.core.rights import Act

PRIORITIES: Final = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Target:
    """`soon_share` percent within `soon_s` seconds from detection, `late_share` percent within `late_s`."""

    soon_s: int
    soon_share: float
    late_s: int
    late_share: float


@dataclass(frozen=True, slots=True)
class Share:
    """How many of `n` were decided within `limit_s` seconds. `share` and `wanted` in percent; None: there was none."""

    limit_s: int
    wanted: float
    n: int
    within: int

    @property
    def share(self) -> float | None:
        return 100 * self.within / self.n if self.n else None

    @property
    def late(self) -> int:
        return self.n - self.within

    @property
    def missed(self) -> bool:
        return self.share is not None and self.share < self.wanted


@dataclass(frozen=True, slots=True)
class Handled:
    """One incident: after how many seconds it was decided; if nobody has, how old it is by now. `at`: when it was detected;
    `verdict`: "" where there is none."""

    incident: UUID
    owner: UUID | None
    seconds: float
    decided: bool
    at: datetime
    verdict: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One organisation's incidents of one priority against its target. `handled` is in the order of detection."""

    organisation: UUID
    priority: int
    target: Target
    handled: list[Handled]
    soon: Share
    late: Share

    @property
    def n(self) -> int:
        """Incidents that count: decided, or over the first limit."""
        return self.soon.n

    @property
    def seconds(self) -> list[float]:
        """From detection to the verdict, of those that have one, shortest first."""
        return sorted(one.seconds for one in self.handled if one.decided)

    @property
    def missed(self) -> bool:
        return self.soon.missed or self.late.missed

    def percentile(self, percent: float) -> float | None:
        """Within how many seconds `percent` of the decided ones were: the nearest rank. None: none was."""
        return nearest_rank(self.seconds, percent)


def nearest_rank(ordered: list[float], percent: float) -> float | None:
    """The smallest of the `ordered` values that `percent` of them do not pass; None where there is none."""
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)] if ordered else None


def house(priority: int) -> Target:
    """The target of whoever set none."""
    (soon_s, soon_share), (late_s, late_share) = settings.HANDLING_TARGETS[priority - 1]
    return Target(soon_s, soon_share, late_s, late_share)


def target(organisation: Organisation | UUID, priority: int) -> Target:
    """What this organisation wants of incidents of this priority: its own row, or the house's. One query."""
    pk = organisation.pk if isinstance(organisation, Organisation) else organisation
    return next(map(_of_row, _target(pk, priority)), None) or house(priority)


@prepared
def _target(organisation: UUID, priority: int) -> QuerySet[HandlingTarget]:
    return HandlingTarget.objects.filter(organisation=organisation, priority=priority)


def _of_row(row: HandlingTarget) -> Target:
    return Target(row.soon_s, row.soon_share, row.late_s, row.late_share)


def targets(organisations: Iterable[UUID]) -> dict[tuple[UUID, int], Target]:
    """Every organisation's target for each priority. One query."""
    wanted = list(organisations)
    found = {(pk, priority): house(priority) for pk in wanted for priority in PRIORITIES}
    for row in HandlingTarget.objects.filter(organisation__in=wanted):
        found[row.organisation_id, row.priority] = _of_row(row)
    return found


def handling(
    user: User, since: datetime, until: datetime, *, act: Act = Act.WALL, at: datetime | None = None
) -> list[Figure]:
    """The incidents detected in [since, until) on which `user` may `act`, one Figure for each priority of every organisation
    that has some. Two queries.
    """
    rows = Incident.objects.visible_to(user, act).filter(captured_at__gte=since, captured_at__lt=until)
    return measured(rows, at=at or timezone.now())


def measured(rows: IncidentQuerySet, *, at: datetime) -> list[Figure]:
    """These incidents, without known exercises, against their organisations' targets as of `at`. Two queries."""
    columns = ("organisation_id", "priority", "pk", "owner_id", "captured_at", "verdict_at", "verdict", "state")
    groups: dict[tuple[UUID, int], list[Handled]] = defaultdict(list)
    for organisation, priority, pk, owner, captured_at, verdict_at, verdict, state in (
        rows.as_known().order_by("captured_at", "number").values_list(*columns)
    ):
        if verdict_at is None and state == State.CLOSED:
            continue  # it ended without anybody's verdict being asked for
        seconds = max(0.0, ((verdict_at or at) - captured_at).total_seconds())
        groups[organisation, priority].append(Handled(pk, owner, seconds, verdict_at is not None, captured_at, verdict))
    organisations = sorted({organisation for organisation, _ in groups}, key=str)
    wanted = targets(organisations)
    return [
        figure(organisation, priority, wanted[organisation, priority], groups.get((organisation, priority), []))
        for organisation in organisations
        for priority in PRIORITIES
    ]


def figure(organisation: UUID, priority: int, wanted: Target, handled: list[Handled]) -> Figure:
    """What `handled` comes to against this target."""

    def share(limit: int, percent: float) -> Share:
        counted = [one for one in handled if one.decided or one.seconds > limit]
        return Share(limit, percent, len(counted), sum(one.decided and one.seconds <= limit for one in counted))

    soon, late = share(wanted.soon_s, wanted.soon_share), share(wanted.late_s, wanted.late_share)
    return Figure(organisation, priority, wanted, handled, soon, late)
