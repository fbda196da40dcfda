"""From a camera's picture to the site's plan: where on the ground somebody stood. Pure; metres, the origin upper left, north up.

A camera's place says where it hangs, where it looks, how wide and how far. Which way somebody stands is exact, by the column of
the picture that they are in. How far away is reckoned from how tall they look: people are taken for PERSON_M tall. Where a
camera's perspective is known it says how tall a person looks at a place of the picture, crouching or half hidden as they may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import atan, atan2, cos, degrees, hypot, radians, sin, tan
from statistics import median
from typing import Any, Final

PERSON_M: Final = 1.7
VEHICLE_M: Final = 1.6
HUNG_M: Final = 4.0  # how high a camera hangs, where nothing else tells how its picture lies on the ground
EDGE: Final = 0.99  # feet below this are cut off by the picture's edge
LEAST: Final = 0.004  # of the picture's height: what looks smaller is as far as the camera reaches
WENT_M: Final = 2.0  # who moved less went nowhere
TURNS: Final = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")

Point = tuple[float, float]
Height = Callable[[float], float]  # feet at y (0..1) -> how tall a person looks there (0..1)


@dataclass(frozen=True, slots=True)
class Place:
    """x, y, reach in metres; heading in degrees from north clockwise; angle: the horizontal field of view, degrees."""

    x: float
    y: float
    heading: float
    angle: float
    reach: float

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Place:
        return cls(*(float(stored[name]) for name in ("x", "y", "heading", "angle", "reach")))

    def at(self, bearing: float, metres: float) -> Point:
        """The point so many metres away; bearing in degrees from north clockwise."""
        return self.x + metres * sin(radians(bearing)), self.y - metres * cos(radians(bearing))

    def seen(self, column: float, tall: float, *, aspect: float, metres: float = PERSON_M) -> Point:
        """Where something `metres` high stands that is seen in this column (0..1) and looks so tall (0..1 of the height)."""
        half = tan(radians(min(self.angle, 170) / 2))
        away = metres * aspect / (2 * half * tall) if tall > LEAST else self.reach
        return self.at(self.heading + degrees(atan((2 * column - 1) * half)), min(away, self.reach))


def heights(perspective: Mapping[str, Any] | None, boxes: Sequence[Sequence[float]]) -> Height | None:
    """How tall a person looks by where their feet are: by the camera's perspective, else by the boxes that were seen, else by
    one box and a camera that hangs as most do. None where nothing is known."""
    if perspective:
        (far_y, far), (near_y, near) = perspective["far"], perspective["near"]
        return lambda y: far + (y - far_y) / (near_y - far_y) * (near - far)
    whole = [(box[3], box[3] - box[1]) for box in boxes if box[3] < EDGE]
    if not whole:
        return None
    feet, tall = median(y for y, _ in whole), median(height for _, height in whole)
    horizon = feet - tall * HUNG_M / PERSON_M
    return lambda y: (y - horizon) * PERSON_M / HUNG_M


def track(
    place: Place, path: Iterable[Sequence[float]], *, aspect: float, vehicle: bool, height: Height | None
) -> list[Point]:
    """Where somebody went, from [t, x1, y1, x2, y2] each; feet that the picture's edge cuts off are left out, and one
    sighting among three that lies apart is put between the others. `height`: only of a camera's own perspective."""
    points = [
        place.seen(
            (x1 + x2) / 2,
            height(y2) if height and not vehicle else y2 - y1,
            aspect=aspect,
            metres=VEHICLE_M if vehicle else PERSON_M,
        )
        for _, x1, y1, x2, y2 in path
        if y2 < EDGE
    ]
    return [
        (median(x for x, _ in points[max(0, n - 2) : n + 3]), median(y for _, y in points[max(0, n - 2) : n + 3]))
        for n in range(len(points))
    ]


def outline(place: Place, polygon: Sequence[Sequence[float]], height: Height, *, aspect: float) -> list[Point]:
    """A zone of the picture as it lies on the ground; above the horizon it goes as far as the camera reaches."""
    steps = 6
    found = []
    for n, (x, y) in enumerate(polygon):
        to_x, to_y = polygon[(n + 1) % len(polygon)]
        for k in range(steps):
            at_x, at_y = x + (to_x - x) * k / steps, y + (to_y - y) * k / steps
            found.append(place.seen(at_x, height(at_y), aspect=aspect))
    return found


def cone(place: Place) -> tuple[Point, Point]:
    """The two far corners of what the camera sees, left and right."""
    return place.at(place.heading - place.angle / 2, place.reach), place.at(
        place.heading + place.angle / 2, place.reach
    )


def went(points: Sequence[Point]) -> str:
    """One of TURNS, "" for who stayed where they were."""
    if len(points) < 2:
        return ""
    (x, y), (to_x, to_y) = points[0], points[-1]
    if hypot(to_x - x, to_y - y) < WENT_M:
        return ""
    return TURNS[round(degrees(atan2(to_x - x, y - to_y)) / 45) % 8]
