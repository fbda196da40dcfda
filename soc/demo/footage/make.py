"""Make the committed footage: ``python -m soc.demo.footage.make SOURCE_DIR``.

SOURCE_DIR holds ``vtest.avi``, ``tree.avi`` and ``vtest_empty_scene_median.png`` (README.md names their origin). The
person's time in view goes into ``clips.json``: it is the ground truth that tests are measured against.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from soc.demo.cameras.encode import encode, open_encoder, picture_from_rgb
from soc.demo.footage.cutout import (
    A_BOXES,
    B_BOXES,
    Boxes,
    Image,
    Point,
    Sprite,
    Step,
    along,
    as_filmed,
    box_at,
    cut,
    paste,
)

HERE = Path(__file__).parent
FPS = 10
GOP = 10
YARD_PICTURES = 320
YARD_CRF = 29
STREET_PICTURES = 360
LEAVES_PICTURES = 52  # then a hand comes into the picture
NOISE = 2.0  # standard deviation of the sensor's noise, in grey levels
VISIBLE = 0.5  # a person counts as in view from half of the body on


def main(source: Path) -> None:
    """Make every clip and the ground truth."""
    empty = read_picture(source / "vtest_empty_scene_median.png")
    street = list(read_video(source / "vtest.avi"))
    write(HERE / "street.mp4", street[:STREET_PICTURES], crf=31)
    leaves = list(read_video(source / "tree.avi"))[:LEAVES_PICTURES]
    write(HERE / "foliage.mp4", [*to_and_fro(leaves, 2 * LEAVES_PICTURES)] * 2, crf=31)
    write(HERE / "empty.mp4", (noisy(empty, n) for n in range(120)), crf=YARD_CRF)
    write(HERE / "quiet.mp4", (noisy(dimmed(empty, n, 240), n) for n in range(240)), crf=YARD_CRF)
    truth = {
        "intrusion_a": make_intrusion("intrusion_a", empty, list(walk_a(street, empty))),
        "intrusion_b": make_intrusion("intrusion_b", empty, list(walk_b(street, empty))),
    }
    (HERE / "clips.json").write_text(json.dumps(truth, indent=2) + "\n")


def walk_a(street: Sequence[Image], empty: Image) -> Iterator[Step]:
    """In from the right along the lawn, up towards the road and back as filmed, and out to the right."""
    roam = range(607, 700)
    sprites = cut_all(street, empty, A_BOXES, roam)
    walking = cut_all(street, empty, A_BOXES, range(655, 700))
    filmed = path(A_BOXES, roam)
    yield from along(walking, [(850, 582), filmed[0]], pace=9.5, facing=-1, height=148)
    yield from as_filmed(sprites, filmed)
    yield from as_filmed(sprites, filmed, mirrored=True)
    yield from along(walking, [filmed[0], (850, 582)], pace=9.5, facing=-1, height=148)


def walk_b(street: Sequence[Image], empty: Image) -> Iterator[Step]:
    """In from the right along the road, prowling between the tripod and the bollards, and out to the right."""
    sprites = cut_all(street, empty, B_BOXES, range(232, 273))
    corners: list[Point] = [
        (810, 430), (560, 372), (700, 450), (580, 400), (690, 352), (570, 440), (720, 392), (590, 365), (810, 440),
    ]  # fmt: skip
    yield from along(sprites, corners, pace=4.6, facing=-1, per_row=0.295)


def make_intrusion(name: str, empty: Image, walk: Sequence[Step]) -> dict[str, float]:
    """Write one staged intrusion; the time in view, in seconds from its first picture."""
    if len(walk) > YARD_PICTURES - 10:
        raise ValueError(f"{name}: the walk has {len(walk)} pictures, more than fit")
    before = (YARD_PICTURES - len(walk)) // 2
    pictures: list[Image] = []
    seen: list[int] = []
    for n in range(YARD_PICTURES):
        picture = noisy(empty, n)
        if 0 <= n - before < len(walk):
            picture, inside = paste(picture, walk[n - before])
            if inside >= VISIBLE:
                seen.append(n)
        pictures.append(picture)
    write(HERE / f"{name}.mp4", pictures, crf=YARD_CRF)
    return {
        "seconds": YARD_PICTURES / FPS,
        "in_view_from_s": seen[0] / FPS,
        "in_view_to_s": (seen[-1] + 1) / FPS,
    }


def cut_all(street: Sequence[Image], empty: Image, boxes: Boxes, frames: Iterable[int]) -> list[Sprite]:
    """One sprite for each frame."""
    return [cut(street[n], empty, box_at(boxes, n)) for n in frames]


def path(boxes: Boxes, frames: Iterable[int]) -> list[Point]:
    """Where the feet were in each frame."""
    return [box_at(boxes, n)[:2] for n in frames]


def to_and_fro(pictures: Sequence[Image], count: int) -> Iterator[Image]:
    """A loop without a jump: forwards, then backwards, ``count`` pictures in all."""
    there = pictures[: count // 2]
    yield from there
    yield from reversed(there)


def noisy(scene: Image, seed: int) -> Image:
    """The scene as a sensor gives it: noise that differs from picture to picture, the same at every making."""
    noise = np.random.default_rng(seed).normal(0.0, NOISE, scene.shape[:2])[..., None]
    return (scene + noise).clip(0, 255).astype(np.uint8)


def dimmed(scene: Image, n: int, period: int) -> Image:
    """A cloud passes: up to 12 per cent darker and back within one period."""
    return (scene * (1.0 - 0.06 * (1 - np.cos(2 * np.pi * n / period)))).astype(np.uint8)


def read_picture(file: Path) -> Image:
    """[h, w, 3] RGB."""
    picture = cv2.imread(str(file))
    if picture is None:
        raise FileNotFoundError(file)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def read_video(file: Path) -> Iterator[Image]:
    """Every picture of a video, [h, w, 3] RGB."""
    with av.open(str(file)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def write(file: Path, pictures: Iterable[Image], *, crf: int) -> None:
    """Encode into an mp4 with the cameras' own settings, a key frame every second."""
    raw = b"".join(encoded(pictures, crf=crf))
    tick = Fraction(1, FPS * 1000)
    # An mp4 wants SPS and PPS in its header: demuxing the raw stream once finds them.
    with (
        av.open(io.BytesIO(raw), "r", format="h264", options={"framerate": str(FPS)}) as source,
        av.open(str(file), "w", format="mp4", options={"movflags": "faststart"}) as container,
    ):
        stream = container.add_stream_from_template(source.streams.video[0])
        stream.time_base = tick
        count = 0
        for packet in source.demux(video=0):
            if not packet.size:
                continue
            packet.stream = stream
            packet.time_base = tick
            packet.pts = packet.dts = count * 1000
            packet.duration = 1000
            container.mux(packet)
            count += 1
    print(f"{file.name}: {count} pictures, {file.stat().st_size / 1e6:.2f} MB")


def encoded(pictures: Iterable[Image], *, crf: int) -> Iterator[bytes]:
    """A raw H.264 stream (Annex B), picture by picture."""
    encoder = None
    for n, picture in enumerate(pictures):
        height, width = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        encoder = encoder or open_encoder(width, height, Fraction(FPS), crf=crf, preset="slow")
        frame = picture_from_rgb(np.ascontiguousarray(picture[:height, :width]))
        for unit in encode(encoder, frame, at_s=n / FPS, key=n % GOP == 0):
            yield b"".join(b"\0\0\0\1" + nal for nal in unit.nals)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
