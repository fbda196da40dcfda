"""What the telephone network calls back. Each view parses, acts (committed), and answers in the network's language."""

import logging
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from twilio.twiml.messaging_response import MessagingResponse

from incidents.models.incident import State
from responses.actions import callbacks, script
from responses.actions.facts import AnotherCall
from responses.models import Attempt
from responses.webhooks import Malformed, field, number, sid, signed, twiml
from soc.core import clock

log = logging.getLogger(__name__)


@signed
def voice(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The call was answered: what shall be said?"""
    return _on_the_line(request, attempt_id, digits="")


@signed
def gather(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """A key was pressed."""
    digits = field(request, "Digits")
    if len(digits) > 1 or digits not in "0123456789*#":
        raise Malformed(_("Digits is not one key."))
    return _on_the_line(request, attempt_id, digits=digits)


def _on_the_line(request: HttpRequest, attempt_id: UUID, *, digits: str) -> HttpResponse:
    try:
        attempt = callbacks.on_the_line(attempt_id, sid(request, "CallSid"), digits, at=clock.now())
    except Attempt.DoesNotExist:
        return _unknown()
    except AnotherCall:
        log.error("a second call came under attempt %s: hung up", attempt_id)
        return twiml(script.silence())
    return twiml(_answer(attempt))


def _answer(attempt: Attempt) -> str:
    """What is said now, from what is known of the attempt and its incident."""
    keys = f"/twilio/gather/{attempt.pk}"
    if attempt.paged_id is not None:
        return _answer_page(attempt, keys)
    if attempt.declined_at:
        return script.farewell(_("Thank you. Somebody else is asked. Goodbye."))
    if attempt.incident.state == State.CLOSED:
        return script.farewell(_("This has been settled: you are no longer needed. Thank you. Goodbye."))
    if attempt.on_site_at:
        return script.farewell(_("Thank you. It is noted that you are there. Goodbye."))
    if attempt.accepted_at:
        return script.accepted(attempt, gather_url=keys)
    return script.question(attempt, gather_url=keys)


def _answer_page(attempt: Attempt, keys: str) -> str:
    """To one of the centre's own people, who was told that nobody looks after it."""
    if not attempt.incident.unattended:
        return script.farewell(_("Somebody has it in hand: you are not needed any more. Thank you. Goodbye."))
    if attempt.declined_at:
        return script.farewell(_("It is noted that you cannot. Goodbye."))
    if attempt.accepted_at:
        return script.farewell(_("Thank you. It is noted that you look after it. Goodbye."))
    return script.page(attempt, gather_url=keys)


@signed
def status(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """A call or a text moved on."""
    of_call = "CallStatus" in request.POST
    word = field(request, "CallStatus" if of_call else "MessageStatus")
    if word not in callbacks.KNOWN:
        raise Malformed(_("This status is not known here."))
    provider_id = sid(request, "CallSid" if of_call else "MessageSid")
    try:
        callbacks.status(attempt_id, provider_id, word, of_call=of_call, at=clock.now())
    except Attempt.DoesNotExist:
        return _unknown()
    return HttpResponse(status=204)


@signed
def sms(request: HttpRequest) -> HttpResponse:
    """A text came in: a responder's yes, no or here. Strangers get no answer."""
    attempt, meant = callbacks.texted(number(request, "From"), field(request, "Body"), at=clock.now())
    response = MessagingResponse()
    if attempt is not None:
        response.message(_noted(attempt, meant))
    elif meant:
        log.info("a text answers no call of the last day")
    return twiml(str(response))


def _noted(attempt: Attempt, meant: str) -> str:
    names = {"reference": attempt.incident.reference, "site": attempt.site.name}
    if attempt.paged_id is not None:
        yes = _("Noted: you look after %(reference)s.") % names
        return _("Noted: you cannot look after %(reference)s.") % names if meant == "no" else yes
    if meant == "yes":
        return _("Noted: you are coming to %(site)s (%(reference)s). Text HERE when you are there.") % names
    if meant == "no":
        return _("Noted: you are not coming (%(reference)s). Somebody else is asked.") % names
    return _("Noted: you are at %(site)s (%(reference)s).") % names


def _unknown() -> HttpResponse:
    return HttpResponse(_("There is no such call."), status=404, content_type="text/plain; charset=utf-8")
