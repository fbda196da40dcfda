from __future__ import annotations

import numpy as np
import pytest

from cameras.vision.card import WEIGHTS, ModelRefused, load_card
from cameras.vision.detector import suppressed
from cameras.vision.families import MOST_CANDIDATES, Candidates, EfficientDet, NanoDet
from cameras.vision.letterbox import BGR, letterboxed
from cameras.vision.picture import Picture
from cameras.vision.suppression import survivors

EFFICIENTDET, NANODET = load_card(), load_card(WEIGHTS / "nanodet_g_416_int8.json")


def red(width: int, height: int) -> Picture:
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 2] = 220
    return Picture.of_bgr(image)


# --- letterbox


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (768, 576), (1920, 1080), (320, 240), (200, 100), (360, 640), (322, 18)]
)
def test_a_picture_keeps_its_proportions_and_lies_top_left(width: int, height: int):
    image, (w, h) = letterboxed(red(width, height), 320, pad=7)
    assert image.shape == (320, 320, 3)
    assert max(w, h) == 320
    assert w / h == pytest.approx(width / height, rel=0.12 if min(w, h) < 20 else 0.02)
    assert (image[:h, :w, 0] > 180).all()
    assert (image[h:] == 7).all()
    assert (image[:, w:] == 7).all()


def test_colours_come_in_the_order_asked_for():
    assert letterboxed(red(640, 480), 320)[0][100, 100].argmax() == 0
    assert letterboxed(red(640, 480), 320, colours=BGR)[0][100, 100].argmax() == 2


def test_shrinking_shows_what_was_there():
    ramp = np.repeat(np.linspace(0, 255, 1280).astype(np.uint8)[None], 720, axis=0)
    image, (w, h) = letterboxed(Picture.of_bgr(np.repeat(ramp[..., None], 3, axis=2)), 320)
    assert np.abs(image[h // 2, :w, 0].astype(int) - np.linspace(0, 255, w)).max() < 6


# --- EfficientDet


def test_efficientdet_turns_its_boxes_and_names_the_class():
    boxes = np.zeros((1, 50, 4), np.float32)
    scores = np.zeros((1, 50, 6), np.float32)
    boxes[0, 7] = (10, 20, 110, 70)  # top, left, bottom, right
    scores[0, 7, 2] = 0.8
    scores[0, 9, 0] = 0.3
    found = EfficientDet(EFFICIENTDET).read([boxes, scores], 0.35)
    assert found.boxes.tolist() == [[20, 10, 70, 110]]
    assert [list(EFFICIENTDET.classes.values())[n] for n in found.classes] == ["car"]
    assert found.scores.tolist() == pytest.approx([0.8])


def test_a_flood_of_proposals_keeps_the_best():
    scores = np.random.default_rng(1).random((1, 19206, 6)).astype(np.float32)
    found = EfficientDet(EFFICIENTDET).read([np.zeros((1, 19206, 4), np.float32), scores], 0.01)
    assert len(found.scores) == MOST_CANDIDATES
    assert found.scores.tolist() == sorted(scores.ravel().tolist(), reverse=True)[:MOST_CANDIDATES]


# --- NanoDet


def answers(stride: int, place: int, column: int, score: float, steps: tuple[int, int, int, int]) -> list[np.ndarray]:
    """What a NanoDet says of one object: `steps` strides to the left, top, right and bottom of a place."""
    outputs = [np.zeros((1, (416 // s) ** 2, 80), np.float32) for s in NanoDet.strides]
    outputs += [np.zeros((1, (416 // s) ** 2, 44), np.float32) for s in NanoDet.strides]
    n = NanoDet.strides.index(stride)
    outputs[n][0, place, column] = score
    for edge, step in enumerate(steps):
        outputs[3 + n][0, place, edge * 11 + step] = 50.0  # as good as certain
    return outputs


@pytest.mark.parametrize("stride", NanoDet.strides)
def test_nanodet_reaches_from_the_centre_of_its_place(stride: int):
    columns = 416 // stride
    found = NanoDet(NANODET).read(answers(stride, 2 * columns + 3, 2, 0.7, (1, 2, 3, 4)), 0.45)
    x, y = 3.5 * stride, 2.5 * stride
    expected = [x - stride, y - 2 * stride, x + 3 * stride, y + 4 * stride]
    assert found.boxes.tolist() == [pytest.approx(expected, abs=0.01)]
    assert [list(NANODET.classes.values())[n] for n in found.classes] == ["car"]


def test_nanodet_sees_nothing_where_nothing_scores():
    assert NanoDet(NANODET).read(answers(8, 0, 0, 0.2, (1, 1, 1, 1)), 0.45).boxes.shape == (0, 4)


def test_nanodet_is_fed_blue_first_and_normalised():
    planes, _ = NanoDet(NANODET).feed(red(640, 480))
    assert planes.shape == (1, 3, 416, 416)
    assert planes[0, 2, 100, 100] == pytest.approx((220 - 123.675) / 58.395, abs=0.1)
    assert planes[0, 0, 415, 0] == pytest.approx((114 - 103.53) / 57.375, abs=0.001)  # beside the picture


def test_outputs_of_another_shape_are_refused():
    with pytest.raises(ModelRefused, match="other outputs"):
        NanoDet(NANODET).read([np.zeros((1, 5, 80), np.float32)] * 6, 0.5)
    with pytest.raises(ModelRefused, match="other outputs"):
        EfficientDet(EFFICIENTDET).read([np.zeros((1, 5, 4), np.float32), np.zeros((1, 5, 3), np.float32)], 0.5)


# --- suppression


def test_of_overlapping_boxes_of_a_class_the_best_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [1, 0, 11, 10], [30, 0, 40, 10], [5, 5, 5, 9]], np.float32)
    classes = np.array([0, 0, 1, 0, 0])
    assert suppressed(Candidates(boxes, np.linspace(0.9, 0.5, 5).astype(np.float32), classes), 0.5) == [0, 2, 3]


def test_very_many_boxes_are_dealt_with_as_few_are():
    random = np.random.default_rng(4)
    corner = random.uniform(0, 250, (MOST_CANDIDATES, 2)).astype(np.float32)
    boxes = np.concatenate([corner, corner + random.uniform(-2, 60, corner.shape).astype(np.float32)], axis=1)
    classes = random.integers(0, 3, len(boxes))
    scores = np.sort(random.random(len(boxes)).astype(np.float32))[::-1]
    few = suppressed(Candidates(boxes, scores, classes), 0.5, MOST_CANDIDATES)
    assert 100 < len(few) < len(boxes)
    assert survivors(boxes, classes, 0.5) == few


def test_what_lies_in_a_better_box_of_its_kind_goes_where_that_is_asked_for():
    boxes = np.array([[0, 0, 10, 30], [2, 20, 8, 30], [2, 20, 8, 30], [9, 0, 19, 30]])
    kinds = np.array([0, 0, 1, 0])
    assert survivors(boxes, kinds, 0.5) == [0, 1, 2, 3]
    assert survivors(boxes, kinds, 0.5, held=0.85) == [0, 2, 3]
