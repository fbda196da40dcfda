"""A picture laid into the square that a model looks at, for as little work as possible."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .picture import Picture

U8 = NDArray[np.uint8]

RGB = cv2.COLOR_YUV2RGB_I420
BGR = cv2.COLOR_YUV2BGR_I420


def letterboxed(picture: Picture, side: int, *, colours: int = RGB, pad: int = 0) -> tuple[U8, tuple[int, int]]:
    """The picture in the top left corner of a square: ((side, side, 3) uint8, (width, height) it takes up there).

    1. The planes are shrunk, so that colours are computed for the few pixels that remain and not for all.
    2. `colours` (RGB or BGR) says in which order they are given, `pad` what the rest is filled with.
    """
    scale = side / max(picture.width, picture.height)
    width, height = (max(2, round(edge * scale / 2) * 2) for edge in (picture.width, picture.height))
    packed = np.empty((height * 3 // 2, width), np.uint8)
    _fit(picture.y, packed[:height])
    chroma = packed[height:].reshape(2, height // 2, width // 2)
    _fit(picture.u, chroma[0])
    _fit(picture.v, chroma[1])
    image = np.empty((side, side, 3), np.uint8)
    image[height:], image[:height, width:] = pad, pad
    cv2.cvtColor(packed, colours, dst=image[:height, :width])
    return image, (width, height)


def _fit(plane: U8, target: U8) -> None:
    """Scale into `target`. Halving is what OpenCV does fastest, so as much as possible is halving."""
    height, width = target.shape
    while plane.shape[0] >= 2 * height and plane.shape[1] >= 2 * width:
        half = (plane.shape[1] // 2, plane.shape[0] // 2)
        plane = cv2.resize(  # type: ignore[assignment]
            plane[: half[1] * 2, : half[0] * 2], half, interpolation=cv2.INTER_AREA
        )
    if plane.shape == target.shape:
        target[...] = plane
    else:
        cv2.resize(plane, (width, height), dst=target, interpolation=cv2.INTER_LINEAR)
