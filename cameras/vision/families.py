"""How each family of detectors is fed and read. A new family is a class here and a line in FAMILIES."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from .card import ModelCard, ModelRefused
from .letterbox import BGR, RGB, letterboxed
from .picture import Picture

F32 = NDArray[np.float32]

MOST_CANDIDATES: Final = 400  # before suppression; a street full of people has a tenth of it


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a model proposes, best first. boxes: (n, 4) left, top, right, bottom in pixels of its square; scores: (n,)
    0..1; classes: (n,) places in the card's list of classes."""

    boxes: F32
    scores: F32
    classes: NDArray[np.intp]


class Family(Protocol):
    """Feeds one kind of network and reads its answer."""

    outputs: tuple[str, ...]

    def feed(self, picture: Picture) -> tuple[Any, tuple[int, int]]:
        """The network's input, and (width, height) in pixels that the picture takes up in its square."""

    def read(self, outputs: list[Any], least: float, most: int = MOST_CANDIDATES) -> Candidates:
        """Proposals with a score of at least `least`, the `most` best of them. Raises ModelRefused for outputs of another
        shape.
        """


class EfficientDet:
    """uint8 RGB in, decoded boxes and scores of every anchor out; column n is the card's class n + 1."""

    outputs: tuple[str, ...] = ("boxes", "scores")

    def __init__(self, card: ModelCard) -> None:
        self.side = card.side
        self._columns = np.array([number - 1 for number in card.classes], np.intp)
        self._last = int(self._columns.max())
        self._in_order = bool((self._columns == np.arange(len(self._columns))).all())

    def feed(self, picture: Picture) -> tuple[Any, tuple[int, int]]:
        image, shown = letterboxed(picture, self.side, colours=RGB)
        return image[None], shown

    def read(self, outputs: list[Any], least: float, most: int = MOST_CANDIDATES) -> Candidates:
        boxes, scores = outputs[0][0], outputs[1][0]
        if boxes.shape != (len(scores), 4) or self._last >= scores.shape[1]:
            raise ModelRefused("it gives other outputs than an EfficientDet")
        every = self._in_order and len(self._columns) == scores.shape[1]
        rows, classes, best = _best(scores if every else scores[:, self._columns], least, most)
        return Candidates(boxes.take(rows, 0).take(_FROM_TOP, 1), best, classes)


class NanoDet:
    """float32 BGR in; for three strides the scores of COCO's 80 classes and four distributions of a distance out."""

    strides = (8, 16, 32)
    outputs: tuple[str, ...] = ("cls_8", "cls_16", "cls_32", "reg_8", "reg_16", "reg_32")
    bins = 11
    mean = np.array([103.53, 116.28, 123.675], np.float32)
    spread = np.array([57.375, 57.12, 58.395], np.float32)
    pad = 114

    def __init__(self, card: ModelCard) -> None:
        self.side = card.side
        self._columns = np.array(list(card.classes), np.intp)
        self._steps = np.arange(self.bins, dtype=np.float32)
        self._centres = [self._grid(stride) for stride in self.strides]
        self._strides = np.concatenate(
            [np.full(len(grid), stride, np.float32) for grid, stride in zip(self._centres, self.strides, strict=True)]
        )

    def feed(self, picture: Picture) -> tuple[Any, tuple[int, int]]:
        image, shown = letterboxed(picture, self.side, colours=BGR, pad=self.pad)
        planes = np.empty((1, 3, self.side, self.side), np.float32)
        for n in range(3):
            np.multiply(image[..., n], 1 / self.spread[n], out=planes[0, n], dtype=np.float32)
            planes[0, n] -= self.mean[n] / self.spread[n]
        return planes, shown

    def read(self, outputs: list[Any], least: float, most: int = MOST_CANDIDATES) -> Candidates:
        expected = [len(grid) for grid in self._centres]
        if [output.shape[1] for output in outputs] != expected * 2 or outputs[3].shape[2] != 4 * self.bins:
            raise ModelRefused("it gives other outputs than a NanoDet of this size")
        if int(self._columns.max()) >= outputs[0].shape[2]:
            raise ModelRefused("its card names classes it does not have")
        scores = np.concatenate([output[0][:, self._columns] for output in outputs[:3]])
        rows, classes, best = _best(scores, least, most)
        if not rows.size:
            return Candidates(np.empty((0, 4), np.float32), best, classes)
        spans = np.concatenate([output[0] for output in outputs[3:]])[rows].reshape(-1, 4, self.bins)
        weights = np.exp(spans - spans.max(axis=2, keepdims=True))
        reach = (weights @ self._steps) / weights.sum(axis=2) * self._strides[rows, None]
        centres = np.concatenate(self._centres)[rows]
        return Candidates(np.concatenate([centres - reach[:, :2], centres + reach[:, 2:]], axis=1), best, classes)

    def _grid(self, stride: int) -> F32:
        """Centres (n, 2) x, y in pixels, row by row."""
        steps = (np.arange(-(-self.side // stride), dtype=np.float32) + 0.5) * stride
        x, y = np.meshgrid(steps, steps)
        return np.stack([x.ravel(), y.ravel()], axis=1)


_FROM_TOP: Final = np.array([1, 0, 3, 2], np.intp)  # where left, top, right, bottom are in top, left, bottom, right

FAMILIES: Final[dict[str, Callable[[ModelCard], Family]]] = {"efficientdet": EfficientDet, "nanodet": NanoDet}


def _best(scores: F32, least: float, most: int) -> tuple[NDArray[np.intp], NDArray[np.intp], F32]:
    """(rows, columns, scores) of what reaches `least`, best first, at most so many.

    Just after an inference each of numpy's functions costs some ten microseconds, however little it is given.
    """
    flat = scores.reshape(-1)
    hits = (flat >= np.float32(least)).nonzero()[0]
    values = flat.take(hits)
    if not hits.size:
        return hits, hits, values
    if hits.size > most:
        kept = np.argpartition(-values, most)[:most]
        hits, values = hits[kept], values[kept]
    order = (-values).argsort(kind="stable")
    rows, columns = np.divmod(hits.take(order), scores.shape[1])
    return rows, columns, values.take(order)
