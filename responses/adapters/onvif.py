"""Relay outputs of cameras and panels by ONVIF: switched by the device service, asked by the event service.

A device may lie, hang or send anything: every answer is bounded in time and size, and only this one address is ever asked,
whatever other addresses the device says it has.
"""

from __future__ import annotations

import math
import socket
import time
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import requests
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth
from requests.exceptions import ConnectionError as NoConnection
from requests.exceptions import ConnectTimeout
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import HTTPConnectionPool

from responses.adapters.connecting import never_connected
from responses.ports import DeliveryError, Output, Unclear

CONNECT_S, READ_S, WHOLE_S = 3.0, 4.0, 8.0
LARGEST: Final = 128 * 1024
DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
EVENTS: Final = "http://www.onvif.org/ver10/events/wsdl"
SCHEMA: Final = "{http://www.onvif.org/ver10/schema}"
SOAP: Final = "{http://www.w3.org/2003/05/soap-envelope}"
ADDRESSING: Final = "http://www.w3.org/2005/08/addressing"
RELAYS: Final = "tns1:Device/Trigger/Relay"
CONCRETE_SET: Final = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"
ON: Final = frozenset({"active", "true", "1"})
OFF: Final = frozenset({"inactive", "false", "0"})
STEPS: Final = 4  # pulls in which the device may name its outputs


class Fault(Exception):
    """The device understood and refuses."""


class OnvifRelays:
    """Digest or no log-in, plain HTTP: cameras' networks have nothing else."""

    def switch(self, output: Output, *, on: bool) -> None:
        state = "active" if on else "inactive"
        body = (
            f'<SetRelayOutputState xmlns="{DEVICE}"><RelayOutputToken>{escape(output.token)}</RelayOutputToken>'
            f"<LogicalState>{state}</LogicalState></SetRelayOutputState>"
        )
        try:
            answer = _call(output, output.path, f"{DEVICE}/SetRelayOutputState", body)
        except Fault as fault:
            raise DeliveryError(
                _("The device refuses to switch this output: %(why)s") % {"why": fault}, permanent=True
            ) from fault
        if answer.find(f".//{{{DEVICE}}}SetRelayOutputStateResponse") is None:
            raise Unclear(_("the device's answer makes no sense"))

    def stands(self, output: Output) -> bool:
        """What the device reports of its outputs as soon as somebody subscribes."""
        try:
            where = self._events(output)
            made = _call(
                output, where, f"{EVENTS}/EventPortType/CreatePullPointSubscriptionRequest", _SUBSCRIBE, to=where
            )
            pulls = _path(made, f".//{{{ADDRESSING}}}Address") or where
            for _step in range(STEPS):
                answer = _call(output, pulls, f"{EVENTS}/PullPointSubscription/PullMessagesRequest", _PULL, to=pulls)
                found = _stands(answer, output.token)
                if found is not None:
                    return found
        except (Fault, Unclear) as doubt:
            raise DeliveryError(_("The device cannot be asked how its output stands."), permanent=False) from doubt
        raise DeliveryError(_("The device does not say how this output stands."), permanent=False)

    def _events(self, output: Output) -> str:
        body = f'<GetServices xmlns="{DEVICE}"><IncludeCapability>false</IncludeCapability></GetServices>'
        answer = _call(output, output.path, f"{DEVICE}/GetServices", body)
        for service in answer.iter(f"{{{DEVICE}}}Service"):
            if service.findtext(f"{{{DEVICE}}}Namespace") == EVENTS:
                return _path(service, f"{{{DEVICE}}}XAddr") or output.path
        raise Fault(_("it has no event service"))


_SUBSCRIBE: Final = (
    f'<CreatePullPointSubscription xmlns="{EVENTS}" xmlns:b="http://docs.oasis-open.org/wsn/b-2"'
    ' xmlns:tns1="http://www.onvif.org/ver10/topics">'
    f'<Filter><b:TopicExpression Dialect="{CONCRETE_SET}">{RELAYS}</b:TopicExpression></Filter>'
    "<InitialTerminationTime>PT20S</InitialTerminationTime></CreatePullPointSubscription>"
)
_PULL: Final = f'<PullMessages xmlns="{EVENTS}"><Timeout>PT1S</Timeout><MessageLimit>32</MessageLimit></PullMessages>'


def _stands(answer: ElementTree.Element, token: str) -> bool | None:
    """The last state of this output that the messages tell; None where they tell nothing of it."""
    found: bool | None = None
    for message in answer.iter(f"{SCHEMA}Message"):
        items = {item.get("Name", ""): item.get("Value", "") for item in message.iter(f"{SCHEMA}SimpleItem")}
        state = items.get("LogicalState", "").lower()
        if items.get("RelayToken") == token and state in ON | OFF:
            found = state in ON
    return found


def _path(root: ElementTree.Element, name: str) -> str:
    """The path of an address that the device names; whose host it names is no matter. "" for none."""
    try:
        parts = urlsplit((root.findtext(name) or "").strip())
    except ValueError:
        return ""
    if not parts.path.startswith("/"):
        return ""  # put behind our root, “@elsewhere” would be another host
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _call(output: Output, path: str, action: str, body: str, *, to: str = "") -> ElementTree.Element:
    """One request. Raises DeliveryError (it was not taken), Fault (refused in words), Unclear (it may have been)."""
    head = f"<s:Header><a:Action>{action}</a:Action><a:To>{escape(output.root + to)}</a:To></s:Header>" if to else ""
    envelope = (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP[1:-1]}" xmlns:a="{ADDRESSING}">{head}'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )
    headers = {"Content-Type": f'application/soap+xml; charset=utf-8; action="{action}"', "Host": output.host}
    try:
        with requests.Session() as session:
            session.trust_env = False  # a proxy for the world outside does not lead to a device at a site
            session.mount("http://", _Soon())
            answer = session.post(
                output.root + path, data=envelope.encode(), headers=headers, timeout=(CONNECT_S, READ_S), stream=True,
                auth=_Digest(output.username, output.password) if output.username else None,
                allow_redirects=False,
            )  # fmt: skip
            return _read(answer.status_code, _bounded(answer))
    except ConnectTimeout as error:
        raise DeliveryError(_("The device at the site cannot be reached."), permanent=False) from error
    except NoConnection as error:
        if never_connected(error):
            raise DeliveryError(_("The device at the site cannot be reached."), permanent=False) from error
        raise Unclear(_("the connection to the device broke")) from error
    except requests.Timeout as error:
        raise Unclear(_("the device did not answer in time")) from error
    except requests.RequestException as error:
        raise Unclear(_("the device's answer was cut short")) from error


class _Limited(socket.socket):
    """One that ends in time: READ_S bounds each byte by itself, and a device may send one at a time."""

    until = math.inf

    def recv_into(self, *given: Any, **named: Any) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError("it takes too long in all")
        self.settimeout(min(READ_S, left))
        return super().recv_into(*given, **named)


class _Soon(HTTPAdapter):
    """For one call, log-in included: it is over before anybody else asks what became of it."""

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        super().init_poolmanager(*given, **named)
        until = time.monotonic() + WHOLE_S

        class Connection(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                limited = _Limited(fileno=super()._new_conn().detach())
                limited.settimeout(READ_S)
                limited.until = until
                return limited

        class Pool(HTTPConnectionPool):
            ConnectionCls = Connection

        self.poolmanager.pool_classes_by_scheme = {"http": Pool}


class _Digest(HTTPDigestAuth):
    def handle_401(self, r: requests.Response, **named: Any) -> requests.Response:
        if r.status_code == 401:
            r._content = _bounded(r)  # it would be read to its end otherwise, if it has one
        return super().handle_401(r, **named)


def _bounded(answer: requests.Response) -> bytes:
    """The body, at most LARGEST of it and for no longer than WHOLE_S."""
    until, found = time.monotonic() + WHOLE_S, bytearray()
    for part in answer.iter_content(8192):
        found += part
        if len(found) > LARGEST or time.monotonic() > until:
            raise Unclear(_("the device's answer does not end"))
    return bytes(found)


def _read(status: int, body: bytes) -> ElementTree.Element:
    if status in {401, 403}:
        raise DeliveryError(_("The device does not accept our log-in: tell the administrator."), permanent=True)
    try:
        if b"<!DOCTYPE" in body:
            raise Unclear(_("the device's answer makes no sense"))
        root = ElementTree.fromstring(body)  # noqa: S314  bounded, and without a document type nothing is expanded
    except ElementTree.ParseError as error:
        if 400 <= status < 500:
            raise Fault(str(status)) from error
        raise Unclear(_("the device's answer makes no sense")) from error
    if (fault := root.find(f".//{SOAP}Fault")) is not None:
        raise Fault(" ".join((fault.findtext(f".//{SOAP}Text") or str(status)).split())[:120])
    if status != 200:
        raise Unclear(_("the device had an error of its own (%(status)s)") % {"status": status})
    return root
