"""A request's body is here before a thread is: slow and endless senders hold up nobody else."""

from __future__ import annotations

import asyncio
from typing import Any

from soc.core.bodies import WholeBodies


class Request:
    """A client that sends `parts` and then nothing more; `answers` has what it was sent."""

    def __init__(self, *parts: bytes, ends: bool = True, leaves: bool = False) -> None:
        self.messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": part, "more_body": not ends or n < len(parts) - 1}
            for n, part in enumerate(parts)
        ]
        if leaves:
            self.messages.append({"type": "http.disconnect"})
        self.answers: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)

    async def send(self, message: dict[str, Any]) -> None:
        self.answers.append(message)

    def ask(self, *, most: int = 100, within_s: float = 0.1, path: str = "/") -> list[bytes]:
        """What the application was handed."""
        handed: list[bytes] = []

        async def app(scope: Any, receive: Any, send: Any) -> None:
            message = await receive()
            assert message["more_body"] is False
            handed.append(message["body"])

        whole = WholeBodies(app, most=most, within_s=within_s, larger={"/plans/[^/]+/picture/": 1000})
        asyncio.run(asyncio.wait_for(whole({"type": "http", "path": path}, self.receive, self.send), 10))
        return handed

    @property
    def status(self) -> int:
        return int(self.answers[0]["status"])

    @property
    def words(self) -> str:
        return str(self.answers[1]["body"].decode())


def test_a_body_in_parts_is_handed_on_whole():
    assert Request(b"claim", b"=", b"now").ask() == [b"claim=now"]
    assert Request(b"").ask() == [b""]


def test_a_sender_that_does_not_end_is_refused_and_never_handed_on():
    slow = Request(b"c", ends=False)
    assert slow.ask() == []
    assert slow.status == 408
    assert "send it again" in slow.words


def test_more_than_there_may_be_is_refused_without_reading_on():
    large = Request(*[b"x" * 60] * 5)
    assert large.ask(most=100) == []
    assert large.status == 413
    assert len(large.messages) == 3


def test_more_may_come_where_pictures_are_sent_and_nowhere_beside_it():
    assert Request(b"x" * 300).ask(path="/plans/7/picture/") == [b"x" * 300]
    for path in ("/plans/7/picture/shown/", "/plans/7/8/picture/", "/x/plans/7/picture/"):
        beside = Request(b"x" * 300)
        assert beside.ask(path=path) == []
        assert beside.status == 413
    endless = Request(*[b"x" * 600] * 3)
    assert endless.ask(path="/plans/7/picture/") == []
    assert endless.status == 413


def test_one_who_leaves_is_owed_nothing():
    gone = Request(b"c", ends=False, leaves=True)
    assert gone.ask() == []
    assert gone.answers == []


def test_the_product_is_behind_it():
    from soc.asgi import application

    assert isinstance(application.application_mapping["http"], WholeBodies)
