"""How a worker tells a watch process that something was answered, and is woken for more: named pipes beside the slots.

A worker that has nothing to look at just now dozes for a moment, and its pipe has another name for as long; waking it costs a
hundredth of what a message costs. All are hints, like the task that asked: a bell that nobody hears, or one that is full,
costs time and nothing else, since the owner of a slot looks for its answer with every frame anyway.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import threading
import time
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
# In a slot's place of the camera: a watch process's bell, a worker's while it dozes and while it does not.
BELL, DOZE, AWAKE = "bell", "doze", "awake"
_AT_ONCE: Final = 64 * 1024
_MOST_OPEN: Final = 64
LOOK_AGAIN_S: Final = 1.0  # between two looks for workers that nobody told of


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


class Dozer(Bell):
    """A worker's own, kept for as long as it lives: its name alone says whether it dozes, and to give it another one is all
    that lying down, getting up and waking cost.
    """

    def __init__(self, space: str, *, directory: Path | None = None) -> None:
        """Awake at first. Raises OSError where there cannot be one."""
        super().__init__(space, key=AWAKE, directory=directory)
        self._lying = self.path.with_name(bell_name(space, self._pid, _born(self._pid), DOZE))
        self._lying.unlink(missing_ok=True)

    def lie_down(self) -> Dozer:
        """From now on a Waker may wake it. Raises OSError where somebody has removed its pipe."""
        self.path.rename(self._lying)
        return self

    def get_up(self) -> None:
        """Nobody need wake it any more."""
        with contextlib.suppress(FileNotFoundError):  # it was woken
            self._lying.rename(self.path)

    def close(self) -> None:
        if self._pipe >= 0 and os.getpid() == self._pid:
            self._lying.unlink(missing_ok=True)
        super().close()

    def __enter__(self) -> Dozer:
        return self

    def __exit__(self, *_: object) -> None:
        self.get_up()


class Waker:
    """Wakes workers of a space that doze. Those it knows are woken without looking for them. From any thread."""

    def __init__(self, space: str, *, directory: Path | None = None) -> None:
        self._directory = directory or default_directory()
        self._start = f"{PREFIX}.{space}."
        self._known: dict[str, int] = {}  # name while it dozes → its pipe
        self._looked: float | None = None
        self._lock = threading.Lock()

    def wake(self, most: int, *, told: bool = False) -> int:
        """Wake so many at most; gives how many were. Whoever gives a worker its other name has woken it, and nobody else has.

        told: somebody said that they doze: where none of those known does, it is another one.
        """
        woken = 0
        with self._lock:
            for name in [*self._known] if most > 0 else ():
                if woken < most:
                    woken += self._woken(name)
            if woken < most and (told or self._looks_again()):
                for name in self._look():
                    if woken < most:
                        woken += self._woken(name)
        return woken

    def close(self) -> None:
        with self._lock:
            while self._known:
                os.close(self._known.popitem()[1])

    def _looks_again(self) -> bool:
        return self._looked is None or time.monotonic() - self._looked >= LOOK_AGAIN_S

    def _look(self) -> list[str]:
        """Those nobody knew that doze; those that are no more are forgotten."""
        self._looked = time.monotonic()
        names = {name for name in os.listdir(self._directory) if name.startswith(self._start)}
        for name in [name for name in self._known if not names & {name, _awake(name)}]:
            os.close(self._known.pop(name))
        new = [name for name in names if name.endswith(f".{DOZE}.0") and name not in self._known]
        return [name for name in new[: _MOST_OPEN - len(self._known)] if self._knows(name, name)]

    def _woken(self, name: str) -> bool:
        awake = _awake(name)
        try:
            os.rename(self._directory / name, self._directory / awake)
        except FileNotFoundError:
            return False  # it does not doze, or somebody else was quicker
        if _write(self._known[name], _WAKING):
            return True
        os.close(self._known.pop(name))  # whoever it was is no more, or has another pipe by now
        return self._knows(name, awake) and _write(self._known[name], _WAKING)

    def _knows(self, name: str, at: str) -> bool:
        """Whether a worker can be reached from now on, by the name that its pipe has just now."""
        try:
            pipe = os.open(self._directory / at, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        self._known[name] = pipe
        return True


def _awake(name: str) -> str:
    return f"{name.removesuffix(f'.{DOZE}.0')}.{AWAKE}.0"


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
