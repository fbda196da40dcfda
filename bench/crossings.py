"""People whose identities are known, walking over the empty street: cut-outs of real people, stops, crossings, pillars.

Everything comes from a seed. Nothing is drawn but a pillar, which is a strip of the scene's own ground.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from soc.demo.footage.cutout import Sprite, cut

FOOTAGE = Path(__file__).parents[1] / "soc" / "demo" / "footage"
FPS = 5.0
PICTURES = 100
NOISE, NOISES = 2.0, 7
VISIBLE = 0.25  # somebody of whom less is to be seen is not asked for

Image = NDArray[np.uint8]
Rect = tuple[float, float, float, float]  # left, top, right, bottom in fractions of the picture


@dataclass(frozen=True)
class Picture:
    """One picture, RGB [h, w, 3], and where everybody is who can be seen: person's number → rectangle."""

    pixels: Image
    people: dict[int, Rect]


@dataclass(frozen=True)
class Walker:
    """One person's way: where the feet are in each picture (pixels; None: not there), facing, size and clothes."""

    sprites: Sequence[Sprite]
    feet: Sequence[tuple[float, float] | None]
    size: float
    hue: int
    light: float
    facing: int


def pictures(seed: int) -> Iterator[Picture]:
    """One scene of PICTURES pictures at FPS."""
    rng = np.random.default_rng(seed)
    empty = empty_scene()
    height, width = empty.shape[:2]
    walkers = [_walker(rng, width, height) for _ in range(int(rng.integers(3, 6)))]
    pillar = _pillar(rng, empty) if seed % 2 else None
    for number in range(PICTURES):
        yield _painted(_noisy_scenes()[number % NOISES].copy(), walkers, number, pillar)


@cache
def _noisy_scenes() -> tuple[Image, ...]:
    empty, rng = empty_scene(), np.random.default_rng(0)
    noises = (rng.normal(0.0, NOISE, (*empty.shape[:2], 1)) for _ in range(NOISES))
    return tuple((empty + noise).clip(0, 255).astype(np.uint8) for noise in noises)


@cache
def empty_scene() -> Image:
    """The street without people: the median of a few noisy pictures."""
    with av.open(str(FOOTAGE / "empty.mp4")) as container:
        some = [frame.to_ndarray(format="rgb24") for _, frame in zip(range(9), container.decode(video=0), strict=False)]
    return np.median(some, axis=0).astype(np.uint8)


@cache
def people() -> tuple[tuple[int, tuple[Sprite, ...]], ...]:
    """(which way they look, a walk's cut-outs) of the two people of the staged intrusions."""
    return tuple((-1, tuple(_cut_outs(FOOTAGE / name, *span))) for name, span in CLIPS.items())


CLIPS = {"intrusion_a.mp4": (90, 150), "intrusion_b.mp4": (40, 90)}  # where they walk to the left


def _cut_outs(clip: Path, first: int, last: int) -> Iterator[Sprite]:
    """The one person of a clip, where all of it is in the picture."""
    empty = empty_scene()
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= last:
                return
            if number < first or number % 2:
                continue
            picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            changed = (cv2.GaussianBlur(cv2.absdiff(picture, empty).max(axis=2), (7, 7), 0) > 18).astype(np.uint8)
            changed = cv2.morphologyEx(changed, cv2.MORPH_CLOSE, np.ones((15, 7), np.uint8))
            _, _, stats, _ = cv2.connectedComponentsWithStats(changed)
            x, y, w, h, _ = max(stats[1:], key=lambda row: row[4])
            if x > 2 and y > 2 and x + w < picture.shape[1] - 2 and y + h < picture.shape[0] - 2 and 1.4 * w < h:
                yield cut(picture, empty, (x + w / 2, float(y + h), float(h)))


def _walker(rng: np.random.Generator, width: int, height: int) -> Walker:
    """Straight stretches over the ground until the scene ends, some with a stop at their end."""
    facing, sprites = people()[int(rng.integers(len(people())))]
    size = float(rng.uniform(0.22, 0.36))
    pace = float(rng.uniform(0.45, 1.0)) / FPS  # own heights a picture
    feet: list[tuple[float, float] | None] = [None] * int(rng.integers(0, 15))
    x1, y1 = _place(rng, width, height)
    if rng.random() < 0.6:  # in from the side
        x1 = float(rng.choice([-30, width + 30]))
    while len(feet) < PICTURES:
        x2, y2 = _place(rng, width, height)
        step = pace * size * (y1 + y2) / 2
        count = max(1, round(float(np.hypot(x2 - x1, 2 * (y2 - y1))) / step))
        feet += [(x1 + (x2 - x1) * k / count, y1 + (y2 - y1) * k / count) for k in range(count)]
        if rng.random() < 0.4:
            feet += [(x2, y2)] * int(rng.integers(5, 20))
        x1, y1 = x2, y2
    return Walker(sprites, feet[:PICTURES], size, int(rng.integers(0, 180)), float(rng.uniform(0.7, 1.2)), facing)


def _place(rng: np.random.Generator, width: int, height: int) -> tuple[float, float]:
    return float(rng.uniform(0.08, 0.92) * width), float(rng.uniform(0.45, 0.97) * height)


def _pillar(rng: np.random.Generator, empty: Image) -> tuple[int, int, Image]:
    """(left, lower edge, pixels): what stands on the ground and hides who walks behind it."""
    height, width = empty.shape[:2]
    wide, foot = int(rng.integers(45, 110)), int(rng.integers(int(0.65 * height), int(0.9 * height)))
    left = int(rng.integers(int(0.25 * width), int(0.65 * width)))
    tall = int(0.5 * foot)
    texture = cv2.GaussianBlur(rng.normal(95, 12, (tall, wide)).clip(0, 255).astype(np.uint8), (9, 9), 0)
    return left, foot, np.repeat(texture[..., None], 3, axis=2)


def _painted(scene: Image, walkers: Sequence[Walker], number: int, pillar: tuple[int, int, Image] | None) -> Picture:
    """Everybody from the farthest to the nearest; who is hidden by more than the limit is left out of the truth."""
    height, width = scene.shape[:2]
    layers: list[tuple[float, int, Walker | None]] = [
        (feet[1], index, walker) for index, walker in enumerate(walkers) if (feet := walker.feet[number]) is not None
    ]
    if pillar is not None:
        layers.append((float(pillar[1]), -1, None))
    seen: dict[int, NDArray[np.bool_]] = {}
    whole: dict[int, tuple[float, Rect]] = {}
    for _, index, walker in sorted(layers, key=lambda layer: layer[0]):
        if walker is None:
            assert pillar is not None
            left, foot, pixels = pillar
            there = np.s_[foot - pixels.shape[0] : foot, left : left + pixels.shape[1]]
            scene[there] = pixels
            for mask in seen.values():
                mask[there] = False
            continue
        there, body, area = _pasted(scene, walker, number)
        if not body.any():
            continue
        for mask in seen.values():
            mask[there] &= ~body
        seen[index] = np.zeros((height, width), np.bool_)
        seen[index][there] = body
        rows = np.flatnonzero(body.any(axis=1)) + there[0].start
        columns = np.flatnonzero(body.any(axis=0)) + there[1].start
        rect = (columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)
        whole[index] = (area, rect)
    shown = {index: rect for index, (area, rect) in whole.items() if seen[index].sum() >= VISIBLE * area}
    return Picture(scene, shown)


def _pasted(scene: Image, walker: Walker, number: int) -> tuple[tuple[slice, slice], NDArray[np.bool_], float]:
    """Put this person into the scene: where that is, what of it is body, and how many pixels all of them would cover."""
    feet, before = walker.feet[number], walker.feet[number - 1] if number else None
    assert feet is not None
    moves = before is not None and before != feet
    sprite = walker.sprites[number % len(walker.sprites) if moves else 0]
    ahead = next((f for f in walker.feet[number + 1 :] if f is not None and f != feet), feet)
    sign = -1.0 if (ahead[0] - feet[0]) * walker.facing < 0 else 1.0
    scale = walker.size * feet[1] / sprite.height
    reach = int(scale * max(sprite.opacity.shape)) + 2
    left, top = max(0, int(feet[0]) - reach), max(0, int(feet[1]) - reach)
    right, bottom = max(0, int(feet[0]) + reach), int(feet[1]) + reach
    there = np.s_[top : min(bottom, scene.shape[0]), left : min(right, scene.shape[1])]
    under = scene[there]
    if not under.size:
        return there, np.zeros(under.shape[:2], np.bool_), 0.0
    matrix = np.array(
        [
            [sign * scale, 0, feet[0] - left - sign * scale * sprite.feet[0]],
            [0, scale, feet[1] - top - scale * sprite.feet[1]],
        ]
    )
    size = (under.shape[1], under.shape[0])
    opacity = cv2.warpAffine(sprite.opacity, matrix, size, flags=cv2.INTER_LINEAR)
    pixels = cv2.warpAffine(
        _dressed(sprite, walker), matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    mixed = under + opacity[..., None] * (pixels.astype(np.float32) - under)
    scene[there] = mixed.clip(0, 255).astype(np.uint8)
    return there, opacity > 0.4, float((sprite.opacity > 0.4).sum()) * scale * scale


def _dressed(sprite: Sprite, walker: Walker) -> Image:
    """The same person in other clothes: turned hue, other brightness."""
    hsv = cv2.cvtColor(sprite.pixels, cv2.COLOR_RGB2HSV).astype(np.int16)
    hsv[..., 0] = (hsv[..., 0] + walker.hue) % 180
    hsv[..., 2] = (hsv[..., 2] * walker.light).clip(0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)
