from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from cameras.vision.card import DEFAULT_CARD, ModelRefused, load_card
from cameras.vision.detector import OnnxDetector, _cut_off, _square, _without_doubles
from cameras.vision.ingest import Frame
from cameras.vision.motion import MotionGate
from cameras.vision.picture import Picture
from cameras.vision.pipeline import frames_of
from cameras.vision.types import Box, Detection

from .conftest import picture, scene


def frames(path: Path, start: int, count: int, step: int = 1) -> list[Frame]:
    every = frames_of(path, started=datetime(2026, 1, 1, tzinfo=UTC))
    return list(islice(every, start, start + count * step, step))


def test_the_bundled_model_is_the_one_its_card_names_and_its_licences_lie_beside_it():
    card = load_card()
    assert card.classes[1] == "person"
    assert len(card.read_model()) > 1_000_000
    for name in json.loads(DEFAULT_CARD.read_text())["licence_files"]:
        assert (DEFAULT_CARD.parent / name).read_text().strip()


def test_a_model_that_was_changed_is_refused(tmp_path: Path):
    card = shutil.copy(DEFAULT_CARD, tmp_path)
    model = tmp_path / load_card().path.name
    model.write_bytes(load_card().path.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelRefused, match="not the one its card describes"):
        OnnxDetector(load_card(Path(card)))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"side": "much"}, "not complete"), ({"classes": {}}, "no classes"), ({"family": "unheard-of"}, "No reader")],
)
def test_a_card_that_makes_no_sense_is_refused(tmp_path: Path, change: dict, words: str):
    raw = json.loads(DEFAULT_CARD.read_text()) | change
    (tmp_path / "card.json").write_text(json.dumps(raw))
    with pytest.raises(ModelRefused, match=words):
        OnnxDetector(load_card(tmp_path / "card.json"))


def test_a_missing_card_is_refused(tmp_path: Path):
    with pytest.raises(ModelRefused, match="cannot be read"):
        load_card(tmp_path / "none.json")


def test_an_empty_wall_holds_nobody(detector: OnnxDetector):
    wall = np.repeat(scene()[..., None], 3, axis=2)
    assert detector.detect(Picture.of_bgr(wall)) == []


def test_people_on_the_street_are_found(detector: OnnxDetector, footage: Callable[[str], Path]):
    for frame in frames(footage("street.mp4"), 50, 3, 40):
        found = [d for d in detector.detect(frame.picture) if d.label == "person"]
        assert len(found) >= 3
        assert found == sorted(found, key=lambda d: -d.score)
        assert all(d.score >= detector.card.min_score for d in found)


def test_a_higher_threshold_finds_less(detector: OnnxDetector, footage: Callable[[str], Path]):
    (frame,) = frames(footage("street.mp4"), 50, 1)
    assert len(detector.detect(frame.picture, min_score=0.7)) < len(detector.detect(frame.picture))


def test_the_empty_yard_and_the_foliage_hold_nobody(detector: OnnxDetector, footage: Callable[[str], Path]):
    moved = [Box(0.2, 0.2, 0.4, 0.5), Box(0.6, 0.3, 0.7, 0.6)]
    for name in ("empty.mp4", "foliage.mp4"):
        for frame in frames(footage(name), 5, 4, 25):
            found = detector.detect(frame.picture, motion=moved)
            assert not [d for d in found if d.label == "person"]


def test_a_closer_look_at_what_moves_finds_a_distant_person(detector: OnnxDetector, footage: Callable[[str], Path]):
    (near,) = frames(footage("street.mp4"), 50, 1)
    person = max(
        (d for d in detector.detect(near.picture) if d.label == "person" and d.box.y2 < 0.95),
        key=lambda d: d.score,
    )
    # The same street, far away: a quarter of its size in the corner of a large grey wall.
    wall = scene(1920, 1088)
    y = wall.copy()
    u = np.full((544, 960), 128, np.uint8)
    v = u.copy()
    small = near.picture.shrunk(288, 216)
    y[: small.height, : small.width] = small.y
    u[: small.height // 2, : small.width // 2] = small.u
    v[: small.height // 2, : small.width // 2] = small.v
    far = Picture(y, u, v)
    scale_x, scale_y = small.width / 1920, small.height / 1088
    place = Box(person.box.x1 * scale_x, person.box.y1 * scale_y, person.box.x2 * scale_x, person.box.y2 * scale_y)
    at_first_sight = [d for d in detector.detect(far) if d.box.iou(place) > 0.4]
    closer = [d for d in detector.detect(far, motion=[place]) if d.box.iou(place) > 0.4]
    assert at_first_sight == []
    assert [d.label for d in closer] == ["person"]


def test_a_square_lies_in_the_picture_and_large_motion_gets_none():
    shown = picture(640, 360)
    square = _square(shown, Box(0.0, 0.0, 0.05, 0.2))
    assert square is not None
    assert square.x1 == 0.0
    assert square.width * 640 == pytest.approx(square.height * 360)
    assert _square(shown, Box(0.1, 0.1, 0.5, 0.9)) is None


def test_boxes_cut_by_a_squares_edge_are_left_out_but_not_by_the_pictures():
    square = Box(0.5, 0.5, 1.0, 1.0)
    assert _cut_off(Box(0.5, 0.6, 0.6, 0.9), square)
    assert not _cut_off(Box(0.6, 0.6, 0.7, 1.0), square)


def test_of_doubles_the_better_one_stays_and_neighbours_too():
    strong = Detection("person", 0.9, Box(0.1, 0.1, 0.3, 0.7))
    shifted = Detection("person", 0.6, Box(0.11, 0.1, 0.3, 0.7))
    legs = Detection("person", 0.5, Box(0.12, 0.5, 0.28, 0.7))
    neighbour = Detection("person", 0.5, Box(0.28, 0.1, 0.5, 0.7))
    car = Detection("car", 0.4, Box(0.1, 0.1, 0.3, 0.7))
    assert _without_doubles([legs, shifted, strong, neighbour, car], 0.5) == [strong, neighbour, car]


@pytest.mark.parametrize("more", [0, 200])
def test_who_stands_in_front_of_others_farther_away_does_not_hide_them(more: int):
    """more: of so many boxes beside it, which are dealt with in another way."""
    near = Detection("person", 0.9, Box(0.3, 0.1, 0.7, 0.95))
    far = Detection("person", 0.5, Box(0.35, 0.3, 0.42, 0.5))
    half = Detection("person", 0.6, Box(0.32, 0.1, 0.68, 0.5))
    beside = [
        Detection("person", 0.1, Box(0.001 * n, 0.96, 0.001 * n + 0.0009, 0.97)) for n in range(more)
    ]  # each by itself
    assert _without_doubles([far, half, near, *beside], 0.5) == [near, far, *beside]


def test_a_moving_group_of_which_one_is_seen_still_gets_a_closer_look(detector: OnnxDetector):
    shown = picture(1280, 720)
    group = Box(0.40, 0.40, 0.50, 0.50)
    one = Detection("person", 0.8, Box(0.40, 0.40, 0.43, 0.50))
    assert list(detector._closer_looks(shown, [group], [one]))
    both = [one, Detection("person", 0.8, Box(0.43, 0.40, 0.49, 0.50))]
    assert not list(detector._closer_looks(shown, [group], both))


def test_looking_closely_finds_the_distant_ones_in_a_still(footage: Callable[[str], Path], detector: OnnxDetector):
    close = OnnxDetector(closely=True)
    at_once = closely = 0
    for frame in frames(footage("street.mp4"), 50, 3, 40):
        at_once += sum(d.label == "person" for d in detector.detect(frame.picture))
        closely += sum(d.label == "person" for d in close.detect(frame.picture))
    assert closely > at_once
    for frame in frames(footage("empty.mp4"), 5, 2, 25):
        assert not [d for d in close.detect(frame.picture) if d.label == "person"]


@pytest.mark.parametrize(("width", "height"), [(4000, 18), (18, 4000), (20000, 16), (16, 16)])
def test_a_strip_is_looked_at_as_any_picture(width: int, height: int):
    close, gate, strip = OnnxDetector(closely=True), MotionGate(), picture(width, height)
    for seconds in range(3):
        moved = gate.update(strip.y, float(seconds))
    assert all(one.box.x2 <= 1 for one in close.detect(strip, motion=(*moved.boxes, Box(0.1, 0.1, 0.2, 0.2))))
