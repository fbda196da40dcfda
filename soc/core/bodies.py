"""Requests are handed on whole: the few threads that answer pages never wait for a client that sends slowly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


class WholeBodies:
    """ASGI in, ASGI out: reads a request's body before `app` is called.

    Eight senders of one byte a second would otherwise hold all eight threads, and nobody could claim. A body that is not
    here after `within_s` seconds is answered 408, one of more than `most` bytes 413; nothing of either is handed on. `larger`:
    how many bytes may come to addresses that a pattern fits as a whole.
    """

    def __init__(self, app: App, *, most: int, within_s: float = 15.0, larger: Mapping[str, int] | None = None) -> None:
        self.app, self.most, self.within_s = app, most, within_s
        self.larger = [(re.compile(pattern), size) for pattern, size in (larger or {}).items()]

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        most = next((size for pattern, size in self.larger if pattern.fullmatch(path)), self.most)
        try:
            async with asyncio.timeout(self.within_s):
                body = await self._read(receive, most)
        except TimeoutError:
            await _refuse(send, 408, _("This came too slowly. Nothing was changed: send it again."))
            return
        if body is None:
            return  # the client went away
        if len(body) > most:
            await _refuse(send, 413, _("This is larger than anything that is taken here. Nothing was changed."))
            return
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, again, send)

    async def _read(self, receive: Receive, most: int) -> bytes | None:
        body = bytearray()
        while len(body) <= most:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        return bytes(body)


async def _refuse(send: Send, status: int, words: str) -> None:
    body = words.encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
