"""What the line is compared with: the same server and cameras, asked for the least that they can do."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import psutil
from websockets.sync.client import connect
from websockets.typing import Origin


def timed(act: Callable[[], object], times: int) -> list[float]:
    """How long each of `times` acts took, in ms."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return took


def websocket_round_trips(url: str, cookie: str, times: int = 60) -> list[float]:
    """A ping to the feed's socket and its pong, in ms."""
    address = url.replace("http", "ws", 1) + "/ws/feed"
    with connect(address, origin=Origin(url), additional_headers={"Cookie": cookie}, proxy=None) as socket_:

        def ping() -> None:
            socket_.send('{"type": "ping", "t": 1}')
            while json.loads(socket_.recv(timeout=10))["type"] != "pong":
                pass

        return timed(ping, times)


def fetches(url: str, cookie: str, path: str, times: int = 20) -> list[float]:
    """One file over a connection that is open already, in ms."""
    with httpx.Client(base_url=url, headers={"Cookie": cookie}, trust_env=False, timeout=10) as http:

        def fetch() -> None:
            http.get(path).raise_for_status()

        fetch()
        return timed(fetch, times)


def backchannel_handshakes(address: str, times: int = 10) -> list[float]:
    """Connect, DESCRIBE with the backchannel, SETUP of its track, PLAY, in ms: all before the first sound can be sent."""
    return timed(lambda: _handshake(address), times)


def _handshake(address: str) -> None:
    parts = urlsplit(address)
    assert parts.hostname is not None
    with socket.create_connection((parts.hostname, parts.port or 554), timeout=10) as connection:
        described = _ask(connection, 1, "DESCRIBE", address, "Accept: application/sdp")
        tracks = re.split(r"(?m)^(?=m=)", described.replace("\r\n", "\n"))
        control = next(m[1] for t in tracks if "a=sendonly" in t and (m := re.search(r"(?m)^a=control:(\S+)", t)))
        base = re.search(r"(?mi)^content-base: *(\S+)", described)
        whole = control if control.startswith("rtsp") else f"{(base[1] if base else address).rstrip('/')}/{control}"
        transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
        session = re.search(r"(?mi)^session: *([^;\s]+)", _ask(connection, 2, "SETUP", whole, transport))
        assert session is not None
        _ask(connection, 3, "PLAY", address, f"Session: {session[1]}")


def _ask(connection: socket.socket, number: int, method: str, url: str, header: str) -> str:
    """Send a request, read the whole answer. Raises RuntimeError unless it is 200."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {number}", "Require: www.onvif.org/ver20/backchannel", header, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    said = b""
    while b"\r\n\r\n" not in said:
        said += _more(connection)
    head, _, body = said.partition(b"\r\n\r\n")
    length = re.search(rb"(?mi)^content-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += _more(connection)
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise RuntimeError(f"{method} was answered {head.splitlines()[0].decode()}")
    return (head + b"\r\n\r\n" + body).decode()


def _more(connection: socket.socket) -> bytes:
    part = connection.recv(65536)
    if not part:
        raise RuntimeError("the camera hung up")
    return part


def empty_process() -> float:
    """The memory of a Python that has loaded nothing, in MiB (its share of what is shared counted proportionally)."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        time.sleep(0.5)
        size = pss([process.pid])
        process.communicate(b"\n")
    return size


def pss(pids: list[int]) -> float:
    """The memory of processes, in MiB, each sharing what it shares."""
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / 2**20
