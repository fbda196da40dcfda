"""The simulated cameras in a thread of the test's own process: same sockets, and what they heard is at hand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path

from cameras.vision.address import Credentials, PinnedAddress, pin
from soc.demo.cameras.auth import Login
from soc.demo.cameras.camera import Camera
from soc.demo.cameras.clips import Clip
from soc.demo.cameras.intrusions import Schedule
from soc.demo.cameras.reels import LoopReel
from soc.demo.cameras.server import RtspServer, build_cameras

LOOPBACK = ("127.0.0.0/8",)


class World:
    def __init__(
        self,
        *,
        login: Login | None = None,
        plays: Mapping[str, Path] | None = None,
        films: Mapping[str, Clip] | None = None,
    ) -> None:
        """films: more cameras by name, each with what it shows again and again."""
        self._login, self._plays, self._films = login, plays or {}, films or {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="world", daemon=True)
        self.cameras: dict[str, Camera] = {}
        self.port = 0

    def __enter__(self) -> World:
        self._thread.start()
        assert self._ready.wait(10), "the simulated cameras did not start"
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def address(self, camera: str, *, user: str = "", password: str = "") -> PinnedAddress:
        credentials = Credentials(user, password) if user else None
        return pin(f"rtsp://127.0.0.1:{self.port}/{camera}", networks=LOOPBACK, credentials=credentials)

    def misbehave(self, camera: str, fault: str, seconds: float = 60.0) -> None:
        """Begin a fault and wait until it has begun."""
        begin = self.cameras[camera].misbehave(fault, seconds)
        asyncio.run_coroutine_threadsafe(begin, self._loop).result(10)

    def behave(self, camera: str) -> None:
        self._loop.call_soon_threadsafe(self.cameras[camera].faults.end)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        self.cameras = build_cameras(Schedule(every_s=3600, first_s=3600), self._plays, 60.0)
        for name, clip in self._films.items():
            self.cameras[name] = Camera(name, LoopReel(clip), backchannel=False)
        server = RtspServer(self.cameras, self._login)
        await server.start("127.0.0.1", 0)
        self.port = server.port
        self._ready.set()
        await self._end.wait()
        await server.stop()
