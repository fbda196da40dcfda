"""What a callback of the telephone means. Every function is one transaction, committed before the answer goes out."""

import logging
import re
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from responses.actions import facts
from responses.models import Attempt

log = logging.getLogger(__name__)

# Twilio's words. What is in none of these sets is unknown to us and refused by the view.
PLACED = frozenset({"queued", "initiated", "ringing", "accepted", "scheduled", "sending", "sent"})
ANSWERED = frozenset({"in-progress", "answered"})
ENDED = frozenset(
    {"completed", "busy", "no-answer", "failed", "canceled", "delivered", "undelivered", "read", "partially_delivered"}
)
KNOWN = PLACED | ANSWERED | ENDED

YES, NO, HERE = frozenset({"YES", "Y", "1"}), frozenset({"NO", "N", "2"}), frozenset({"HERE", "3"})
REFERENCE = re.compile(r"\bND-(\d{1,12})\b")
TEXTS_FOR = timedelta(hours=24)  # an older call is no longer what a text is about


def status(attempt_id: UUID, provider_id: str, word: str, *, of_call: bool, at: datetime) -> None:
    """A call or text moved on. Raises Attempt.DoesNotExist, also where the attempt is of the other kind."""
    with transaction.atomic():
        attempt = facts.lock(attempt_id)
        if (attempt.kind == Attempt.Kind.CALL) != of_call:
            raise Attempt.DoesNotExist
        try:
            facts.bind(attempt, provider_id, at=at)
        except facts.AnotherCall:
            log.error("attempt %s was told of under a second id", attempt_id)
            return
        if word in ANSWERED:
            facts.answered(attempt, at=at)
        if word in ENDED:
            facts.ended(attempt, word, at=at)


def on_the_line(attempt_id: UUID, provider_id: str, digits: str, *, at: datetime) -> Attempt:
    """The responder listens, and may have pressed a key: 1 yes, 2 no, 3 there (after a yes). Returns the attempt as it is now.

    Raises Attempt.DoesNotExist, and AnotherCall for a call that is not this attempt's.
    """
    with transaction.atomic():
        attempt = facts.lock(attempt_id)
        if attempt.kind != Attempt.Kind.CALL:
            raise Attempt.DoesNotExist
        facts.bind(attempt, provider_id, at=at)
        facts.answered(attempt, at=at)
        _said(attempt, digits, at=at, how="key")
        return attempt


def texted(number: str, body: str, *, at: datetime) -> tuple[Attempt | None, str]:
    """A responder's text: (the call it is about or None, what it was taken for: yes, no, here or "").

    It is about the incident it names, else about the newest call to that number within a day.
    """
    words = body.upper().replace(".", " ").replace("!", " ").split()
    word = words[0] if words else ""
    meant = "yes" if word in YES else "no" if word in NO else "here" if word in HERE else ""
    since = at - TEXTS_FOR
    calls = Attempt.objects.filter(kind=Attempt.Kind.CALL, created_at__gte=since)
    calls = calls.filter(Q(responder__phone=number) | Q(paged__phone=number))
    if named := REFERENCE.search(body.upper()):
        calls = calls.filter(incident__number=int(named[1]))
    if meant == "here":
        calls = calls.filter(accepted_at__isnull=False, declined_at=None)
    elif meant == "yes":
        calls = calls.filter(declined_at=None)
    pk = calls.order_by("-accepted_at" if meant == "here" else "-created_at").values_list("pk", flat=True).first()
    if pk is None or not meant:
        return None, meant
    with transaction.atomic():
        attempt = facts.lock(pk)
        _said(attempt, {"yes": "1", "no": "2", "here": "3"}[meant], at=at, how="text")
        return attempt, meant


def _said(attempt: Attempt, key: str, *, at: datetime, how: str) -> None:
    if key == "1":
        facts.accepted(attempt, at=at, how=how)
    elif key == "2":
        facts.declined(attempt, at=at, how=how)
    elif key == "3" and attempt.paged_id is None and attempt.accepted_at and not attempt.declined_at:
        facts.on_site(attempt, at=at, how=how)
