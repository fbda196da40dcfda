"""The real live server of a watch process, with cameras that the test makes: encoded packets in a ring, newest frames beside."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

import cv2
import numpy as np

from cameras.vision.ingest import Frame
from cameras.vision.mask import MaskedVideo
from cameras.vision.opening import StreamInfo, VideoInfo
from cameras.vision.picture import Picture
from cameras.vision.ring import PacketRing
from cameras.vision.types import FrameStamp
from cameras.watching.live import LiveServer
from soc.core import clock

BASE = Fraction(1, 90_000)
Drawn = Callable[[int], np.ndarray]


def counting(n: int, *, width: int = 640, height: int = 360) -> np.ndarray:
    """A grey picture, BGR, with a bar that moves and the picture's number."""
    picture = np.full((height, width, 3), 60, np.uint8)
    x = n * 12 % (width - 40)
    cv2.rectangle(picture, (x, height // 3), (x + 40, height * 2 // 3), (200, 180, 60), -1)
    cv2.putText(picture, str(n), (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (255, 255, 255), 3)
    return picture


@dataclass
class Air:
    """One live server. `frozen`: no camera gives anything while set. `silent`: the server knows no camera."""

    server: LiveServer
    frozen: threading.Event = field(default_factory=threading.Event)
    silent: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[str, UUID]] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.server.address


class Source:
    """What the keeper has of a camera: a stream with ring and info, and its newest frame."""

    def __init__(self, drawn: Drawn, *, codec: str = "h264") -> None:
        self.ring, self.info = PacketRing(), None
        self.newest: Frame | None = None
        self._drawn, self._codec = drawn, codec
        self._video: MaskedVideo | None = None
        self._count = 0

    def step(self) -> None:
        """One more picture."""
        n, now, tick = self._count, datetime.now(UTC), clock.monotonic()
        self._count += 1
        picture, stamp = Picture.of_bgr(self._drawn(n)), FrameStamp(n, now, now, tick)
        if self._video is None:
            self._video = MaskedVideo(picture.width, picture.height, 10.0)
        packet = self._video.add(picture, stamp, round(tick * 90_000), BASE)
        self.ring.append(packet)
        self.newest = Frame(stamp, picture, packet.keyframe)
        if self.info is None:
            video = self._video.info(packet)
            if self._codec != "h264":
                video = VideoInfo(self._codec, video.width, video.height, video.fps, BASE, "yuv420p", b"")
            self.info = StreamInfo(video)


@contextmanager
def on_air(drawn: Drawn = counting, *, fps: float = 10, codec: str = "h264") -> Iterator[Air]:
    """Every camera shows the same, from the first moment on, for as long as the block lasts."""
    source = Source(drawn, codec=codec)
    source.step()
    air: Air

    def latest(camera_id: UUID) -> Frame | None:
        air.asked.append(("jpeg", camera_id))
        return None if air.silent.is_set() else source.newest

    def stream(camera_id: UUID) -> Any:
        return None if air.silent.is_set() else source

    air = Air(LiveServer("127.0.0.1", latest, stream))
    over = threading.Event()

    def play() -> None:
        while not over.wait(1 / fps):
            if not air.frozen.is_set():
                source.step()

    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    air.server.start()
    try:
        yield air
    finally:
        over.set()
        thread.join(5)
        air.server.stop()
