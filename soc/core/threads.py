"""HTTP through Django's WSGI handler, in threads that live on: a request goes to one of them whole, and so does its answer back.

a2wsgi hands on each part of a request and of an answer by itself. Each time one thread waits for the other, and where others
are at work that is a wait for its turn: four of them in the answer to every alarm.
"""

from __future__ import annotations

import contextvars
import functools
import io
from collections.abc import Awaitable, Callable
from typing import Any

from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi import Body, WSGIResponder, build_environ

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Threads(WSGIMiddleware):
    """ASGI in; `receive` is to give the whole body as one message."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # type: ignore[override]
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)  # type: ignore[arg-type]
            return
        await _Responder(self.app, self.executor, self.send_queue_size)(scope, receive, send)


class _Responder(WSGIResponder):
    """Of one request. An answer that streams (a clip) is sent part by part, and its thread waits for whoever takes it."""

    start: Message | None = None  # what nothing of was sent yet
    whole = b""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # type: ignore[override]
        asked = await receive()
        assert not asked.get("more_body"), "bodies come whole"
        environ = build_environ(scope, Body(self.loop, receive))  # type: ignore[arg-type]
        environ["wsgi.input"] = io.BytesIO(asked.get("body", b""))
        sender = self.loop.create_task(self.sender(send))  # type: ignore[arg-type]
        try:
            work = functools.partial(contextvars.copy_context().run, self.wsgi, environ, self.start_response)
            await self.loop.run_in_executor(self.executor, work)
            await self.send_queue.put(None)
            await sender
            if self.start is not None:
                await send(self.start)
                await send({"type": "http.response.body", "body": self.whole})
            if self.exc_info is not None:
                raise self.exc_info[1].with_traceback(self.exc_info[2])
        finally:
            sender.cancel()

    def send(self, message: Any) -> None:
        """In the thread."""
        if message["type"] == "http.response.start":
            self.start = message
            return
        if self.start is not None:
            start, self.start = self.start, None
            super().send(start)  # type: ignore[arg-type]
        super().send(message)

    def wsgi(self, environ: Any, start_response: Any) -> None:
        """In the thread."""
        answer: Any = self.app(environ, start_response)
        try:
            if getattr(answer, "streaming", True):
                for chunk in answer:
                    self.send({"type": "http.response.body", "body": chunk, "more_body": True})
                self.send({"type": "http.response.body", "body": b""})
            else:
                self.whole = b"".join(answer)
        finally:
            getattr(answer, "close", lambda: None)()
