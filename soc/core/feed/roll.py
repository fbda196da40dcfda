"""Sockets are looked at again while they are open: whose they are, what they may hear, and a sign of life for their pages.

All of one loop that are due are looked at together: hundreds of pages cost a handful of queries every two seconds.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from soc.core import pulse
from soc.core.away import LOST
from soc.core.clock import monotonic
from soc.core.feed.audiences import Audience, audiences_of, face
from soc.core.feed.reader import reader
from soc.core.sessions import users_now

log = logging.getLogger(__name__)

STEPS = 8  # beats of different sockets fall on so many times between two of one


class Member(Protocol):
    """A socket on the roll. `heard`: whether its page has said anything since it was last called; `said`: its last ping."""

    face: str
    session_key: str
    heard: bool
    said: dict[str, Any]

    async def called(self, wanted: frozenset[Audience] | None, now: Now) -> None:
        """What it may hear now; None where it is nobody's any more."""


@dataclass(frozen=True)
class Now:
    """How the spine stands, and the last position of every audience that is listened to."""

    pulse: pulse.Pulse
    heads: dict[Audience, int]


@dataclass(frozen=True)
class Asked:
    """Whose socket, to which face. `said`: what its page said last, where it has since the last time; else None."""

    session_key: str
    face: str
    said: dict[str, Any] | None


def look(asked: Sequence[Asked]) -> tuple[list[frozenset[Audience] | None], Now]:
    """What each may hear now, None where it is nobody's any more; faces are told who is there.

    Called in a thread that may use the database.
    """
    users = users_now(one.session_key for one in asked)
    found: list[frozenset[Audience] | None] = []
    for one in asked:
        user = users.get(one.session_key)
        wanted = None if user is None else frozenset(a for a in audiences_of(user) if a.face == one.face)
        # Whoever may hear nothing there is not there: a customer's socket is nobody at a desk.
        if user is not None and wanted and one.said is not None and (told := face(one.face).beat) is not None:
            told(user.pk, one.said)
        found.append(wanted)
    return found, Now(pulse.latest(), reader.heads())


class Roll:
    """Of one loop. It is called for as long as anybody is on it."""

    def __init__(self, beat_s: float) -> None:
        self.beat_s = beat_s
        self._due: dict[Member, float] = {}
        self._task: asyncio.Task[None] | None = None

    def join(self, member: Member) -> None:
        self._due[member] = monotonic() + self.beat_s
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())

    def leave(self, member: Member) -> None:
        self._due.pop(member, None)

    async def _run(self) -> None:
        while self._due:
            await asyncio.sleep(self.beat_s / STEPS)
            now = monotonic()
            members = [member for member, due in self._due.items() if due <= now]
            for member in members:
                self._due[member] = now + self.beat_s
            if not members:
                continue
            try:
                await self._call(members)
            except LOST:
                # The page's own "no contact" banner comes from missing beats; say nothing that is not known.
                continue
            except Exception:  # one bad call must not silence all later ones
                log.exception("the roll of open pages could not be called")

    async def _call(self, members: list[Member]) -> None:
        asked = [Asked(one.session_key, one.face, one.said if one.heard else None) for one in members]
        for member in members:
            member.heard = False
        found, now = await database_sync_to_async(look)(asked)
        for member, wanted in zip(members, found, strict=True):
            if member not in self._due:
                continue  # it has left meanwhile
            try:
                await member.called(wanted, now)
            except Exception:  # the others are there all the same
                log.exception("an open page could not be told")


_rolls: WeakKeyDictionary[asyncio.AbstractEventLoop, Roll] = WeakKeyDictionary()


def roll(beat_s: float) -> Roll:
    """Of the running loop."""
    loop = asyncio.get_running_loop()
    found = _rolls.get(loop)
    if found is None or found.beat_s != beat_s:
        found = _rolls[loop] = Roll(beat_s)
    return found
