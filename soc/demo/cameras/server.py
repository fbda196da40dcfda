"""The RTSP door to all cameras, and which cameras there are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from soc.demo.cameras.auth import Login
from soc.demo.cameras.camera import Camera
from soc.demo.cameras.clips import load, staged
from soc.demo.cameras.connection import Connection
from soc.demo.cameras.intrusions import Schedule, YardReel
from soc.demo.cameras.messages import LONGEST_HEADER
from soc.demo.cameras.played import PlayedReel
from soc.demo.cameras.reels import LoopReel


def build_cameras(
    schedule: Schedule, plays: Mapping[str, Path], play_limit_s: float, *, speed: float = 1.0
) -> dict[str, Camera]:
    """The cameras by name, their films (not what `plays` names) `speed` times as fast. Built in a running event loop."""
    people = (staged("intrusion_a").faster(speed), staged("intrusion_b").faster(speed))

    def film(name: str) -> LoopReel:
        return LoopReel(load(name).faster(speed))

    cameras = [
        Camera("yard", YardReel(load("empty").faster(speed), people, schedule), backchannel=True),
        Camera("street", film("street"), backchannel=False),
        Camera("quiet", film("quiet"), backchannel=True),
        Camera("foliage", film("foliage"), backchannel=False),
    ]
    cameras += [
        Camera(name, PlayedReel(file, play_limit_s), backchannel=True, once=True) for name, file in plays.items()
    ]
    return {camera.name: camera for camera in cameras}


class RtspServer:
    """Listens, and gives every client a connection of its own."""

    def __init__(self, cameras: Mapping[str, Camera], login: Login | None = None) -> None:
        self.cameras = cameras
        self._login = login
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    @property
    def port(self) -> int:
        """The port it listens on."""
        assert self._server
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        """Listen; port 0 takes a free one. Raises OSError where the port is taken."""
        self._server = await asyncio.start_server(self._serve, host, port, limit=LONGEST_HEADER)

    async def stop(self) -> None:
        """Close every connection and the door."""
        if self._server:
            self._server.close()
        for camera in self.cameras.values():
            await camera.stop()
        for writer in self._open.values():
            writer.transport.abort()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._open[task] = writer
        try:
            await Connection(reader, writer, self.cameras.get, self._login).serve()
        finally:
            del self._open[task]
