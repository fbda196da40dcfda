"""From a picture to the plan: which way, how far, and what is not known."""

from __future__ import annotations

from math import hypot

import pytest

from cameras.on_plan import Place, cone, heights, outline, track, went

NORTH = Place(x=10, y=20, heading=0, angle=90, reach=40)
WIDE = 16 / 9


def person(column: float, metres: float, *, feet: float = 0.7) -> list[float]:
    """Somebody of 1.7 m who stands so far from a camera of 90 degrees, whose picture is two metres wide at one metre."""
    tall = 1.7 * WIDE / (2 * metres)
    return [0.0, column - 0.02, feet - tall, column + 0.02, feet]


def test_who_stands_in_the_middle_of_the_picture_is_where_the_camera_looks():
    (x, y), *_ = track(NORTH, [person(0.5, 12)], aspect=WIDE, vehicle=False, height=None)
    assert (x, y) == (pytest.approx(10), pytest.approx(8))


def test_the_edge_of_the_picture_is_the_edge_of_the_cone():
    left, right = cone(NORTH)
    (x, y), *_ = track(NORTH, [person(1.0, 12)], aspect=WIDE, vehicle=False, height=None)
    assert (x - 10) / (20 - y) == pytest.approx((right[0] - 10) / (20 - right[1]))
    assert left[0] < 10 < right[0]


def test_nobody_stands_farther_than_the_camera_reaches():
    (x, y), *_ = track(NORTH, [person(0.5, 900)], aspect=WIDE, vehicle=False, height=None)
    assert (x, y) == (pytest.approx(10), pytest.approx(-20))


def test_a_perspective_tells_how_far_somebody_is_who_crouches():
    low = [0.0, 0.48, 0.62, 0.52, 0.7]
    known = heights({"far": [0.3, 0.1], "near": [0.9, 0.5]}, [])
    (_, near), *_ = track(NORTH, [low], aspect=WIDE, vehicle=False, height=known)
    (_, far), *_ = track(NORTH, [low], aspect=WIDE, vehicle=False, height=None)
    assert near > far


def test_feet_that_the_edge_cuts_off_say_nothing():
    assert track(NORTH, [[0.0, 0.4, 0.5, 0.6, 1.0]], aspect=WIDE, vehicle=False, height=None) == []
    assert heights(None, [[0.4, 0.5, 0.6, 1.0]]) is None


def test_one_wild_sighting_among_others_is_put_between_them():
    path = [person(0.5, 12), person(0.5, 12), person(0.5, 2), person(0.5, 12), person(0.5, 12)]
    assert {round(y, 3) for _, y in track(NORTH, path, aspect=WIDE, vehicle=False, height=None)} == {8.0}


@pytest.mark.parametrize(
    ("to", "direction"), [((30, 20), "east"), ((10, 0), "north"), ((-5, 35), "south-west"), ((10, 20.5), "")]
)
def test_north_is_up_and_who_hardly_moved_went_nowhere(to, direction):
    assert went([(10, 20), to]) == direction


def test_a_zone_that_rises_above_the_horizon_ends_where_the_camera_reaches():
    level = heights({"far": [0.4, 0.05], "near": [0.9, 0.5]}, [])
    points = outline(NORTH, [[0.2, 0.1], [0.8, 0.1], [0.8, 0.9], [0.2, 0.9]], level, aspect=WIDE)
    far = [hypot(x - 10, y - 20) for x, y in points]
    assert max(far) == pytest.approx(40)
    assert min(far) < 5
