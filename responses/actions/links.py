"""The responder's link: who holds it is the responder who was sent, for this one incident, and for a few hours.

The token is the id of the call that was ordered and an HMAC-SHA256 of that id under a key derived from SECRET_KEY, 48
bytes in all. It is derived and not drawn, because a text that has to be sent again must carry the same link, and nothing
that opens the page may be kept: no row, event or log has the token or anything it could be made from. Whether it still
opens anything is read from the rows, so closing the incident or striking the responder off ends it at once. A guess must
hit 256 bits before the database is even asked: guesses need no counting. See docs/decisions/responder-link.md.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from incidents.models import Incident
from incidents.models.incident import State
from responses.actions import facts
from responses.actions.sending import may_come
from responses.models import Attempt, Responder

_PURPOSE = "nightdesk.responder-link"
_ID, _MAC = 16, 32  # bytes
_LENGTH = 64  # characters of base64


class Stand(StrEnum):
    """Where the responder stands, told by the facts alone. In ENDED nothing of the incident may be shown."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    ON_MY_WAY = "on_my_way"
    ON_SITE = "on_site"
    DONE = "done"
    DECLINED = "declined"
    SETTLED = "settled"  # closed before they accepted: nobody is needed any more
    ENDED = "ended"  # past its time, or the responder is no longer one of this site's


# What may be answered where one stands: the bright next step first.
ANSWERS: dict[Stand, tuple[str, ...]] = {
    Stand.OFFERED: ("accept", "decline"),
    Stand.ACCEPTED: ("on-my-way", "decline"),
    Stand.ON_MY_WAY: ("here", "decline"),
    Stand.ON_SITE: ("done",),
}
_FACTS = {
    "accept": facts.accepted,
    "decline": facts.declined,
    "on-my-way": facts.on_my_way,
    "here": facts.on_site,
    "done": facts.left,
}


@dataclass(frozen=True)
class Link:
    """A link that was once sent. `call` is the ordered call, which carries what the responder said."""

    call: Attempt
    responder: Responder
    stand: Stand
    until: datetime

    @property
    def incident(self) -> Incident:
        return self.call.incident

    @property
    def answers(self) -> tuple[str, ...]:
        return ANSWERS.get(self.stand, ())

    @property
    def shows(self) -> bool:
        """Whether the responder needs the incident's facts: while they may come, come, or are there."""
        return self.stand in ANSWERS


def token(call_id: UUID) -> str:
    """The token of an ordered call: 64 characters that are safe in an address. The same for the same call."""
    return urlsafe_b64encode(call_id.bytes + _mac(call_id.bytes, settings.SECRET_KEY)).decode()


def address(call_id: UUID) -> str:
    """The whole address, for the text message alone: never store it, log it or record it."""
    return f"{settings.PUBLIC_URL}/r/{token(call_id)}"


def find_link(given: str, *, at: datetime) -> Link | None:
    """The link a token stands for, also one that has ended; None for what was never sent."""
    call_id = _proven(given)
    if call_id is None:
        return None
    rows = Attempt.objects.select_related("incident__site", "organisation", "site", "responder")
    call = rows.filter(pk=call_id, kind=Attempt.Kind.CALL).first()
    return _link(call, at=at) if call else None


def answer_link(given: str, answer: str, *, at: datetime) -> Link | None:
    """Write down what the responder says, if it is to be said where they stand; twice is once. Returns the link after it.

    `answer` is one of those in ANSWERS. None as for `find_link`.
    """
    call_id = _proven(given)
    if call_id is None:
        return None
    with transaction.atomic():
        try:
            call = facts.lock(call_id)
        except Attempt.DoesNotExist:
            return None
        if call.kind != Attempt.Kind.CALL:
            return None
        link = _link(call, at=at)
        if link is None or answer not in link.answers:
            return link  # said already, or too late: the page tells how things are
        _FACTS[answer](call, at=at, how="link")
        return _link(call, at=at)


def _link(call: Attempt, *, at: datetime) -> Link | None:
    responder = call.responder
    if responder is None:
        return None
    until = call.created_at + timedelta(seconds=settings.RESPONDER_LINK_S)
    if closed_at := call.incident.closed_at:
        until = min(until, closed_at + timedelta(seconds=settings.RESPONDER_LINK_CLOSED_S))
    ended = at >= until or not may_come(call.incident, responder)
    return Link(call, responder, Stand.ENDED if ended else _stand(call), until)


def _stand(call: Attempt) -> Stand:
    if call.declined_at:
        return Stand.DECLINED
    if call.left_at:
        return Stand.DONE
    if call.on_site_at:
        return Stand.ON_SITE
    if call.accepted_at:
        return Stand.ON_MY_WAY if call.on_my_way_at else Stand.ACCEPTED
    return Stand.SETTLED if call.incident.state == State.CLOSED else Stand.OFFERED


def _proven(given: str) -> UUID | None:
    """The call's id, if the token proves that it is ours. Compared in constant time; older keys are honoured."""
    if len(given) != _LENGTH:
        return None
    try:
        raw = urlsafe_b64decode(given.encode("ascii"))
    except (UnicodeEncodeError, binascii.Error):
        return None
    if len(raw) != _ID + _MAC or urlsafe_b64encode(raw).decode() != given:
        return None
    known, mac = raw[:_ID], raw[_ID:]
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return UUID(bytes=known) if any(hmac.compare_digest(mac, _mac(known, key)) for key in keys) else None


def _mac(call_id: bytes, key: str) -> bytes:
    return salted_hmac(_PURPOSE, call_id, secret=key, algorithm="sha256").digest()
