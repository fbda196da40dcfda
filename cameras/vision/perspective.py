"""How large things can be where they are: from how tall a person is at two places of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .types import Box, Detection, Point

LEAST: Final = 0.5  # of a person's height there: who is smaller is none
MOST: Final = 2.0  # of a person's height at the picture's lower edge: nobody is larger, wherever they are
# Of a person's height as well, by a vehicle's longest side: from a motorcycle seen end-on to a lorry seen from its side.
LEAST_VEHICLE: Final = 0.45
MOST_VEHICLE: Final = 12.0
EDGE: Final = 0.004  # a box that ends this close to the picture's edge is cut off there
SMALLEST: Final = 0.005  # beyond the far place heights shrink on, but not to nothing


@dataclass(frozen=True, slots=True)
class Perspective:
    """far, near: (where the feet are, how tall the person is), 0..1; far is higher in the picture and not larger."""

    far: Point
    near: Point

    def __post_init__(self) -> None:
        (far_y, far_height), (near_y, near_height) = self.far, self.near
        if not (far_y < near_y and 0 < far_height <= near_height):
            raise ValueError("far must be above near and not larger")

    def height_at(self, y: float) -> float:
        """How tall a person is whose feet are at y."""
        (far_y, far_height), (near_y, near_height) = self.far, self.near
        height = far_height + (y - far_y) / (near_y - far_y) * (near_height - far_height)
        return max(height, SMALLEST)

    def allows(self, detection: Detection, *, aspect: float) -> bool:
        """Whether something of this kind can be of this size there. aspect: the picture's width over its height.

        Who lies or crawls is as long as they are tall when they stand: the longer side counts. A box that is cut off by
        the picture's edge may be larger than it shows, and where its feet are cut off nothing is known. Who climbs a fence
        or stands on a roof is taller than anybody on the ground there, so only who is too tall for any place is none.
        """
        box = detection.box
        if box.y2 >= 1 - EDGE or detection.kind not in {"person", "vehicle"}:
            return True
        person = self.height_at(box.y2)
        longer = max(box.height, box.width * aspect)
        if detection.kind == "vehicle":
            return longer <= MOST_VEHICLE * person and (_cut_off(box) or longer >= LEAST_VEHICLE * person)
        return box.height <= MOST * self.height_at(1.0) and (_cut_off(box) or longer >= LEAST * person)


def _cut_off(box: Box) -> bool:
    return box.x1 <= EDGE or box.y1 <= EDGE or box.x2 >= 1 - EDGE
