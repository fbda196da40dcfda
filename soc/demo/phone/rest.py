"""Twilio's REST API, as far as calls and texts need it: the doors and their checks."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from aiohttp import web

from soc.demo.phone import records
from soc.demo.phone.errors import (
    Refused,
    check_call_numbers,
    check_text,
    check_url,
    not_found,
    unauthorized,
)
from soc.demo.phone.network import PhoneNetwork
from soc.demo.phone.records import Call, Listener, Message, Script
from soc.demo.phone.resources import API, call_json, message_json, page_json

EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
TIMEOUT_S, LONGEST_TIMEOUT_S = 60, 600
LONGEST_TWIML = 4_000
PAGE, LARGEST_PAGE = 50, 1_000

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Item = TypeVar("Item", Call, Message)


class TwilioApi:
    """The doors, on one network."""

    def __init__(self, network: PhoneNetwork) -> None:
        self.network = network
        self.account = network.settings.account

    def routes(self) -> list[web.RouteDef]:
        """Everything under /2010-04-01/."""
        base = f"{API}/Accounts/{{account}}"
        return [
            web.post(f"{base}/Calls.json", self._guard(self._place)),
            web.get(f"{base}/Calls.json", self._guard(self._list_calls)),
            web.get(f"{base}/Calls/{{sid}}.json", self._guard(self._show_call)),
            web.post(f"{base}/Calls/{{sid}}.json", self._guard(self._change_call)),
            web.post(f"{base}/Messages.json", self._guard(self._send)),
            web.get(f"{base}/Messages.json", self._guard(self._list_messages)),
            web.get(f"{base}/Messages/{{sid}}.json", self._guard(self._show_message)),
            web.route("*", f"{API}/{{rest:.*}}", self._guard(self._unknown)),
        ]

    def _guard(self, handler: Handler) -> Handler:
        """Check the credentials, and turn refusals into Twilio's answers."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._authenticate(request)
                return await handler(request)
            except Refused as refused:
                headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refused.status == 401 else {}
                return web.json_response(refused.body(), status=refused.status, headers=headers)

        return guarded

    def _authenticate(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(token, validate=True) if scheme.lower() == "basic" else b""
        except binascii.Error as error:
            raise unauthorized() from error
        wanted = f"{self.account}:{self.network.settings.token}".encode()
        if not hmac.compare_digest(given, wanted):
            raise unauthorized()
        if request.match_info.get("account", self.account) != self.account:
            raise not_found(request.path)

    # -- calls ---------------------------------------------------------------------------------------------------

    async def _place(self, request: web.Request) -> web.Response:
        form = await _form(request)
        to, sender = form.one("To"), form.one("From")
        check_call_numbers(to, sender)
        script = _script(form)
        if not script.url and not script.twiml:
            raise Refused(21205, "Url parameter is required.")
        events = {event for value in form.all("StatusCallbackEvent") for event in value.split()}
        if events - EVENTS:
            raise Refused(21626, f"Invalid StatusCallbackEvents parameter {sorted(events - EVENTS)}")
        listener = Listener(
            url=form.url("StatusCallback", 21609),
            method=form.method("StatusCallbackMethod"),
            events=frozenset(events) or frozenset({"completed"}),
        )
        timeout_s = form.integer("Timeout", TIMEOUT_S, 1, LONGEST_TIMEOUT_S)
        call = self.network.place(to, sender, script, listener, timeout_s)
        return web.json_response(call_json(call, self.account), status=201)

    async def _list_calls(self, request: web.Request) -> web.Response:
        query = request.query
        found = [
            call
            for call in reversed(self.network.calls.values())
            if query.get("To", call.to) == call.to
            and query.get("From", call.sender) == call.sender
            and query.get("Status", call.status) == call.status
            and _in_time(call.started or call.created, query, "StartTime")
            and (call.ended is None or _in_time(call.ended, query, "EndTime"))
        ]
        return self._page("Calls", found, call_json, request)

    async def _show_call(self, request: web.Request) -> web.Response:
        return web.json_response(call_json(self._call(request), self.account))

    async def _change_call(self, request: web.Request) -> web.Response:
        call = self._call(request)
        form = await _form(request)
        status = form.one("Status")
        if status and status not in (records.CANCELED, records.COMPLETED):
            raise Refused(20001, f"Invalid Status: {status}")
        script = _script(form)
        if status:
            self.network.end(call, status)
        elif script.url or script.twiml:
            self.network.redirect(call, script)
        return web.json_response(call_json(call, self.account))

    def _call(self, request: web.Request) -> Call:
        call = self.network.calls.get(request.match_info["sid"])
        if call is None:
            raise not_found(request.path)
        return call

    # -- texts ---------------------------------------------------------------------------------------------------

    async def _send(self, request: web.Request) -> web.Response:
        form = await _form(request)
        to, sender, service = form.one("To"), form.one("From"), form.one("MessagingServiceSid")
        check_text(to, sender, service, form.one("Body"), form.one("MediaUrl"))
        listener = form.url("StatusCallback", 21609)
        message = self.network.send(to, sender, service, form.one("Body"), listener)
        return web.json_response(message_json(message, self.account), status=201)

    async def _list_messages(self, request: web.Request) -> web.Response:
        query = request.query
        found = [
            message
            for message in reversed(self.network.messages.values())
            if query.get("To", message.to) == message.to
            and query.get("From", message.sender) == message.sender
            and _in_time(message.sent or message.created, query, "DateSent")
        ]
        return self._page("Messages", found, message_json, request)

    async def _show_message(self, request: web.Request) -> web.Response:
        message = self.network.messages.get(request.match_info["sid"])
        if message is None:
            raise not_found(request.path)
        return web.json_response(message_json(message, self.account))

    async def _unknown(self, request: web.Request) -> web.Response:
        raise not_found(request.path)

    def _page(
        self,
        name: str,
        found: list[Item],
        show: Callable[[Item, str], dict[str, object]],
        request: web.Request,
    ) -> web.Response:
        form = Form({key: request.query.getall(key) for key in request.query})
        size = form.integer("PageSize", PAGE, 1, LARGEST_PAGE)
        page = form.integer("Page", 0, 0, 1_000_000)
        filters = {key: value for key, value in request.query.items() if key not in ("PageSize", "Page", "PageToken")}
        return web.json_response(page_json(name, found, show, self.account, filters, page, size))


class Form:
    """The parameters of a request, checked as they are read."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self._values = values

    def all(self, name: str) -> list[str]:
        """Every value of a parameter."""
        return self._values.get(name, [])

    def one(self, name: str) -> str:
        """The first value, without spaces around it; empty if there is none."""
        values = self.all(name)
        return values[0].strip() if values else ""

    def url(self, name: str, code: int) -> str:
        """An absolute web address, or nothing."""
        check_url(self.one(name), code, name)
        return self.one(name)

    def method(self, name: str) -> str:
        """GET or POST."""
        value = self.one(name).upper() or "POST"
        if value not in ("GET", "POST"):
            raise Refused(20001, f"Invalid {name}: {value}")
        return value

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number within its bounds."""
        value = self.one(name)
        if not value:
            return default
        if not value.isdigit():
            raise Refused(20001, f"Invalid {name}: {value}")
        return max(least, min(most, int(value)))


async def _form(request: web.Request) -> Form:
    data = await request.post()
    values: dict[str, list[str]] = {}
    for name, value in data.items():
        if isinstance(value, str):
            values.setdefault(name, []).append(value)
    return Form(values)


def _script(form: Form) -> Script:
    url, twiml = form.url("Url", 21205), form.one("Twiml")
    if len(twiml) > LONGEST_TWIML:
        raise Refused(21617, f"Twiml is longer than {LONGEST_TWIML} characters")
    return Script(
        url=url,
        method=form.method("Method"),
        # Where both are given Twilio ignores the Twiml.
        twiml="" if url else twiml,
        fallback_url=form.url("FallbackUrl", 21210),
        fallback_method=form.method("FallbackMethod"),
    )


def _in_time(at: datetime, query: Mapping[str, str], name: str) -> bool:
    """Twilio's three filters on a time: ``name=`` that day, ``name>=`` from, ``name<=`` until."""
    day, since, until = query.get(name), query.get(f"{name}>"), query.get(f"{name}<")
    return (
        (not day or _moment(day) <= at < _moment(day) + timedelta(days=1))
        and (not since or at >= _moment(since))
        and (not until or at <= _moment(until) + (timedelta(days=1) if len(until) == 10 else timedelta()))
    )


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused(20001, f"Invalid time: {text[:40]}") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)
