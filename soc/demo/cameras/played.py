"""A camera that plays a given video once, at its own rate, whatever PyAV can read."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from soc.demo.cameras.clips import parameter_sets
from soc.demo.cameras.encode import AccessUnit, encode, open_encoder

GOP_S = 1.0
LARGEST = 1_920  # pixels of the longer side; more would only take processor time from what is watched
CRF = 23
DEFAULT_FPS = Fraction(25)


class Unplayable(Exception):
    """The given file has no video that can be read."""


class PlayedReel:
    """Re-encodes a video ahead of its playing, in a thread.

    What is encoded stays in memory until it was shown: at most ``limit_s`` seconds of video.
    """

    def __init__(self, file: Path, limit_s: float) -> None:
        self.file = file
        self.limit_s = limit_s
        self.encoded = 0
        self._first: AccessUnit | None = None
        self._error: Exception | None = None
        self._queue: asyncio.Queue[AccessUnit | None] = asyncio.Queue()
        self._known = asyncio.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def parameter_sets(self) -> tuple[bytes, bytes]:
        if self._first is None:
            raise Unplayable(f"{self.file} was not opened yet")
        return parameter_sets([self._first])

    async def ready(self) -> None:
        """Start encoding, and wait for the first picture. Raises Unplayable."""
        if self._thread is None:
            loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._encode, args=(loop,), name="play", daemon=True)
            self._thread.start()
        await self._known.wait()
        if self._first is None:
            raise Unplayable(f"{self.file} cannot be played: {self._error or 'there is no picture in it'}")

    async def next(self) -> AccessUnit | None:
        return await self._queue.get()

    def close(self) -> None:
        """Stop encoding."""
        self._stop.set()

    def _encode(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            for unit in units_of(self.file, self.limit_s):
                if self._stop.is_set():
                    return
                self.encoded += 1
                loop.call_soon_threadsafe(self._take, unit)
        except (av.FFmpegError, OSError, ValueError, StopIteration, Unplayable) as error:
            # Told by ready() if nothing could be read; a video that breaks off later ends there.
            self._error = error
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._take, None)

    def _take(self, unit: AccessUnit | None) -> None:
        if self._first is None:
            self._first = unit
        self._known.set()
        self._queue.put_nowait(unit)


def units_of(file: Path, limit_s: float) -> Iterator[AccessUnit]:
    """Decode and re-encode the first ``limit_s`` seconds; times start at 0."""
    with av.open(str(file)) as container:
        if not container.streams.video:
            raise Unplayable("there is no video in it")
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        fps = stream.average_rate or stream.guessed_rate or DEFAULT_FPS
        encoder = None
        size = (0, 0)
        began: float | None = None
        last_s, key_s = -1.0, -GOP_S
        for number, frame in enumerate(container.decode(stream)):
            time_s = float(frame.time) if frame.time is not None else number / float(fps)
            began = time_s if began is None else began
            at_s = time_s - began
            if at_s >= limit_s:
                return
            if at_s <= last_s:
                continue  # a broken timestamp: a camera's clock never stands still
            frame = upright(frame)
            if encoder is None:
                size = fitted(frame.width, frame.height)
                encoder = open_encoder(*size, Fraction(fps), crf=CRF, preset="veryfast")
            key = at_s - key_s >= GOP_S - 1e-3
            key_s = at_s if key else key_s
            last_s = at_s
            picture = frame.reformat(width=size[0], height=size[1], format="yuv420p")
            for unit in encode(encoder, picture, at_s=at_s, key=key):
                yield AccessUnit(unit.nals, unit.key, at_s)


def upright(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame as a player shows it: telephones record lying down and say so."""
    quarters = round(frame.rotation / 90) % 4
    if not quarters:
        return frame
    pixels = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(np.rot90(pixels, quarters)), format="rgb24")


def fitted(width: int, height: int) -> tuple[int, int]:
    """Even sides, the longer at most LARGEST."""
    scale = min(1.0, LARGEST / max(width, height))
    return max(16, int(width * scale) // 2 * 2), max(16, int(height * scale) // 2 * 2)
