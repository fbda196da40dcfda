"""The judge of trackers, on cases small enough to count by hand."""

from __future__ import annotations

import pytest

from bench.identities import Identities, judged

LEFT, RIGHT = (0.1, 0.1, 0.2, 0.4), (0.7, 0.1, 0.8, 0.4)
BOTH = [{1: LEFT, 2: RIGHT}] * 10


def test_perfect_tracks_have_everything_right():
    found = judged(BOTH, [{7: LEFT, 8: RIGHT}] * 10)
    assert found == Identities(right=20, given=20, asked=20, switches=0)
    assert found.idf1 == 1.0


def test_two_who_swap_half_way_are_two_switches_and_half_right():
    found = judged(BOTH, [{7: LEFT, 8: RIGHT}] * 5 + [{7: RIGHT, 8: LEFT}] * 5)
    assert (found.idf1, found.switches) == (pytest.approx(0.5), 2)


def test_a_new_identity_after_a_gap_is_a_switch():
    found = judged([{1: LEFT}] * 10, [{7: LEFT}] * 4 + [{}] * 2 + [{9: LEFT}] * 4)
    assert (found.right, found.given, found.asked, found.switches) == (4, 8, 10, 1)


def test_boxes_that_are_nobody_and_people_nobody_saw_count():
    found = judged([{1: LEFT}] * 4, [{7: RIGHT}] * 4)
    assert (found.right, found.switches, found.idf1) == (0, 0, 0.0)


def test_who_still_fits_is_not_taken_for_somebody_nearer():
    near = (0.11, 0.1, 0.21, 0.4)
    found = judged([{1: LEFT}] * 2, [{7: near}, {7: near, 8: LEFT}])
    assert found.switches == 0


def test_nobody_to_follow_is_perfect_and_scenes_add_up():
    assert judged([{}], [{}]).idf1 == 1.0
    assert Identities(1, 2, 3, 4) + Identities(1, 1, 1, 1) == Identities(2, 3, 4, 5)
