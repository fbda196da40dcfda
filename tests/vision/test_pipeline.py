from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from cameras.vision.card import load_card
from cameras.vision.detector import OnnxDetector
from cameras.vision.ingest import Frame
from cameras.vision.picture import Picture
from cameras.vision.pipeline import Eye, Step, sightings, steps
from cameras.vision.types import Box, Detection, FrameStamp, ZoneShape

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


# --- with a detector that only notes what it is asked


class Noting:
    """A detector that sees what it is told to, and remembers how it was asked."""

    name, sha256 = "noting", "m"

    def __init__(self, *found: Detection) -> None:
        self.card = load_card()
        self.found, self.asked = list(found), []

    def detect(self, picture, *, motion=(), min_score=None):
        self.asked.append((picture, motion, min_score))
        return self.found


def frame_at(number: int, *, light: int = 120, moved: float | None = None) -> Frame:
    """Ten a second; a dark patch at this column where something moves."""
    image = np.full((360, 640, 3), (light, light // 2, light), np.uint8)
    if moved is not None:
        image[100:260, int(moved * 640) : int(moved * 640) + 60] = 10
    at = MIDNIGHT + timedelta(seconds=number / 10)
    return Frame(FrameStamp(number, at, at, number / 10), Picture.of_bgr(image), False)


def played(eye: Eye, **kwargs) -> list[Step]:
    return [eye.see(frame_at(n, moved=None if n < 10 else 0.2 + 0.01 * n, **kwargs)) for n in range(40)]


@pytest.mark.parametrize(
    ("light", "given", "asked"),
    [
        (200, {}, "min_score"),
        (20, {}, "night_min_score"),
        (200, {"day_score": 0.61, "night_score": 0.17}, 0.61),
        (20, {"day_score": 0.61, "night_score": 0.17}, 0.17),
        (20, {"min_score": 0.5, "night_score": 0.17}, 0.5),
    ],
)
def test_the_detector_is_asked_for_the_score_of_the_light(light, given, asked):
    noting = Noting()
    played(Eye(noting, [ZoneShape.whole_picture()], **given), light=light)
    scores = {score for _, _, score in noting.asked}
    assert scores == {getattr(noting.card, asked) if isinstance(asked, str) else asked}


def test_what_moves_in_an_area_to_ignore_is_not_looked_at():
    noting = Noting()
    played(Eye(noting, [ZoneShape.whole_picture()], ignore_areas=[((0.1, 0.1), (0.8, 0.1), (0.8, 0.9), (0.1, 0.9))]))
    assert len(noting.asked) <= 1  # the first picture may be looked at whatever moves


def test_what_is_masked_is_black_for_gate_and_detector_and_pictures_are_no_larger_than_a_slot():
    noting = Noting()
    mask = ((0, 0), (0.3, 0), (0.3, 1), (0, 1))
    played(Eye(noting, [ZoneShape.whole_picture()], privacy_masks=[mask], largest=(320, 180)))
    assert noting.asked
    assert all((p.width, p.height) == (320, 180) and p.y[:, :90].max() <= 16 for p, _, _ in noting.asked)


def test_what_no_zone_asks_for_is_not_followed():
    car = Detection("car", 0.9, Box(0.4, 0.4, 0.6, 0.6))
    every = played(Eye(Noting(car), [ZoneShape.whole_picture(dwell_s=0.5)]))
    assert any(step.detections for step in every)
    assert not any(step.tracks for step in every)


def test_who_was_there_before_arming_is_reported_when_it_begins():
    person = Detection("person", 0.9, Box(0.4, 0.4, 0.5, 0.8))
    armed_from = MIDNIGHT + timedelta(seconds=2.5)
    eye = Eye(
        Noting(person),
        [ZoneShape.whole_picture(dwell_s=0.5)],
        armed=lambda at: frozenset({"all"} if at >= armed_from else ()),
    )
    found = [s.at for step in played(eye) for s in step.sightings]
    assert len(found) == 2
    assert found[0] < armed_from <= found[1]
