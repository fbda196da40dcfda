"""What happens when a deadline of an incident passes. Each row is locked, acted on once, and its column cleared."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from cameras.health import Pauses
from incidents.actions.calls import call_overdue
from incidents.actions.locking import move
from incidents.actions.offering import offer, offer_waiting, start_deadlines
from incidents.models import CallNote, Desk, Incident, Shift
from incidents.models.incident import DEADLINES, HELD, State
from soc.core import events
from soc.core.away import LOST
from soc.core.models import Event
from soc.core.sweeps import sweep

AT_ONCE = 200


def _offer_to_all(incident: Incident, at: datetime) -> None:
    """The one operator who was asked did not claim."""
    incident.offered_to = incident.offered_at = None
    incident.escalation = max(incident.escalation, 1)
    events.record("incident.offered_to_all", incident, by=None, at=at)


def _to_supervisors(incident: Incident, at: datetime) -> None:
    """Nobody claimed: shown to the supervisors, on the consoles that they have open."""
    incident.escalation = max(incident.escalation, 2)
    events.record("incident.escalated", incident, by=None, at=at, level=2, why="unclaimed")


def _to_on_call(incident: Incident, at: datetime) -> None:
    """Nobody claimed, or nobody took over from an owner who has gone: whoever is on call is paged."""
    if incident.state == State.OPEN:
        incident.escalation = max(incident.escalation, 3)
    if incident.unattended:
        why = "unclaimed" if incident.state == State.OPEN else "absent"
        events.record("incident.escalated", incident, by=None, at=at, level=3, why=why)


def _undecided(incident: Incident, at: datetime) -> None:
    """Claimed and no verdict: shown to the supervisors, the owner keeps it."""
    events.record("incident.escalated", incident, by=None, at=at, level=2, why="undecided")


def _due(incident: Incident, at: datetime) -> None:
    """A parked incident comes back to the queue; a waiting one reminds its owner."""
    if incident.state == State.PARKED:
        move(incident.come_back)
        start_deadlines(incident, at=at)
        incident.save()
        events.record("incident.returned", incident, by=None, at=at)
        offer(incident, at=at)
    elif incident.state == State.WAITING:
        events.record("incident.due", incident, by=None, at=at)


ACTS: dict[str, Callable[[Incident, datetime], None]] = {
    "claim_by": _offer_to_all,
    "supervisor_by": _to_supervisors,
    "oncall_by": _to_on_call,
    "verdict_by": _undecided,
    "due_at": _due,
}


def _passed(at: datetime) -> Q:
    return Q(*((f"{column}__lte", at) for column in DEADLINES), _connector=Q.OR)


@sweep("incidents.deadlines")
def deadlines(at: datetime) -> int:
    """Act on every deadline that has passed, each incident in a transaction of its own. One query when none has.

    Raises ExceptionGroup after the others are done: one incident that cannot go on must not hold back the rest.
    """
    done, failed = 0, []
    for pk in list(Incident.objects.filter(_passed(at)).order_by("priority").values_list("pk", flat=True)[:AT_ONCE]):
        try:
            done += _act(pk, at)
        except LOST:
            raise  # the database is away: for the spine to wait out
        except Exception as error:
            failed.append(error)
    if failed:
        raise ExceptionGroup("deadlines that could not be acted on", failed)
    return done


def _act(pk: UUID, at: datetime) -> int:
    """Everything of one incident that has passed, in the order of DEADLINES. Returns how many deadlines."""
    with transaction.atomic():
        rows = Incident.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
        incident = rows.filter(_passed(at), pk=pk).first()
        if incident is None:
            return 0  # another spine has it, or it moved on
        passed = [column for column in DEADLINES if (by := getattr(incident, column)) is not None and by <= at]
        for column in passed:
            setattr(incident, column, None)
            ACTS[column](incident, at)
        incident.save()
        return len(passed)


_pauses = Pauses()


@sweep("incidents.absent")
def absent(at: datetime) -> int:
    """Mark what is held by somebody who has gone, once, show it to the supervisors, and set by when somebody must have taken over
    lest whoever is on call is paged; unmark it when they are back. One query when neither is so. Returns how many changed.

    After a pause of the sweeps nobody is called absent for a while: their consoles could not be heard either.
    """
    changing = _changing(at, gone_too=_pauses.settled(at))
    held = Incident.objects.filter(changing, state__in=HELD).order_by("priority").values_list("pk", flat=True)
    return sum(_come_or_go(pk, changing, at) for pk in list(held[:AT_ONCE]))


def _changing(at: datetime, *, gone_too: bool) -> Q:
    """Held incidents whose owner was called absent and is here; and, `gone_too`, those whose owner has gone since.

    Here is whose console was in sight, in an open shift or without one, or who did something to the incident itself. A page
    that is hidden speaks on, and nobody looks at it.
    """
    since = at - timedelta(seconds=settings.OWNER_AWAY_S)
    shift = Shift.objects.filter(user=OuterRef("owner"), ended_at__isnull=True, awake_at__gt=since)
    desk = Desk.objects.filter(user=OuterRef("owner"), awake_at__gt=since)
    deed = Event.objects.filter(subject_id=OuterRef("pk"), by=OuterRef("owner"), at__gt=since)
    here = Q(Exists(shift)) | Q(Exists(desk)) | Q(Exists(deed))
    back = Q(absent_since__isnull=False) & here
    return back | (Q(absent_since__isnull=True) & ~here) if gone_too else back


def _come_or_go(pk: UUID, changing: Q, at: datetime) -> int:
    with transaction.atomic():
        rows = Incident.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
        incident = rows.filter(changing, pk=pk, state__in=HELD).first()
        if incident is None:
            return 0  # another spine has it, or it moved on
        gone = incident.absent_since is None
        incident.absent_since = at if gone else None
        incident.oncall_by = at + _to_answer(incident) if gone else None
        incident.save(update_fields=["absent_since", "oncall_by"])
        if gone:
            events.record("incident.escalated", incident, by=None, at=at, level=2, why="absent")
        else:
            events.record("incident.owner_back", incident, by=None, at=at)
        return 1


def _to_answer(incident: Incident) -> timedelta:
    """For how long supervisors alone know of it, as where nobody claims."""
    rank = incident.priority - 1
    return timedelta(seconds=settings.CLAIM_ONCALL_S[rank] - settings.CLAIM_SUPERVISOR_S[rank])


@sweep("incidents.offers")
def offers(at: datetime) -> int:
    return offer_waiting(at)


@sweep("incidents.call_notes")
def call_notes(at: datetime) -> int:
    """Calls promised that are due and not made, callers whose note is to be looked at again."""
    rows = CallNote.objects.filter(ended_at=None, overdue_at=None, due_at__lte=at).order_by("due_at")
    return sum(call_overdue(pk, at=at) for pk in list(rows.values_list("pk", flat=True)[:AT_ONCE]))
