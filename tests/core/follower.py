"""A page's side of the feed: what it must hear, told apart from what it must not miss."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.db import connection
from django.test import Client

from soc.core.models import User
from soc.settings import PUBLIC_URL


class Follower:
    """Follows one audience as a page does; `gaps` has each (known, prev) that did not fit."""

    def __init__(self, audience: str, last: int = 0) -> None:
        self.audience, self.last = audience, last
        self.seen: list[int] = []
        self.kinds: list[str] = []
        self.gaps: list[tuple[int, int]] = []

    def hear(self, said: dict[str, Any]) -> None:
        if said["type"] != "event" or said["audience"] != self.audience or said["seq"] <= self.last:
            return
        if said["prev"] != self.last:
            self.gaps.append((self.last, said["prev"]))
        self.last = said["seq"]
        self.seen.append(said["seq"])
        self.kinds.append(said["kind"])

    def push(self, text: str) -> None:
        self.hear(json.loads(text))


def application() -> Any:
    from soc.asgi import application as whole

    return whole


class Socket:
    """A browser's websocket to the feed. Channels' own communicator needs a server that we do not use."""

    def __init__(self, wire: ApplicationCommunicator) -> None:
        self.wire = wire

    async def send(self, *, text: str | None = None, data: bytes | None = None) -> None:
        await self.wire.send_input({"type": "websocket.receive", "text": text, "bytes": data})

    async def say(self, **said: Any) -> None:
        await self.send(text=json.dumps(said))

    async def hear(self, kind: str, *, seconds: float = 5) -> dict[str, Any]:
        """The next message of that type; others before it are passed over."""
        while True:
            said = await self.wire.receive_output(timeout=seconds)
            assert said["type"] == "websocket.send", said
            body = json.loads(said["text"])
            if body["type"] == kind:
                return body

    async def closed(self, *, seconds: float = 5) -> int:
        """The code that the server closes with; what it still says before is passed over."""
        while True:
            said = await self.wire.receive_output(timeout=seconds)
            if said["type"] == "websocket.close":
                return said.get("code", 1000)

    async def silent(self, *, seconds: float = 0.3) -> bool:
        return await self.wire.receive_nothing(timeout=seconds)

    async def resume(self, **last: int) -> None:
        await self.say(type="resume", last=last)


def cookie_of(user: User) -> str:
    browser = Client()
    browser.force_login(user)
    return browser.cookies["sessionid"].value


@asynccontextmanager
async def socket_of(session: str | None, *, face: str = "portal", origin: str = PUBLIC_URL):
    """A socket with that session cookie; raises ConnectionRefusedError when the server does not open it."""
    headers = [(b"origin", origin.encode()), (b"host", b"127.0.0.1:8000")]
    if session:
        headers.append((b"cookie", f"sessionid={session}".encode()))
    scope = {
        "type": "websocket",
        "path": "/ws/feed",
        "query_string": f"face={face}".encode(),
        "headers": headers,
        "subprotocols": [],
        "client": ["127.0.0.1", 1],
        "server": ["127.0.0.1", 8000],
        "scheme": "ws",
    }
    wire = ApplicationCommunicator(application(), scope)
    await wire.send_input({"type": "websocket.connect"})
    try:
        if (await wire.receive_output(timeout=10))["type"] != "websocket.accept":
            raise ConnectionRefusedError
        yield Socket(wire)
    finally:
        await wire.send_input({"type": "websocket.disconnect", "code": 1000})
        await wire.wait(timeout=5)


async def at_rest(work: Callable[[], Any]) -> Any:
    """Ordinary database work from an async test."""
    return await sync_to_async(work)()


async def hang_up() -> None:
    """Close the connection of the thread that async tests do their database work in."""
    await sync_to_async(lambda: connection.close())()


Work = Callable[[], Awaitable[Any]]
