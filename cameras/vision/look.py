"""What one picture says about the camera that made it: light, edges, and whether it is still the view it was.

Edges are taken from the logarithm of the picture: a lamp, dusk or infrared light multiply what is seen, and the outline of
a wall stays the outline of a wall. Directions count modulo half a turn, so that a bright post before a dark wall is the
same as a dark post before a bright one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 160
HEIGHT: Final = 120
_CELLS: Final = (12, 9)
_EDGE: Final = 0.09  # of the picture's logarithm, from a pixel to the next
_BURNT: Final = 245
_BLACK: Final = 8.0  # what a camera gives in the dark varies by so much
_FLOOR: Final = 20.0  # grey levels under which differences are noise
_STRUCTURED: Final = 0.06  # part of a cell that must be edge, for the cell to be worth looking for
_KEPT: Final = 0.2  # part of its edges that a cell must still show

_LOG: Final[NDArray[np.float32]] = np.log(np.maximum(np.arange(256) - _BLACK, 0) + _FLOOR).astype(np.float32)

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
Polygons = tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One picture, measured. light: mean, bright: 95th percentile of luma, burnt: part that is saturated, edges: part
    that is edge, all 0..1. field: (HEIGHT, WIDTH, 2) float32, the doubled direction of each edge pixel, 0 elsewhere.
    """

    light: float
    bright: float
    burnt: float
    edges: float
    field: F32


@dataclass(frozen=True, slots=True)
class Match:
    """A look beside a view. agree: -1..1, how alike directions are where both have an edge. support: part of the view's
    edges that have one now, kept: part of its structured cells that still show theirs, left: how much structure the
    other cells have, beside what they had; all about 0..1.
    """

    agree: float
    support: float
    kept: float
    left: float


def mask_of(polygons: Polygons) -> NDArray[np.bool_] | None:
    """(HEIGHT, WIDTH), true where a picture is looked at: not in these outlines (0..1) nor at their border."""
    if not polygons:
        return None
    covered = np.zeros((HEIGHT, WIDTH), np.uint8)
    for polygon in polygons:
        points = np.round(np.array(polygon) * (WIDTH - 1, HEIGHT - 1)).astype(np.int32)
        cv2.fillPoly(covered, [points], (1,))
    return np.asarray(cv2.dilate(covered, np.ones((7, 7), np.uint8)) == 0)


def look_at(luma: U8, mask: NDArray[np.bool_] | None = None) -> Look:
    """Measure a picture. luma: (height, width) uint8, never written to. mask: what `mask_of` gave."""
    small = _small(luma)
    seen = small if mask is None else small[mask]
    if seen.size == 0:
        return Look(0.0, 0.0, 0.0, 0.0, np.zeros((HEIGHT, WIDTH, 2), np.float32))
    counts = cv2.calcHist([seen.reshape(-1, 1)], [0], None, [256], [0, 256]).ravel()
    below = np.cumsum(counts) / seen.size
    smooth = cv2.LUT(cv2.GaussianBlur(small, (3, 3), 0), _LOG)
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, *way, ksize=3) / 4 for way in ((1, 0), (0, 1)))
    strength = cv2.magnitude(dx, dy)
    edge = strength > _EDGE
    edge[:2] = edge[-2:] = False
    edge[:, :2] = edge[:, -2:] = False
    if mask is not None:
        edge &= mask
    square = np.where(edge, strength * strength, np.inf)
    field = np.empty((*small.shape, 2), np.float32)
    np.divide(dx * dx - dy * dy, square, out=field[..., 0])
    np.divide(2 * dx * dy, square, out=field[..., 1])
    return Look(
        light=float(counts @ np.arange(256)) / seen.size / 255,
        bright=int(np.searchsorted(below, 0.95)) / 255,
        burnt=float(1 - below[_BURNT]),
        edges=float(np.count_nonzero(edge)) / seen.size,
        field=field,
    )


class View:
    """Edges to compare pictures with: those of one picture, or the lasting ones of the last minutes."""

    def __init__(self, look: Look) -> None:
        self.light, self.edges, self.looks = look.light, look.edges, 1
        self._field = look.field
        self._settle()

    def learn(self, look: Look, part: float) -> None:
        """Take a look in, by `part` (0..1); while it is young, evenly."""
        self.looks += 1
        part = max(part, 1 / self.looks)
        self._field = np.asarray(cv2.addWeighted(look.field, part, self._field, 1 - part, 0), np.float32)
        self.light += (look.light - self.light) * part
        self.edges += (look.edges - self.edges) * part
        self._settle()

    def _settle(self) -> None:
        """A pixel's width of sway is allowed for by blurring."""
        self._blurred: F32 = np.asarray(cv2.blur(self._field, (3, 3)), np.float32)
        strength = cv2.magnitude(self._blurred[..., 0], self._blurred[..., 1])
        self._strength: F32 = np.asarray(strength, np.float32)
        self._total = float(self._strength.sum())
        self._cells = _cells(self._strength)
        self._structured = self._cells > _STRUCTURED
        self._spectrum: Any = None

    def match(self, look: Look) -> Match:
        """How much of this view a look shows at its old place."""
        edge = (look.field[..., 0] != 0) | (look.field[..., 1] != 0)  # numpy's any() over two takes ten times as long
        both_ways = cv2.transform(look.field * self._blurred, np.ones((1, 2), np.float32))
        alike = np.asarray(both_ways, np.float32).reshape(HEIGHT, WIDTH)
        both = float(self._strength[edge].sum())
        wanted = self._structured
        here = _cells(alike) > _KEPT * self._cells
        lost = wanted & ~here
        had = float(self._cells[lost].sum())
        return Match(
            agree=float(alike.sum()) / max(both, 1.0),
            support=both / max(self._total, 1.0),
            kept=float((wanted & here).sum()) / max(int(wanted.sum()), 1),
            left=float(_cells(edge.astype(np.float32))[lost].sum()) / had if had else 1.0,
        )

    def displaced(self, look: Look) -> tuple[float, float, tuple[float, float]]:
        """(likeness where it is, best likeness anywhere, where): 0..1, and the shift as parts of width and height."""
        if self._spectrum is None:
            self._spectrum = cv2.dft(self._field, flags=cv2.DFT_COMPLEX_OUTPUT)
        product = cv2.mulSpectrums(cv2.dft(look.field, flags=cv2.DFT_COMPLEX_OUTPUT), self._spectrum, 0, conjB=True)
        surface = cv2.dft(product, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)[..., 0]
        size = float(np.sqrt((self._field**2).sum() * (look.field**2).sum()))
        if not size:
            return 0.0, 0.0, (0.0, 0.0)
        here = max(float(surface[y, x]) for y in (-1, 0, 1) for x in (-1, 0, 1))
        y, x = divmod(int(surface.argmax()), WIDTH)
        y, x = (y - HEIGHT if y > HEIGHT // 2 else y), (x - WIDTH if x > WIDTH // 2 else x)
        return here / size, float(surface.max()) / size, (x / WIDTH, y / HEIGHT)


def _small(luma: U8) -> U8:
    height, width = luma.shape
    # Whole steps first: averaging every pixel of a large picture would cost more than all the rest.
    across, down = max(1, width // (2 * WIDTH)), max(1, height // (2 * HEIGHT))
    return np.asarray(cv2.resize(luma[::down, ::across], (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def _cells(values: F32) -> F32:
    return np.asarray(cv2.resize(values, _CELLS, interpolation=cv2.INTER_AREA), np.float32)
