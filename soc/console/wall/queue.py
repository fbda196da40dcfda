"""What waits, what is in somebody's hands and what is parked, as the wall shows it. Few queries, however much waits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Min, Q

from incidents.models import Incident
from incidents.models.incident import HELD, State
from incidents.targets import Target
from soc.console.door import ALERTS
from soc.console.strip import headline
from soc.core.models import Organisation, User
from soc.core.rights import Act

MOST_WAITING: Final = 6  # rows; how many wait besides is said
MOST_LOOKED_AT: Final = 2000
MOST_PARKED: Final = 6
SUPERVISORS: Final = 2  # the escalation at which they are told
BAR: Final = 4 / 3  # the bar ends a third after the limit: what is over can be seen to be


@dataclass(frozen=True, slots=True)
class Shown:
    """An incident in a word: `title` and where. Its state and people are on `row`."""

    row: Incident
    title: str

    @property
    def site(self) -> str:
        return str(self.row.site.name)


@dataclass(frozen=True, slots=True)
class Age:
    """How old something is that was detected then, and within how many seconds most of its priority are to be decided."""

    since: datetime
    age_s: float
    limit_s: int

    @property
    def filled(self) -> float:
        """How far its bar is filled, in % of its length."""
        return round(min(100.0, 100 * self.age_s / (self.limit_s * BAR)), 1)

    @property
    def mark(self) -> float:
        """Where the limit stands on the bar, in %."""
        return round(100 / BAR, 1)

    @property
    def left_s(self) -> float:
        return self.limit_s - self.age_s

    @property
    def pressing(self) -> bool:
        """Half of its time is gone."""
        return self.age_s > self.limit_s / 2

    @property
    def over(self) -> bool:
        return self.age_s > self.limit_s


@dataclass(frozen=True, slots=True)
class Waiting(Age):
    """One that nobody has claimed."""

    shown: Shown


@dataclass(frozen=True, slots=True)
class Queue:
    """`waiting`: the nearest to their limits first, at most MOST_WAITING of `n`; `oldest` of them all; `over`: how many wait
    beyond their limits. `held`: in somebody's hands, the most urgent first, by owner. `parked`: next back first, at most
    MOST_PARKED of `n_parked`."""

    n: int
    over: int
    oldest: Age | None
    waiting: list[Waiting]
    held: dict[UUID, list[Shown]]
    parked: list[Shown]
    n_parked: int


def queue(user: User, organisation: Organisation, targets: dict[tuple[UUID, int], Target], *, at: datetime) -> Queue:
    """The unfinished incidents of a centre as this user sees them: four queries."""
    rows = Incident.objects.visible_to(user, Act.WALL).filter(organisation=organisation)
    limits = {priority: targets[organisation.pk, priority].soon_s for priority in (1, 2, 3)}
    columns = ("pk", "priority", "captured_at")
    found = list(rows.unclaimed().by_urgency().values_list(*columns)[:MOST_LOOKED_AT])
    ages = {
        pk: Age(captured, max(0.0, (at - captured).total_seconds()), limits[priority])
        for pk, priority, captured in found
    }
    nearest = sorted(found, key=lambda one: (ages[one[0]].left_s, one[1]))[:MOST_WAITING]
    parked = rows.filter(state=State.PARKED).order_by("due_at", "number")
    n_parked = parked.count()
    wanted = [pk for pk, *_ in nearest] + list(parked.values_list("pk", flat=True)[:MOST_PARKED] if n_parked else [])
    shown = _shown(rows, wanted)
    held: dict[UUID, list[Shown]] = {}
    for one in shown.values():
        if one.row.state in HELD and one.row.owner_id:
            held.setdefault(one.row.owner_id, []).append(one)
    # Between two queries one may have been claimed: it is then in its owner's row, and not in the queue.
    waiting = [
        Waiting(ages[pk].since, ages[pk].age_s, ages[pk].limit_s, shown[pk])
        for pk, *_ in nearest
        if pk in shown and shown[pk].row.state == State.OPEN
    ]
    return Queue(
        n=len(found) if len(found) < MOST_LOOKED_AT else rows.unclaimed().count(),
        over=sum(one.over for one in ages.values()),
        oldest=max(ages.values(), key=lambda one: one.age_s, default=None),
        waiting=waiting,
        held=held,
        parked=sorted((one for one in shown.values() if one.row.state == State.PARKED), key=_due),
        n_parked=n_parked,
    )


def loudest(user: User, organisation: Organisation) -> int:
    """The gravest priority of what nobody claimed until supervisors were told, to be heard by whoever may take over until
    somebody has it; 0 for silence. One query."""
    rows = Incident.objects.visible_to(user, Act.TAKE_OVER).filter(organisation=organisation).unclaimed()
    told: dict[str, int | None] = rows.filter(escalation__gte=SUPERVISORS).aggregate(gravest=Min("priority"))
    return told["gravest"] or 0


def _shown(rows: Any, wanted: list[UUID]) -> dict[UUID, Shown]:
    """The wanted ones and all that are held, the most urgent first, with what names them."""
    chosen = rows.filter(Q(pk__in=wanted) | Q(state__in=HELD)).select_related("site", "owner", "offered_to")
    return {row.pk: Shown(row, headline(row)) for row in chosen.prefetch_related(ALERTS).by_urgency()}


def _due(one: Shown) -> tuple[datetime, int]:
    return one.row.due_at or one.row.queued_at, one.row.number
