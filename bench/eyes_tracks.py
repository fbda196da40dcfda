"""Whether identities are kept: our tracker beside ByteTrack, on the same detections of people whose identities are known."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import cv2
import numpy as np

from bench import crossings
from bench.figures import Row
from bench.identities import Frame, Identities, judged
from cameras.vision.detector import OnnxDetector
from cameras.vision.motion import MotionGate
from cameras.vision.picture import Picture
from cameras.vision.tracker import Tracker
from cameras.vision.types import Detection, FrameStamp
from soc.ops.paths import var_dir

SEEDS: Final = range(8)
SCALE: Final = 1000  # ByteTrack thinks in pixels
HERE: Final = Path(__file__).parent / "bytetrack"
BUILD_S: Final = 180
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)

Found = Sequence[Sequence[Detection]]  # a scene: what was detected in each picture


def measure(say: Callable[[str], None]) -> list[Row]:
    """IDF1 and identity switches over SEEDS scenes, each against the best that ByteTrack reaches with any of SETTINGS."""
    detector = OnnxDetector()
    least = detector.card.min_score
    say(f"people whose identities are known: {len(SEEDS)} scenes of {crossings.PICTURES} pictures")
    seen = [_looked_at(seed, detector) for seed in SEEDS]
    truths, scenes = [truth for truth, _ in seen], [found for _, found in seen]
    ours, ms = _ours(truths, scenes)
    note = (
        f"{len(SEEDS)} scenes, {ours.asked} boxes of people, {ours.given} given; "
        f"{sum(len(found) for scene in scenes for found in scene)} detections of score ≥ {least}"
    )
    python = _interpreter(say)
    if python is None:
        missing = (
            "ByteTrack cannot be installed here (no network?): name an interpreter that has it in BYTETRACK_PYTHON"
        )
        return [
            Row("IDF1, people crossing", ours.idf1, "", note=f"{note}; {missing}"),
            Row("identity switches, people crossing", ours.switches, "", note=missing),
            Row("tracker, one frame", ms, "ms", note=missing),
        ]
    theirs = {name: _theirs(python, truths, scenes, settings) for name, settings in settings_for(least).items()}
    figures = "; ".join(f"{name}: {one.idf1:.3f}, {one.switches} switches" for name, (one, _) in theirs.items())
    idf1, switches = max(one.idf1 for one, _ in theirs.values()), min(one.switches for one, _ in theirs.values())
    against = "trackers' ByteTrack"
    return [
        Row("IDF1, people crossing", ours.idf1, "", idf1, against, goal=idf1, at_least=True, note=f"{note}; {figures}"),
        Row("identity switches, people crossing", ours.switches, "", switches, against, goal=switches, note=figures),
        Row(
            "tracker, one frame",
            ms,
            "ms",
            min(took for _, took in theirs.values()),
            against,
            note="medians over frames",
        ),
    ]


def settings_for(least: float) -> dict[str, dict[str, Any]]:
    """As delivered, and as somebody would set it who knows our detector: each figure is held against the best of them."""
    rate = {"frame_rate": crossings.FPS}
    ours = {"track_activation_threshold": least, "high_conf_det_threshold": least}
    return {
        "as delivered": rate,
        "with our threshold": rate | ours,
        "with our threshold and twice the patience": rate | ours | {"lost_track_buffer": 60},
    }


def _looked_at(seed: int, detector: OnnxDetector) -> tuple[list[Frame], Found]:
    """Where people are in a scene, and what gate and detector make of it."""
    gate, truth, scene = MotionGate(), list[Frame](), list[list[Detection]]()
    for number, shown in enumerate(crossings.pictures(seed)):
        picture = Picture.of_bgr(np.asarray(cv2.cvtColor(shown.pixels, cv2.COLOR_RGB2BGR), np.uint8))
        motion = gate.update(picture.y, number / crossings.FPS)
        truth.append(shown.people)
        scene.append([d for d in detector.detect(picture, motion=motion.boxes) if d.kind == "person"])
    return truth, scene


def _ours(truths: Sequence[Sequence[Frame]], scenes: Sequence[Found]) -> tuple[Identities, float]:
    """The figures of our tracker and the median of its milliseconds a frame."""
    total, took = Identities(), list[float]()
    for truth, scene in zip(truths, scenes, strict=True):
        tracker, given = Tracker(), list[Frame]()
        for number, found in enumerate(scene):
            seconds = number / crossings.FPS
            at = BEGAN + timedelta(seconds=seconds)
            stamp = FrameStamp(number, at, at, seconds)
            began = perf_counter()
            tracks = tracker.update(stamp, found)
            took.append((perf_counter() - began) * 1000)
            given.append({track.id: track.box.as_tuple() for track in tracks})
        total += judged(truth, given)
    return total, statistics.median(took)


def _theirs(
    python: str, truths: Sequence[Sequence[Frame]], scenes: Sequence[Found], settings: dict[str, Any]
) -> tuple[Identities, float]:
    """The same of ByteTrack. Raises CalledProcessError where it fails."""
    rows = [[[[d.score, *(SCALE * v for v in d.box.as_tuple())] for d in found] for found in scene] for scene in scenes]
    asked = json.dumps({"settings": settings, "scenes": rows})
    done = subprocess.run([python, str(HERE / "track.py")], input=asked, capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    total = Identities()
    for truth, scene in zip(truths, answer["scenes"], strict=True):
        total += judged(truth, [{int(id): _rect(box) for id, *box in frame} for frame in scene])
    return total, float(answer["ms"])


def _rect(box: Sequence[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (v / SCALE for v in box)
    return x1, y1, x2, y2


def _interpreter(say: Callable[[str], None]) -> str | None:
    """A Python that has ByteTrack: the one that is named, else one made under VAR on first use. None where none can be had."""
    if named := os.environ.get("BYTETRACK_PYTHON"):
        return named
    home = var_dir() / "bytetrack"
    python = home / "bin" / "python"
    if (home / "ready").exists():
        return str(python)
    say("an environment for ByteTrack, once")
    shutil.rmtree(home, ignore_errors=True)
    home.parent.mkdir(parents=True, exist_ok=True)
    install = [sys.executable, "-m", "uv", "pip", "sync", "-q", "--require-hashes", "--python", str(python)]
    try:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True, capture_output=True, timeout=BUILD_S)
        subprocess.run([*install, str(HERE / "requirements.txt")], check=True, capture_output=True, timeout=BUILD_S)
    except (OSError, subprocess.SubprocessError) as error:
        say(f"ByteTrack cannot be installed: {error}")
        return None
    (home / "ready").touch()
    return str(python)
