"""HTTP in threads: whole answers come back in one go, streams part by part, errors as errors."""

from __future__ import annotations

import threading

import pytest

from soc.core.threads import Threads


class Whole(list):
    """What Django's handler gives for a page."""

    streaming = False
    closed = False

    def close(self) -> None:
        self.closed = True


def scope(method: str = "GET") -> dict:
    return {
        "type": "http", "method": method, "path": "/", "query_string": b"", "http_version": "1.1",
        "headers": [(b"content-length", b"5")],
    }  # fmt: skip


async def ask(app, body: bytes = b"") -> list[dict]:
    """What the server is given to send."""
    sent = []

    async def receive() -> dict:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict) -> None:
        sent.append(message)

    await Threads(app, workers=2)(scope(), receive, send)
    return sent


async def test_a_page_is_answered_whole_and_closed():
    answer = Whole([b"one ", b"page"])
    there = []

    def app(environ, start_response):
        there.append(threading.current_thread() is threading.main_thread())
        start_response("200 OK", [("Content-Type", "text/plain")])
        return answer

    sent = await ask(app)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert (sent[0]["status"], sent[0]["headers"]) == (200, [(b"content-type", b"text/plain")])
    assert (sent[1]["body"], sent[1].get("more_body", False)) == (b"one page", False)
    assert there == [False]
    assert answer.closed


async def test_the_body_is_there_to_be_read():
    def app(environ, start_response):
        start_response("200 OK", [])
        return Whole([environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))])

    assert (await ask(app, b"hello"))[1]["body"] == b"hello"


async def test_a_stream_is_sent_as_it_comes():
    def app(environ, start_response):
        start_response("206 Partial Content", [])
        return iter([b"a", b"b"])

    sent = await ask(app)
    assert [message.get("body") for message in sent] == [None, b"a", b"b", b""]
    assert [message.get("more_body", False) for message in sent] == [False, True, True, False]


async def test_what_fails_is_the_servers_to_answer():
    def app(environ, start_response):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        await ask(app)
