"""What becomes of desks and of what is held there, by sweeps: who sleeps loses a claim that nothing was done with, who does
nothing for long is asked whether they are there, a break ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from cameras.health import Pauses
from incidents.actions.choosing import may_handle, seats
from incidents.actions.locking import move
from incidents.actions.offering import offer, start_deadlines
from incidents.actions.shifts import HERE, back_from_break
from incidents.models import Desk, Incident, Shift
from incidents.models.incident import State
from soc.core import events
from soc.core.models import Event
from soc.core.sweeps import sweep

AT_ONCE: Final = 200
# How an incident comes to its owner; and what a page records by itself, with nobody at it.
CAME: Final = ("incident.claimed", "incident.taken_over", "incident.reassigned")
BY_ITSELF: Final = (
    *CAME,
    *("incident.painted", "incident.stamped", "incident.watched", "media.viewed", "camera.viewed"),
)

_pauses = Pauses()


@sweep("incidents.asleep")
def asleep(at: datetime) -> int:
    """Take back what was claimed and not touched since, from whoever's pages have all been out of sight, or silent, for
    ASLEEP_S, where somebody awake can have it; and where nobody is, once its owner is called absent: unclaimed, it goes up by its
    deadlines, and whoever is on call is paged. Returns how many. One query where there is none.

    With a verdict, a call, a word, a note, a step or a description the owner keeps it: `incidents.absent` tells supervisors.
    After a pause of the sweeps nobody is called asleep for a while: their pages could not be heard either.
    """
    if not _pauses.settled(at):
        return 0
    found = Incident.objects.filter(_left_lying(at)).order_by("priority", "turn_at").values_list("pk", flat=True)
    return sum(_wake(pk, at) for pk in list(found[:AT_ONCE]))


def _left_lying(at: datetime) -> Q:
    """Claimed, undecided, and no page of the owner has been in sight; nor did they come to it within that time."""
    since = at - timedelta(seconds=settings.ASLEEP_S)
    shift = Shift.objects.filter(user=OuterRef("owner"), ended_at__isnull=True)
    desk = Desk.objects.filter(user=OuterRef("owner"), awake_at__gt=since)
    awake = Q(Exists(shift.filter(awake_at__gt=since))) | (Q(~Exists(shift)) & Q(Exists(desk)))
    came = Event.objects.filter(subject_id=OuterRef("pk"), kind__in=CAME, at__gt=since)
    return Q(state=State.CLAIMED, verdict="") & ~awake & Q(~Exists(came))


def _wake(pk: UUID, at: datetime) -> int:
    with transaction.atomic():
        rows = Incident.objects.select_for_update(skip_locked=True, of=("self",), no_key=True).select_related("site")
        incident = rows.filter(_left_lying(at), pk=pk).first()
        if incident is None or _touched(incident):
            return 0
        before = incident.owner_id
        among = [seat for seat in seats(at) if seat.awake and seat.user.pk != before]
        if incident.absent_since is None and not any(may_handle(seat.shift, incident.site) for seat in among):
            return 0  # nobody else is awake: it stays with whoever may come back, but not beyond a minute
        move(incident.release)
        start_deadlines(incident, at=at)
        incident.save()
        events.record("incident.left_lying", incident, by=None, at=at, before=before, token=incident.token)
        offer(incident, at=at, among=among)
        return 1


def _touched(incident: Incident) -> bool:
    """Whether its owner did anything at this site since it came to them."""
    came = Event.objects.filter(subject_id=incident.pk, kind__in=CAME).order_by("-id").values_list("id", flat=True)
    deeds = Event.objects.filter(site=incident.site_id, by=incident.owner_id).exclude(kind__in=BY_ITSELF)
    return deeds.filter(id__gt=came.first() or 0).exists()


@sweep("incidents.presence")
def presence(at: datetime) -> int:
    """Ask who has pressed nothing for long whether they are there, and tell supervisors of whoever does not answer. Returns how
    many desks changed. One query where none does.

    1. At the end of a break, and after PRESENCE_IDLE_S without a key, PRESENCE_LONE_S for one who is alone: asked.
    2. No key for PRESENCE_ANSWER_S after that: silent, and nothing is offered until there is one.
    3. A key after the question: answered, and back from a break that is over.
    """
    rows = Shift.objects.filter(_changes(at), ended_at__isnull=True).values_list("pk", flat=True)
    return sum(_ask_or_tell(pk, at) for pk in list(rows[:AT_ONCE]))


def _ago(seconds: int, at: datetime) -> datetime:
    return at - timedelta(seconds=seconds)


def _changes(at: datetime) -> Q:
    asked = Q(asked_at__isnull=False)
    answered = asked & Q(active_at__gt=F("asked_at"))
    unanswered = asked & Q(silent_at__isnull=True, asked_at__lte=_ago(settings.PRESENCE_ANSWER_S, at))
    return answered | unanswered | (~asked & (Q(break_until__lte=at) | _idle(at)))


def _idle(at: datetime) -> Q:
    """On no break, and no key for as long as is asked of one who is alone, or of one of several."""
    others = Shift.objects.filter(organisation=OuterRef("organisation"), ended_at__isnull=True, seen_at__gt=at - HERE)
    others = others.filter(break_until__isnull=True, silent_at__isnull=True).exclude(pk=OuterRef("pk"))
    lone = Q(active_at__lte=_ago(settings.PRESENCE_LONE_S, at)) & Q(~Exists(others))
    return Q(break_until__isnull=True) & (Q(active_at__lte=_ago(settings.PRESENCE_IDLE_S, at)) | lone)


def _ask_or_tell(pk: UUID, at: datetime) -> int:
    with transaction.atomic():
        rows = Shift.objects.select_for_update(skip_locked=True, of=("self",), no_key=True)
        shift = rows.filter(_changes(at), pk=pk, ended_at__isnull=True).first()
        if shift is None:
            return 0  # another spine has it, or they pressed a key
        if shift.asked_at is None:
            over = shift.break_until is not None
            Shift.objects.filter(pk=pk).update(asked_at=at)
            events.record("shift.break_over" if over else "shift.asked", shift, by=None, at=at, user=shift.user_id)
        elif shift.active_at is not None and shift.active_at > shift.asked_at:
            if shift.break_until is not None:
                back_from_break(shift, at=at, by=shift.user)
            else:
                Shift.objects.filter(pk=pk).update(asked_at=None, silent_at=None)
                events.record("shift.answered", shift, by=shift.user, at=at, user=shift.user_id)
        else:
            Shift.objects.filter(pk=pk).update(silent_at=at)
            events.record("shift.silent", shift, by=None, at=at, user=shift.user_id)
        return 1
