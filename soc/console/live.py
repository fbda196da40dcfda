"""The live picture: from the watch process that holds the camera to one browser, never far behind.

Watch side: the protocol of `cameras.watching.live`, over TCP to `Camera.media_address`.
Browser side: `?way=h264` asks for the camera's own video, otherwise JPEG comes; `?fps=1` for a small picture beside the
others. Every frame is one binary message, as the watch side sends it; the browser answers "1" when it has arrived.
Texts to the browser: {"type": "stream", "way": "h264", "codec": …, "width": …, "height": …} or {"way": "jpeg"} before the
first frame of what was asked for as video, and again whenever it begins anew; {"type": "trouble", "code": "waiting" |
"none"}; {"type": "frozen", "since": ISO time | null} when the camera has begun, or has ceased, to send the same picture again
and again, however new it says that it is.
Close codes: 4401 not logged in (any more), 4403 not this camera, 1013 the database is away.
"""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db.models import OuterRef, Subquery

from cameras.models import Camera
from cameras.models.condition import Condition
from cameras.viewing import record_viewing
from cameras.watching.live import HEAD, key_of
from soc.console.waiting import KIND_AT, Waiting, Way
from soc.core import clock
from soc.core.away import LOST
from soc.core.models import User
from soc.core.rights import Act
from soc.core.sessions import user_now

log = logging.getLogger(__name__)

RECHECK_S = 2.0
CONNECT_S = 2.0
SILENT_S = 5.0  # the watch side sends at least a frame a second of a camera that lives
AGAIN_S = 1.0
LARGEST = 4_000_000  # bytes of one frame
SMALL = 480  # pixels: the width of a picture beside the others


class Broken(Exception):
    """The watch side hung up, or sent what is no frame."""


def rate_of(query: bytes) -> int:
    """Pictures a second that were asked for: a small one beside the others asks for `fps=1`; 0 for all there are."""
    asked = parse_qs(query.decode("ascii", "replace")).get("fps", ["0"])[0]
    return int(asked) if asked in {"1", "2", "5", "10"} else 0


def way_of(query: bytes) -> Way:
    return "h264" if parse_qs(query.decode("ascii", "replace")).get("way") == ["h264"] else "jpeg"


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """The next frame. Raises Broken, TimeoutError."""
    try:
        async with asyncio.timeout(SILENT_S):
            size = int.from_bytes(await reader.readexactly(4), "big")
            if not 8 < size <= LARGEST:
                raise Broken(f"frame of {size} bytes")
            return await reader.readexactly(size)
    except asyncio.IncompleteReadError as error:
        raise Broken("hung up") from error


class LiveConsumer(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        self.jobs: list[asyncio.Task] = []
        self.way, self.rate = way_of(self.scope["query_string"]), rate_of(self.scope["query_string"])
        self.waiting = Waiting(self.way)
        self.more = asyncio.Event()
        self.on_the_way = 0
        self.recorded = self.ended = False
        self.frozen: datetime | None = None
        self.camera_id: UUID = self.scope["url_route"]["kwargs"]["pk"]
        await self.accept()  # a browser learns the code only of a socket that was opened
        if not self.scope["user"].is_authenticated:
            await self._end(4401)
        elif await self._may_go_on():
            self.jobs = [asyncio.create_task(job()) for job in (self._follow, self._send_on, self._recheck)]

    async def disconnect(self, code: int) -> None:
        for job in self.jobs:
            job.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The browser has a frame: there is room for another. Room is never made for what was not sent."""
        if self.on_the_way:
            self.on_the_way -= 1
            self.more.set()

    # --- jobs

    async def _follow(self) -> None:
        """Keep reading from whichever watch process holds the camera now."""
        while True:
            try:
                await self._read_from(await self._address())
            except (OSError, Broken, TimeoutError) as trouble:
                log.info("live picture of %s: %s", self.camera_id, trouble or type(trouble).__name__)
                await self._tell(type="trouble", code="none")
            await asyncio.sleep(AGAIN_S)

    async def _read_from(self, address: tuple[str, int] | None) -> None:
        if address is None:
            raise Broken("nobody watches this camera")
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(*address)
        try:
            writer.write(json.dumps(self._hello()).encode() + b"\n")
            await writer.drain()
            await self._tell(type="trouble", code="waiting")
            if self.way == "h264":
                await self._begin(await read_frame(reader))
            while True:
                self.waiting.put(await read_frame(reader), clock.monotonic())
                self.more.set()
        finally:
            writer.close()

    def _hello(self) -> dict[str, Any]:
        """What the watch process is asked for."""
        said: dict[str, Any] = {"camera": str(self.camera_id), "key": key_of(self.camera_id), "kind": self.way}
        return {**said, "fps": self.rate, "width": SMALL} if self.rate else said

    async def _begin(self, head: bytes) -> None:
        """What comes now: video, or pictures where the camera has none that browsers play. The browser is told first."""
        try:
            said = dict(json.loads(head[KIND_AT + 1 :])) if head[KIND_AT] == HEAD else {}
            way: Way = {"h264": "h264", "jpeg": "jpeg"}[said["way"]]  # type: ignore[assignment]
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            raise Broken("no head") from error
        self.waiting.begin(way)
        await self._tell(type="stream", **said)

    async def _send_on(self) -> None:
        while True:
            await self.more.wait()
            self.more.clear()
            while self.on_the_way < self.waiting.room and (body := self.waiting.take()) is not None:
                if not self.recorded and not await self._record():
                    return
                self.on_the_way += 1
                await self.send(bytes_data=body)
                if self.rate:
                    await asyncio.sleep(1 / self.rate)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            if not await self._may_go_on():
                return

    async def _may_go_on(self) -> bool:
        """Close the socket where its user may not see the camera now."""
        camera: Camera | None = None
        try:
            code, camera = await self._right()
        except LOST:
            code = 1013  # rights that cannot be read are not rights: the page comes back when the database does
        if code:
            await self._end(code)
        elif camera is not None and camera.frozen_since != self.frozen:  # type: ignore[attr-defined]
            self.frozen = camera.frozen_since  # type: ignore[attr-defined]
            await self._tell(type="frozen", since=self.frozen.isoformat() if self.frozen else None)
        return code == 0

    async def _record(self) -> bool:
        """Say who begins to look, before they see anything: nobody looks unrecorded."""
        try:
            code = await self._viewing()
        except LOST:
            code = 1013
        if code:
            await self._end(code)
        self.recorded = code == 0
        return self.recorded

    async def _end(self, code: int) -> None:
        """Close once: a socket that is closed twice, or sent to afterwards, is an error of the server."""
        if self.ended:
            return
        self.ended = True
        for job in self.jobs:
            if job is not asyncio.current_task():
                job.cancel()
        await self.close(code)

    async def _tell(self, **said: Any) -> None:
        await self.send(text_data=json.dumps(said))

    # --- the database

    async def _address(self) -> tuple[str, int] | None:
        try:
            _code, camera = await self._right()
        except LOST:
            return None
        if camera is None:
            return None
        host, _colon, port = camera.media_address.rpartition(":")
        return (host.strip("[]"), int(port)) if host and port.isdigit() else None

    @database_sync_to_async
    def _right(self) -> tuple[int, Camera | None]:
        code, camera, _user = self._look()
        return code, camera

    @database_sync_to_async
    def _viewing(self) -> int:
        code, camera, user = self._look()
        if camera is not None and user is not None:
            record_viewing(camera, by=user, at=clock.now())
        return code

    def _look(self) -> tuple[int, Camera | None, User | None]:
        """The code to close with (0: go on), the camera and the user: does the session stand, may they see it now?"""
        user = user_now(self.scope)
        if user is None:
            return 4401, None, None
        frozen = Condition.objects.filter(camera=OuterRef("pk"), kind=Condition.Kind.FROZEN, ended_at=None)
        cameras = Camera.objects.visible_to(user, Act.VIDEO).annotate(
            frozen_since=Subquery(frozen.values("began_at")[:1])
        )
        camera: Camera | None = cameras.filter(pk=self.camera_id).first()
        return (0, camera, user) if camera is not None else (4403, None, user)
