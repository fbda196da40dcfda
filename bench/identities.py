"""How well identities were kept: IDF1 and identity switches, as trackers are judged by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cameras.vision.assignment import assign

LEAST_IOU = 0.5
STAYS = 1000.0  # outweighs every overlap

Rect = tuple[float, float, float, float]
Frame = Mapping[int, Rect]  # identity → rectangle


@dataclass(frozen=True)
class Identities:
    """One tracker's figures, summable over scenes.

    right: boxes whose identity is that of the person it stands for most of all (IDTP). given, asked: boxes the tracker
    gave and boxes of the truth. switches: how often a person's identity changed from one sight of it to the next.
    """

    right: int = 0
    given: int = 0
    asked: int = 0
    switches: int = 0

    @property
    def idf1(self) -> float:
        """0..1; 1 without people."""
        return 2 * self.right / (self.given + self.asked) if self.given + self.asked else 1.0

    def __add__(self, other: Identities) -> Identities:
        return Identities(
            self.right + other.right,
            self.given + other.given,
            self.asked + other.asked,
            self.switches + other.switches,
        )


def judged(truth: Sequence[Frame], tracks: Sequence[Frame]) -> Identities:
    """Compare a scene's frames. Raises ValueError where they are not as many."""
    together: Counter[tuple[int, int]] = Counter()
    switches, last, before = 0, dict[int, int](), dict[int, int]()
    for people, boxes in zip(truth, tracks, strict=True):
        overlaps = {
            (person, box): overlap
            for person, a in people.items()
            for box, b in boxes.items()
            if (overlap := iou(a, b)) >= LEAST_IOU
        }
        together.update(overlaps.keys())
        before = _matched(overlaps, before)
        switches += sum(last.get(person, box) != box for person, box in before.items())
        last |= before
    persons, given = sorted({p for p, _ in together}), sorted({t for _, t in together})
    pairs = assign([[-float(together[p, t]) if together[p, t] else None for t in given] for p in persons])
    right = sum(together[persons[row], given[column]] for row, column in pairs)
    return Identities(right, sum(map(len, tracks)), sum(map(len, truth)), switches)


def _matched(overlaps: Mapping[tuple[int, int], float], before: Mapping[int, int]) -> dict[int, int]:
    """Whose box is whose in one frame: what was together in the frame before stays so while it fits, the rest by overlap."""
    persons, boxes = sorted({p for p, _ in overlaps}), sorted({b for _, b in overlaps})
    costs = [
        [-overlaps[p, b] - STAYS * (before.get(p) == b) if (p, b) in overlaps else None for b in boxes] for p in persons
    ]
    return {persons[row]: boxes[column] for row, column in assign(costs)}


def iou(a: Rect, b: Rect) -> float:
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
