"""Which of very many boxes stay: where a low score is asked for, thousands are proposed of one picture."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

MANY: Final = 128  # of fewer boxes plain arithmetic is done sooner


def survivors(
    corners: NDArray[Any], kinds: NDArray[np.intp], iou: float, *, held: float | None = None, far: float = 0.0
) -> list[int]:
    """The places of the boxes that no better one of their kind takes the place of, best first.

    corners: (n, 4) left, top, right, bottom, the best box first; kinds: (n,). A box goes where it overlaps a better one by more
    than `iou`, or where more than the part `held` of the smaller of both lies in the other and it has at least the part `far` of
    that one's area. Boxes without an area go too.
    """
    x1, y1, x2, y2 = np.asarray(corners, np.float64).reshape(-1, 4).T
    areas = (x2 - x1) * (y2 - y1)
    left = np.flatnonzero((x2 > x1) & (y2 > y1) & (areas > 0))
    kept: list[int] = []
    while left.size:
        best, left = left[0], left[1:]
        kept.append(int(best))
        width = np.minimum(x2[left], x2[best]) - np.maximum(x1[left], x1[best])
        height = np.minimum(y2[left], y2[best]) - np.maximum(y1[left], y1[best])
        shared = np.maximum(width, 0.0) * np.maximum(height, 0.0)
        beaten = shared > iou * (areas[left] + areas[best] - shared)
        if held is not None:
            small, large = np.minimum(areas[left], areas[best]), np.maximum(areas[left], areas[best])
            beaten |= (shared > held * small) & (small >= far * large)
        left = left[~(beaten & (kinds[left] == kinds[best]))]
    return kept
