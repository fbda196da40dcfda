"""A camera that never ends a picture: FFmpeg collects its parts until it does, and a fast line fills the memory in seconds.

What a connection has received is asked of the kernel; where it goes on receiving and no picture comes of it, it is cut.
"""

from __future__ import annotations

import contextlib
import fcntl
import socket
import struct
import termios
import threading
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Final

from .opening import duplicate, peer_of, sockets

MOST_UNFINISHED: Final = 12 * 1024 * 1024  # bytes of one picture: several times the largest that cameras send
LOOK_S: Final = 0.05
_UNREAD: Final = struct.Struct("=i")
_RECEIVED: Final = struct.Struct("=128xQ")  # Linux's tcp_info up to tcpi_bytes_received


@dataclass(eq=False)
class Line:
    """One connection, by a descriptor of our own. `progress` counts what was made of what came in."""

    connection: socket.socket
    progress: Callable[[], int]
    was_cut: bool = False
    _counted: int = -1
    _from: int = 0

    def look(self) -> None:
        """Cut it where too much came in since something was made of it."""
        received, counted = self._received(), self.progress()
        if received is None or counted != self._counted:
            self._counted, self._from = counted, received or 0
        elif received - self._from > MOST_UNFINISHED and not self.was_cut:
            self.was_cut = True
            with contextlib.suppress(OSError):  # the other end was quicker
                self.connection.shutdown(socket.SHUT_RDWR)

    def unread(self) -> int | None:
        """Bytes that came in and nobody has read yet; None where the system does not tell."""
        try:
            return int(_UNREAD.unpack(fcntl.ioctl(self.connection, termios.FIONREAD, bytes(_UNREAD.size)))[0])
        except (OSError, ValueError):  # the latter of one that is closed
            return None

    def _received(self) -> int | None:
        """Bytes since it was opened; None where the system does not tell."""
        try:
            raw = self.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _RECEIVED.size)
        except OSError:
            return None
        return int(_RECEIVED.unpack(raw)[0]) if len(raw) >= _RECEIVED.size else None


class _Guard:
    """Looks at all lines of this process, in one thread that lives as long as there are any."""

    def __init__(self) -> None:
        self._lines: set[Line] = set()
        self._changing = threading.Lock()
        self._thread: threading.Thread | None = None

    def add(self, line: Line) -> None:
        with self._changing:
            self._lines.add(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="lines", daemon=True)
                self._thread.start()

    def remove(self, line: Line) -> None:
        with self._changing:
            self._lines.discard(line)

    def _run(self) -> None:
        pause = threading.Event()
        while not pause.wait(LOOK_S):
            with self._changing:
                if not self._lines:
                    self._thread = None
                    return
                for line in self._lines:
                    line.look()


_guard = _Guard()


@contextlib.contextmanager
def guarded(peer: tuple[str, int], known: Container[int], progress: Callable[[], int]) -> Iterator[Line | None]:
    """Guard this process's connection to `peer` that is not among the `known` (inodes). None where there is none."""
    connection = _connection_to(peer, known)
    if connection is None:
        yield None
        return
    line = Line(connection, progress)
    _guard.add(line)
    try:
        yield line
    finally:
        _guard.remove(line)
        connection.close()


def _connection_to(peer: tuple[str, int], known: Container[int]) -> socket.socket | None:
    for inode, descriptor in sockets().items():
        if inode in known or (connection := duplicate(inode, descriptor)) is None:
            continue
        if peer_of(connection) == peer:
            return connection
        connection.close()
    return None
