"""Calls and texts through Twilio's own SDK, with bounded waits and a base address that can be another machine's.

Twilio's calls have no idempotency key. So every answer is sorted into: it happened, it certainly did not, or it may have.
"""

import logging
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import requests
from django.conf import settings
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from responses.adapters.connecting import never_connected
from responses.ports import DeliveryError, Receipt, Unclear

CONNECT_S, READ_S = 3.0, 8.0
TWILIO = "https://api.twilio.com"
NEWEST = 50  # calls and messages to one number that are looked through when asking what happened

# The SDK logs every request with its numbers at INFO: a logger of our own keeps them out of the log.
_silent = logging.getLogger("responses.twilio.wire")
_silent.setLevel(logging.WARNING)

CALL_EVENTS = ["initiated", "ringing", "answered", "completed"]


class Bounded(HTTPAdapter):
    """Connect and read time-outs on every request; the SDK only knows one number for both."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return super().send(request, *args, **{**kwargs, "timeout": (CONNECT_S, READ_S)})


class HttpClient(TwilioHttpClient):
    """The SDK's client, aimed at TWILIO_BASE_URL when that is set."""

    def __init__(self, base_url: str) -> None:
        super().__init__(logger=_silent)
        self.base_url = base_url.rstrip("/")
        assert self.session is not None
        self.session.mount("https://", Bounded())
        self.session.mount("http://", Bounded())
        if self.base_url:
            self.session.trust_env = False  # a proxy for the world outside does not lead to a machine in the house

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        if self.base_url and url.startswith(TWILIO):
            url = self.base_url + url[len(TWILIO) :]
        return super().request(method, url, *args, **kwargs)


def client() -> Client:
    """Raises DeliveryError when no telephone account is set."""
    if not (settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN):
        raise DeliveryError(_("The telephone is not set up: its account is missing in the settings."), permanent=True)
    http = HttpClient(settings.TWILIO_BASE_URL)
    return Client(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, http_client=http)


def callback(kind: str, attempt_id: UUID) -> str:
    return f"{settings.PUBLIC_URL}/twilio/{kind}/{attempt_id}"


class TwilioVoice:
    def call(self, number: str, *, attempt_id: UUID, ring_s: int) -> Receipt:
        def place() -> Any:
            return client().calls.create(
                to=number,
                from_=settings.TWILIO_FROM,
                url=callback("voice", attempt_id),
                method="POST",
                status_callback=callback("status", attempt_id),
                status_callback_event=CALL_EVENTS,
                status_callback_method="POST",
                timeout=ring_s,
            )

        return _receipt(acting(place))

    def calls_to(self, number: str, *, since: datetime) -> list[Receipt]:
        # Not filtered by start time there: a queued call has none yet, and missing it would place it twice.
        rows = asking(lambda: client().calls.list(to=number, from_=settings.TWILIO_FROM, limit=NEWEST))
        return _since(rows, since)


class TwilioText:
    def send(self, number: str, body: str, *, attempt_id: UUID) -> Receipt:
        def send() -> Any:
            return client().messages.create(
                to=number, from_=settings.TWILIO_FROM, body=body, status_callback=callback("status", attempt_id)
            )

        return _receipt(acting(send))

    def texts_to(self, number: str, marker: str, *, since: datetime) -> list[Receipt]:
        rows = asking(lambda: client().messages.list(to=number, from_=settings.TWILIO_FROM, limit=NEWEST))
        return _since([row for row in rows if marker in (row.body or "")], since)


def _receipt(row: Any) -> Receipt:
    if not row.sid:
        raise Unclear(_("the phone company's answer has no id"))
    return Receipt(row.sid, row.date_created)


def _since(rows: list[Any], since: datetime) -> list[Receipt]:
    """Those since then. Twilio writes whole seconds; a row without a date counts: better to believe that it happened."""
    since = since.replace(microsecond=0)
    oldest = datetime.min.replace(tzinfo=UTC)
    found = [
        Receipt(row.sid, row.date_created) for row in rows if row.date_created is None or row.date_created >= since
    ]
    return sorted(found, key=lambda receipt: receipt.at or oldest)


def acting(act: Any) -> Any:
    """Run a request that makes something happen; raises DeliveryError only where it certainly did not."""
    try:
        return act()
    except TwilioRestException as error:
        raise _refused(error) from error
    except ConnectTimeout as error:
        raise DeliveryError(_("The phone company cannot be reached."), permanent=False) from error
    except NoConnection as error:
        if never_connected(error):
            raise DeliveryError(_("The phone company cannot be reached."), permanent=False) from error
        raise Unclear(_("the connection to the phone company broke")) from error
    except requests.Timeout as error:
        raise Unclear(_("the phone company did not answer in time")) from error
    except requests.RequestException as error:
        raise Unclear(_("the phone company's answer was cut short")) from error
    except (TwilioException, ValueError, KeyError, TypeError, AttributeError) as error:  # the SDK on a garbled answer
        raise Unclear(_("the phone company's answer makes no sense")) from error


def asking(ask: Any) -> list[Any]:
    """Run a request that only reads; whatever goes wrong, it has not been answered. Raises DeliveryError."""
    try:
        return ask()
    except DeliveryError:
        raise
    except (requests.RequestException, TwilioException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DeliveryError(_("The phone company cannot be asked what happened."), permanent=False) from error


def _refused(error: TwilioRestException) -> Exception:
    """Twilio's refusal in words. Its own message may hold the number, so only its code is kept."""
    if error.status >= 500:
        return Unclear(_("the phone company had an error of its own (%(status)s)") % {"status": error.status})
    if error.status == 429:
        return DeliveryError(_("The phone company asks us to slow down."), permanent=False)
    if error.status in (401, 403):
        return DeliveryError(
            _("The phone company does not accept our account: tell the administrator."), permanent=True
        )
    if error.status == 400:
        words = _("The phone company refuses this number (%(code)s): check it, or choose another responder.")
        return DeliveryError(words % {"code": error.code or 400}, permanent=True)
    words = _("The phone company refused (%(code)s).")
    return DeliveryError(words % {"code": error.code or error.status}, permanent=True)
