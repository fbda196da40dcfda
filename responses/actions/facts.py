"""What became of an attempt. Facts are only ever added, and the status follows from them alone.

So callbacks may come twice, late and in any order: the end is the same. Nothing here touches an incident's state; only the
stamps of its response clock.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from incidents import actions as incidents
from responses.models import Attempt
from soc.core import events
from soc.core.models import User

FAILED_TO_REACH = frozenset({"busy", "no-answer", "failed", "canceled", "undelivered", "broken"})
LONGEST_MESSAGE = timedelta(seconds=40)  # a message still playing then lost the process that played it
Status = Attempt.Status


class AnotherCall(Exception):
    """A callback of a call that is not this attempt's: the attempt has one of its own."""


def status_of(attempt: Attempt) -> str:
    """The status that the known facts amount to.

    A later "cannot come" outweighs an earlier "yes": nobody is waited for in vain.
    """
    if attempt.declined_at:
        return Status.DECLINED
    if attempt.accepted_at:
        return Status.ACCEPTED
    if attempt.ended_at:
        reached = bool(attempt.answered_at) or attempt.ended_as not in FAILED_TO_REACH
        return Status.DONE if reached else Status.FAILED
    if attempt.answered_at:
        return Status.ANSWERED
    if attempt.placed_at:
        return Status.PLACED
    return attempt.status


def lock(attempt_id: UUID) -> Attempt:
    """The attempt under its row lock. An attempt is locked before its incident, never after. Raises Attempt.DoesNotExist.

    The lock is the weak kind: rows that only refer to the attempt may be written meanwhile, or two orders could wait for
    each other.
    """
    rows = Attempt.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("incident__site", "organisation", "site", "responder", "message", "camera", "paged").get(
        pk=attempt_id
    )


def bind(attempt: Attempt, provider_id: str, *, at: datetime) -> None:
    """The other side knows the attempt by this id: so it was placed. Raises AnotherCall when it has another id already."""
    if attempt.provider_id and attempt.provider_id != provider_id:
        raise AnotherCall(str(attempt.pk))
    attempt.provider_id = provider_id
    _placed(attempt, at=at)


def _placed(attempt: Attempt, *, at: datetime) -> None:
    if attempt.placed_at:
        return
    attempt.placed_at = at
    attempt.leased_until = None
    attempt.error = ""
    _save(attempt)
    _tell("attempt.placed", attempt, at=at)
    if attempt.kind == Attempt.Kind.CALL:
        _stamp(attempt, "call_placed", at=at)


def placed(attempt_id: UUID, provider_id: str, *, at: datetime) -> Attempt:
    """Our own request was answered with this id."""
    with transaction.atomic():
        attempt = lock(attempt_id)
        bind(attempt, provider_id, at=at)
        return attempt


def sounding(attempt_id: UUID, *, at: datetime) -> Attempt:
    """The camera has taken the first 200 ms of a message."""
    with transaction.atomic():
        attempt = lock(attempt_id)
        _placed(attempt, at=at)
        attempt.leased_until = at + LONGEST_MESSAGE
        attempt.save(update_fields=["leased_until"])
        _stamp(attempt, "audio_sent", at=at)
        return attempt


def heard(attempt_id: UUID, *, at: datetime, how: str) -> Attempt:
    """Proof that the message sounded at the site. `how` is a code (microphone, speaker report)."""
    with transaction.atomic():
        attempt = lock(attempt_id)
        attempt.data = {**attempt.data, "heard": how}
        _save(attempt)
        _stamp(attempt, "audio_heard", at=at)
        return attempt


def played(attempt_id: UUID, *, seconds: float, packets: int, at: datetime) -> Attempt:
    """A message was handed over to its end."""
    with transaction.atomic():
        attempt = lock(attempt_id)
        attempt.data = {**attempt.data, "seconds": round(seconds, 2), "packets": packets}
        ended(attempt, "completed", at=at)
        return attempt


def switched(attempt_id: UUID, *, at: datetime, how: str) -> Attempt:
    """A light, a siren or a gate at the site was switched. `how` it is known: answered, asked."""
    with transaction.atomic():
        attempt = lock(attempt_id)
        attempt.data = {**attempt.data, "known": how}
        _placed(attempt, at=at)
        ended(attempt, "switched", at=at)
        return attempt


def broken(attempt_id: UUID, words: str, *, at: datetime, code: str) -> Attempt:
    """A message of which part may have sounded: never played again by itself, the operator decides."""
    with transaction.atomic():
        attempt = lock(attempt_id)
        attempt.error = words[:240]
        if attempt.placed_at:
            ended(attempt, "broken", at=at)
        else:
            failed(attempt, words, at=at, code=code)
        return attempt


def answered(attempt: Attempt, *, at: datetime) -> None:
    """Somebody lifted the phone. They get time to listen and to press a key before the next one is tried."""
    if attempt.answered_at:
        return
    attempt.answered_at = at
    if attempt.answer_by:
        attempt.answer_by = max(attempt.answer_by, at + timedelta(seconds=settings.RESPONDER_ANSWER_S[0]))
    _save(attempt)
    _tell("attempt.answered", attempt, at=at)
    _stamp(attempt, "call_answered", at=at)


def accepted(attempt: Attempt, *, at: datetime, how: str) -> None:
    """The responder said yes. `how` is key, text or link."""
    if attempt.accepted_at:
        return
    attempt.accepted_at = at
    _save(attempt)
    _tell("attempt.accepted", attempt, at=at, how=how)
    if not attempt.declined_at:
        _stamp(attempt, "responder_accepted", at=at)


def declined(attempt: Attempt, *, at: datetime, how: str) -> None:
    """The responder said no; the next one is tried."""
    if attempt.declined_at:
        return
    attempt.declined_at = at
    _save(attempt)
    _tell("attempt.declined", attempt, at=at, how=how)


def on_my_way(attempt: Attempt, *, at: datetime, how: str) -> None:
    """The responder, who had accepted, has set out."""
    if attempt.on_my_way_at:
        return
    attempt.on_my_way_at = at
    _save(attempt)
    _tell("attempt.on_my_way", attempt, at=at, how=how)


def on_site(attempt: Attempt, *, at: datetime, how: str) -> None:
    """The responder, who had accepted, is there."""
    if attempt.on_site_at:
        return
    attempt.on_site_at = at
    _save(attempt)
    _tell("attempt.on_site", attempt, at=at, how=how)
    _stamp(attempt, "on_site", at=at)


def left(attempt: Attempt, *, at: datetime, how: str) -> None:
    """The responder, who was there, has left."""
    if attempt.left_at:
        return
    attempt.left_at = at
    _save(attempt)
    _tell("attempt.left", attempt, at=at, how=how)


def ended(attempt: Attempt, ended_as: str, *, at: datetime) -> None:
    """The other side is through with it: a call hung up, a text delivered or not."""
    if attempt.ended_at:
        return
    attempt.ended_at, attempt.ended_as, attempt.leased_until = at, ended_as, None
    _save(attempt)
    _tell("attempt.ended", attempt, at=at, ended_as=ended_as)


def failed(attempt: Attempt, words: str, *, at: datetime, code: str) -> None:
    """We gave up. Not where something is known to have happened meanwhile: a fact outweighs our giving up."""
    if attempt.placed_at or attempt.status == Status.FAILED:
        return
    attempt.status, attempt.error, attempt.leased_until = Status.FAILED, words[:240], None
    _save(attempt)
    _tell("attempt.failed", attempt, at=at, code=code)


def _save(attempt: Attempt) -> None:
    attempt.status = status_of(attempt)
    attempt.save()


def _stamp(attempt: Attempt, name: str, *, at: datetime) -> None:
    """On the incident's clock. That the centre's own people are told is no part of the response."""
    if attempt.paged_id is None:
        incidents.stamp(attempt.incident_id, name, at=at)


def _tell(kind: str, attempt: Attempt, *, at: datetime, by: User | None = None, **codes: object) -> None:
    events.record(kind, attempt, by=by, at=at, incident=attempt.incident_id, act=attempt.kind, **codes)
