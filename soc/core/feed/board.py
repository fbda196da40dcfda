"""Who listens to what in one event loop: the reader tells it each message once, and from here it goes to every socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from soc.core.feed.audiences import Audience
from soc.core.feed.reader import Push, reader


class Board:
    """The sockets of one loop, by audience. Used within the loop only; the reader is asked in threads that have a database."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._takers: dict[Audience, set[Push]] = {}
        self._tellers: dict[Audience, Push] = {}
        self._turn = asyncio.Lock()

    async def join(self, audiences: Iterable[Audience], take: Push) -> None:
        """When this returns, `take` gets every message of these audiences, and has perhaps got some."""
        wanted = frozenset(audiences)
        for audience in wanted:
            self._takers.setdefault(audience, set()).add(take)
        async with self._turn:
            new = {audience: partial(self._told, audience) for audience in wanted if audience not in self._tellers}
            self._tellers |= new
            if not new:
                return
            try:
                await database_sync_to_async(lambda: [reader.subscribe(*one) for one in new.items()])()
            except Exception:
                # Whoever waits for the turn would else take it that the reader was told, and hear nothing, for ever.
                for audience in new:
                    del self._tellers[audience]
                await database_sync_to_async(self._let_go)(new)
                raise

    async def leave(self, audiences: Iterable[Audience], take: Push) -> None:
        """`take` gets nothing more; the reader is told where nobody else here listens."""
        for audience in audiences:
            self._takers.get(audience, set()).discard(take)
        async with self._turn:
            empty = {audience: self._tellers[audience] for audience in audiences if self._deserted(audience)}
            for audience in empty:
                del self._takers[audience], self._tellers[audience]
            if empty:
                await database_sync_to_async(self._let_go)(empty)

    @staticmethod
    def _let_go(empty: dict[Audience, Push]) -> None:
        for audience, tell in empty.items():
            reader.unsubscribe(audience, tell)

    def _deserted(self, audience: Audience) -> bool:
        return audience in self._tellers and not self._takers.get(audience)

    def _told(self, audience: Audience, text: str) -> None:
        """Called by the reader's thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_out, audience, text)

    def _hand_out(self, audience: Audience, text: str) -> None:
        for take in tuple(self._takers.get(audience, ())):
            take(text)


_boards: WeakKeyDictionary[asyncio.AbstractEventLoop, Board] = WeakKeyDictionary()


def board() -> Board:
    """Of the running loop."""
    loop = asyncio.get_running_loop()
    found = _boards.get(loop)
    if found is None:
        found = _boards[loop] = Board(loop)
    return found
