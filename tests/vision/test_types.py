from __future__ import annotations

import math
from datetime import datetime

import pytest

from cameras.vision.types import Box, Detection, FrameStamp, ZoneShape

from .conftest import NOON, stamp_at


@pytest.mark.parametrize("corners", [(0.5, 0, 0.5, 1), (0.6, 0, 0.5, 1), (-0.1, 0, 0.5, 1), (0, 0, 1.01, 1)])
def test_a_box_lies_in_the_picture_and_has_a_size(corners: tuple[float, float, float, float]):
    with pytest.raises(ValueError):
        Box(*corners)


def test_a_clipped_box_is_what_the_picture_shows_of_it():
    assert Box.clipped(-1, 0.5, 0.5, 7) == Box(0, 0.5, 0.5, 1)
    assert Box.clipped(1.2, 0.5, 1.5, 0.7) is None
    assert Box.clipped(math.nan, 0, 1, 1) is None


def test_overlap_and_foot_point():
    left, right = Box(0, 0, 0.5, 1), Box(0.25, 0, 0.75, 1)
    assert left.iou(right) == pytest.approx(1 / 3)
    assert left.iou(Box(0.5, 0, 1, 1)) == 0
    assert left.foot == (0.25, 1)
    assert left.centre == (0.25, 0.5)


def test_a_stamp_without_a_time_zone_is_refused():
    with pytest.raises(ValueError):
        FrameStamp(1, datetime(2026, 1, 1), NOON, 0.0)


def test_a_stamp_says_when_the_cameras_clock_was_not_believed():
    assert not stamp_at(1).drifting
    assert FrameStamp(1, NOON, NOON, 0.0, "arrival", 7.0).drifting
    assert not FrameStamp(1, NOON, NOON, 0.0, "rtcp", 0.1).drifting


def test_a_detection_knows_its_kind():
    box = Box(0, 0, 1, 1)
    assert Detection("truck", 0.5, box).kind == "vehicle"
    assert Detection("person", 0.5, box).kind == "person"
    assert Detection("dog", 0.5, box).kind == "dog"
    with pytest.raises(ValueError):
        Detection("person", 1.5, box)


def test_a_zone_needs_three_points_in_the_picture():
    with pytest.raises(ValueError, match="three points"):
        ZoneShape("z", ((0, 0), (1, 1)))
    with pytest.raises(ValueError):
        ZoneShape("z", ((0, 0), (1, 1), (2, 0)))
    with pytest.raises(ValueError, match="dwell"):
        ZoneShape.whole_picture(dwell_s=-1.0)
