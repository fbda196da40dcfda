"""Finds people and vehicles in a picture, with one warm ONNX Runtime session on one thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

import cv2
import numpy as np
import onnxruntime

from .card import ModelCard, ModelRefused, load_card
from .families import FAMILIES, MOST_CANDIDATES, Candidates
from .picture import Picture
from .suppression import MANY, survivors
from .types import Box, Detection

# One thread for each worker process: two processes with one thread each beat one process with two.
cv2.setNumThreads(1)

CROP_HEIGHTS: Final = 2.5  # a motion crop is a square of this many heights of what moved …
LEAST_CROP: Final = 128  # … but not smaller than this, in pixels …
LARGEST_CROP: Final = 0.75  # … nor larger than this part of the shorter side: then the full frame shows as much
MOST_FOUND: Final = 64
EVERY: Final = 1_000_000
HELD: Final = 0.85  # so much of a box in another one is nearly all of it …
FAR: Final = 0.12  # … and with less than this part of its area it is no half of somebody, but somebody farther away
LEAST_TILED: Final = 480  # pixels of the longer side: in a smaller picture the whole shows as much
LEAST_TILE: Final = 64  # pixels of the shorter side: of a strip the parts would be threads
TILES: Final = tuple(Box(x, y, x + 0.6, y + 0.6) for x in (0.0, 0.4) for y in (0.0, 0.4))


class Detector(Protocol):
    """What `detect` workers need. `name` and `sha256` identify the model in a verdict's context."""

    name: str
    sha256: str
    card: ModelCard

    def detect(
        self, picture: Picture, *, motion: Sequence[Box] = (), min_score: float | None = None
    ) -> list[Detection]:
        """Objects in the picture, best first. `motion`: where something moved, for a closer look."""


class OnnxDetector:
    """A model on ONNX Runtime. Make it after a fork, never before: a session does not survive one.

    card: which model (the bundled one by default). providers: ONNX Runtime's, CPU by default. most_crops: how
    many moving patches get a closer look where the full frame shows no object there; each costs one
    inference. closely: look at four overlapping parts of every picture as well, for five times the work: for files,
    where nobody waits. Raises ModelRefused where the file is not what the card says or does not run.
    """

    def __init__(
        self,
        card: ModelCard | None = None,
        *,
        providers: Sequence[str] | None = None,
        most_crops: int = 2,
        closely: bool = False,
    ) -> None:
        self.card = card or load_card()
        if self.card.family not in FAMILIES:
            raise ModelRefused(f"No reader for models of the family “{self.card.family}”.")
        self.name, self.sha256 = self.card.name, self.card.sha256
        self.most_crops, self.closely = most_crops, closely
        self._family = FAMILIES[self.card.family](self.card)
        self._labels = tuple(self.card.classes.values())
        model = self.card.read_model()
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model, _options(), providers=list(providers or ("CPUExecutionProvider",))
            )
            self._input: str = self._session.get_inputs()[0].name
            self._warm_up()
        except Exception as error:  # ONNX Runtime has no common base of its errors
            raise ModelRefused(f"The detector {self.name} does not run: {error}") from error

    def detect(
        self, picture: Picture, *, motion: Sequence[Box] = (), min_score: float | None = None, every: bool = False
    ) -> list[Detection]:
        """Objects in the picture, best first. every: also those that are else left out for being too many, in a crowd or
        where a very low score is asked for: for files.

        1. The whole picture, and its parts where it is looked at closely.
        2. Squares around what moved, where step 1 explains less than half of it: there a small person is large enough
           to be seen.
        3. Boxes cut off by a part's edge are left out, and doubles are dropped, best score first.
        """
        least = self.card.min_score if min_score is None else min_score
        whole = Box(0.0, 0.0, 1.0, 1.0)
        most = (EVERY, EVERY) if every else (MOST_CANDIDATES, MOST_FOUND)
        found = list(self._infer(picture, whole, least, most))
        sides = (picture.width, picture.height)
        if self.closely and max(sides) >= LEAST_TILED and min(sides) >= LEAST_TILE:
            for tile in TILES:
                found += self._look(picture, tile, least, most)
        # What was hardly seen explains nothing: it is what the closer look is for.
        seen = [d for d in found if d.score >= self.card.min_score]
        for square in self._closer_looks(picture, motion, seen):
            found += self._look(picture, square, least, most)
        return _without_doubles(found, self.card.nms_iou)

    def _warm_up(self) -> None:
        """One inference: allocations and kernels are chosen now, not on the first intruder. All proposals are read, so
        that outputs of another shape show."""
        grey = np.full(24 * 16, 128, np.uint8)
        self._propose(Picture.of_i420(grey, 16, 16), 0.0)

    def _propose(
        self, picture: Picture, least: float, most: int = MOST_CANDIDATES
    ) -> tuple[Candidates, tuple[int, int]]:
        image, shown = self._family.feed(picture)
        return self._family.read(self._session.run(self._family.outputs, {self._input: image}), least, most), shown

    def _infer(self, picture: Picture, place: Box, least: float, most: tuple[int, int]) -> Iterator[Detection]:
        """Objects in one picture, which shows the part `place` of the whole. most: proposals, objects."""
        proposed, kept = most
        found, (width, height) = self._propose(picture, least, proposed)
        for i in suppressed(found, self.card.nms_iou, kept):
            x1, y1, x2, y2 = found.boxes[i].tolist()
            box = Box.clipped(
                place.x1 + min(max(x1 / width, 0.0), 1.0) * place.width,
                place.y1 + min(max(y1 / height, 0.0), 1.0) * place.height,
                place.x1 + min(max(x2 / width, 0.0), 1.0) * place.width,
                place.y1 + min(max(y2 / height, 0.0), 1.0) * place.height,
            )
            if box is not None:
                yield Detection(self._labels[found.classes[i]], min(float(found.scores[i]), 1.0), box)

    def _look(self, picture: Picture, part: Box, least: float, most: tuple[int, int]) -> list[Detection]:
        return [d for d in self._infer(_cut(picture, part), part, least, most) if not _cut_off(d.box, part)]

    def _closer_looks(self, picture: Picture, motion: Sequence[Box], found: Sequence[Detection]) -> Iterator[Box]:
        looks: list[Box] = []
        for moved in motion:
            if len(looks) >= self.most_crops:
                break
            explained = sum(moved.intersection(d.box) for d in found) > 0.5 * moved.area
            covered = any(moved.intersection(square) > 0.9 * moved.area for square in looks)
            square = None if explained or covered else _square(picture, moved)
            if square is not None:
                looks.append(square)
        yield from looks


def _square(picture: Picture, moved: Box) -> Box | None:
    """A square (in pixels) around what moved, inside the picture; None where the whole picture shows as much."""
    width, height = picture.width, picture.height
    side = max(CROP_HEIGHTS * moved.height * height, 1.25 * moved.width * width, LEAST_CROP)
    if side > LARGEST_CROP * min(width, height):
        return None
    x, y = moved.centre
    left = min(max(x * width - side / 2, 0.0), width - side)
    top = min(max(y * height - side / 2, 0.0), height - side)
    return Box.clipped(left / width, top / height, (left + side) / width, (top + side) / height)


def _cut(picture: Picture, part: Box) -> Picture:
    """A part of the picture, to even pixels, without a copy."""
    x1, x2 = (int(x * picture.width) & ~1 for x in (part.x1, part.x2))
    y1, y2 = (int(y * picture.height) & ~1 for y in (part.y1, part.y2))
    rows, columns = slice(y1 // 2, y2 // 2), slice(x1 // 2, x2 // 2)
    return Picture(picture.y[y1:y2, x1:x2], picture.u[rows, columns], picture.v[rows, columns])


def _cut_off(box: Box, square: Box) -> bool:
    """True where a box ends at a crop's edge that is not the picture's own: half an object, or somebody else."""
    margin_x, margin_y = 0.01 * square.width, 0.01 * square.height
    return (
        (box.x1 <= square.x1 + margin_x and square.x1 > 0.002)
        or (box.y1 <= square.y1 + margin_y and square.y1 > 0.002)
        or (box.x2 >= square.x2 - margin_x and square.x2 < 0.998)
        or (box.y2 >= square.y2 - margin_y and square.y2 < 0.998)
    )


def suppressed(found: Candidates, iou: float, most: int = MOST_FOUND) -> list[int]:
    """Greedy non-maximum suppression in each class. Gives the places of those kept, best first, at most so many.

    Two dozen boxes are proposed for most pictures: just after an inference, when nothing is in the processor's caches, plain
    arithmetic takes a quarter of the time that a dozen of numpy's functions do.
    """
    if len(found.scores) > MOST_CANDIDATES:
        return survivors(found.boxes, found.classes, iou)[:most]
    kept: list[int] = []
    rivals: dict[int, list[tuple[float, float, float, float, float]]] = {}  # by class: corners and area
    for i, ((x1, y1, x2, y2), kind) in enumerate(zip(found.boxes.tolist(), found.classes.tolist(), strict=True)):
        area = (x2 - x1) * (y2 - y1)
        if not (x1 < x2 and y1 < y2 and area > 0):
            continue
        of_kind = rivals.setdefault(kind, [])
        for left, top, right, bottom, its_area in of_kind:
            width, height = min(x2, right) - max(x1, left), min(y2, bottom) - max(y1, top)
            if width > 0 and height > 0 and (shared := width * height) > iou * (area + its_area - shared):
                break
        else:
            kept.append(i)
            if len(kept) >= most:
                break
            of_kind.append((x1, y1, x2, y2, area))
    return kept


def _options() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    return options


def _without_doubles(found: list[Detection], iou: float) -> list[Detection]:
    """Drop the weaker of two boxes of one kind that overlap, or of which one holds nearly all of the other, which is not much
    smaller: who stands in front of a crowd does not hide it.
    """
    best_first = sorted(found, key=lambda d: -d.score)
    if len(found) > MANY:
        kinds = {kind: n for n, kind in enumerate({d.kind for d in found})}
        corners = np.array([d.box.as_tuple() for d in best_first])
        places = survivors(corners, np.array([kinds[d.kind] for d in best_first]), iou, held=HELD, far=FAR)
        return [best_first[place] for place in places]
    kept: list[Detection] = []
    for detection in best_first:
        if not any(detection.kind == other.kind and _doubles(detection.box, other.box, iou) for other in kept):
            kept.append(detection)
    return kept


def _doubles(box: Box, other: Box, iou: float) -> bool:
    if not (shared := box.intersection(other)):
        return False
    small, large = sorted((box.area, other.area))
    return shared > iou * (small + large - shared) or (shared > HELD * small and small >= FAR * large)
