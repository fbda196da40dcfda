"""What it costs to judge how a camera is, and how long it takes until what befalls it is told.

The project's footage with a sensor's grain, a look a second in its own time, and in the middle of it a lens that is sprayed, a
camera that is turned aside, or the same picture for ever.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from bench import scenes
from bench.figures import Row
from cameras.vision.condition import ConditionWatch, Limits
from cameras.vision.motion import MotionGate

Luma = NDArray[np.uint8]
Befalls = Callable[[Luma], Luma] | None  # None: the same picture for ever

SCENES: Final = ("empty", "street", "foliage")
PHASES: Final = 5  # of a second, at which it happens between two looks
BEFORE_S, WITHIN_S = 20, 20  # seconds before, and at most after it must have lasted
GRAIN: Final = 2.0  # grey levels
RUNS, LOOKS = 5, 60


def measure(say: Callable[[str], None]) -> list[Row]:
    """All rows."""
    lumas = {name: _lumas(name) for name in SCENES}
    rows = [cost(lumas["street"])]
    say(f"a judgement of a camera's condition: {rows[0].value:.2f} ms")
    limits = Limits()
    for what, kind, least_s, befalls in (
        ("blinded", "blinded", limits.blinded_s, _sprayed),
        ("moved", "moved", limits.shifted_s, _aside),
        ("frozen", "frozen", limits.frozen_s, None),
    ):
        rows.append(delay(lumas, what, kind, least_s, befalls))
        say(f"{what}: told after {rows[-1].value:.1f} s")
    return rows


def cost(lumas: list[Luma]) -> Row:
    """Processor time of one look, beside the gate's for the same picture."""
    ours: list[float] = []
    gates: list[float] = []
    for run in range(RUNS):
        grainy = list(_grainy(lumas, run, LOOKS))
        for took, judge in ((gates, MotionGate().update), (ours, ConditionWatch(reference=lumas[0]).update)):
            began = time.thread_time()
            for second, luma in enumerate(grainy):
                judge(luma, float(second))
            took.append(1000 * (time.thread_time() - began) / LOOKS)
    return Row(
        "condition of a camera, processor time of a look",
        statistics.median(ours),
        "ms",
        statistics.median(gates),
        "the motion gate of the same picture",
        note=f"768×576, a look a second; medians of {RUNS} runs over {LOOKS} looks",
    )


def delay(lumas: dict[str, list[Luma]], what: str, kind: str, least_s: float, befalls: Befalls) -> Row:
    """Seconds from when it befalls a camera until it is told; the least is how long it must last to count."""
    took: list[float] = []
    missed = early = 0
    for pictures in lumas.values():
        for phase in range(PHASES):
            happens = BEFORE_S + phase / PHASES
            told = _told(pictures, phase, happens, befalls, seconds=BEFORE_S + int(least_s) + WITHIN_S)
            early += sum(at < happens for _, at in told)
            after = [at - happens for one, at in told if one == kind and at >= happens]
            took += after[:1]
            missed += not after
    return Row(
        f"camera {what} → told",
        statistics.median(took) if took else float("inf"),
        "s",
        least_s,
        "so long it must last",
        note=f"{len(took)} of {len(lumas) * PHASES} times, {missed} missed, {early} told before; largest "
        f"{max(took, default=0.0):.1f}; the street, the same empty, foliage; a look a second",
    )


def _told(
    pictures: list[Luma], seed: int, happens: float, befalls: Befalls, *, seconds: int
) -> list[tuple[str, float]]:
    """(kind, when it was told) of everything that began."""
    watch = ConditionWatch(reference=pictures[0])
    told: list[tuple[str, float]] = []
    luma = pictures[0]
    for second, seen in enumerate(_grainy(pictures, seed, seconds)):
        if second < happens:
            luma = seen
        elif befalls is not None:
            luma = _grain(befalls(pictures[second % len(pictures)]), second)
        told += [(one.kind, float(second)) for one in watch.update(luma, float(second), fps=scenes.FPS) if one.began]
    return told


def _sprayed(luma: Luma) -> Luma:
    return np.full_like(luma, 60)


def _aside(luma: Luma) -> Luma:
    height, width = luma.shape
    across = np.array([[1.0, 0.0, 0.15 * width], [0.0, 1.0, 0.0]])
    return np.asarray(cv2.warpAffine(luma, across, (width, height), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _lumas(name: str) -> list[Luma]:
    """A picture for each second of a clip."""
    pictures = scenes.clip(name)
    return [np.asarray(cv2.cvtColor(one, cv2.COLOR_BGR2GRAY), np.uint8) for one in pictures[:: int(scenes.FPS)]]


def _grainy(lumas: list[Luma], seed: int, count: int) -> Iterator[Luma]:
    for second in range(count):
        yield _grain(lumas[second % len(lumas)], 1000 * seed + second)


@cache
def _noises(shape: tuple[int, ...]) -> list[NDArray[np.float32]]:
    chance = np.random.default_rng(5)
    return [chance.normal(0.0, GRAIN, shape).astype(np.float32) for _ in range(7)]


def _grain(luma: Luma, seed: int) -> Luma:
    noise = np.roll(_noises(luma.shape)[seed % 7], seed * 13, axis=1)
    return np.asarray((luma + noise).clip(0, 255), np.uint8)
