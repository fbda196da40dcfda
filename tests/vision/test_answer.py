"""An answer is numbers and a few words, and comes back as it was."""

from __future__ import annotations

import pytest

from cameras.vision.answer import Answer, packed, unpacked
from cameras.vision.types import Box, Detection

FOUND = (
    Detection("person", 0.9, Box(0.1, 0.2, 1 / 3, 0.9)),
    Detection("Straßenbahn", 1.0, Box(0.0, 0.0, 1.0, 1.0)),
)


@pytest.mark.parametrize("found", [(), FOUND[:1], FOUND])
def test_an_answer_comes_back_as_it_was(found):
    body = packed(found, inference_ms=12.34, model="m" * 64, stale=False)
    assert unpacked(body) == Answer(found, 12.34, "m" * 64)
    assert unpacked(packed((), inference_ms=0.0, model="", stale=True)) == Answer((), 0.0, stale=True)


@pytest.mark.parametrize("cut", [0, 3, 20, -1])
def test_part_of_an_answer_is_refused(cut):
    with pytest.raises(ValueError):
        unpacked(packed(FOUND, inference_ms=1.0, model="m", stale=False)[:cut])


def test_what_is_no_answer_is_refused():
    with pytest.raises(ValueError):
        unpacked(b'{"d":[],"ms":1,"m":""}')


def test_a_label_that_would_look_like_two_is_refused():
    two = Detection("a\0b", 0.5, Box(0.0, 0.0, 1.0, 1.0))
    with pytest.raises(ValueError):
        packed([two], inference_ms=1.0, model="", stale=False)
