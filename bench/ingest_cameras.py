"""Simulated cameras with 720p pictures, in a process of their own: `python -m bench.ingest_cameras HOW_MANY`.

Says {"port": …} when they can be watched; ends with its input. `busy`: a street with the noise of a sensor at 25 pictures a
second; `idle-0`, `idle-1` …: a yard in which nothing moves, at 10. A keyframe each second.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from fractions import Fraction

import av
import numpy as np
from numpy.typing import NDArray

from soc.demo.cameras.camera import Camera
from soc.demo.cameras.clips import FOOTAGE, Clip
from soc.demo.cameras.encode import AccessUnit, encode, open_encoder
from soc.demo.cameras.reels import LoopReel
from soc.demo.cameras.server import RtspServer

WIDTH, HEIGHT = 1280, 720
BUSY_FPS, IDLE_FPS = 25, 10
BUSY_NOISE, IDLE_NOISE = 3.0, 1.0  # grey levels
CRF = 24


def pictures(name: str, count: int) -> list[NDArray[np.uint8]]:
    """The first pictures of a piece of footage at 720p, as I420: (height × 1.5, width)."""
    with av.open(str(FOOTAGE / f"{name}.mp4")) as container:
        frames = itertools.islice(container.decode(video=0), count)
        return [np.asarray(frame.reformat(WIDTH, HEIGHT, "yuv420p").to_ndarray(), np.uint8) for frame in frames]


def clip(name: str, shown: list[NDArray[np.uint8]], fps: int, noise: float) -> Clip:
    """Pictures with noise on their luma, encoded."""
    encoder = open_encoder(WIDTH, HEIGHT, Fraction(fps), crf=CRF, preset="veryfast")
    chance = np.random.default_rng(7)
    units: list[AccessUnit] = []
    for number, picture in enumerate(shown):
        noisy = picture.copy()
        grain = chance.normal(0.0, noise, (HEIGHT, WIDTH)).astype(np.float32)
        noisy[:HEIGHT] = np.clip(noisy[:HEIGHT] + grain, 0, 255).astype(np.uint8)
        frame = av.VideoFrame.from_ndarray(noisy, format="yuv420p")
        units += encode(encoder, frame, at_s=number / fps, key=number % fps == 0)
    return Clip(name, float(fps), tuple(units))


async def serve(idle: int) -> None:
    busy = clip("busy", pictures("street", 2 * BUSY_FPS), BUSY_FPS, BUSY_NOISE)
    still = clip("idle", pictures("empty", 1) * 3 * IDLE_FPS, IDLE_FPS, IDLE_NOISE)
    cameras = {"busy": Camera("busy", LoopReel(busy), backchannel=False)}
    cameras |= {f"idle-{n}": Camera(f"idle-{n}", LoopReel(still), backchannel=False) for n in range(idle)}
    server = RtspServer(cameras)
    await server.start("127.0.0.1", 0)
    print(json.dumps({"port": server.port}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.stop()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
