"""RTSP 1.0 messages (RFC 2326), and interleaved packets between them (10.12)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit

LONGEST_HEADER = 16_384
LONGEST_BODY = 65_536

REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    551: "Option not supported",
}


class Malformed(Exception):
    """The peer sent something that is neither a request nor an interleaved packet."""


@dataclass(frozen=True)
class Request:
    """One request; header names are lower case."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The URL's path without its leading slash."""
        return urlsplit(self.url).path.strip("/")

    def header(self, name: str) -> str:
        """A header's value, or an empty string."""
        return self.headers.get(name, "")


@dataclass(frozen=True)
class Interleaved:
    """A packet on one channel of the RTSP connection."""

    channel: int
    data: bytes


@dataclass
class Response:
    """An answer; CSeq is added when it is written."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""

    def encode(self, cseq: str) -> bytes:
        """The bytes to send."""
        body = self.body.encode()
        lines = [f"RTSP/1.0 {self.status} {REASONS[self.status]}", f"CSeq: {cseq}", "Server: camera"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


async def receive(reader: asyncio.StreamReader) -> Request | Interleaved:
    """The next message. Raises Malformed, or asyncio.IncompleteReadError at the end of the connection."""
    first = await reader.readexactly(1)
    if first == b"$":
        head = await reader.readexactly(3)
        return Interleaved(head[0], await reader.readexactly(int.from_bytes(head[1:], "big")))
    try:
        text = (first + await reader.readuntil(b"\r\n\r\n")).decode("utf-8").lstrip("\r\n")
    except (UnicodeDecodeError, asyncio.LimitOverrunError) as error:
        raise Malformed("not an RTSP request") from error
    if len(text) > LONGEST_HEADER:
        raise Malformed("the header is too long")
    line, *rest = text.rstrip("\r\n").split("\r\n")
    parts = line.split(" ")
    if len(parts) != 3 or not parts[2].startswith("RTSP/1."):
        raise Malformed(f"not an RTSP request: {line[:80]!r}")
    headers = {}
    for header in rest:
        name, colon, value = header.partition(":")
        if not colon:
            raise Malformed(f"not a header: {header[:80]!r}")
        headers[name.strip().lower()] = value.strip()
    length = headers.get("content-length", "0")
    if not length.isdigit() or int(length) > LONGEST_BODY:
        raise Malformed(f"Content-Length is {length[:20]}")
    body = await reader.readexactly(int(length)) if int(length) else b""
    return Request(parts[0].upper(), parts[1], headers, body)
