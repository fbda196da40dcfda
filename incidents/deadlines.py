"""What happens when a deadline of an incident passes. Each row is locked, acted on once, and its column cleared."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from incidents.actions.locking import move
from incidents.actions.offering import offer, offer_waiting, start_deadlines
from incidents.models import Incident
from incidents.models.incident import State
from soc.core import events
from soc.core.sweeps import sweep


def _each(column: str, at: datetime, act: Callable[[Incident], None]) -> int:
    """Run `act` once for every incident whose `column` has passed, locked, in a transaction of its own."""
    done = 0
    for pk in list(Incident.objects.filter(**{f"{column}__lte": at}).values_list("pk", flat=True)[:200]):
        with transaction.atomic():
            rows = Incident.objects.select_for_update(skip_locked=True, of=("self",)).select_related("site")
            incident = rows.filter(pk=pk, **{f"{column}__lte": at}).first()
            if incident is None:
                continue  # another spine has it, or it moved on
            setattr(incident, column, None)
            act(incident)
            incident.save()
            done += 1
    return done


@sweep("incidents.claim_by")
def unclaimed(at: datetime) -> int:
    """Nobody claimed: to all operators, then the supervisors, then the one on call."""

    def to_all(incident: Incident) -> None:
        incident.offered_to = incident.offered_at = None
        incident.escalation = max(incident.escalation, 1)
        events.record("incident.offered_to_all", incident, by=None, at=at)

    def upwards(level: int) -> Callable[[Incident], None]:
        def escalate(incident: Incident) -> None:
            incident.escalation = max(incident.escalation, level)
            events.record("incident.escalated", incident, by=None, at=at, level=level, why="unclaimed")

        return escalate

    return _each("claim_by", at, to_all) + _each("supervisor_by", at, upwards(2)) + _each("oncall_by", at, upwards(3))


@sweep("incidents.verdict_by")
def undecided(at: datetime) -> int:
    """Claimed and no verdict: the supervisors are told, the owner keeps it."""

    def tell(incident: Incident) -> None:
        events.record("incident.escalated", incident, by=None, at=at, level=2, why="undecided")

    return _each("verdict_by", at, tell)


@sweep("incidents.due_at")
def due(at: datetime) -> int:
    """A parked incident comes back to the queue; a waiting one reminds its owner."""

    def act(incident: Incident) -> None:
        if incident.state == State.PARKED:
            move(incident.come_back)
            start_deadlines(incident, at=at)
            incident.save()
            events.record("incident.returned", incident, by=None, at=at)
            offer(incident, at=at)
        elif incident.state == State.WAITING:
            events.record("incident.due", incident, by=None, at=at)

    return _each("due_at", at, act)


@sweep("incidents.offers")
def offers(at: datetime) -> int:
    return offer_waiting(at)
