from __future__ import annotations

import numpy as np
import pytest

from cameras.vision.tracker import Tracker
from cameras.vision.types import Box, Detection, Track

from .conftest import NOON, stamp_at


def person(x: float, y: float = 0.5, score: float = 0.6, label: str = "person") -> Detection:
    return Detection(label, score, Box(x, y, x + 0.08, y + 0.3))


def walk(
    tracker: Tracker, seconds: float, *, fps: float = 5, start: float = 0.0, x: float = 0.1, speed: float = 0.05
) -> list[tuple[Track, ...]]:
    times = np.arange(start, start + seconds, 1 / fps)
    return [tracker.update(stamp_at(float(t)), [person(x + speed * float(t - start))]) for t in times]


def test_a_track_is_given_out_after_three_hits_and_keeps_its_identity():
    seen = walk(Tracker(), 3.0)
    assert [len(tracks) for tracks in seen[:4]] == [0, 0, 1, 1]
    assert {t.id for tracks in seen for t in tracks} == {1}
    last = seen[-1][0]
    assert last.first_seen == NOON
    assert last.hits == 15
    assert last.path[0][1] == pytest.approx(0.14)
    assert last.path[-1][1:] == last.box.foot


def test_one_flash_is_nobody():
    tracker = Tracker()
    assert tracker.update(stamp_at(0), [person(0.1)]) == ()
    assert tracker.update(stamp_at(5), []) == ()
    assert tracker.following == 0


def test_a_gap_of_under_two_seconds_keeps_the_identity():
    tracker = Tracker()
    walk(tracker, 2.0, speed=0.1)
    assert tracker.update(stamp_at(2.0), []) == ()
    after = walk(tracker, 1.0, start=3.4, x=0.1 + 0.34, speed=0.1)
    assert {t.id for tracks in after for t in tracks} == {1}


def test_a_longer_gap_is_somebody_new():
    tracker = Tracker()
    walk(tracker, 2.0)
    after = walk(tracker, 2.0, start=12.0)
    assert {t.id for tracks in after for t in tracks} == {2}


def test_fast_movement_without_overlap_is_one_track():
    tracker = Tracker()
    seen = [tracker.update(stamp_at(n / 5), [person(0.05 + 0.1 * n)]) for n in range(8)]
    assert {t.id for tracks in seen for t in tracks} == {1}


def test_two_people_who_pass_each_other_stay_two():
    tracker = Tracker()
    ids: dict[str, set[int]] = {"left": set(), "right": set()}
    for n in range(40):
        left, right = 0.1 + 0.018 * n, 0.8 - 0.018 * n
        tracks = tracker.update(stamp_at(n / 8), [person(left, 0.3), person(right, 0.6)])
        for track in tracks:
            ids["left" if track.box.y1 < 0.45 else "right"].add(track.id)
    assert len(ids["left"]) == 1
    assert len(ids["right"]) == 1


def test_a_person_is_never_matched_to_a_car_but_a_van_may_be_a_truck():
    tracker = Tracker(confirm_hits=1)
    tracker.update(stamp_at(0.0), [person(0.1)])
    assert tracker.update(stamp_at(0.2), [person(0.1, label="car")])[0].id == 2
    track = tracker.update(stamp_at(0.4), [person(0.1, label="truck", score=0.9)])[0]
    assert (track.id, track.label) == (2, "truck")


def test_far_apart_detections_are_two():
    tracker = Tracker(confirm_hits=1)
    tracker.update(stamp_at(0.0), [person(0.1)])
    assert tracker.update(stamp_at(0.2), [person(0.7)])[0].id == 2


def test_the_best_score_is_kept():
    tracker = Tracker(confirm_hits=1)
    tracker.update(stamp_at(0.0), [person(0.1, score=0.9)])
    track = tracker.update(stamp_at(0.2), [person(0.1, score=0.4)])[0]
    assert (track.score, track.best_score) == (0.4, 0.9)


def test_tracks_end_without_frames_too():
    tracker = Tracker()
    walk(tracker, 1.0)
    assert tracker.following == 1
    tracker.expire(10.0)
    assert tracker.following == 0
