"""How a worker tells a watch process that something was answered, and is woken for more: named pipes beside the slots.

A worker that has nothing to look at just now dozes for a moment, and its pipe is there for as long; waking it costs a
hundredth of what a message costs. All are hints, like the task that asked: a bell that nobody hears, or one that is full,
costs time and nothing else, since the owner of a slot looks for its answer with every frame anyway.
"""

from __future__ import annotations

import os
import select
import struct
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from .slot_layout import PREFIX, born, default_directory
from .slots import owner_of

_RING: Final = struct.Struct("=QII")  # ticket, mark of a slot, what
_ANSWERED, _ENDED, _WAKE, _DOZES = range(4)
_WAKING: Final = _RING.pack(0, 0, _WAKE)
BELL, DOZE = "bell", "doze"  # in a slot's place of the camera
_AT_ONCE: Final = 64 * 1024
_MOST_OPEN: Final = 64


@dataclass(frozen=True, slots=True)
class Ring:
    """One message. `ticket`: of the task it is about, 0 for none. `mark`: of the slot that was answered, None where the
    task ended or, with `dozes`, waits for something to do.
    """

    ticket: int
    mark: int | None
    dozes: bool = False


@lru_cache(maxsize=1024)
def mark_of(slot: str) -> int:
    """What a slot's name is shortened to in a message; two that are alike by chance are both looked at."""
    return zlib.crc32(slot.encode())


def bell_name(space: str, pid: str | int, birth: str | int, key: str = BELL) -> str:
    """Like a slot's name, so that what a killed process leaves is swept away with the slots."""
    return f"{PREFIX}.{space}.{pid}.{birth}.{key}.0"


def wake(space: str, most: int, *, directory: Path | None = None) -> int:
    """Wake so many dozing workers at most; gives how many were. Who takes a bell away wakes its worker, and nobody else does."""
    place, woken = directory or default_directory(), 0
    start, end = f"{PREFIX}.{space}.", f".{DOZE}.0"
    for name in os.listdir(place) if most > 0 else ():
        if woken < most and name.startswith(start) and name.endswith(end):
            try:
                pipe = os.open(place / name, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
            except OSError:
                continue  # it has just woken by itself
            try:
                (place / name).unlink()
                woken += _write(pipe, _WAKING)
            except FileNotFoundError:
                continue  # somebody else was quicker
            finally:
                os.close(pipe)
    return woken


class Bell:
    """A process's own. Anybody may ring it, one thread waits for it. key: BELL, or DOZE for a worker that dozes."""

    def __init__(self, space: str, *, key: str = BELL, directory: Path | None = None) -> None:
        """Raises OSError where there cannot be one."""
        self._pid = os.getpid()
        self.path = (directory or default_directory()) / bell_name(space, self._pid, _born(self._pid), key)
        self.path.unlink(missing_ok=True)
        os.mkfifo(self.path, 0o600)
        # Open for both, so that it is never at its end while nobody else has it open.
        self._pipe = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN)

    def wait(self, timeout_s: float | None) -> list[Ring]:
        """What was rung, at once where something was already; empty after `timeout_s`, and where somebody called `wake`."""
        if not self._poll.poll(None if timeout_s is None else max(timeout_s, 0.0) * 1000):
            return []
        try:
            raw = os.read(self._pipe, _AT_ONCE - _AT_ONCE % _RING.size)
        except BlockingIOError:
            return []
        whole = raw[: len(raw) - len(raw) % _RING.size]
        return [
            Ring(ticket, mark if what == _ANSWERED else None, what == _DOZES)
            for ticket, mark, what in _RING.iter_unpack(whole)
            if what != _WAKE
        ]

    def wake(self) -> None:
        """End the wait of the thread that waits."""
        if self._pipe >= 0:
            _write(self._pipe, _WAKING)

    def close(self) -> None:
        """Take it away. May be called twice."""
        if self._pipe >= 0:
            if os.getpid() == self._pid:
                self.path.unlink(missing_ok=True)
            self._poll.unregister(self._pipe)
            os.close(self._pipe)
            self._pipe = -1

    def __enter__(self) -> Bell:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Ringer:
    """A worker's side: rings the bell of whoever owns a slot."""

    def __init__(self, *, directory: Path | None = None) -> None:
        self._directory = directory or default_directory()
        self._pipes: OrderedDict[tuple[str, str, str], int] = OrderedDict()
        self._held: dict[tuple[str, str, str], bytes] = {}

    def answered(self, slot: str, ticket: int = 0, *, hold: bool = False) -> None:
        """A slot has an answer; the task of this ticket is still at work. hold: tell it with whatever is told its owner next,
        since waking somebody twice costs twice; `flush` where nothing is to follow soon.
        """
        if hold:
            owner = owner_of(slot)
            self._held[owner] = self._held.get(owner, b"") + _RING.pack(ticket, mark_of(slot), _ANSWERED)
        else:
            self._ring(slot, ticket, mark_of(slot), _ANSWERED)

    def flush(self) -> None:
        """Tell what was held."""
        while self._held:
            owner, rings = self._held.popitem()
            self._send(owner, rings)

    def ended(self, slot: str, ticket: int) -> None:
        """The task that the owner of this slot sent with the ticket is done."""
        self._ring(slot, ticket, 0, _ENDED)

    def dozes(self, slot: str, ticket: int) -> None:
        """The task of this ticket has nothing to look at and can be woken."""
        self._ring(slot, ticket, 0, _DOZES)

    def close(self) -> None:
        while self._pipes:
            os.close(self._pipes.popitem()[1])

    def _ring(self, slot: str, ticket: int, mark: int, what: int) -> None:
        owner = owner_of(slot)
        self._send(owner, self._held.pop(owner, b"") + _RING.pack(ticket, mark, what))

    def _send(self, owner: tuple[str, str, str], rings: bytes) -> None:
        pipe = self._pipe(owner)
        if pipe is not None and not _write(pipe, rings):
            os.close(self._pipes.pop(owner))

    def _pipe(self, owner: tuple[str, str, str]) -> int | None:
        pipe = self._pipes.get(owner)
        if pipe is not None:
            return pipe
        try:
            pipe = os.open(
                self._directory / bell_name(*owner), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
            )
        except OSError:
            return None  # the watch process has ended or never had one: its slots are looked after all the same
        self._pipes[owner] = pipe
        while len(self._pipes) > _MOST_OPEN:
            os.close(self._pipes.popitem(last=False)[1])
        return pipe


def _write(pipe: int, rings: bytes) -> bool:
    """False where nobody is there to hear it. Short writes do not happen: a few messages are far below PIPE_BUF."""
    try:
        os.write(pipe, rings)
    except BlockingIOError:
        return True  # full: whoever is to hear it has plenty to read
    except BrokenPipeError:
        return False
    return True


@lru_cache(maxsize=4)
def _born(pid: int) -> int:
    return born(pid)
