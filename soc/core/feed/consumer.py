"""The one socket of a page: events downwards with positions, resumed without a gap after a loss.

Client → server: {"type": "resume", "last": {audience: seq}} · {"type": "ping", "t": anything, …what its face is told}
Server → client: hello · snapshot · event · beat (every 2 s, with the head of each audience and the spine's pulse) · pong
A page answers each beat with a ping: one that hangs is a socket that is open and a person who sees nothing.
Close codes: 4401 not logged in (any more) · 4403 nothing to see · 4408 too slow, come back and resume · 4400 garbage
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.serializers.json import DjangoJSONEncoder

from soc.core import clock, pulse
from soc.core.away import LOST
from soc.core.feed.audiences import Audience, face
from soc.core.feed.board import board
from soc.core.feed.reader import many_of, message, reader
from soc.core.feed.roll import Asked, Now, look, roll
from soc.core.models import User
from soc.core.sessions import user_now

log = logging.getLogger(__name__)

BEAT_S = 2.0
OUTBOX = 2000
REPLAY = 1000


class FeedConsumer(AsyncWebsocketConsumer):
    async def dispatch(self, message: dict[str, Any]) -> None:
        """One message of the server. Whatever ends it early, nothing goes on without the socket: a beat that did would
        keep an operator at the desk who has gone.
        """
        try:
            # Not super's, which first goes to a thread for the sake of its connection: what needs a database here asks for
            # it, and hundreds of pings a second do not.
            await getattr(self, get_handler_name(message))(message)
        except StopConsumer:
            raise
        except LOST as error:
            log.warning("a page's socket waits for the database: %s", type(error).__name__)
            await self._end(1013)
        except BaseException:
            await self._let_go()
            raise

    async def connect(self) -> None:
        self.out: asyncio.Queue[str] = asyncio.Queue(maxsize=OUTBOX)
        self.audiences: frozenset[Audience] = frozenset()
        self.sending: asyncio.Task[None] | None = None
        self.ending = False
        self.roll = roll(BEAT_S)
        self.heard = True  # since the roll was last called; to open the socket is to be heard of
        self.said: dict[str, Any] = {}  # with the last ping
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.accept()  # a browser learns the code only of a socket that was opened
            await self.close(4401)
            return
        self.face = "portal" if b"face=portal" in self.scope["query_string"] else "ops"
        self.session_key = self.scope["session"].session_key or ""
        wanted = await database_sync_to_async(self._wanted)()
        await self.accept()
        if not wanted:
            await self.close(4401 if wanted is None else 4403)
            return
        self.user_id = user.pk
        await self._subscribe(wanted)
        self.sending = asyncio.create_task(self._send_out())
        self.roll.join(self)

    async def disconnect(self, code: int) -> None:
        await self._let_go()

    async def _let_go(self) -> None:
        """Stop sending and listening."""
        self.ending = True
        self.roll.leave(self)
        if self.sending is not None:
            self.sending.cancel()
        audiences, self.audiences = self.audiences, frozenset()
        if audiences:
            await board().leave(audiences, self._enqueue)

    async def _end(self, code: int) -> None:
        """Close once, for good: a socket that is closed twice, or sent to afterwards, is an error of the server."""
        if not self.ending:
            await self._let_go()
            await self.close(code)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            said = json.loads(text_data or "")
            kind = said["type"]
            self.heard = True
            if kind == "resume":
                last = {str(key): int(value) for key, value in dict(said.get("last", {})).items()}
                await self._resume(last)
            elif kind == "ping":
                self.said = said
                self._put({"type": "pong", "t": said.get("t"), "now": clock.now()})
            else:
                raise ValueError(kind)
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            await self._end(4400)

    # --- what is sent

    def _enqueue(self, text: str) -> None:
        if self.ending:
            return
        try:
            self.out.put_nowait(text)
        except asyncio.QueueFull:
            # Never a silent gap: a client that cannot keep up comes back and resumes.
            self.last_word = asyncio.get_running_loop().create_task(self._end(4408))

    def _put(self, body: dict[str, Any]) -> None:
        self._enqueue(json.dumps(body, cls=DjangoJSONEncoder))

    async def _send_out(self) -> None:
        while True:
            await self.send(text_data=await self.out.get())

    async def _subscribe(self, wanted: frozenset[Audience]) -> None:
        self.audiences = wanted
        await board().join(wanted, self._enqueue)
        heads = await self._heads()
        self._put({"type": "hello", "heads": heads, "user": self.user_id, "now": clock.now()})

    async def _heads(self) -> dict[str, int]:
        return self._own(await database_sync_to_async(reader.heads)())

    def _own(self, heads: dict[Audience, int]) -> dict[str, int]:
        return {audience.key: heads[audience] for audience in self.audiences if audience in heads}

    async def _resume(self, last: dict[str, int]) -> None:
        """Replay what each audience missed; a page that starts, or missed too much, gets a snapshot instead."""
        texts = await database_sync_to_async(self._missed)(last)
        if texts is None:
            user = await database_sync_to_async(self._user)()
            if user is None:
                await self._end(4401)
                return
            # Positions first, state second: the state is at least as new, and later events only repeat themselves.
            heads = await self._heads()
            state = await database_sync_to_async(face(self.face).snapshot)(user)
            now = await database_sync_to_async(pulse.latest)()
            self._put({"type": "snapshot", "heads": heads, "now": clock.now(), **self._told(now), **state})
            return
        for text in texts:
            self._enqueue(text)

    def _missed(self, last: dict[str, int]) -> list[str] | None:
        heads = self._own(reader.heads())
        texts: list[tuple[int, str]] = []
        for audience in self.audiences:
            prev = last.get(audience.key)
            if prev is None:
                return None
            if (kept := reader.kept(audience, prev)) is not None:
                texts += kept
                continue
            rows = list(audience.events().filter(seq__gt=prev, seq__lte=heads.get(audience.key, 0))[: REPLAY + 1])
            if len(rows) > REPLAY:
                return None
            # Together: one by one they took minutes of the one thread that all sockets wait for, and nobody else came in.
            for event, shown in zip(rows, many_of(audience.face, rows), strict=True):
                assert event.seq is not None
                texts.append((event.seq, message(audience, event, prev, shown)))
                prev = event.seq
        return [text for _, text in sorted(texts)]

    # --- rights are looked at again while the socket is open

    async def called(self, wanted: frozenset[Audience] | None, now: Now) -> None:
        """By the roll, every BEAT_S. While the database is away it is not called, and the page's own "no contact" banner comes
        from missing beats: nothing is said that is not known.
        """
        if wanted is None or wanted != self.audiences:
            # Rights changed: the page reloads what it may see. Not waited for: one that takes nothing any more would hold up
            # the roll of all the others.
            code = 4401 if wanted is None else 4403
            self.last_word = asyncio.get_running_loop().create_task(self._end(code))
        else:
            self._put({"type": "beat", "heads": self._own(now.heads), "now": clock.now(), **self._told(now.pulse)})

    def _told(self, now: pulse.Pulse) -> dict[str, Any]:
        """What a page is told of the spine; how much is stuck is the centre's own affair."""
        return {"lag_s": now.lag_s} | ({"stuck": now.stuck_for(self.audiences)} if self.face == "ops" else {})

    def _user(self) -> User | None:
        return user_now(self.scope)

    def _wanted(self) -> frozenset[Audience] | None:
        """What the session's user may hear now, None for nobody. Their face is told that they are there."""
        (wanted,), _now = look([Asked(self.session_key, self.face, self.said)])
        return wanted
