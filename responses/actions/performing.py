"""Doing what is planned, once.

    planned → acting (committed) → the act → placed | failed | unknown (may have happened)
    acting or unknown, lease lapsed → asked about → placed | planned again (positively not there) | failed

The order of commits is what keeps a call from being placed twice: nobody acts on a row that is not `planned`, and a row
leaves `planned` before anything leaves the house. Whoever finds a begun one asks.
"""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext as _

from incidents.audit.guard import Exercise, keep_in
from incidents.models.incident import State
from responses import adapters
from responses.actions import facts, links, script, switching, talking
from responses.actions.paging import APPROVAL
from responses.actions.sending import STOPPED
from responses.actions.stopping import CODE, dispatch_stop
from responses.actions.stopping import words as stop_words
from responses.models import Attempt
from responses.ports import DeliveryError, Heard, Receipt, Unclear
from soc.core import clock, deliveries, events
from soc.core.models import Approval

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)  # an act is over by then, or asked about
FRESH_S = 5.0  # between the commit and the act; a process that was stopped for longer leaves it to the asking
ASK_AGAIN_S = (2, 3, 5, 10, 20, 40, 60)
GRACE = timedelta(seconds=20)  # a call may reach the provider late: until then "no such call" is not believed
TRIES = 3  # acts begun per attempt, where the earlier ones positively did not happen
AGAIN_S = (1, 3)
SKEW = timedelta(minutes=2)  # the provider's clock against ours
GIVE_UP = timedelta(minutes=4)
STALE_TALK = timedelta(seconds=30)  # "leave now" to somebody who left half a minute ago

Status, Kind = Attempt.Status, Attempt.Kind


class TooLate(Exception):
    """It should no longer be done."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code, self.words = code, words


def perform(attempt_id: UUID) -> None:
    """Begin a planned attempt and do it. Nothing happens when it is not planned (any more) or its time has not come."""
    started = clock.monotonic()
    attempt = begin(attempt_id, at=clock.db_now())
    if attempt is None:
        return
    try:
        _still_wanted(attempt, at=clock.db_now())
        if clock.monotonic() - started > FRESH_S:
            log.warning("attempt %s was begun too long ago, it will be asked about", attempt_id)
            return
        receipt = _act(attempt)
    except TooLate as late:
        _fail(attempt_id, late.words, code=late.code)
    except DeliveryError as error:
        _not_done(attempt, error)
    except Unclear as doubt:
        _in_doubt(attempt_id, str(doubt))
    else:
        if receipt is not None:
            facts.placed(attempt_id, receipt.provider_id, at=clock.now())


def begin(attempt_id: UUID, *, at: datetime) -> Attempt | None:
    """planned → acting by compare-and-set, committed before this returns; None for whoever comes second."""
    free = Q(leased_until__isnull=True) | Q(leased_until__lte=at)
    with transaction.atomic(durable=True):
        won = Attempt.objects.filter(free, pk=attempt_id, status=Status.PLANNED).update(
            status=Status.ACTING, leased_until=at + LEASE, acting_at=at, tries=F("tries") + 1
        )
    if not won:
        return None
    paths = ("incident__site", "site", "organisation", "responder", "paged", "message", "camera", "relay")
    rows = Attempt.objects.select_related(*paths)
    return rows.get(pk=attempt_id)


def _still_wanted(attempt: Attempt, *, at: datetime) -> None:
    """Raises TooLate when the world has moved on since it was ordered, or it should never have been."""
    try:
        keep_in(attempt.incident)
    except Exercise as exercise:
        raise TooLate(exercise.code, str(exercise)) from exercise
    if attempt.responder_id is not None and (stop := dispatch_stop(attempt.organisation_id)):
        Attempt.objects.filter(pk=attempt.pk).update(data={**attempt.data, STOPPED: str(stop.pk)})
        raise TooLate(CODE, stop_words(stop, attempt.site.zone_info))
    if attempt.paged_id is not None and APPROVAL in attempt.data:
        if not Approval.objects.filter(pk=attempt.data[APPROVAL], state=Approval.State.WAITING).exists():
            raise TooLate("decided", _("It was decided before this could be done."))
    elif attempt.paged_id is not None and not attempt.incident.unattended:
        raise TooLate("claimed", _("Somebody had it in hand before this could be done."))
    if attempt.incident.state == State.CLOSED:
        raise TooLate("closed", _("The incident was closed before this could be done."))
    if attempt.kind == Kind.TALK:
        assert attempt.message is not None
        if why := talking.why_not(attempt.incident, attempt.message):
            raise TooLate("quiet" if talking.quiet_at(attempt.incident) else "untrue", why)
        if at - attempt.created_at > STALE_TALK:
            raise TooLate("late", _("The message could not be played in time. Play it again if it still fits."))
    if attempt.kind == Kind.RELAY and (why_not := switching.why_not(attempt, at=at)):
        raise TooLate(*why_not)


def _act(attempt: Attempt) -> Receipt | None:
    """The outward act itself. A talk and a relay report as they go and have no receipt."""
    if attempt.kind == Kind.RELAY:
        switching.do(attempt)
        return None
    if attempt.kind == Kind.TALK:
        _talk(attempt)
        return None
    if attempt.kind == Kind.CALL:
        return adapters.voice().call(_number(attempt), attempt_id=attempt.pk, ring_s=attempt.data["ring_s"])
    return adapters.text().send(_number(attempt), _words(attempt), attempt_id=attempt.pk)


def _number(attempt: Attempt) -> str:
    """Whom it is for: a responder, or one of the centre's own people."""
    person = attempt.responder or attempt.paged
    assert person is not None
    return person.phone


def _words(attempt: Attempt) -> str:
    """The text with its link, put together only now: what is kept of it opens nothing."""
    body = str(attempt.data["body"])
    call = attempt.data.get("call")
    return script.with_link(body, links.address(UUID(call))) if call else body


def _talk(attempt: Attempt) -> None:
    assert attempt.camera is not None
    assert attempt.message is not None
    address = talking.address_of(attempt.camera)
    pcm = talking.sound(attempt.message)

    def on_sound(at: datetime) -> None:
        facts.sounding(attempt.pk, at=at)

    try:
        heard: Heard = adapters.talkdown().talk(address, pcm, on_sound=on_sound)
    except Unclear as doubt:
        facts.broken(attempt.pk, _broken_words(str(doubt)), at=clock.now(), code="broken")
        return
    facts.played(attempt.pk, seconds=heard.seconds, packets=heard.packets, at=clock.now())
    if heard.heard_at:
        facts.heard(attempt.pk, at=heard.heard_at, how=heard.how)


def _broken_words(why: str) -> str:
    words = _("It is not known whether the message was heard to its end (%(why)s). Look, and play it again if needed.")
    return words % {"why": why}


def _not_done(attempt: Attempt, error: DeliveryError) -> None:
    """It certainly did not happen: try again in a moment, or say so."""
    again = not error.permanent and attempt.kind != Kind.TALK and attempt.tries < TRIES
    if not again:
        _fail(attempt.pk, error.message, code="refused" if error.permanent else "unreachable")
        return
    wait = AGAIN_S[min(attempt.tries, len(AGAIN_S)) - 1]
    due = clock.db_now() + timedelta(seconds=wait)
    begun = Attempt.objects.filter(pk=attempt.pk, status=Status.ACTING, tries=attempt.tries)
    begun.update(status=Status.PLANNED, leased_until=due, error=error.message[:240])


def _in_doubt(attempt_id: UUID, words: str) -> None:
    """It may have happened: asked about as soon as the sweep finds it."""
    Attempt.objects.filter(pk=attempt_id, status=Status.ACTING).update(
        status=Status.UNKNOWN, leased_until=clock.db_now(), error=words[:240]
    )


def _fail(attempt_id: UUID, words: str, *, code: str) -> None:
    with transaction.atomic():
        facts.failed(facts.lock(attempt_id), words, at=clock.now(), code=code)


# --- What was begun and not finished


def pick_up(attempt_id: UUID, *, at: datetime) -> bool:
    """A lapsed one is handed on: planned ones to be begun again, begun ones to be asked about. For the sweep.

    Its lease moves on in the same transaction, so that one sweep's event is not repeated by the next.
    """
    with transaction.atomic():
        rows = Attempt.objects.select_for_update(skip_locked=True, of=("self",)).select_related("site")
        attempt = rows.filter(pk=attempt_id, leased_until__lte=at).first()
        if attempt is None or attempt.status not in {Status.PLANNED, Status.ACTING, Status.UNKNOWN, Status.PLACED}:
            return False
        if attempt.status == Status.PLACED:  # a message whose process died in the middle of it
            facts.broken(attempt_id, _broken_words(_("the connection was lost")), at=at, code="broken")
            return True
        told = {"incident": attempt.incident_id, "act": attempt.kind, "tries": attempt.tries}
        if attempt.status == Status.PLANNED:
            attempt.leased_until = None
            events.record("attempt.retried", attempt, by=None, at=at, **told)
        else:
            attempt.status, attempt.leased_until = Status.UNKNOWN, at + LEASE
            # Somebody is asking, or asking failed and is tried again, later and later: not anew each time.
            if not deliveries.owed(attempt.pk, "responses.settle"):
                events.record("attempt.unclear", attempt, by=None, at=at, **told)
        attempt.save(update_fields=["status", "leased_until"])
        return True


def settle(attempt_id: UUID) -> None:
    """Find out what became of an attempt that may have happened.

    1. A message at the site is never repeated by itself: it failed, in words. Nor is a relay: its device is asked how it stands.
    2. The provider is asked for our calls to that number. One that no attempt owns is this one's.
    3. It positively has none, and the grace is over: planned again, if it is still wanted.
    4. It cannot say, or several begun attempts could own the call: asked again, and given up in the end.
    """
    attempt = (
        Attempt.objects.select_related("incident__site", "organisation", "responder", "paged", "relay")
        .filter(pk=attempt_id)
        .first()
    )
    if attempt is None or attempt.status != Status.UNKNOWN:
        return
    if attempt.kind == Kind.TALK:
        facts.broken(attempt_id, _broken_words(_("the connection was lost")), at=clock.now(), code="broken")
        return
    asked_at = clock.db_now()
    try:
        if attempt.kind == Kind.RELAY:
            if words := switching.ask(attempt):
                _fail(attempt.pk, words, code="not_switched")
            return
        unowned, rivals = _ask(attempt)
    except DeliveryError as error:
        _ask_later(attempt, error.message, at=asked_at)
        return
    if unowned and rivals == 0:
        facts.placed(attempt_id, unowned[-1].provider_id, at=clock.now())
    elif unowned:
        _ask_later(attempt, _("The phone company has a call that may be this one or another."), at=asked_at)
    else:
        _not_there(attempt, at=asked_at)


def _ask(attempt: Attempt) -> tuple[list[Receipt], int]:
    """(what the provider has that no attempt owns, how many other begun attempts could own it)."""
    assert attempt.acting_at is not None
    number = _number(attempt)
    since = attempt.acting_at - SKEW
    if attempt.kind == Kind.CALL:
        there = adapters.voice().calls_to(number, since=since)
    else:
        there = adapters.text().texts_to(number, script.marker(attempt.incident), since=since)
    ids = [receipt.provider_id for receipt in there]
    owned = set(Attempt.objects.filter(provider_id__in=ids).values_list("provider_id", flat=True))
    theirs = Q(responder__phone=number) | Q(paged__phone=number)
    others = Attempt.objects.filter(theirs, kind=attempt.kind, provider_id="").exclude(pk=attempt.pk)
    rivals = others.filter(status__in=[Status.ACTING, Status.UNKNOWN]).count()
    return [receipt for receipt in there if receipt.provider_id not in owned], rivals


def _not_there(attempt: Attempt, *, at: datetime) -> None:
    """The provider positively knows nothing of it."""
    assert attempt.acting_at is not None
    if at - attempt.acting_at < GRACE:
        _ask_later(attempt, attempt.error, at=at)
        return
    late = attempt.answer_by is not None and at >= attempt.answer_by
    if late or attempt.tries >= TRIES:
        _fail(attempt.pk, _("It was not placed: the phone company knows nothing of it."), code="not_placed")
        return
    with transaction.atomic():
        unsettled = Attempt.objects.filter(pk=attempt.pk, status=Status.UNKNOWN, tries=attempt.tries, placed_at=None)
        if unsettled.update(status=Status.PLANNED, leased_until=None):
            told = {"incident": attempt.incident_id, "act": attempt.kind, "tries": attempt.tries}
            events.record("attempt.retried", attempt, by=None, at=at, **told)


def _ask_later(attempt: Attempt, words: str, *, at: datetime) -> None:
    assert attempt.acting_at is not None
    if at - attempt.acting_at > GIVE_UP:
        if attempt.kind == Kind.RELAY:
            gave_up = _("It could not be found out whether it was switched. Look before you switch it again.")
        else:
            gave_up = _("It could not be found out whether this reached anybody. Ring them yourself.")
        _fail(attempt.pk, gave_up, code="unclear")
        return
    asked = attempt.data.get("asked", 0)
    wait = ASK_AGAIN_S[min(asked, len(ASK_AGAIN_S) - 1)]
    unsettled = Attempt.objects.filter(pk=attempt.pk, status=Status.UNKNOWN, tries=attempt.tries)
    unsettled.update(
        leased_until=at + timedelta(seconds=wait), data={**attempt.data, "asked": asked + 1}, error=words[:240]
    )
