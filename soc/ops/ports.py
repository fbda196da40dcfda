"""Ports to listen on, never from the range that the kernel hands to outgoing connections."""

from __future__ import annotations

import itertools
import random
import socket
from collections.abc import Iterable

EPHEMERAL = range(32768, 61000)  # binding in here fails at random
_given: set[int] = set()


class NoPort(RuntimeError):
    """No port could be had."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether `port` can be bound on `host` now (a connection in TIME_WAIT does not count)."""
    family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError:
            return False
    return True


def pick(wanted: int, host: str = "127.0.0.1") -> int:
    """`wanted`, or the next free port after it. Raises NoPort."""
    return _first(itertools.chain(range(wanted, wanted + 200), range(20000, EPHEMERAL.start)), host)


def free_port(host: str = "127.0.0.1") -> int:
    """Some free port, a different one at each call of this process: for tests and measurements."""
    return _first((random.randrange(20000, EPHEMERAL.start) for _ in range(200)), host)


def _first(ports: Iterable[int], host: str) -> int:
    for port in ports:
        if port not in EPHEMERAL and port not in _given and 0 < port < 65536 and is_free(port, host):
            _given.add(port)
            return port
    raise NoPort(f"no free port on {host}: name one by WEB_PORT, RTSP_PORT or PHONE_PORT")
