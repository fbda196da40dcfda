"""How restless each place of a picture is: foliage, rain, a flag, water, a noisy sensor. There it takes more to be motion."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from .types import Box

U8 = NDArray[np.uint8]

BLOCK: Final = 8  # pixels of the small picture in a block, each way
MEMORY_S: Final = 12.0
FIRST_S: Final = 2.0  # the mean of less is none
EVERY_S: Final = 0.09  # pictures nearer to each other are not compared: a fast camera is no calmer than a slow one
DRAWN_S: Final = 1.0
CLEARLY: Final = 1.2
# Measured on leaves in the wind: this often the mean change from picture to picture is rarely reached. People
# who walk through differ by ten to thirty times that of their place.
TIMES: Final = 9.0
MOST: Final = 36  # grey levels on top of the plain threshold, at most: a coat before a wall still stands out


class Unrest:
    """The mean change of each block from one picture to the next, slowly forgotten.

    Somebody who stands still changes nothing from picture to picture, and somebody who walks through is gone in a
    second: both leave little. `thresholds` is what each pixel must differ by, None while that is `plain` everywhere.
    """

    def __init__(self, plain: int) -> None:
        self.plain = plain
        self.thresholds: U8 | None = None
        self._mean: NDArray[np.float32] | None = None
        self._sums = np.zeros((1, 1), np.int32)  # of the thresholds of all blocks above and to the left
        self._before: U8 | None = None
        self._passed = self._known = self._drawn = 0.0

    def update(self, small: U8, passed: float) -> None:
        """small: the gate's own small picture, (h, w) uint8; it is kept. passed: seconds since the one before."""
        self._passed += passed
        if self._before is None:
            self._before, self._passed = small, 0.0
        elif self._passed >= EVERY_S:
            self._take(np.asarray(cv2.absdiff(small, self._before), np.uint8))
            self._before, self._passed = small, 0.0

    def skip(self) -> None:
        """The light changed: the next picture is not to be compared with the last."""
        self._before = None

    def is_restless(self, place: Box) -> bool:
        """Whether the place must change by clearly more than the plain threshold."""
        if self.thresholds is None:
            return False
        height, width = self._sums.shape[0] - 1, self._sums.shape[1] - 1
        left, top = int(place.x1 * width), int(place.y1 * height)
        right, bottom = max(int(place.x2 * width), left + 1), max(int(place.y2 * height), top + 1)
        sums = self._sums
        inside = int(sums[bottom, right]) - int(sums[top, right]) - int(sums[bottom, left]) + int(sums[top, left])
        return inside > CLEARLY * self.plain * (right - left) * (bottom - top)

    def _take(self, difference: U8) -> None:
        height, width = difference.shape
        size = (-(-width // BLOCK), -(-height // BLOCK))
        # Halved first, which is cheap.
        half = cv2.resize(difference, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
        blocks = cv2.resize(half, size, interpolation=cv2.INTER_AREA)
        if self._mean is None:
            self._mean = np.zeros(blocks.shape, np.float32)
        self._known += self._passed
        cv2.accumulateWeighted(blocks, self._mean, min(1.0, self._passed / min(max(self._known, FIRST_S), MEMORY_S)))
        self._drawn += self._passed
        if self._drawn >= DRAWN_S:
            self._drawn = 0.0
            self._draw((width, height))

    def _draw(self, size: tuple[int, int]) -> None:
        assert self._mean is not None
        if TIMES * float(self._mean.max()) <= self.plain:
            self.thresholds = None
            return
        # A leaf's next place is beside its last one.
        around = np.asarray(cv2.dilate(self._mean, np.ones((3, 3), np.uint8)))
        wanted = (TIMES * around).clip(self.plain, self.plain + MOST).astype(np.uint8)
        self._sums = np.asarray(cv2.integral(wanted), np.int32)
        self.thresholds = np.asarray(cv2.resize(wanted, size, interpolation=cv2.INTER_LINEAR), np.uint8)
