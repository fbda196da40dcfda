from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cameras.vision.detector import OnnxDetector
from cameras.vision.pipeline import Eye, sightings, steps
from cameras.vision.types import ZoneShape

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("name", ["intrusion_a.mp4", "intrusion_b.mp4"])
def test_an_intruder_is_seen(name: str, detector: OnnxDetector, footage: Callable[[str], Path]):
    eye = Eye(detector, [ZoneShape.whole_picture()])
    found = list(sightings(footage(name), eye, started=MIDNIGHT))
    assert found
    assert {s.kind for s in found} == {"person"}
    assert all(s.entered_at >= MIDNIGHT and s.dwell_s >= 1.0 for s in found)


@pytest.mark.parametrize("name", ["empty.mp4", "quiet.mp4", "foliage.mp4"])
def test_where_nobody_is_nobody_is_seen(name: str, detector: OnnxDetector, footage: Callable[[str], Path]):
    eye = Eye(detector, [ZoneShape.whole_picture()])
    assert list(sightings(footage(name), eye, started=MIDNIGHT)) == []


def test_a_still_scene_costs_no_inference(detector: OnnxDetector, footage: Callable[[str], Path]):
    eye = Eye(detector, [ZoneShape.whole_picture()])
    every = list(steps(footage("quiet.mp4"), eye, started=MIDNIGHT))
    assert sum(step.inferred for step in every) < 0.05 * len(every)
