"""Whether two sightings are in the same place of a camera's picture."""

from __future__ import annotations

from typing import Final

from cameras.context.facts import Box

SAME_PLACE: Final = 0.5  # the part of both boxes together that they share


def same_place(a: Box | None, b: Box | None) -> bool:
    """Two boxes share half of what they cover together; without a box on either side, the camera itself is the place."""
    if a is None or b is None:
        return a is b
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return False
    shared = width * height
    return shared >= SAME_PLACE * ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
