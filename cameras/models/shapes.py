"""What people draw into a camera's picture, checked. Coordinates are fractions of the picture, 0..1."""

from __future__ import annotations

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cameras.vision.types import KINDS

MOST_POLYGONS: Final = 32
MOST_POINTS: Final = 64
CLASSES: Final = frozenset(KINDS) | frozenset(KINDS.values())


def polygon_in_picture(value: Any) -> None:
    """A list of at least three [x, y] points, 0..1, that does not cross itself."""
    if not isinstance(value, list) or len(value) < 3:
        raise ValidationError(_("A zone needs at least three points."))
    if len(value) > MOST_POINTS:
        raise ValidationError(_("An outline has at most %(most)s points."), params={"most": MOST_POINTS})
    for point in value:
        _point(point)
    if crosses_itself(value):
        raise ValidationError(_("The zone's outline crosses itself."))


def crosses_itself(points: list[list[float]]) -> bool:
    def side(a: list[float], b: list[float], c: list[float]) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    edges = [(points[i], points[(i + 1) % len(points)]) for i in range(len(points))]
    for i, (a, b) in enumerate(edges):
        for j, (c, d) in enumerate(edges):
            if j <= i + 1 or (i == 0 and j == len(edges) - 1):
                continue  # neighbours share a point
            if side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0:
                return True
    return False


def polygons_in_picture(value: Any) -> None:
    """A list of outlines."""
    if not isinstance(value, list) or len(value) > MOST_POLYGONS:
        raise ValidationError(_("Give a list of at most %(most)s outlines."), params={"most": MOST_POLYGONS})
    for polygon in value:
        polygon_in_picture(polygon)


def line_in_picture(value: Any) -> None:
    """Two different points."""
    if not isinstance(value, list) or len(value) != 2:
        raise ValidationError(_("A line is two points: [[x, y], [x, y]]."))
    for point in value:
        _point(point)
    if value[0] == value[1]:
        raise ValidationError(_("A line's two points must differ."))


def perspective_in_picture(value: Any) -> None:
    """How tall a person is at two places, the far one higher in the picture and smaller."""
    said = _('Give {"far": [feet, height], "near": [feet, height]}, all between 0 and 1, far above near and smaller.')
    if not isinstance(value, dict) or set(value) != {"far", "near"}:
        raise ValidationError(said)
    for pair in value.values():
        if not (isinstance(pair, list) and len(pair) == 2 and all(_fraction(v) and v > 0 for v in pair)):
            raise ValidationError(said)
    (far_y, far_height), (near_y, near_height) = value["far"], value["near"]
    if not (far_y < near_y and far_height <= near_height):
        raise ValidationError(said)


def known_classes(value: Any) -> None:
    """Kinds or labels that detectors give."""
    if not isinstance(value, list) or not value or not all(isinstance(v, str) and v in CLASSES for v in value):
        raise ValidationError(_("Name at least one of: %(known)s."), params={"known": ", ".join(sorted(CLASSES))})


def _fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _point(point: Any) -> None:
    if not (isinstance(point, list) and len(point) == 2 and all(map(_fraction, point))):
        raise ValidationError(
            _("Every point is [x, y] with both between 0 and 1; %(point)s is not."), params={"point": point}
        )


PLACE = {"x": (-1000, 5000), "y": (-1000, 5000), "heading": (0, 360), "angle": (1, 360), "reach": (1, 500)}


def place_on_plan(value: Any) -> None:
    """Where a camera hangs, where it looks, how wide and how far; metres and degrees."""
    fits = isinstance(value, dict) and set(value) == set(PLACE)
    if not fits or not all(_number(value[name]) and low <= value[name] <= high for name, (low, high) in PLACE.items()):
        raise ValidationError(_('Give {"x": m, "y": m, "heading": degrees, "angle": degrees, "reach": m}.'))


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
