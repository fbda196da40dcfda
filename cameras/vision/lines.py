"""Crossing a line, told from standing on it: one watch for each line and track."""

from __future__ import annotations

import math
from typing import Final, Literal

from .types import Box, Point

Side = Literal["left", "right"]

# A foot point is this unsure, in the box's own width and height: a gait, a box that ends at the knees for once.
UNSURE: Final = (0.25, 0.08)


class LineWatch:
    """Follows one foot point past one line.

    line: two points; its left and right are as seen going from the first to the second. looks: looks in a row that must
    find the foot beyond the line, and farther from it than it is unsure, before it has crossed. What goes round an end
    of the line does not cross it.
    """

    __slots__ = ("_across", "_beyond", "_last", "_side", "line", "looks")

    def __init__(self, line: tuple[Point, Point], *, looks: int = 2) -> None:
        self.line, self.looks = line, looks
        self._side = 0  # where it was for certain: 1 left, -1 right, 0 not known yet
        self._last: tuple[Point, float] | None = None  # last foot point, and on which side it seemed to be
        self._across = False  # whether the way since then led through the line an odd number of times
        self._beyond = 0

    def update(self, box: Box) -> Side | None:
        """Take the box of one look. Gives the side the object crossed to, once for each crossing."""
        foot = box.foot
        off = self._off(foot)
        self._walk(foot, off)
        certain = 0 if abs(off) <= self._unsure(box) else 1 if off > 0 else -1
        if certain == 0:
            return None
        if certain == -self._side:
            self._beyond += 1
            if self._beyond < self.looks:
                return None
        crossed = self._across and certain == -self._side
        self._side, self._across, self._beyond = certain, False, 0
        if not crossed:
            return None
        return "left" if certain > 0 else "right"

    def _off(self, point: Point) -> float:
        """Distance from the line, in fractions of the picture, above zero to its left."""
        (x1, y1), (x2, y2) = self.line
        dx, dy = x2 - x1, y2 - y1
        # y grows downwards: to the left of somebody who goes up (dy < 0) is where x is smaller.
        return ((point[0] - x1) * dy - (point[1] - y1) * dx) / math.hypot(dx, dy)

    def _unsure(self, box: Box) -> float:
        (x1, y1), (x2, y2) = self.line
        dx, dy = x2 - x1, y2 - y1
        return (abs(dy) * UNSURE[0] * box.width + abs(dx) * UNSURE[1] * box.height) / math.hypot(dx, dy)

    def _walk(self, foot: Point, off: float) -> None:
        """Note whether the step to here led through the line, between its ends. A point on it is where the last one was."""
        if self._last is None:
            self._last = (foot, off)
            return
        before, was = self._last
        if off == 0.0:
            off = math.copysign(1e-12, was)
        if was * off < 0:
            part = was / (was - off)
            x, y = before[0] + part * (foot[0] - before[0]), before[1] + part * (foot[1] - before[1])
            (x1, y1), (x2, y2) = self.line
            along = (x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)
            if 0.0 <= along <= (x2 - x1) ** 2 + (y2 - y1) ** 2:
                self._across = not self._across
        self._last = (foot, off)
