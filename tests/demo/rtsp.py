"""A small RTSP client of the tests' own: independent of what the product uses."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import struct
from dataclasses import dataclass

BACKCHANNEL = "www.onvif.org/ver20/backchannel"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: str


class Client:
    """One connection. Packets that arrive between answers are kept in ``packets`` as (channel, data)."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.url = f"rtsp://127.0.0.1:{port}/{path}"
        self.session = ""
        self.packets: list[tuple[int, bytes]] = []
        self._cseq = 0

    async def __aenter__(self) -> Client:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    async def __aexit__(self, *error: object) -> None:
        self.writer.close()

    async def ask(self, method: str, track: str = "", **headers: str) -> Answer:
        self._cseq += 1
        lines = [f"{method} {self.url}{'/' + track if track else ''} RTSP/1.0", f"CSeq: {self._cseq}"]
        if self.session:
            lines.append(f"Session: {self.session}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.writer.write("\r\n".join([*lines, "", ""]).encode())
        return await asyncio.wait_for(self._answer(), 5)

    async def packet(self) -> tuple[int, bytes]:
        """The next interleaved packet."""
        first = await self.reader.readexactly(1)
        assert first == b"$", first
        channel, size = struct.unpack("!BH", await self.reader.readexactly(3))
        return channel, await self.reader.readexactly(size)

    async def _answer(self) -> Answer:
        while True:
            first = await self.reader.readexactly(1)
            if first == b"$":
                channel, size = struct.unpack("!BH", await self.reader.readexactly(3))
                self.packets.append((channel, await self.reader.readexactly(size)))
                continue
            text = (first + await self.reader.readuntil(b"\r\n\r\n")).decode()
            line, *rest = text.strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (part.partition(":") for part in rest)}
            body = await self.reader.readexactly(int(headers.get("content-length", 0)))
            self.session = headers.get("session", self.session).split(";")[0]
            return Answer(int(line.split()[1]), headers, body.decode())


async def speak(client: Client, sound: bytes, *, pace_s: float = 0.0) -> None:
    """Open the loudspeaker and send µ-law sound in packets of 20 ms."""
    described = await client.ask("DESCRIBE", Require=BACKCHANNEL)
    assert described.status == 200
    assert "a=sendonly" in described.body
    track = re.search(r"a=control:(\S+)\r\na=sendonly", described.body)
    assert track
    opened = await client.ask("SETUP", track[1], Transport="RTP/AVP/TCP;unicast;interleaved=4-5")
    assert opened.status == 200
    assert (await client.ask("PLAY", Require=BACKCHANNEL)).status == 200
    for number, start in enumerate(range(0, len(sound), 160)):
        payload = sound[start : start + 160]
        data = struct.pack("!BBHII", 0x80, 0, number, start, 77) + payload
        client.writer.write(b"$\x04" + struct.pack("!H", len(data)) + data)
        await asyncio.sleep(pace_s)
    await client.writer.drain()


def digest(user: str, password: str, challenge: str, method: str, url: str) -> str:
    """The Authorization header for a Digest challenge."""
    given = dict(re.findall(r'(\w+)="([^"]*)"', challenge))

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    account = md5(f"{user}:{given['realm']}:{password}")
    answer = md5(f"{account}:{given['nonce']}:{md5(f'{method}:{url}')}")
    return (
        f'Digest username="{user}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{url}", '
        f'response="{answer}"'
    )


def basic(user: str, password: str) -> str:
    """The Authorization header for Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
