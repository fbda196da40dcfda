"""The measurements of false candidates would notice them."""

from __future__ import annotations

import numpy as np
import pytest

from bench import eyes_accuracy, scenes
from cameras.vision.detector import OnnxDetector
from cameras.vision.motion import MotionGate


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return OnnxDetector()


def test_a_variation_is_the_same_every_time_and_another_for_another_seed():
    pictures = scenes.clip("foliage", 20)
    once, again, other = ([f.picture.y.copy() for f in scenes.varied(pictures, seed, 3)] for seed in (5, 5, 6))
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[0], other[0])


def test_a_candidate_where_somebody_walks_is_counted(detector: OnnxDetector):
    street = scenes.clip("street", 60)
    looks, found = eyes_accuracy._chain(detector, scenes.varied(street, 3, 30), MotionGate())
    assert looks > 5
    assert found > 0


def test_a_person_in_a_still_is_counted(detector: OnnxDetector):
    empty, street = scenes.clip("empty", 1)[0], scenes.clip("street", 60)[-1]
    _, found = eyes_accuracy._chain(detector, scenes.panned(street, empty, 1, 24), eyes_accuracy.OpenGate(1))
    assert found > 0


def test_a_count_says_what_it_proves():
    row = eyes_accuracy._false("false candidates", 0, 60, "sixty clips")
    assert row.holds
    assert "fewer than 5.0 %" in row.note
    assert not eyes_accuracy._false("false candidates", 1, 60, "sixty clips").holds
