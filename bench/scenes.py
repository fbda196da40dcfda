"""Scenes without anybody, varied by seeds: what an alarm must never come from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from cameras.vision.ingest import Frame
from cameras.vision.picture import Picture
from cameras.vision.types import FrameStamp

FOOTAGE: Final = Path(__file__).parents[1] / "soc" / "demo" / "footage"
STARTED: Final = datetime(2026, 1, 1, tzinfo=UTC)
FPS: Final = 10.0
LARGEST: Final = 960  # pixels: stills are shrunk to what a camera might send

BGR = NDArray[np.uint8]


def clip(name: str, most: int = 10_000) -> list[BGR]:
    """The pictures of one of the project's clips, (h, w, 3)."""
    with av.open(str(FOOTAGE / f"{name}.mp4")) as container:
        return [Picture.of_frame(image).bgr() for image in islice(container.decode(video=0), most)]


def elsewhere() -> Path | None:
    """A folder of other footage, with `no_person/` in it, if somebody has one: EYES_FOOTAGE."""
    named = os.environ.get("EYES_FOOTAGE", "")
    return Path(named) if named and (Path(named) / "no_person").is_dir() else None


def stills() -> tuple[dict[str, BGR], str]:
    """Pictures without people by name, and whose they are."""
    if (folder := elsewhere()) is not None:
        found = {path.name: cv2.imread(str(path)) for path in sorted((folder / "no_person").iterdir())}
        return {
            name: _fitting(image) for name, image in found.items() if image is not None
        }, "photographs of EYES_FOOTAGE"
    own = {f"{name} {n}": clip(name)[n] for name, n in (("empty", 5), ("quiet", 120), ("foliage", 10), ("foliage", 40))}
    return {
        name: _fitting(image) for name, image in own.items()
    }, "the project's empty scenes, for want of EYES_FOOTAGE"


def varied(pictures: Sequence[BGR], seed: int, count: int) -> Iterator[Frame]:
    """`count` frames of a clip as another camera might have filmed it: a part of it moved to the side, mirrored, brighter
    or darker, noisier, faster or slower; where the seed says so in grey."""
    rng = np.random.default_rng(seed)
    height, width = pictures[0].shape[:2]
    dx, dy = (int(rng.integers(-edge // 10, edge // 10 + 1)) for edge in (width, height))
    mirrored, grey = bool(rng.integers(2)), bool(rng.random() < 0.2)
    gain, offset = rng.uniform(0.6, 1.35), rng.uniform(-25, 25)
    strength, speed = rng.uniform(0, 10), rng.choice([0.5, 1.0, 1.5, 2.0, 3.0])
    begin = int(rng.integers(len(pictures)))
    grain = [rng.normal(0, strength, (height, width, 1)).astype(np.float32) for _ in range(4)]
    for n in range(count):
        image = pictures[_to_and_fro(begin + int(n * speed), len(pictures))]
        wide = cv2.copyMakeBorder(image, *_margins(dy), *_margins(dx), cv2.BORDER_REFLECT_101)
        image = np.asarray(wide, np.uint8)[max(-dy, 0) : max(-dy, 0) + height, max(-dx, 0) : max(-dx, 0) + width]
        image = image[:, ::-1] if mirrored else image
        moved = np.roll(grain[n % 4], int(rng.integers(width)), axis=1)
        other = (image * np.float32(gain) + np.float32(offset) + moved).clip(0, 255).astype(np.uint8)
        if grey:
            other[...] = other.mean(axis=2, keepdims=True)
        yield frame_of(other, n)


def panned(still: BGR, before: BGR, seed: int, count: int) -> Iterator[Frame]:
    """A quarter of the time another scene, then, cut in, a window that moves over the still."""
    rng = np.random.default_rng(seed)
    height, width = still.shape[:2]
    part = rng.uniform(0.6, 0.9)
    w, h = int(width * part), int(height * part)
    (x0, x1), (y0, y1) = rng.integers(0, width - w + 1, 2), rng.integers(0, height - h + 1, 2)
    size = (640, max(round(640 * h / w / 2) * 2, 16))
    first = cv2.resize(before, size, interpolation=cv2.INTER_AREA)
    for n in range(count):
        done = max(n - count // 4, 0) / max(count - count // 4 - 1, 1)
        x, y = round(x0 + (x1 - x0) * done), round(y0 + (y1 - y0) * done)
        window = cv2.resize(still[y : y + h, x : x + w], size, interpolation=cv2.INTER_AREA)
        yield frame_of(np.asarray(first if n < count // 4 else window, np.uint8), n)


def frame_of(image: BGR, number: int) -> Frame:
    """A picture as the `number`-th frame of a camera with FPS."""
    at = STARTED + timedelta(seconds=number / FPS)
    return Frame(FrameStamp(number, at, at, number / FPS), Picture.of_bgr(np.ascontiguousarray(image)), number == 0)


def _margins(shift: int) -> tuple[int, int]:
    return (max(shift, 0), max(-shift, 0))


def _to_and_fro(at: int, length: int) -> int:
    """No jump at the end: a scene that begins anew would look like motion."""
    at %= max(2 * length - 2, 1)
    return at if at < length else 2 * length - 2 - at


def _fitting(image: NDArray[Any]) -> BGR:
    scale = min(LARGEST / max(image.shape[:2]), 1.0)
    if scale == 1.0:
        return np.asarray(image, np.uint8)
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
