"""What the gate costs and lets pass, and what comes of scenes in which nobody is.

EYES_LONG=1 takes every variation at full length. EYES_FOOTAGE names a folder with `no_person/`: photographs without people.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench import scenes
from bench.figures import Row
from cameras.vision.detector import OnnxDetector
from cameras.vision.ingest import Frame
from cameras.vision.motion import MotionGate
from cameras.vision.picture import Picture
from cameras.vision.pipeline import Eye
from cameras.vision.types import Box, Detection, Motion, ZoneShape

Say = Callable[[str], None]
Luma = NDArray[np.uint8]

LONG: Final = bool(os.environ.get("EYES_LONG"))
VARIATIONS: Final = 60
RUNS: Final = 5
SURE: Final = 0.6  # a person of this score is there
# A van and a car, parked at the edge of the street: measured in its picture by hand.
PARKED: Final = (Box(0.847, 0.077, 0.943, 0.175), Box(0.955, 0.088, 1.0, 0.162))
PARKED_CLIPS, PARKED_EVERY, HIT = ("empty", "quiet", "street", "intrusion_a"), 10, 0.5
COST, PASSING, FIRING = 25.0, 99.0, 1.0  # the goals, in per cent


def measure(say: Say) -> list[Row]:
    """All rows."""
    detector = OnnxDetector()
    street = [frame.picture for frame in (scenes.frame_of(image, n) for n, image in enumerate(scenes.clip("street")))]
    lumas = [picture.y for picture in street]
    say("the gate against MOG2")
    rows = [cost(lumas)]
    say("what the gate lets pass")
    seen = {n: _people(detector, street[n]) for n in range(20, len(street), 1 if LONG else 3)}
    rows += [*passing(lumas, seen), firing()]
    for name in ("quiet", "foliage"):
        say(f"{VARIATIONS} variations of the {name} scene")
        rows.append(false_candidates(detector, name))
    say("stills with the gate open")
    rows.append(false_on_stills(detector))
    rows.append(vehicles(detector))
    return rows


# --- the gate


def cost(lumas: Sequence[Luma]) -> Row:
    """Processor time of the gate over that of MOG2 in its place: both shrink the frames alike, MOG2 gives no boxes."""
    ours, theirs = [], []
    for _ in range(RUNS):
        ours.append(_ms_a_frame(lumas, MotionGate().update))
        theirs.append(_ms_a_frame(lumas, _mixture()))
    value, baseline = statistics.median(ours), statistics.median(theirs)
    return Row(
        "motion gate, processor time",
        100 * value / baseline,
        "% of MOG2",
        goal=COST,
        note=f"{value:.3f} against {baseline:.3f} ms a frame of 768×576 full of people, shrinking in both; "
        f"medians of {RUNS} runs over {len(lumas)} frames",
    )


def _mixture() -> Callable[[Luma, float], object]:
    shrink, mixture = MotionGate()._small, cv2.createBackgroundSubtractorMOG2()

    def update(luma: Luma, _: float) -> object:
        return mixture.apply(shrink(luma))

    return update


def _ms_a_frame(lumas: Sequence[Luma], work: Callable[[Luma, float], object]) -> float:
    began = time.thread_time()
    for n, luma in enumerate(lumas):
        work(luma, n / scenes.FPS)
    return (time.thread_time() - began) * 1000 / len(lumas)


def passing(lumas: Sequence[Luma], seen: dict[int, list[Detection]]) -> list[Row]:
    """Of the frames in which the detector is sure of a person: those in which the gate names a place that moves (that it
    is still held open does not count), and those people whose place it names."""
    gate = MotionGate()
    frames = open_frames = people = covered = 0
    for n, luma in enumerate(lumas):
        motion = gate.update(luma, n / scenes.FPS)
        if sure := seen.get(n):
            frames += 1
            open_frames += bool(motion.boxes)
            people += len(sure)
            covered += sum(any(_shares(one.box, moved) for moved in motion.boxes) for one in sure)
    truth = f"truth: the detector sees a person with {SURE} or more"
    return [
        Row(
            "person frames that pass the gate",
            100 * open_frames / frames,
            "%",
            goal=PASSING,
            at_least=True,
            note=f"{open_frames} of {frames} frames of the street, {truth}",
        ),
        Row("people whose place the gate names", 100 * covered / people, "%", note=f"{covered} of {people}; {truth}"),
    ]


def _shares(person: Box, moved: Box) -> bool:
    return person.intersection(moved) > 0.1 * person.area


def firing() -> Row:
    """A scene in which nothing happens, under the noise of a good, a poor and a night camera."""
    scene = cv2.cvtColor(scenes.clip("empty", 1)[0], cv2.COLOR_BGR2GRAY).astype(np.float32)
    rng = np.random.default_rng(1)
    fired = frames = 0
    for strength in (2.0, 6.0, 12.0):
        gate = MotionGate()
        grain = [np.asarray(rng.normal(0, strength, scene.shape), np.float32) for _ in range(7)]
        for n in range(1000 if LONG else 150):
            noise = np.roll(grain[n % 7], n * 13, axis=1)
            fired += gate.update((scene + noise).clip(0, 255).astype(np.uint8), n / scenes.FPS).active
            frames += 1
    note = f"{fired} of {frames} frames of an empty scene with sensor noise of 2, 6 and 12 grey levels"
    return Row("firing on a static noisy scene", 100 * fired / frames, "%", goal=FIRING, note=note)


# --- the whole chain where nobody is


class OpenGate(MotionGate):
    """Lets everything pass, and names places at random for a closer look."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self._random = np.random.default_rng(seed)

    def update(self, luma: Luma, monotonic: float) -> Motion:
        x, y, w, h = self._random.uniform((0.0, 0.0, 0.05, 0.08), (0.7, 0.7, 0.15, 0.25))
        return Motion(1.0, (Box(x, y, x + w, y + h),), False, True)


def false_candidates(detector: OnnxDetector, name: str) -> Row:
    """Candidates of a clip's variations: as the gate judges, and with the gate held open; where the gate opens often by
    itself, only every sixth."""
    pictures = scenes.clip(name)
    count = 300 if LONG else 40
    looks = found = opened = 0
    for seed in range(VARIATIONS):
        a, b = _chain(detector, scenes.varied(pictures, seed, count), MotionGate())
        looks, found = looks + a, found + b
        if LONG or name == "quiet" or seed % 6 == 0:
            a, b = _chain(detector, scenes.varied(pictures, 1000 + seed, 20), OpenGate(seed))
            looks, found, opened = looks + a, found + b, opened + 1
    what = (
        f"{VARIATIONS} variations of {count / scenes.FPS:.0f} s, {opened} more of 2 s with the gate open, "
        f"{looks} pictures inferred"
    )
    return _false(f"false candidates, {name} scene", found, VARIATIONS + opened, what)


def false_on_stills(detector: OnnxDetector) -> Row:
    """Candidates of photographs without people, panned and cut in behind an empty scene, the gate open."""
    pictures, whose = scenes.stills()
    before = scenes.clip("empty", 1)[0]
    again = -(-VARIATIONS * (4 if LONG else 1) // len(pictures))
    looks = found = clips = 0
    for n, still in enumerate(pictures.values()):
        for turn in range(again):
            a, b = _chain(detector, scenes.panned(still, before, 100 * n + turn, 24), OpenGate(n))
            looks, found, clips = looks + a, found + b, clips + 1
    what = f"{clips} pans of 2 s over {len(pictures)} stills ({whose}), {looks} pictures inferred"
    return _false("false candidates, stills cut in", found, clips, what)


def _chain(detector: OnnxDetector, frames: Iterable[Frame], gate: MotionGate) -> tuple[int, int]:
    """(pictures inferred, candidates of people) with a zone over the whole picture and half a second's dwell; stays that were
    shorter are candidates too.
    """
    zone = ZoneShape.whole_picture(dwell_s=0.5, classes=frozenset({"person"}))
    eye = Eye(detector, [zone], gate=gate)
    looks = found = 0
    for frame in frames:
        step = eye.see(frame)
        looks += step.inferred
        found += len(step.sightings) + len(step.short)
    return looks, found


def _false(figure: str, found: int, clips: int, what: str) -> Row:
    bound = (
        f"so fewer than {300 / clips:.1f} % of such clips, 95 times of 100 (3/n)"
        if not found
        else "no bound: there were some"
    )
    return Row(figure, float(found), "", goal=0.0, note=f"{found} in {clips} clips: {what}; {bound}")


def _people(detector: OnnxDetector, picture: Picture) -> list[Detection]:
    return [one for one in detector.detect(picture, min_score=SURE) if one.label == "person"]


def vehicles(detector: OnnxDetector) -> Row:
    """The only vehicles in the project's footage are two that stand, 70 and 35 pixels wide: how often each picture shows
    them, and what else is taken for one. It says little of vehicles elsewhere.
    """
    found = wrong = there = 0
    for name in PARKED_CLIPS:
        for image in scenes.clip(name)[::PARKED_EVERY]:
            seen = [one.box for one in detector.detect(Picture.of_bgr(image)) if one.kind == "vehicle"]
            there += len(PARKED)
            found += sum(any(box.iou(truth) >= HIT for box in seen) for truth in PARKED)
            wrong += sum(all(box.iou(truth) < HIT for truth in PARKED) for box in seen)
    return Row(
        "parked vehicles found",
        100 * found / there,
        "%",
        note=f"{found} of {there}: two that stand at the edge, in every {PARKED_EVERY}th picture of {', '.join(PARKED_CLIPS)}; "
        f"{wrong} more boxes of vehicles that are none; whole picture, score ≥ {detector.card.min_score}",
    )
