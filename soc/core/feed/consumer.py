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

from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.core.serializers.json import DjangoJSONEncoder

from soc.core import clock, pulse
from soc.core.away import LOST
from soc.core.feed.audiences import Audience, audiences_of, face
from soc.core.feed.reader import message, reader, rows_of
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
            await super().dispatch(message)
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
        self.jobs: list[asyncio.Task] = []
        self.ending = False
        self.heard = True  # since the last beat; to open the socket is to be heard of
        self.said: dict[str, Any] = {}  # with the last ping
        self.loop = asyncio.get_running_loop()
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.accept()  # a browser learns the code only of a socket that was opened
            await self.close(4401)
            return
        self.face = "portal" if b"face=portal" in self.scope["query_string"] else "ops"
        wanted = await database_sync_to_async(self._wanted)(heard=True)
        await self.accept()
        if not wanted:
            await self.close(4401 if wanted is None else 4403)
            return
        self.user_id = user.pk
        await self._subscribe(wanted)
        self.jobs = [asyncio.create_task(self._send_out()), asyncio.create_task(self._beat())]

    async def disconnect(self, code: int) -> None:
        await self._let_go()

    async def _let_go(self) -> None:
        """Stop sending and listening; the reader's lock is never waited for in the event loop."""
        self.ending = True
        for job in self.jobs:
            if job is not asyncio.current_task():
                job.cancel()
        audiences, self.audiences = self.audiences, frozenset()
        if audiences:
            await database_sync_to_async(self._unsubscribe)(audiences)

    def _unsubscribe(self, audiences: frozenset[Audience]) -> None:
        for audience in audiences:
            reader.unsubscribe(audience, self._push)

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

    def _push(self, text: str) -> None:
        """Called by the reader's thread."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._enqueue, text)

    def _enqueue(self, text: str) -> None:
        if self.ending:
            return
        try:
            self.out.put_nowait(text)
        except asyncio.QueueFull:
            # Never a silent gap: a client that cannot keep up comes back and resumes.
            self.last_word = self.loop.create_task(self._end(4408))

    def _put(self, body: dict[str, Any]) -> None:
        self._enqueue(json.dumps(body, cls=DjangoJSONEncoder))

    async def _send_out(self) -> None:
        while True:
            await self.send(text_data=await self.out.get())

    async def _subscribe(self, wanted: frozenset[Audience]) -> None:
        self.audiences = wanted
        await database_sync_to_async(lambda: [reader.subscribe(a, self._push) for a in wanted])()
        heads = await self._heads()
        self._put({"type": "hello", "heads": heads, "user": self.user_id, "now": clock.now()})

    async def _heads(self) -> dict[str, int]:
        return await database_sync_to_async(reader.heads)(self.audiences)

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
            told = await database_sync_to_async(self._pulse)()
            self._put({"type": "snapshot", "heads": heads, "now": clock.now(), **told, **state})
            return
        for text in texts:
            self._enqueue(text)

    def _missed(self, last: dict[str, int]) -> list[str] | None:
        heads = reader.heads(self.audiences)
        texts: list[tuple[int, str]] = []
        for audience in self.audiences:
            prev = last.get(audience.key)
            if prev is None:
                return None
            rows = list(audience.events().filter(seq__gt=prev, seq__lte=heads.get(audience.key, 0))[: REPLAY + 1])
            if len(rows) > REPLAY:
                return None
            for event in rows:
                assert event.seq is not None
                texts.append((event.seq, message(audience, event, prev, rows_of(audience.face, event))))
                prev = event.seq
        return [text for _, text in sorted(texts)]

    # --- rights are looked at again while the socket is open

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            heard, self.heard = self.heard, False
            try:
                wanted, told = await database_sync_to_async(self._look)(heard)
            except LOST:
                # The page's own "no contact" banner comes from missing beats; say nothing that is not known.
                continue
            if wanted is None:
                await self._end(4401)
                return
            if wanted != self.audiences:
                await self._end(4403)  # rights changed: the page reloads what it may see
                return
            self._put({"type": "beat", "heads": await self._heads(), "now": clock.now(), **told})

    def _look(self, heard: bool) -> tuple[frozenset[Audience] | None, dict[str, Any]]:
        return self._wanted(heard=heard), self._pulse()

    def _pulse(self) -> dict[str, Any]:
        """What a page is told of the spine; how much is stuck is the centre's own affair."""
        now = pulse.latest()
        return {"lag_s": now.lag_s} | ({"stuck": now.stuck_for(self.audiences)} if self.face == "ops" else {})

    def _user(self) -> User | None:
        return user_now(self.scope)

    def _wanted(self, *, heard: bool) -> frozenset[Audience] | None:
        """What the session's user may hear now, None for nobody; and `heard` of, their face is told that they are there."""
        user = self._user()
        if user is None:
            return None
        told = face(self.face).beat
        if told is not None and heard:
            told(user.pk, self.said)
        return frozenset(a for a in audiences_of(user) if a.face == self.face)
