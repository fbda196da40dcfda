"""The live picture: from the watch process that holds the camera to one browser, never more than two pictures behind.

Watch side: TCP to `Camera.media_address`. We send one line of JSON {"camera", "key", "kind": "jpeg"}; it answers frames,
each a 4-byte big-endian length and that many bytes: 8 bytes big-endian float64 capture time (epoch seconds) + JPEG.
Browser side: each frame as one binary message of those bytes; it answers "1" when the picture has arrived.
Texts to the browser: {"type": "trouble", "code": "waiting" | "none"}. Close codes: 4401 not logged in, 4403 not this camera.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from cameras.models import Camera
from cameras.watching.live import key_of
from soc.core.away import LOST
from soc.core.models import User
from soc.core.rights import Act

log = logging.getLogger(__name__)

RECHECK_S = 2.0
CONNECT_S = 2.0
SILENT_S = 5.0  # the watch side sends at least a frame a second of a camera that lives
AGAIN_S = 1.0
IN_FLIGHT = 2
LARGEST = 4_000_000  # bytes of one frame


class Broken(Exception):
    """The watch side hung up, or sent what is no frame."""


def pause_of(query: bytes) -> float:
    """Seconds to wait after each picture: a small one beside the others asks for `fps=1`; 0 for every picture there is."""
    asked = parse_qs(query.decode("ascii", "replace")).get("fps", ["0"])[0]
    return 1 / int(asked) if asked in {"1", "2", "5", "10"} else 0.0


async def read_frame(reader: asyncio.StreamReader) -> bytes:
    """Capture time and JPEG of the next frame. Raises Broken, TimeoutError."""
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
        self.every_s = pause_of(self.scope["query_string"])
        self.frame: bytes | None = None  # the newest that is not yet sent: an older one is replaced, never queued
        self.fresh = asyncio.Event()
        self.room = asyncio.Semaphore(IN_FLIGHT)
        self.on_the_way = 0
        self.camera_id: UUID = self.scope["url_route"]["kwargs"]["pk"]
        await self.accept()  # a browser learns the code only of a socket that was opened
        if not self.scope["user"].is_authenticated:
            await self.close(4401)
            return
        if await self._camera() is None:
            await self.close(4403)
            return
        self.jobs = [asyncio.create_task(job()) for job in (self._follow, self._send_on, self._recheck)]

    async def disconnect(self, code: int) -> None:
        for job in self.jobs:
            job.cancel()

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """The browser has a picture: there is room for another. Room is never made for what was not sent."""
        if self.on_the_way:
            self.on_the_way -= 1
            self.room.release()

    # --- jobs

    async def _follow(self) -> None:
        """Keep reading from whichever watch process holds the camera now."""
        while True:
            try:
                await self._read_from(await self._address())
            except (OSError, Broken, TimeoutError) as trouble:
                log.info("live picture of %s: %s", self.camera_id, trouble or type(trouble).__name__)
                await self._tell("none")
            await asyncio.sleep(AGAIN_S)

    async def _read_from(self, address: tuple[str, int] | None) -> None:
        if address is None:
            raise Broken("nobody watches this camera")
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(*address)
        try:
            hello = {"camera": str(self.camera_id), "key": key_of(self.camera_id), "kind": "jpeg"}
            writer.write(json.dumps(hello).encode() + b"\n")
            await writer.drain()
            await self._tell("waiting")
            while True:
                self.frame = await read_frame(reader)
                self.fresh.set()
        finally:
            writer.close()

    async def _send_on(self) -> None:
        while True:
            await self.room.acquire()
            await self.fresh.wait()
            self.fresh.clear()
            frame, self.frame = self.frame, None
            if frame is not None:
                self.on_the_way += 1
                await self.send(bytes_data=frame)
                await asyncio.sleep(self.every_s)

    async def _recheck(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_S)
            try:
                if await self._camera() is None:
                    await self.close(4403)
                    return
            except LOST:
                # Rights that cannot be read are not rights: the page comes back when the database does.
                await self.close(1013)
                return

    async def _tell(self, code: str) -> None:
        await self.send(text_data=json.dumps({"type": "trouble", "code": code}))

    # --- the database

    async def _address(self) -> tuple[str, int] | None:
        try:
            camera = await self._camera()
        except LOST:
            return None
        if camera is None:
            return None
        host, _colon, port = camera.media_address.rpartition(":")
        return (host.strip("[]"), int(port)) if host and port.isdigit() else None

    @database_sync_to_async
    def _camera(self) -> Camera | None:
        """The camera, if the session still stands and its user may see the picture now."""
        session: Any = self.scope["session"]
        if not session.session_key or not session.__class__().exists(session.session_key):
            return None
        user = User.objects.filter(pk=self.scope["user"].pk, is_active=True).first()
        if user is None:
            return None
        found: Camera | None = Camera.objects.visible_to(user, Act.VIDEO).filter(pk=self.camera_id).first()
        return found
