"""The best picture of a track: large, sure, whole, and not changed for nothing."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from cameras.vision import best
from cameras.vision.best import BestShots, Shot, worth
from cameras.vision.picture import Picture
from cameras.vision.snapshot import decode
from cameras.vision.types import Box, FrameStamp

from .conftest import NOON


def at(number: int) -> FrameStamp:
    moment = NOON + timedelta(seconds=number / 5)
    return FrameStamp(number, moment, moment, number / 5)


def grey(level: int) -> Picture:
    return Picture.of_bgr(np.full((72, 128, 3), level, np.uint8))


def person(height: float, left: float = 0.4, top: float = 0.1) -> Box:
    return Box(left, top, left + height / 3, top + height)


def best_of(shots: BestShots, track: int) -> Shot:
    shot = shots.of(track)
    assert shot is not None
    return shot


def test_somebody_who_comes_nearer_is_shown_near_and_not_when_half_out_of_the_picture():
    shots = BestShots()
    for number in range(20):
        shots.offer(1, grey(number), at(number), person(0.1 + number * 0.04), 0.9)
    near = best_of(shots, 1)
    assert near.box.height > 0.7
    shots.offer(1, grey(99), at(21), Box(0.3, 0.02, 0.9, 1.0), 0.9)
    assert best_of(shots, 1) == near
    shots.offer(1, grey(98), at(22), person(0.88), 0.3)
    assert best_of(shots, 1) == near


def test_a_hardly_better_picture_changes_nothing():
    shots = BestShots()
    shots.offer(1, grey(1), at(1), person(0.5), 0.80)
    first = best_of(shots, 1)
    for number in range(2, 12):
        shots.offer(1, grey(number), at(number), person(0.5 + number * 0.004), 0.81)
    assert best_of(shots, 1) == first


def test_what_has_stood_for_long_is_a_jpeg_and_its_planes_are_let_go():
    shots = BestShots()
    shots.offer(1, grey(77), at(0), person(0.5), 0.8)
    shots.settle(best.SETTLED_S - 0.5)
    assert best_of(shots, 1).picture is not None
    shots.settle(best.SETTLED_S + 0.5)
    settled = best_of(shots, 1)
    assert settled.picture is None
    assert settled.jpeg is not None
    assert abs(decode(settled.taken().jpeg).y.mean() - 77) < 20
    assert len(settled.taken().jpeg) < 20_000


def in_a_crowd(monkeypatch: pytest.MonkeyPatch, room: int) -> list[bool]:
    """Of six who came one after the other, the last two in one picture, whose pictures still have their planes."""
    monkeypatch.setattr(best, "ROOM", room)
    shots, together = BestShots(), grey(60)
    for track in range(6):
        shots.offer(track, together if track > 3 else grey(track), at(track), person(0.4), 0.8)
        shots.settle(track / 5)
    shots.settle(1.2)
    assert all((shot := best_of(shots, track)).picture is None or shot.jpeg is None for track in range(6))
    return [best_of(shots, track).picture is not None for track in range(6)]


def test_of_many_pictures_the_oldest_are_made_small_at_once(monkeypatch: pytest.MonkeyPatch):
    each = 128 * 72 * 3 // 2
    assert in_a_crowd(monkeypatch, 3 * each) == [False, False, True, True, True, True]
    assert in_a_crowd(monkeypatch, each - 1) == [False] * 4 + [True] * 2  # the newest may yet be asked for


def test_with_room_for_all_a_crowds_pictures_would_stay_as_they_are(monkeypatch: pytest.MonkeyPatch):
    assert in_a_crowd(monkeypatch, 1 << 30) == [True] * 6


def test_memory_is_bounded_by_the_number_of_tracks_and_the_longest_unseen_goes_first():
    shots = BestShots(most=3)
    for track in range(1, 4):
        shots.offer(track, grey(track), at(track), person(0.4), 0.8)
    shots.offer(1, grey(9), at(5), person(0.1), 0.8)  # no better, but seen
    shots.offer(4, grey(4), at(6), person(0.4), 0.8)
    assert shots.of(2) is None
    assert [shots.of(track) is not None for track in (1, 3, 4)] == [True] * 3


def test_being_cut_off_costs_more_than_a_little_size():
    whole, half = Box(0.4, 0.2, 0.6, 0.8), Box(0.4, 0.3, 0.65, 1.0)
    assert worth(whole, 0.9) > worth(half, 0.9)
    assert worth(half, 0.9) > worth(half, 0.9) * best.CUT_OFF
