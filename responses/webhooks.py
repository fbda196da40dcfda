"""The telephone's door: only Twilio's signature opens it. Checks and forms; what a callback means is said in views."""

import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from twilio.request_validator import RequestValidator

log = logging.getLogger(__name__)

LARGEST = 16_384  # bytes; Twilio's callbacks are below two thousand
FORM = "application/x-www-form-urlencoded"
SID = re.compile(r"(?:CA|SM|MM)[0-9a-fA-F]{32}")
NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")

View = Callable[..., HttpResponse]


class Malformed(Exception):
    """A signed callback that makes no sense. The words go back to the sender."""


def signed(view: View) -> View:
    """POST only, small, a form, and signed by Twilio for our public address. Malformed ones get 400 with words."""

    @csrf_exempt
    @require_POST
    @wraps(view)
    def guarded(request: HttpRequest, **names: Any) -> HttpResponse:
        if refusal := _refused(request):
            status, words = refusal
            log.warning("telephone callback refused (%s) on %s from %s", status, request.path, _peer(request))
            return _words(words, status)
        try:
            return view(request, **names)
        except Malformed as error:
            log.warning("telephone callback without sense on %s: %s", request.path, error)
            return _words(str(error), 400)

    return guarded


def _refused(request: HttpRequest) -> tuple[int, str] | None:
    try:
        length = int(request.headers.get("Content-Length") or 0)
    except ValueError:
        return 400, _("The length is not a number.")
    if length > LARGEST:
        return 413, _("The request is too large.")
    if request.content_type != FORM:
        return 415, _("A form is expected (%(form)s).") % {"form": FORM}
    if not settings.TWILIO_AUTH_TOKEN:
        return 403, _("The telephone is not set up.")  # an empty token would make everybody's signature right
    try:
        form = request.POST
    except (BadRequest, SuspiciousOperation, UnicodeError):
        return 400, _("The form cannot be read.")
    signature = request.headers.get("X-Twilio-Signature", "")
    address = settings.PUBLIC_URL + request.get_full_path()
    if not RequestValidator(settings.TWILIO_AUTH_TOKEN).validate(address, form, signature):
        return 403, _("The signature is not right.")
    return None


def _peer(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", "?"))


def _words(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")


def field(request: HttpRequest, name: str) -> str:
    """A value of the form, at most 2,000 characters and without NUL, which PostgreSQL does not store. Raises Malformed."""
    value = request.POST.get(name, "")
    if len(value) > 2000 or "\0" in value:
        raise Malformed(_("%(name)s is not readable.") % {"name": name})
    return value.strip()


def sid(request: HttpRequest, name: str) -> str:
    """Twilio's id of a call or message. Raises Malformed."""
    value = field(request, name)
    if not SID.fullmatch(value):
        raise Malformed(_("%(name)s is missing or is not an id.") % {"name": name})
    return value


def number(request: HttpRequest, name: str) -> str:
    """A telephone number: +, country code, number. Raises Malformed."""
    value = field(request, name)
    if not NUMBER.fullmatch(value):
        raise Malformed(_("%(name)s is missing or is not a telephone number.") % {"name": name})
    return value


def twiml(text: str) -> HttpResponse:
    return HttpResponse(text, content_type="text/xml; charset=utf-8")
