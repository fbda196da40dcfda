"""How one track reaches its client: interleaved in the RTSP connection, or by UDP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

FIRST_PORT, LAST_PORT = 20_000, 29_998


class Transport(Protocol):
    """One track's way to its client."""

    header: str

    def rtp(self, data: bytes) -> None:
        """Send one RTP packet."""
        ...

    def rtcp(self, data: bytes) -> None:
        """Send one RTCP packet."""
        ...

    def close(self) -> None:
        """Give up the ports."""
        ...


class Channels:
    """Two channels of the RTSP connection."""

    def __init__(self, number: int, write: Callable[[bytes], None]) -> None:
        self.number = number
        self._write = write
        self.header = f"RTP/AVP/TCP;unicast;interleaved={number}-{number + 1}"

    def rtp(self, data: bytes) -> None:
        self._send(self.number, data)

    def rtcp(self, data: bytes) -> None:
        self._send(self.number + 1, data)

    def close(self) -> None:
        """The connection is closed by its owner."""

    def _send(self, channel: int, data: bytes) -> None:
        self._write(b"$" + bytes([channel]) + len(data).to_bytes(2, "big") + data)


class Datagrams:
    """A pair of UDP ports on each side."""

    def __init__(self, host: str, ports: tuple[int, int], ours: tuple[_Port, _Port]) -> None:
        self._ports = ports
        self._host = host
        self._ours = ours
        mine = "-".join(str(port.number) for port in ours)
        self.header = f"RTP/AVP;unicast;client_port={ports[0]}-{ports[1]};server_port={mine}"

    def rtp(self, data: bytes) -> None:
        self._ours[0].send(data, (self._host, self._ports[0]))

    def rtcp(self, data: bytes) -> None:
        self._ours[1].send(data, (self._host, self._ports[1]))

    def close(self) -> None:
        for port in self._ours:
            port.close()


class _Port(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received
        self.transport: asyncio.DatagramTransport | None = None
        self.number = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own datagram transport does not inherit from the documented class in 3.11.
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.number = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._received(data)

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        if self.transport:
            self.transport.sendto(data, to)

    def close(self) -> None:
        if self.transport:
            self.transport.close()


async def open_datagrams(
    local: str, host: str, ports: tuple[int, int], received: Callable[[bytes], None]
) -> Datagrams | None:
    """A free even port and the next one, or None where all are taken."""
    loop = asyncio.get_running_loop()
    for number in range(FIRST_PORT, LAST_PORT, 2):
        first, second = _Port(received), _Port(_ignore)
        try:
            await loop.create_datagram_endpoint(partial(_itself, first), local_addr=(local, number))
            await loop.create_datagram_endpoint(partial(_itself, second), local_addr=(local, number + 1))
        except OSError:
            first.close()
            continue
        return Datagrams(host, ports, (first, second))
    return None


def _itself(port: _Port) -> _Port:
    return port


def _ignore(data: bytes) -> None:
    """Receiver reports are not needed."""


def channels_wanted(header: str, following: int) -> int | None:
    """The first channel an RTSP Transport header asks for, or None if it asks for something else than TCP."""
    for choice in header.split(","):
        if choice.strip().upper().startswith("RTP/AVP/TCP"):
            found = re.search(r"interleaved=(\d{1,3})-(\d{1,3})", choice)
            number = int(found[1]) if found else following
            return number if number <= 254 else None
    return None


def ports_wanted(header: str) -> tuple[int, int] | None:
    """The UDP ports an RTSP Transport header asks for."""
    found = re.search(r"RTP/AVP(?:/UDP)?;.*?client_port=(\d{1,5})-(\d{1,5})", header)
    if not found or "multicast" in header:
        return None
    ports = int(found[1]), int(found[2])
    return ports if all(0 < port < 65_536 for port in ports) else None
