"""Cut one walking person out of the street video, and set that person walking over the empty scene.

A person is what differs from the empty scene inside a box that follows the feet; the boxes were read off the video
once (see ``A_BOXES`` and ``B_BOXES``). Pixels are the camera's own: nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Point = tuple[float, float]

# frame: (feet x, feet y, height), in pixels of the 768x576 video
Boxes = dict[int, tuple[int, int, int]]

A_BOXES: Boxes = {
    603: (332, 577, 148), 607: (351, 576, 148), 611: (375, 579, 150), 615: (392, 576, 151), 619: (403, 572, 148),
    623: (392, 570, 154), 627: (382, 557, 151), 631: (380, 534, 143), 635: (365, 534, 144), 639: (363, 526, 141),
    643: (364, 525, 142), 647: (365, 517, 141), 651: (354, 506, 140), 655: (347, 501, 138), 659: (329, 489, 133),
    663: (299, 480, 131), 667: (273, 469, 125), 671: (251, 468, 123), 675: (218, 465, 126), 679: (189, 451, 122),
    683: (152, 440, 119), 687: (145, 437, 124), 691: (138, 424, 119), 695: (132, 408, 113), 699: (123, 393, 108),
}  # fmt: skip

B_BOXES: Boxes = {
    232: (728, 390, 106), 236: (702, 380, 105), 240: (684, 376, 104), 244: (655, 369, 104), 248: (632, 353, 98),
    252: (604, 350, 100), 256: (580, 344, 98), 260: (550, 342, 100), 264: (524, 339, 98), 268: (497, 335, 95),
    272: (470, 328, 95),
}  # fmt: skip


@dataclass(frozen=True)
class Sprite:
    """A person cut out: pixels [h, w, 3] RGB and opacity [h, w] 0..1, with the feet at ``feet`` (x, y)."""

    pixels: Image
    opacity: NDArray[np.float32]
    feet: Point
    height: float


@dataclass(frozen=True)
class Step:
    """One picture of a walk: which sprite, mirrored or not, where the feet are, and how much it is scaled."""

    sprite: Sprite
    mirrored: bool
    feet: Point
    scale: float


def box_at(boxes: Boxes, frame: int) -> tuple[float, float, float]:
    """Feet and height between the frames that were read off."""
    known = sorted(boxes)
    return (
        float(np.interp(frame, known, [boxes[k][0] for k in known])),
        float(np.interp(frame, known, [boxes[k][1] for k in known])),
        float(np.interp(frame, known, [boxes[k][2] for k in known])),
    )


def cut(picture: Image, empty: Image, box: tuple[float, float, float]) -> Sprite:
    """Cut the person whose box is given out of ``picture``.

    1. Difference to the empty scene, closed and filled, is a mask of what moved.
    2. Of its parts, the one that covers most of the box's core is the person.
    3. The outline is taken in by what the blurred difference added, and its edge feathered: elsewhere than it was
       filmed, a person must not bring a rim of the old ground along.
    """
    x, y, height = box
    left, right = int(max(0, x - 0.36 * height)), int(min(picture.shape[1], x + 0.36 * height))
    top, bottom = int(max(0, y - 1.12 * height)), int(min(picture.shape[0], y + 0.07 * height))
    there, here = empty[top:bottom, left:right], picture[top:bottom, left:right]
    difference = cv2.GaussianBlur(cv2.absdiff(here, there).max(axis=2), (5, 5), 0)
    mask = (difference > 18).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 5), np.uint8))
    count, labels = cv2.connectedComponents(mask)
    core_x, core_y = int(x) - left, int(y - 0.5 * height) - top
    core = labels[
        max(0, core_y - int(0.35 * height)) : core_y + int(0.35 * height),
        max(0, core_x - int(0.12 * height)) : core_x + int(0.12 * height),
    ]
    sizes = np.bincount(core.ravel(), minlength=count)
    sizes[0] = 0
    person = (labels == int(sizes.argmax())).astype(np.uint8)
    outline, _ = cv2.findContours(person, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros_like(person), outline, -1, 1, thickness=cv2.FILLED)
    # Holes between the legs are road in both pictures: filling them costs nothing and keeps dark clothes whole.
    opacity = cv2.GaussianBlur(cv2.erode(filled, np.ones((5, 5), np.uint8)).astype(np.float32), (5, 5), 0)
    return Sprite(pixels=here.copy(), opacity=opacity.astype(np.float32), feet=(x - left, y - top), height=height)


def as_filmed(sprites: Sequence[Sprite], path: Sequence[Point], *, mirrored: bool = False) -> Iterator[Step]:
    """Walk the filmed path; mirrored walks it back to its start, facing the other way."""
    for sprite, feet in zip(sprites, reversed(path) if mirrored else path, strict=True):
        yield Step(sprite, mirrored, feet, 1.0)


def along(
    sprites: Sequence[Sprite],
    corners: Sequence[Point],
    *,
    pace: float,
    facing: int,
    height: float = 0.0,
    per_row: float = 0.0,
) -> Iterator[Step]:
    """Walk straight lines between corners at ``pace`` pixels a frame, cycling the sprites.

    ``facing`` is -1 where the sprites look left. The person is ``height`` pixels high, plus ``per_row`` for each
    row of the picture that the feet are below its top (0.27 for a person 108 px high at row 400).
    """
    number = 0
    for start, end in pairwise(corners):
        steps = max(1, round(float(np.hypot(end[0] - start[0], end[1] - start[1])) / pace))
        mirrored = (end[0] - start[0]) * facing < 0
        for k in range(steps):
            feet = (start[0] + (end[0] - start[0]) * k / steps, start[1] + (end[1] - start[1]) * k / steps)
            sprite = sprites[number % len(sprites)]
            yield Step(sprite, mirrored, feet, (height + per_row * feet[1]) / sprite.height)
            number += 1


def paste(scene: Image, step: Step) -> tuple[Image, float]:
    """The scene with the person in it, and the part of the person (0..1, by area) that is inside the picture."""
    sprite = step.sprite
    sign = -1.0 if step.mirrored else 1.0
    matrix = np.array(
        [
            [sign * step.scale, 0, step.feet[0] - sign * step.scale * sprite.feet[0]],
            [0, step.scale, step.feet[1] - step.scale * sprite.feet[1]],
        ],
        np.float64,
    )
    size = (scene.shape[1], scene.shape[0])
    opacity = cv2.warpAffine(sprite.opacity, matrix, size, flags=cv2.INTER_LINEAR)
    # The border repeats, so that the feathered edge never mixes with black.
    pixels = cv2.warpAffine(sprite.pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    inside = float(opacity.sum() / (step.scale**2 * max(1.0, float(sprite.opacity.sum()))))
    mixed = scene + opacity[..., None] * (pixels.astype(np.float32) - scene)
    return mixed.clip(0, 255).astype(np.uint8), min(1.0, inside)
