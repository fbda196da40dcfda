"""Claiming and working an incident."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from incidents.actions import runaway
from incidents.actions.locking import check_token, locked, move
from incidents.actions.offering import offer, start_deadlines
from incidents.actions.shifts import at_work, hold_desks, now_free
from incidents.actions.undoing import standing
from incidents.audit.revealing import judged
from incidents.errors import Refused
from incidents.models import Incident, Note, VerdictChange
from incidents.models.incident import HELD, State
from incidents.outcomes import Verdict
from soc.core import events
from soc.core.models import User
from soc.core.rights import Act

__all__ = [
    "add_note",
    "check_token",
    "claim",
    "decide",
    "park",
    "park_at_most",
    "release",
    "resume",
    "take_over",
    "wait",
]


def claim(incident_id: UUID, *, by: User, at: datetime) -> Incident:
    """Make `by` the owner under a row lock and issue a new fencing token. Claiming what one holds already changes nothing.

    Raises Refused: `taken` (somebody else's), `not_offered` (it is on another operator's screen), `state`.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        if incident.state in HELD:
            if incident.owner_id == by.pk:
                return incident
            assert incident.owner is not None
            raise Refused("taken", _("%(owner)s has this incident.") % {"owner": incident.owner.sign})
        theirs = (
            incident.state == State.OPEN and incident.escalation == 0 and incident.offered_to_id not in (None, by.pk)
        )
        if theirs and not by.may(Act.TAKE_OVER, incident.site):
            raise Refused(
                "not_offered",
                _("This incident is on another operator's screen. It comes to everyone if it is not claimed."),
            )
        at_work(by.pk, at=at)
        move(incident.claim, by=by, at=at)
        if not incident.verdict:
            incident.verdict_by = at + timedelta(seconds=settings.VERDICT_S[incident.priority - 1])
        incident.save()
        events.record("incident.claimed", incident, by=by, at=at, token=incident.token)
    return incident


def decide(incident_id: UUID, *, verdict: str, token: int, by: User, at: datetime) -> Incident:
    """Record the specialist's verdict; it may change, and every change is kept. A case of the blind audit ends with it."""
    if verdict not in Verdict.values:
        raise Refused("verdict", _("Choose a verdict: real, suspicious, cannot tell, authorised or false."))
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        if judged(incident, verdict, by=by, at=at):
            return incident
        before, was = incident.verdict, standing(incident)
        move(incident.decide, verdict=verdict, at=at)
        incident.save()
        VerdictChange(site=incident.site, incident=incident, verdict=verdict, by=by, at=at).save()
        events.record("incident.verdict", incident, by=by, at=at, verdict=verdict, before=before, was=was)
    return incident


def add_note(incident_id: UUID, *, text: str, by: User, at: datetime) -> Note:
    """Write for the record. Needs no claim: a colleague may have seen something."""
    text = text.strip()
    if not text:
        raise Refused("empty", _("Write something first."))
    if len(text) > 2000:
        raise Refused("long", _("A note has at most 2,000 characters."))
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        note = Note(site=incident.site, incident=incident, text=text, by=by, at=at)
        note.save()
        events.record("incident.noted", incident, by=by, at=at, note=note.pk)
    return note


def park(incident_id: UUID, *, reason: str, until: datetime, token: int, by: User, at: datetime) -> Incident:
    """Put aside with a reason and a time to return; never a priority 1. One that counts a runaway comes back for every look."""
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        if incident.priority == 1:
            raise Refused("urgent", _("An urgent incident is never parked: let it wait, watched, or hand it over."))
        _check_return(reason, until, at, park_at_most(incident))
        was = standing(incident)
        move(incident.park, until=until, reason=reason.strip())
        incident.token += 1
        incident.save()
        events.record("incident.parked", incident, by=by, at=at, due_at=until.isoformat(), was=was)
        now_free(by.pk, at=at)
    return incident


def park_at_most(incident: Incident) -> timedelta:
    """How long it may be put aside: none at all where it is urgent."""
    if incident.priority > 1 and incident.counts:
        return runaway.look_every(incident.site)
    return timedelta(minutes=settings.PARK_MIN[incident.priority - 1] if incident.priority > 1 else 0)


def wait(incident_id: UUID, *, reason: str, until: datetime, token: int, by: User, at: datetime) -> Incident:
    """Keep it while something is awaited; the owner is reminded at `until`."""
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        _check_return(reason, until, at, timedelta(minutes=settings.WAIT_MIN))
        move(incident.wait, until=until, reason=reason.strip())
        incident.save()
        events.record("incident.waiting", incident, by=by, at=at, due_at=until.isoformat())
    return incident


def _check_return(reason: str, until: datetime, at: datetime, at_most: timedelta) -> None:
    if not reason.strip():
        raise Refused("reason", _("Say why."))
    if not at < until <= at + at_most:
        minutes = int(at_most.total_seconds() // 60)
        raise Refused("until", _("Choose a time to return within %(minutes)s minutes.") % {"minutes": minutes})


def resume(incident_id: UUID, *, token: int, by: User, at: datetime) -> Incident:
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        move(incident.resume)
        incident.save()
        events.record("incident.resumed", incident, by=by, at=at)
    return incident


def release(incident_id: UUID, *, token: int, by: User, at: datetime) -> Incident:
    """Give it back to the queue, at once offered to somebody."""
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        was = standing(incident)
        move(incident.release)
        start_deadlines(incident, at=at)
        incident.save()
        events.record("incident.released", incident, by=by, at=at, was=was)
        now_free(by.pk, at=at)
        offer(incident, at=at)
    return incident


def take_over(incident_id: UUID, *, by: User, at: datetime) -> Incident:
    """A supervisor takes it from its owner, or anybody who handles from one who has gone: same state, new owner, new
    token, logged.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.SEE)
        gone = incident.absent_since is not None and by.may(Act.HANDLE, incident.site)
        if not gone and not by.may(Act.TAKE_OVER, incident.site):
            raise Incident.DoesNotExist(f"no incident {incident_id} that may be taken over")
        if incident.state not in HELD:
            raise Refused("state", _("Nobody holds this incident: claim it."))
        if not by.may(Act.HANDLE, incident.site):
            raise Refused("role", _("Your role may not handle incidents."))
        before = incident.owner_id
        assert before is not None, "whoever holds it is its owner"
        if before == by.pk:
            return incident
        hold_desks(by.pk, before)
        at_work(by.pk, at=at)
        incident.owner = by
        incident.token += 1
        incident.absent_since = incident.oncall_by = None
        incident.save()
        events.record("incident.taken_over", incident, by=by, at=at, before=before, token=incident.token)
        now_free(before, at=at)
    return incident
