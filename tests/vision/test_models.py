from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from cameras.vision import models as models_module
from cameras.vision.card import WEIGHTS, ModelCard, ModelRefused, load_card
from cameras.vision.detector import OnnxDetector
from cameras.vision.models import CPU, Models, providers
from cameras.vision.pipeline import frames_of

NANODET = "nanodet-g-416-int8"


def dropped(folder: Path, **changes: object) -> Path:
    """The bundled NanoDet as somebody's own model in a folder."""
    source = WEIGHTS / "nanodet_g_416_int8.json"
    raw = json.loads(source.read_text()) | {"name": "own", "file": "own.onnx"} | changes
    shutil.copy(load_card(source).path, folder / "own.onnx")
    (folder / "own.json").write_text(json.dumps(raw))
    return folder


def with_house(models: Models, detector: OnnxDetector) -> Models:
    """The house's model is warm already."""
    models._warm[load_card().name] = detector
    return models


def test_both_bundled_models_have_a_card_that_says_where_they_are_from_and_what_they_can_do():
    cards = Models().cards()
    assert set(cards) == {load_card().name, NANODET}
    for card in cards.values():
        assert card.measured
        assert "Apache-2.0" in card.licence
        raw = json.loads((WEIGHTS / card.path.with_suffix(".json").name).read_text())
        assert raw["input"]
        assert len(card.read_model()) == raw["bytes"]
        assert all((WEIGHTS / name).read_text().strip() for name in raw["licence_files"])


def test_a_model_that_is_dropped_into_the_folder_finds_people(
    tmp_path: Path, footage: Callable[[str], Path], detector: OnnxDetector
):
    models = with_house(Models(dropped(tmp_path)), detector)
    own = models.detector_for("own")
    assert own.name == "own"
    frame = next(islice(frames_of(footage("street.mp4"), started=datetime(2026, 1, 1, tzinfo=UTC)), 50, None))
    found = own.detect(frame.picture)
    assert sum(d.label == "person" for d in found) >= 4
    ours = [d for d in models.detector_for().detect(frame.picture) if d.label == "person" and d.score > 0.6]
    assert all(any(d.box.iou(other.box) > 0.6 for other in found) for d in ours)


def test_a_model_is_made_once():
    models = Models()
    assert models.detector_for(NANODET) is models.detector_for(NANODET)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sha256": "0" * 64}, "not the one its card describes"),
        ({"family": "unheard-of"}, "No reader"),
        ({"family": "efficientdet"}, "does not run"),
        ({"side": 320}, "does not run"),
        ({"classes": {"99": "unicorn"}}, "classes it does not have"),
        ({"classes": {"1": ""}}, "without a name"),
        ({"classes": {"1": "a\0b"}}, "without a name"),
        ({"measured": None}, "not complete"),
        ({"min_score": 7}, "between 0 and 1"),
        ({"name": NANODET}, "no model of this name"),
    ],
)
def test_a_model_that_is_refused_is_replaced_by_the_houses_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, detector: OnnxDetector, changes: dict, words: str
):
    models = with_house(Models(dropped(tmp_path, **changes)), detector)
    with caplog.at_level(logging.ERROR):
        answering = models.detector_for("own")
    assert answering.sha256 == load_card().sha256
    assert words in caplog.text
    assert f"Looking with {load_card().name} instead" in caplog.text


def test_a_file_that_is_no_model_is_refused_in_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, detector: OnnxDetector
):
    folder = dropped(tmp_path, sha256=hashlib.sha256(b"no model").hexdigest())
    (folder / "own.onnx").write_bytes(b"no model")
    (folder / "rubbish.json").write_bytes(b"\xff\xfe")
    models = with_house(Models(folder), detector)
    assert models.detector_for("own").sha256 == load_card().sha256
    assert "does not run" in caplog.text
    assert set(models.refused) == {"rubbish.json"}


def test_what_is_wrong_with_a_model_is_told_without_running_it(tmp_path: Path):
    models = Models(dropped(tmp_path))
    assert models.trouble("own") == models.trouble(NANODET) == ""
    assert "no model of this name" in models.trouble("nobody's")
    (tmp_path / "own.onnx").write_bytes(b"another one")
    assert "not the one its card describes" in models.trouble("own")
    (tmp_path / "own.json").write_text("{")
    assert "own.json" in models.trouble("own")


def test_a_hash_may_be_written_in_capitals(tmp_path: Path):
    sha256 = load_card(WEIGHTS / "nanodet_g_416_int8.json").sha256.upper()
    assert Models(dropped(tmp_path, sha256=sha256)).trouble("own") == ""


def test_a_name_nobody_knew_is_looked_for_again_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, detector: OnnxDetector
):
    models = with_house(Models(tmp_path), detector)
    now = 100.0
    monkeypatch.setattr(models_module.time, "monotonic", lambda: now)
    assert models.detector_for("own").name == load_card().name
    dropped(tmp_path)
    assert models.detector_for("own").name == load_card().name
    now += models_module.AGAIN_S + 1
    assert models.detector_for("own").name == "own"


def test_another_house_model_stands_in_and_a_camera_without_a_name_gets_it(detector: OnnxDetector):
    models = Models(house=NANODET)
    assert models.detector_for("").name == NANODET
    assert models.detector_for("nobody's").name == NANODET
    assert models.card_for("nobody's").name == NANODET
    lost = with_house(Models(house="lost"), detector)
    assert lost.detector_for("").name == load_card().name


def test_where_the_bundled_model_itself_is_refused_there_is_no_way_on(monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object, **__: object) -> None:
        raise ModelRefused("broken")

    monkeypatch.setattr("cameras.vision.detector.OnnxDetector", refuse)
    with pytest.raises(ModelRefused, match="broken"):
        Models(run_on=(CPU,)).detector_for("")


def test_faster_providers_come_first_where_there_are_some(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    there = ["TensorrtExecutionProvider", "CUDAExecutionProvider", "OpenVINOExecutionProvider", CPU]
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: there)
    monkeypatch.delenv("DETECT_PROVIDERS", raising=False)
    assert providers() == ("CUDAExecutionProvider", "OpenVINOExecutionProvider", CPU)
    assert providers("cpu") == (CPU,)
    assert providers("openvino, rocm") == ("OpenVINOExecutionProvider", CPU)
    assert "no execution provider rocm" in caplog.text
    monkeypatch.setenv("DETECT_PROVIDERS", "cpu")
    assert providers() == (CPU,)


def test_a_provider_that_fails_is_replaced_by_the_cpu(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, detector: OnnxDetector
):
    def make(card: ModelCard, *, providers: tuple[str, ...], closely: bool) -> OnnxDetector:
        if providers != (CPU,):
            raise ModelRefused("the graphics card is gone")
        return detector

    monkeypatch.setattr("cameras.vision.detector.OnnxDetector", make)
    assert Models(run_on=("CUDAExecutionProvider", CPU)).detector_for("") is detector
    assert "Trying the CPU" in caplog.text


@pytest.mark.parametrize(
    ("there", "used"),
    [
        (["TensorrtExecutionProvider", "CUDAExecutionProvider", CPU], ("CUDAExecutionProvider", CPU)),
        (["OpenVINOExecutionProvider", CPU], ("OpenVINOExecutionProvider", CPU)),
        (["AzureExecutionProvider", CPU], (CPU,)),
    ],
)
def test_a_detector_runs_on_what_onnx_runtime_offers_and_else_on_the_cpu(
    monkeypatch: pytest.MonkeyPatch, detector: OnnxDetector, there: list[str], used: tuple[str, ...]
):
    asked: list[tuple[str, ...]] = []

    def make(card: ModelCard, *, providers: tuple[str, ...], closely: bool) -> OnnxDetector:
        asked.append(tuple(providers))
        return detector

    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: there)
    monkeypatch.delenv("DETECT_PROVIDERS", raising=False)
    monkeypatch.setattr("cameras.vision.detector.OnnxDetector", make)
    assert Models().detector_for("") is detector
    assert asked == [used]
