from __future__ import annotations

import pytest

from cameras.vision.perspective import Perspective
from cameras.vision.types import Box, Detection

# Ten per cent of the picture at half its height, forty at the lower edge.
YARD = Perspective(far=(0.5, 0.1), near=(1.0, 0.4))


def standing(
    foot: float, height: float, *, label: str = "person", width: float | None = None, x: float = 0.5
) -> Detection:
    half = (height * 0.2 if width is None else width) / 2
    return Detection(label, 0.8, Box(x - half, foot - height, x + half, foot))


@pytest.mark.parametrize(("foot", "height"), [(0.5, 0.1), (1.0, 0.4), (0.75, 0.25), (0.4, 0.04), (0.2, 0.005)])
def test_how_tall_a_person_is_between_and_beyond_the_two_places(foot, height):
    assert YARD.height_at(foot) == pytest.approx(height)


@pytest.mark.parametrize(
    ("detection", "counts"),
    [
        (standing(0.75, 0.25), True),
        (standing(0.75, 0.13), True),
        (standing(0.75, 0.12), False),  # a cat
        (standing(0.75, 0.49), True),
        (standing(0.55, 0.28), True),  # on the fence
        (standing(0.3, 0.2), True),  # on a roof, above all ground that is seen
        (standing(0.95, 0.79), True),
        (standing(0.95, 0.81), False),  # an insect before the lens
        (standing(0.75, 0.08, width=0.16), True),  # who crawls is as long as tall
        (standing(0.75, 0.05, width=0.03), False),
        (standing(1.0, 0.1), True),  # the feet are below the picture: nothing is known
        (standing(0.75, 0.05, x=0.001, width=0.002), True),  # half outside
        (standing(0.75, 0.12, label="dog"), True),  # of other things nothing is known
        (standing(0.75, 0.2, label="car", width=0.3), True),
        (standing(0.75, 0.05, label="car", width=0.05), False),
        (standing(0.5, 0.45, label="truck", width=0.99), False),
    ],
)
def test_what_can_be_of_its_size_where_it_is(detection, counts):
    assert YARD.allows(detection, aspect=16 / 9) is counts


@pytest.mark.parametrize(
    ("far", "near"), [((0.5, 0.1), (0.5, 0.4)), ((0.5, 0.4), (1.0, 0.1)), ((0.5, 0.0), (1.0, 0.1))]
)
def test_a_perspective_that_is_none_is_refused(far, near):
    with pytest.raises(ValueError):
        Perspective(far, near)
