"""`manage.py detect`: one line for each picture, in words or as JSON."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
from django.core.management import CommandError, call_command

import manage
from cameras.management.commands import detect as command
from cameras.vision.detector import MOST_FOUND, OnnxDetector
from cameras.vision.files import pictures_of
from cameras.vision.types import Box, Detection


@pytest.fixture(autouse=True)
def warm(monkeypatch: pytest.MonkeyPatch, detector: OnnxDetector) -> None:
    monkeypatch.setattr(command.Models, "made", lambda self, name: detector)


def detect(*arguments: Any) -> tuple[list[dict[str, Any]], str]:
    """(JSON objects, what was said on stderr)."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("detect", *map(str, arguments), "--json", stdout=out, stderr=err)
    except CommandError as error:
        err.write(f"{error}\n")
    return [json.loads(line) for line in out.getvalue().splitlines()], err.getvalue()


def test_each_picture_of_a_video_is_one_object(footage: Callable[[str], Path]):
    lines, said = detect(footage("street.mp4"), "--every", 60)
    assert said == ""
    assert [line["frame"] for line in lines] == [0, 60, 120, 180, 240, 300]
    assert [line["time_s"] for line in lines] == [0.0, 6.0, 12.0, 18.0, 24.0, 30.0]
    for line in lines:
        assert set(line) == {"source", "frame", "time_s", "detections"}
        assert line["source"] == str(footage("street.mp4"))
        assert [one for one in line["detections"] if one["label"] == "person"]
        for one in line["detections"]:
            x1, y1, x2, y2 = one["box"]
            assert 0 <= x1 < x2 <= 1
            assert 0 <= y1 < y2 <= 1
            assert 0.35 <= one["score"] <= 1


def test_a_lower_score_gives_more_and_none_below_it(footage: Callable[[str], Path]):
    few, _ = detect(footage("street.mp4"), "--every", 300, "--min-score", 0.7)
    many, _ = detect(footage("street.mp4"), "--every", 300, "--min-score", 0.05)
    scores = [one["score"] for line in many for one in line["detections"]]
    assert min(scores) >= 0.05
    assert min(scores) < 0.2
    assert len(scores) > 3 * sum(len(line["detections"]) for line in few)


def test_without_json_the_lines_are_for_people(footage: Callable[[str], Path]):
    out = io.StringIO()
    call_command("detect", str(footage("street.mp4")), "--every", "1000", stdout=out)
    assert "picture 0  0.00 s  person 0." in out.getvalue()


def test_a_bad_file_is_named_the_others_are_looked_through_and_the_end_is_an_error(
    tmp_path: Path, footage: Callable[[str], Path]
):
    bad = tmp_path / "bad.jpg"
    bad.write_bytes(b"no picture")
    lines, said = detect(bad, footage("street.mp4"), tmp_path / "none.mp4", "--every", 1000)
    assert len(lines) == 1
    assert f"{bad}: " in said
    assert f"{tmp_path / 'none.mp4'}: there is no such file" in said
    assert "2 of 3 files" in said


def test_in_a_crowd_nobody_is_left_out_for_being_too_many(
    tmp_path: Path, footage: Callable[[str], Path], detector: OnnxDetector
):
    first = next(pictures_of(footage("street.mp4"))).picture
    street = tmp_path / "street.png"
    assert cv2.imwrite(str(street), first.bgr())
    (line,), _ = detect(street, "--min-score", 0.01)
    found = [(one["score"], one["label"]) for one in line["detections"]]
    assert len(found) > 2 * MOST_FOUND
    assert found == sorted(found, key=lambda one: -one[0])
    assert len(detector.detect(first, min_score=0.01)) <= MOST_FOUND  # as a camera's worker answers
    (least,), _ = detect(street, "--min-score", 0)
    assert least["detections"] == line["detections"]


def test_a_sliver_at_the_pictures_edge_has_a_width():
    shown = command._as_json(Detection("person", 0.5, Box(0.9999999, 0.2, 1.0, 0.7)))
    x1, _, x2, _ = shown["box"]
    assert x1 < x2 <= 1


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--min-score", score] for score in ("7", "-0.1", "nan", "half")),
        *(["--every", "0"], ["--model", "nobody's"], []),
    ],
)
def test_what_cannot_be_asked_is_refused(arguments: list[str], footage: Callable[[str], Path]):
    files = [str(footage("street.mp4"))] if arguments else []
    with pytest.raises(CommandError):
        call_command("detect", *files, *arguments)


def test_it_needs_no_database():
    assert not manage.needs_database(["manage.py", "detect", "some.mp4", "--json"])
