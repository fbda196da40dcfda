"""The network's own doors: the page with the phones, and JSON for scripts."""

from __future__ import annotations

import math
from pathlib import Path

from aiohttp import web

from soc.demo.clock import iso
from soc.demo.phone import records
from soc.demo.phone.network import NoSuchCall, PhoneNetwork
from soc.demo.phone.records import Call, Message, Policy

PAGE = Path(__file__).parent / "page"
LONGEST_WAIT_S = 25.0


class PhoneDoors:
    """GET /, /phones, /log and what is pressed at a phone."""

    def __init__(self, network: PhoneNetwork) -> None:
        self.network = network

    def routes(self) -> list[web.AbstractRouteDef]:
        """The page and its JSON."""
        return [
            web.get("/", self._page),
            web.static("/page", PAGE),
            web.get("/phones", self._phones),
            web.post("/phones/{number}/answer", self._answer),
            web.post("/phones/{number}/decline", self._decline),
            web.post("/phones/{number}/hangup", self._hang_up),
            web.post("/phones/{number}/press", self._press),
            web.post("/phones/{number}/policy", self._policy),
            web.get("/log", self._log),
        ]

    async def _page(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(PAGE / "index.html")

    async def _phones(self, request: web.Request) -> web.Response:
        """Every phone; with ``?after=VERSION&wait=SECONDS`` only once something changed."""
        if "after" in request.query:
            wait_s = min(number(request.query.get("wait", "20"), "wait"), LONGEST_WAIT_S)
            await self.network.wait_beyond(int(number(request.query["after"], "after")), wait_s)
        phones = [
            self._phone(one.number, list(one.calls), list(one.messages), one.policy)
            for one in self.network.phones.values()
        ]
        return web.json_response({"version": self.network.version, "phones": phones})

    def _phone(self, phone: str, calls: list[str], messages: list[str], policy: Policy) -> dict[str, object]:
        known, texts = self.network.calls, self.network.messages
        return {
            "number": phone,
            "policy": policy_json(policy),
            "calls": [call_log(known[one]) for one in reversed(calls) if one in known],
            "messages": [message_log(texts[one]) for one in reversed(messages) if one in texts],
        }

    async def _answer(self, request: web.Request) -> web.Response:
        return self._done(self.network.answer(to_number(request)))

    async def _decline(self, request: web.Request) -> web.Response:
        return self._done(self.network.decline(to_number(request)))

    async def _hang_up(self, request: web.Request) -> web.Response:
        return self._done(self.network.hang_up(to_number(request)))

    async def _press(self, request: web.Request) -> web.Response:
        keys = str((await object_in(request)).get("digit", ""))
        return self._done(self.network.press(to_number(request), keys))

    async def _policy(self, request: web.Request) -> web.Response:
        """The policy of one number, or of every number for ``*``."""
        policy = policy_from(await request.json())
        if request.match_info["number"] == "*":
            self.network.set_default_policy(policy)
        else:
            self.network.set_policy(to_number(request), policy)
        return web.json_response({"policy": policy_json(policy)})

    async def _log(self, request: web.Request) -> web.Response:
        """All calls, texts, callbacks and duplicates that are kept, oldest first, and the counters."""
        network = self.network
        return web.json_response(
            {
                "calls_placed": network.counters["calls"],
                "counters": {"calls": 0, "messages": 0, "duplicates": 0} | dict(network.counters),
                "calls": [call_log(call) for call in network.calls.values()],
                "messages": [message_log(message) for message in network.messages.values()],
                "duplicates": [vars(one) for one in network.duplicates],
                "callbacks": [vars(one) | {"at": iso(one.at)} for one in network.courier.deliveries],
            }
        )

    def _done(self, call: Call) -> web.Response:
        return web.json_response(call_log(call))


def call_log(call: Call) -> dict[str, object]:
    """A call as the page and scripts see it."""
    return {
        "sid": call.sid,
        "to": call.to,
        "from": call.sender,
        "status": call.status,
        "created": iso(call.created),
        "started": iso(call.started),
        "ended": iso(call.ended),
        "seconds": call.duration_s,
        "wants_keys": call.wants_keys,
        "pressed": "".join(line.text for line in call.heard if line.kind == "pressed"),
        "url": call.script.url,
        "heard": [{"at": iso(line.at), "kind": line.kind, "text": line.text} for line in call.heard],
    }


def message_log(message: Message) -> dict[str, object]:
    """A text as the page and scripts see it."""
    return {
        "sid": message.sid,
        "to": message.to,
        "from": message.sender,
        "status": message.status,
        "created": iso(message.created),
        "body": message.body,
    }


def policy_json(policy: Policy) -> dict[str, object]:
    """A policy as it is set and shown."""
    return {
        "kind": policy.kind,
        "answer_after_s": policy.answer_after_s,
        "press": list(policy.press),
        "press_after_s": policy.press_after_s,
    }


def policy_from(data: object) -> Policy:
    """Read a policy: one of the words, or an object; ValueError if it is neither."""
    if isinstance(data, str):
        data = {"kind": data}
    if not isinstance(data, dict):
        raise ValueError("a policy is a word or an object")
    kind = data.get("kind", records.ANSWER)
    if kind not in records.POLICIES:
        raise ValueError(f"kind is one of {', '.join(records.POLICIES)}")
    press = data.get("press", [])
    if not isinstance(press, list) or not all(isinstance(keys, str) for keys in press):
        raise ValueError("press is a list of keys")
    return Policy(
        kind=kind,
        answer_after_s=number(data.get("answer_after_s", 3.0), "answer_after_s"),
        press=tuple(press),
        press_after_s=number(data.get("press_after_s", 1.0), "press_after_s"),
    )


def number(value: object, name: str) -> float:
    """A finite number from 0 on; ValueError otherwise."""
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is no number") from error
    if not math.isfinite(result) or result < 0:
        raise ValueError(f"{name} is not a number from 0 on")
    return result


def to_number(request: web.Request) -> str:
    """The phone that is meant; its + may be left out. NoSuchCall for a number nobody called yet."""
    text = request.match_info["number"].strip()
    if not text.lstrip("+").isdigit():
        raise NoSuchCall(f"{text[:40]} is no phone number")
    return "+" + text.lstrip("+")


async def object_in(request: web.Request) -> dict[str, object]:
    """The JSON object of a request; an empty body is an empty object. ValueError for anything else."""
    text = await request.text()
    data = await request.json() if text.strip() else {}
    if not isinstance(data, dict):
        raise ValueError("a JSON object is expected")
    return data
