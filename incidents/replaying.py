"""What a replay means for incidents: those that were real, and that nobody would have seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, Q

from cameras.context.policy import Policy
from cameras.models import EXERCISES
from cameras.replaying.counts import Change, Result
from cameras.replaying.replay import Progress, replay
from incidents.models import Alert, Incident
from incidents.models.incident import State
from incidents.outcomes import Verdict
from soc.core.models import Media

TAKEN_FOR_REAL = (Verdict.REAL, Verdict.SUSPICIOUS, Verdict.CANNOT_TELL)
REPLAYED = Q(candidate__ordinal__isnull=False, candidate__facts__has_key="category") & ~Q(
    candidate__source__in=EXERCISES
)


@dataclass(frozen=True)
class Lost:
    """A real incident of which no alert would be raised any more. `alerts`: how many it had in that time; `clip` and
    `snapshot`: of the first alert that still has one."""

    incident: UUID
    reference: str
    site: UUID
    at: datetime
    category: str
    verdict: str
    outcome: str
    alerts: int
    candidate: UUID
    clip: UUID | None
    snapshot: UUID | None


@dataclass
class Replayed:
    """A replay with what it would lose, the newest first."""

    result: Result
    lost: list[Lost] = field(default_factory=list)

    def add(self, other: Replayed) -> None:
        self.result.add(other.result)
        self.lost = sorted([*self.lost, *other.lost], key=lambda one: one.at, reverse=True)

    def as_json(self) -> dict[str, Any]:
        """For `PolicyDraft.replayed` and `Policy.replayed`: counts and ids only."""
        return {**self.result.as_json(), "lost": [str(one.incident) for one in self.lost]}


def replay_with_losses(
    site_ids: Collection[UUID],
    *,
    since: datetime,
    until: datetime,
    body_of: Mapping[UUID, Policy],
    on_progress: Progress | None = None,
) -> Replayed:
    """Replay as `cameras.replaying.replay` does, and say which real incidents nobody would have been shown.

    Memory grows with the real incidents that would lose an alert, not with the candidates.
    """
    losses = Losses(since, until)
    result = replay(
        site_ids, since=since, until=until, body_of=body_of, on_progress=on_progress, on_changed=losses.note
    )
    return Replayed(result, losses.lost())


def real() -> Q:
    """Incidents that somebody took for real, that ended as such, or that nobody has called anything else yet."""
    undecided = ~Q(state=State.CLOSED) & Q(verdict="")
    return Q(verdict__in=TAKEN_FOR_REAL) | Q(outcome__startswith="genuine.") | undecided


class Losses:
    """Counts, change by change, how many alerts of each real incident would not be raised any more."""

    def __init__(self, since: datetime, until: datetime) -> None:
        self.replayed = REPLAYED & Q(candidate__captured_at__gte=since, candidate__captured_at__lt=until)
        self.hidden: Counter[UUID] = Counter()

    def note(self, changes: list[Change]) -> None:
        """Take in what changed; a candidate is told once."""
        hidden = [change.candidate for change in changes if change.before == "raise"]
        if not hidden:
            return
        alerts = Alert.objects.filter(self.replayed, candidate__in=hidden, incident__in=Incident.objects.filter(real()))
        for incident, count in alerts.order_by().values_list("incident").annotate(Count("pk")):
            self.hidden[incident] += count

    def lost(self) -> list[Lost]:
        """The incidents all of whose replayed alerts are gone. An alert from outside of that time saves none: whether it
        would be raised was not asked."""
        known = Alert.objects.filter(self.replayed).select_related("candidate__clip", "candidate__snapshot")
        rows = Incident.objects.filter(pk__in=list(self.hidden)).prefetch_related(
            Prefetch("alerts", known.order_by("captured_at"), to_attr="replayed_alerts")
        )
        gone = [row for row in rows if len(row.replayed_alerts) <= self.hidden[row.pk]]
        return sorted(map(_told, gone), key=lambda one: one.at, reverse=True)


def _told(incident: Any) -> Lost:
    alerts = incident.replayed_alerts
    shown = next((alert for alert in alerts if _there(alert.candidate.clip)), alerts[0]).candidate
    return Lost(
        incident=incident.pk, reference=incident.reference, site=incident.site_id, at=incident.captured_at,
        category=incident.category, verdict=incident.verdict, outcome=incident.outcome, alerts=len(alerts),
        candidate=shown.pk, clip=shown.clip_id if _there(shown.clip) else None,
        snapshot=shown.snapshot_id if _there(shown.snapshot) else None,
    )  # fmt: skip


def _there(media: Media | None) -> bool:
    return media is not None and media.there
