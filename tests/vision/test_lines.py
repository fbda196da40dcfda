"""Who crosses a line, tells to which side; who stands on it or goes round its end has not crossed."""

from __future__ import annotations

import numpy as np
import pytest

from cameras.vision import lines
from cameras.vision.lines import LineWatch
from cameras.vision.types import Box, Point

UPWARDS = ((0.5, 0.9), (0.5, 0.1))  # as somebody goes who walks up the picture: left of it is where x is smaller
LEVEL = ((0.1, 0.6), (0.9, 0.6))


def at(x: float, y: float, size: float = 0.04) -> Box:
    """The box of somebody whose feet are here."""
    return Box(x - size / 2, y - 2 * size, x + size / 2, y)


def crossings(line: tuple[Point, Point], way: list[Point], **kwargs) -> list[str]:
    watch = LineWatch(line, **kwargs)
    return [side for x, y in way if (side := watch.update(at(x, y))) is not None]


def straight(start: Point, end: Point, steps: int = 20) -> list[Point]:
    return [(float(x), float(y)) for x, y in np.linspace(start, end, steps)]


@pytest.mark.parametrize(
    ("line", "start", "end", "sides"),
    [
        (UPWARDS, (0.2, 0.5), (0.8, 0.5), ["right"]),
        (UPWARDS, (0.8, 0.5), (0.2, 0.5), ["left"]),
        (UPWARDS[::-1], (0.2, 0.5), (0.8, 0.5), ["left"]),
        (LEVEL, (0.5, 0.4), (0.5, 0.8), ["right"]),
        (LEVEL, (0.5, 0.8), (0.5, 0.4), ["left"]),
        (LEVEL, (0.2, 0.3), (0.8, 0.9), ["right"]),
        (UPWARDS, (0.2, 0.95), (0.8, 0.95), []),  # below its end
        (UPWARDS, (0.2, 0.5), (0.495, 0.5), []),  # up to it
        (LEVEL, (0.2, 0.6), (0.8, 0.6), []),  # along it
    ],
)
def test_a_straight_walk(line, start, end, sides):
    assert crossings(line, straight(start, end)) == sides


def test_there_and_back_is_two_crossings():
    way = straight((0.3, 0.5), (0.7, 0.5)) + straight((0.7, 0.5), (0.3, 0.5))
    assert crossings(UPWARDS, way) == ["right", "left"]


def test_round_the_end_is_none_though_the_sides_have_changed():
    way = straight((0.3, 0.5), (0.3, 0.95)) + straight((0.3, 0.95), (0.7, 0.97)) + straight((0.7, 0.97), (0.7, 0.5))
    assert crossings(UPWARDS, way) == []
    assert crossings(UPWARDS, way + straight((0.7, 0.5), (0.3, 0.5))) == ["left"]


def test_one_look_beyond_is_no_crossing():
    assert crossings(UPWARDS, [(0.4, 0.5), (0.4, 0.5), (0.6, 0.5), (0.4, 0.5), (0.4, 0.5)]) == []


def test_who_begins_on_the_line_has_not_crossed_it():
    assert crossings(UPWARDS, straight((0.5, 0.5), (0.8, 0.5))) == []


def jitter(seed: int) -> list[Point]:
    """Up to the line, a minute on it, and back again."""
    rng = np.random.default_rng(seed)
    stand = [(0.5 + float(rng.normal(0, 0.003)), 0.5 + float(rng.normal(0, 0.003))) for _ in range(300)]
    return [*straight((0.3, 0.5), (0.498, 0.5)), *stand, *straight((0.498, 0.5), (0.3, 0.5))]


@pytest.mark.parametrize("seed", range(5))
def test_who_stands_on_the_line_has_not_crossed_it(seed):
    assert crossings(UPWARDS, jitter(seed)) == []


def test_without_the_margin_standing_would_be_crossing(monkeypatch):
    monkeypatch.setattr(lines, "UNSURE", (0.0, 0.0))
    assert crossings(UPWARDS, jitter(0))


def oracle(line: tuple[Point, Point], way: list[Point]) -> list[str]:
    """The same told otherwise: between two looks that are certain, the way met the segment an odd number of times."""
    watch, (a, b) = LineWatch(line), line
    found, firm, met = [], 0, 0

    def turn(p: Point, q: Point, r: Point) -> float:
        return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])

    for before, here in zip([way[0], *way], way, strict=False):
        met += turn(a, b, before) * turn(a, b, here) < 0 and turn(before, here, a) * turn(before, here, b) < 0
        off = -turn(a, b, here) / float(np.hypot(b[0] - a[0], b[1] - a[1]))
        if abs(off) <= watch._unsure(at(*here)):
            continue
        side = 1 if off > 0 else -1
        if firm == -side and met % 2:
            found.append("left" if side > 0 else "right")
        firm, met = side, 0
    return found


@pytest.mark.parametrize("seed", range(30))
def test_a_random_walk_crosses_as_often_as_a_simple_oracle_says(seed):
    rng = np.random.default_rng(seed)
    line = tuple((float(x), float(y)) for x, y in rng.uniform(0.3, 0.7, (2, 2)))
    steps = rng.normal(0, 0.04, (400, 2))
    way = [(0.5, 0.5)]
    for dx, dy in steps:
        way.append((float(np.clip(way[-1][0] + dx, 0.1, 0.9)), float(np.clip(way[-1][1] + dy, 0.15, 0.9))))
    found = crossings(line, way, looks=1)
    assert found == oracle(line, way)
    assert len(crossings(line, way, looks=2)) <= len(found)
