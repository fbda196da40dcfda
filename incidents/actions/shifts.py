"""Sitting down, a break, getting up."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypedDict
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Greatest
from django.utils.translation import gettext_lazy as _

from incidents import staff
from incidents.errors import Refused
from incidents.models import HandOver, Incident, Shift
from soc.core import events
from soc.core.models import Organisation, User
from soc.core.rights import MATRIX, Act

MICROPHONES: Final = frozenset({"ok", "none", "failed"})
# A console is heard of every two seconds. Longer than a page that is loaded again or a network that stumbles.
HERE: Final = timedelta(seconds=60)


class Item(TypedDict):
    """One thing that whoever sits down is told, as it was worded then; `accepted_at`: ISO 8601, "" while it is not."""

    key: str
    group: str
    words: str
    accepted_at: str


def start_shift(
    *,
    user: User,
    organisation: Organisation,
    at: datetime,
    items: Sequence[Item] = (),
    sound_heard: bool = False,
    microphone: str = "",
    desk: str = "",
) -> Shift:
    """Sit down at the desk, having taken on what is open: from now on incidents are offered. Starting twice changes nothing.

    Raises Refused: `role`, `papers` (one is missing or out of force), `not_accepted` (an item of the hand-over is not).
    """
    here = Q(organisation=organisation) | Q(customer__organisation=organisation) | Q(site__organisation=organisation)
    if not user.memberships.filter(here, role__in=MATRIX[Act.HANDLE]).exists():
        raise Refused("role", _("Your role may not handle incidents."))
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        shift = Shift.objects.filter(user=user, ended_at__isnull=True).first()
        if shift is not None:
            Shift.objects.filter(pk=shift.pk).update(seen_at=at, awake_at=at, active_at=at)
            return shift
        if wrong := staff.wrong_papers(user, organisation, at=at):
            raise Refused("papers", " ".join(wrong))
        if left := [item["words"] for item in items if not item["accepted_at"]]:
            raise Refused("not_accepted", _("Still to be taken on: %(words)s") % {"words": left[0]})
        shift = Shift.objects.create(
            user=user, organisation=organisation, started_at=at, seen_at=at, awake_at=at, active_at=at,
            sound_heard_at=at if sound_heard else None, microphone=microphone if microphone in MICROPHONES else "",
            desk=desk[:40],
        )  # fmt: skip
        hand_over = HandOver.objects.create(organisation=organisation, shift=shift, items=list(items), at=at)
        hand_over.outgoing.set({one.user for one in staff.before(user, organisation, at=at)})
        facts = {"items": len(items), "sound": sound_heard, "microphone": shift.microphone}
        events.record("shift.started", shift, by=user, at=at, **facts)
    return shift


def end_shift(*, user: User, at: datetime, last_words: str = "") -> None:
    """Leave the desk, with a word for whoever sits down next. Refused while an incident is held: nobody logs off owning one."""
    last_words = last_words.strip()
    if len(last_words) > 2000:
        raise Refused("long", _("Last words have at most 2,000 characters."))
    with transaction.atomic():
        shift = _open(user)
        if shift is None:
            return
        _holds_nothing(user)
        shift.ended_at, shift.last_words = at, last_words
        shift.asked_at = shift.silent_at = shift.break_from = shift.break_until = None
        shift.save()
        events.record("shift.ended", shift, by=user, at=at)


def begin_break(*, user: User, until: datetime, by: User, at: datetime) -> Shift:
    """Nothing is offered to `user` until they are back; a supervisor may send them.

    Raises Refused: `role`, `no_shift`, `until` (BREAK_MIN at most), `holding`, and `alone` for whoever leaves no one at the
    desks: a supervisor may send them all the same.
    """
    with transaction.atomic():
        shift = _open(user)
        if shift is None:
            raise Refused("no_shift", _("%(sign)s is not on shift.") % {"sign": user.sign})
        _may_send(by, shift)
        if not at < until <= at + timedelta(minutes=settings.BREAK_MIN):
            words = _("A break has at least a minute and at most %(minutes)s.") % {"minutes": settings.BREAK_MIN}
            raise Refused("until", words)
        _holds_nothing(user)
        if by == user and alone(shift, at):
            raise Refused("alone", _("Nobody else is at a desk. Ask a supervisor to sit down, or to send you."))
        shift.break_from, shift.break_until = at, until
        shift.asked_at = shift.silent_at = None
        shift.save()
        events.record("shift.break", shift, by=by, at=at, user=user.pk, until=until.isoformat())
    return shift


def come_back(*, user: User, by: User, at: datetime) -> None:
    """From a break, before or after its end. Without one nothing changes."""
    with transaction.atomic():
        shift = _open(user)
        if shift is None or shift.break_until is None:
            return
        _may_send(by, shift)
        back_from_break(shift, at=at, by=by)


def back_from_break(shift: Shift, *, at: datetime, by: User | None) -> None:
    """Of a locked shift."""
    shift.break_from = shift.break_until = shift.asked_at = shift.silent_at = None
    shift.active_at = max(at, shift.active_at or at)
    shift.save()
    events.record("shift.back", shift, by=by, at=at, user=shift.user_id)


def colleagues(shift: Shift, at: datetime) -> QuerySet[Shift]:
    """Who else is at a desk of this centre: heard of within a minute, not on a break, not silent."""
    there = Shift.objects.filter(organisation=shift.organisation_id, ended_at__isnull=True, seen_at__gt=at - HERE)
    return there.filter(break_until__isnull=True, silent_at__isnull=True).exclude(pk=shift.pk)


def alone(shift: Shift, at: datetime) -> bool:
    return not colleagues(shift, at).exists()


def hold_desks(*user_ids: UUID) -> None:
    """Lock these people's shifts, in one order: nobody leaves the desk in the moment an incident becomes theirs."""
    rows = Shift.objects.select_for_update(no_key=True).filter(user__in=user_ids, ended_at__isnull=True)
    list(rows.order_by("pk").values_list("pk"))


def at_work(user_id: UUID, *, at: datetime) -> None:
    """They take an incident: that ends a break, and is a sign of life, which takes no later one back. Holds their desk, as
    `hold_desks` does."""
    last: Any = Greatest("active_at", Value(at))
    Shift.objects.filter(user=user_id, ended_at__isnull=True).update(active_at=last, break_from=None, break_until=None)


def now_free(user_id: UUID, *, at: datetime) -> None:
    """They let an incident go: who has been without one for longest is asked first."""
    Shift.objects.filter(user=user_id, ended_at__isnull=True).update(free_since=at)


def _open(user: User) -> Shift | None:
    return Shift.objects.select_for_update(no_key=True).filter(user=user, ended_at__isnull=True).first()


def _holds_nothing(user: User) -> None:
    held = Incident.objects.held_by(user).first()
    if held is not None:
        raise Refused(
            "holding", _("You still hold %(incident)s. Close it, or hand it back.") % {"incident": held.reference}
        )


def _may_send(by: User, shift: Shift) -> None:
    if by.pk == shift.user_id:
        return
    if not by.memberships.filter(organisation=shift.organisation_id, role__in=MATRIX[Act.ASSIGN]).exists():
        raise Refused("role", _("Only a supervisor may do this for somebody else."))
