"""Whether pictures still come from a sensor: a living one never gives the same picture twice."""

from __future__ import annotations

from collections import deque
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]

_WIDTH: Final = 160
_HEIGHT: Final = 120
_CELLS: Final = (16, 12)
_DARK, _BURNT = 20, 247  # a cell all black or all white has no grain
_LEAST_CELLS: Final = 0.1


class Grain:
    """Remembers the last pictures and says of each new one whether it is new.

    What encoders make of a picture that stands still differs a little from keyframe to keyframe, at the edges and by few
    grey levels, and comes back; a sensor's noise makes most of a keyframe differ from all before. A clock drawn into a
    frozen picture is a small part of it. level: grey levels that count. part: of the picture's cells that must differ
    from every remembered picture. remembered: different pictures; a still that an encoder repeats comes in so many variants.

    An encoder that is held to a constant rate changes its coarseness all the time, and what it makes of a still can differ as
    much as grain does: such a one is not told from a living picture.
    """

    def __init__(self, *, level: int = 2, part: float = 0.4, remembered: int = 10) -> None:
        self.level, self.part = level, part
        self.remembered = remembered
        self._known: deque[U8] = deque()

    def is_new(self, luma: U8, mask: NDArray[np.bool_] | None = None) -> bool | None:
        """Take a picture's luma, (height, width). None where it is too dark or too bright to have any grain.

        mask: true where it counts, any size.
        """
        height, width = luma.shape
        # Single pixels: averaging them would take the grain away.
        sample = luma[:: max(1, height // _HEIGHT), :: max(1, width // _WIDTH)].copy()
        means = cv2.resize(sample, _CELLS, interpolation=cv2.INTER_AREA)
        usable = (means > _DARK) & (means < _BURNT)
        if mask is not None:
            usable &= cv2.resize(mask.astype(np.float32), _CELLS, interpolation=cv2.INTER_AREA) > 0.5
        if usable.mean() < _LEAST_CELLS:
            return None
        if self._known and self._known[0].shape != sample.shape:
            self._known.clear()
        if not self._known:
            self._known.append(sample)
            return None
        alike = np.flatnonzero(self._changed(sample, usable) < self.part)
        if alike.size:
            place = int(alike[-1])
            self._known.append(self._known[place])  # the one that was known stays, as the latest: nothing creeps
            del self._known[place]
            return False
        self._known.append(sample)
        if len(self._known) > self.remembered:
            self._known.popleft()
        return True

    def _changed(self, sample: U8, usable: NDArray[np.bool_]) -> NDArray[np.float64]:
        """(number of known pictures,): which part of the usable cells differs from each."""
        (height, width), (across, down) = sample.shape, _CELLS
        # One below the other, and all in one go; where cells end between two pixels, each for itself.
        together = list(self._known) if height % down or width % across else [np.concatenate(self._known)]
        parts: list[NDArray[np.float64]] = []
        for known in together:
            count = known.shape[0] // height
            difference = cv2.absdiff(known, cv2.repeat(sample, count, 1))
            _, changed = cv2.threshold(difference, self.level, 255, cv2.THRESH_BINARY)
            size = (across, down * count)
            cells = cv2.resize(changed.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0
            parts.append(np.asarray(cells).reshape(count, down, across)[:, usable].mean(axis=1))
        return np.concatenate(parts)
