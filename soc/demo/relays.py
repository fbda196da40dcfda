"""Relay outputs of a device at the site, by ONVIF: SOAP over HTTP, switched at the device service, told of by the event service.

As a real one it takes what it understands, whoever asks it anew gets the present state of each output at once, and it can be made
to misbehave.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from aiohttp import web

from soc.demo.cameras.auth import Login
from soc.demo.cameras.messages import Request
from soc.demo.clock import iso, now
from soc.demo.phone.doors import object_in

DEVICE = "http://www.onvif.org/ver10/device/wsdl"
EVENTS = "http://www.onvif.org/ver10/events/wsdl"
#   swallow: does it, and the connection is cut without an answer      drop: the connection is cut and nothing done
#   hang: does it, and answers only after so long that nobody waits    refuse: a SOAP fault    mute: does not say how it stands
FAULTS = ("swallow", "drop", "hang", "refuse", "mute")
HANG_S = 30.0


@dataclass
class Output:
    """One output. `ends_s`: it goes back by itself after this time; 0 for one that stays."""

    token: str
    ends_s: float = 0.0
    on: bool = False
    log: list[tuple[str, bool]] = field(default_factory=list)
    _ending: asyncio.TimerHandle | None = None

    def switch(self, on: bool) -> None:
        """As the device does it: each request counts, also one that changes nothing."""
        self.on = on
        self.log.append((iso(now()) or "", on))
        if self._ending:
            self._ending.cancel()
        self._ending = asyncio.get_running_loop().call_later(self.ends_s, self._end) if on and self.ends_s else None

    def _end(self) -> None:
        self.on = False

    def close(self) -> None:
        """No more timers."""
        if self._ending:
            self._ending.cancel()


class RelayBox:
    """The device with its outputs, its doors and its faults."""

    def __init__(self, login: Login | None = None) -> None:
        self.outputs = {one.token: one for one in (Output("light"), Output("siren", 20.0), Output("gate", 3.0))}
        self.login = login
        self.faults: list[str] = []  # used up one a switching request, in order
        self.mute = False
        self._pulls = itertools.count(1)
        self._told: dict[str, bool] = {}

    def routes(self) -> list[web.RouteDef]:
        """The device's own doors."""
        return [
            web.post("/onvif/device_service", self._device),
            web.post("/onvif/event_service", self._events),
            web.post("/onvif/pull/{number}", self._pull),
        ]

    def control_routes(self) -> list[web.RouteDef]:
        """The doors under /control."""
        return [
            web.get("/control/relays", self._list),
            web.post("/control/relays/fault", self._fault),
        ]

    def close(self) -> None:
        """No more timers."""
        for output in self.outputs.values():
            output.close()

    def json(self) -> list[dict[str, object]]:
        """What really happened."""
        return [{"output": one.token, "on": one.on, "switched": one.log} for one in self.outputs.values()]

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response(self.json())

    async def _fault(self, request: web.Request) -> web.Response:
        kind = str((await object_in(request)).get("kind", ""))
        if kind not in (*FAULTS, "none"):
            raise ValueError(f"kind is none or one of {', '.join(FAULTS)}")
        self.mute = kind == "mute"
        self.faults = [kind] if kind not in {"none", "mute"} else []
        return web.json_response({"kind": kind})

    async def _device(self, request: web.Request) -> web.StreamResponse:
        text = await request.text()
        if refused := self._unknown(request):
            return refused
        if "GetServices" in text:
            services = "".join(
                f"<tds:Service><tds:Namespace>{name}</tds:Namespace><tds:XAddr>http://192.0.2.1{path}</tds:XAddr>"
                "<tds:Version><tt:Major>2</tt:Major><tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
                for name, path in ((DEVICE, "/onvif/device_service"), (EVENTS, "/onvif/event_service"))
            )
            return _answer(f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>")
        if "GetRelayOutputs" in text:
            rows = "".join(self._described(one) for one in self.outputs.values())
            return _answer(f"<tds:GetRelayOutputsResponse>{rows}</tds:GetRelayOutputsResponse>")
        if "SetRelayOutputState" not in text:
            return _fault("this device does not know that", 400)
        return await self._switch(request, text)

    async def _switch(self, request: web.Request, text: str) -> web.StreamResponse:
        fault = self.faults.pop(0) if self.faults else ""
        token, state = _between(text, "RelayOutputToken"), _between(text, "LogicalState")
        output = self.outputs.get(token)
        if output is None or state not in {"active", "inactive"} or fault == "refuse":
            return _fault("no such relay output", 400)
        if fault != "drop":
            output.switch(state == "active")
        if fault in {"drop", "swallow"} and request.transport is not None:
            request.transport.close()
        if fault == "hang":
            await asyncio.sleep(HANG_S)
        return _answer("<tds:SetRelayOutputStateResponse/>")

    def _described(self, one: Output) -> str:
        mode = f"<tt:Mode>{'Monostable' if one.ends_s else 'Bistable'}</tt:Mode><tt:DelayTime>PT{one.ends_s or 1}S</tt:DelayTime>"
        return (
            f'<tds:RelayOutputs token="{escape(one.token)}"><tt:Properties>{mode}<tt:IdleState>open</tt:IdleState>'
            "</tt:Properties></tds:RelayOutputs>"
        )

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if refused := self._unknown(request):
            return refused
        if "CreatePullPointSubscription" not in await request.text():
            return _fault("this device does not know that", 400)
        number = str(next(self._pulls))
        self._told[number] = False
        return _answer(
            "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference>"
            f"<wsa:Address>http://192.0.2.1/onvif/pull/{number}</wsa:Address></tev:SubscriptionReference>"
            f"<wsnt:CurrentTime>{iso(now())}</wsnt:CurrentTime><wsnt:TerminationTime>{iso(now())}</wsnt:TerminationTime>"
            "</tev:CreatePullPointSubscriptionResponse>"
        )

    async def _pull(self, request: web.Request) -> web.StreamResponse:
        """The present state of each output, once; then nothing new."""
        if refused := self._unknown(request):
            return refused
        number = request.match_info["number"]
        if number not in self._told:
            return _fault("no such subscription", 400)
        first, self._told[number] = not self._told[number], True
        told = "".join(_message(one) for one in self.outputs.values()) if first and not self.mute else ""
        return _answer(f"<tev:PullMessagesResponse>{told}</tev:PullMessagesResponse>")

    def _unknown(self, request: web.Request) -> web.Response | None:
        if self.login is None:
            return None
        asked = Request(
            request.method, str(request.rel_url), {name.lower(): value for name, value in request.headers.items()}
        )
        if self.login.admits(asked):
            return None
        return web.Response(status=401, headers={"WWW-Authenticate": self.login.challenges()})


def _message(one: Output) -> str:
    """How an output stands, as an initialised property."""
    return (
        '<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">'
        f'tns1:Device/Trigger/Relay</wsnt:Topic><wsnt:Message><tt:Message UtcTime="{iso(now())}"'
        f' PropertyOperation="Initialized"><tt:Source><tt:SimpleItem Name="RelayToken" Value="{escape(one.token)}"/></tt:Source>'
        f'<tt:Data><tt:SimpleItem Name="LogicalState" Value="{"active" if one.on else "inactive"}"/></tt:Data>'
        "</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )


def _between(text: str, name: str) -> str:
    found = re.search(rf"<(?:\w+:)?{name}[^>]*>([^<]*)<", text)
    return found[1].strip() if found else ""


def _answer(body: str, status: int = 200) -> web.Response:
    spaces = (
        'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" '
        'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:tt="http://www.onvif.org/ver10/schema" '
        'xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:wsa="http://www.w3.org/2005/08/addressing" '
        'xmlns:tns1="http://www.onvif.org/ver10/topics"'
    )
    text = f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {spaces}><s:Body>{body}</s:Body></s:Envelope>'
    return web.Response(status=status, text=text, content_type="application/soap+xml")


def _fault(words: str, status: int) -> web.Response:
    return _answer(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>"
        f'<s:Reason><s:Text xml:lang="en">{escape(words)}</s:Text></s:Reason></s:Fault>',
        status,
    )
