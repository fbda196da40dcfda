"""A worker rings, a watch process hears it: a hint that costs nobody anything where it is lost."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from cameras.vision.bell import Bell, Dozer, Ring, Ringer, Waker, mark_of
from cameras.vision.slots import SlotWriter, sweep


@pytest.fixture
def bell(tmp_path: Path):
    made = Bell("main", directory=tmp_path)
    yield made
    made.close()


@pytest.fixture
def ringer(tmp_path: Path):
    made = Ringer(directory=tmp_path)
    yield made
    made.close()


def test_what_is_rung_is_heard_in_order(bell, ringer, tmp_path):
    with SlotWriter("c", generation=1, directory=tmp_path, max_width=64, max_height=48) as writer:
        ringer.answered(writer.name, 7)
        ringer.ended(writer.name, 7)
        assert bell.wait(1.0) == [Ring(7, mark_of(writer.name)), Ring(7, None)]
    assert bell.wait(0.0) == []


def test_what_is_held_is_told_with_what_is_told_next(bell, ringer, tmp_path):
    with SlotWriter("c", generation=1, directory=tmp_path, max_width=64, max_height=48) as writer:
        ringer.answered(writer.name, 7, hold=True)
        assert bell.wait(0.0) == []
        ringer.dozes(writer.name, 7)
        assert bell.wait(1.0) == [Ring(7, mark_of(writer.name)), Ring(7, None, dozes=True)]
        ringer.answered(writer.name, 8, hold=True)
        ringer.flush()
        assert bell.wait(1.0) == [Ring(8, mark_of(writer.name))]
        ringer.flush()
        assert bell.wait(0.0) == []


def test_waking_ends_a_wait_and_says_nothing(bell):
    heard: list[list[Ring]] = []
    waiting = threading.Thread(target=lambda: heard.append(bell.wait(20.0)))
    waiting.start()
    bell.wake()
    waiting.join(5)
    assert heard == [[]]


def test_a_bell_nobody_hears_or_nobody_has_is_no_error(bell, ringer, tmp_path):
    with SlotWriter("c", generation=1, directory=tmp_path, max_width=64, max_height=48) as writer:
        for _ in range(10_000):
            ringer.answered(writer.name)  # more than fit
        assert len(bell.wait(0.0)) > 1000
        bell.close()
        ringer.answered(writer.name)
        ringer.answered(writer.name)
        assert not bell.path.exists()


def test_the_bell_of_a_killed_process_is_swept_away(bell, tmp_path):
    dead = tmp_path / "nightdesk.main.999999999.1.bell.0"
    dead.touch()
    assert sweep(directory=tmp_path) == [dead.name]
    assert bell.path.exists()


@pytest.fixture
def dozer(tmp_path: Path):
    made = Dozer("main", directory=tmp_path)
    yield made
    made.close()


@pytest.fixture
def waker(tmp_path: Path):
    made = Waker("main", directory=tmp_path)
    yield made
    made.close()


def is_rung(dozer: Dozer) -> bool:
    return bool(dozer._poll.poll(0))


def test_each_worker_that_dozes_is_woken_once(dozer, waker, tmp_path):
    for _ in range(2):
        with dozer.lie_down():
            assert waker.wake(1, told=True) == 1
            assert is_rung(dozer)
            assert waker.wake(1, told=True) == 0
            assert Waker("main", directory=tmp_path).wake(1) == 0
            dozer.wait(0.0)
        assert waker.wake(1, told=True) == 0
    with dozer.lie_down():
        assert waker.wake(5) == 1


def test_who_is_known_to_doze_is_woken_without_a_look_for_others(dozer, waker, monkeypatch):
    with dozer.lie_down():
        assert waker.wake(1) == 1
    monkeypatch.setattr(os, "listdir", None)
    with dozer.lie_down():
        assert waker.wake(1) == 1
    assert waker.wake(1) == 0  # too soon to look, and nobody told of another


def test_a_worker_that_was_killed_while_it_dozed_is_nobody_to_wake(dozer, waker, tmp_path):
    with dozer.lie_down():
        assert waker.wake(1) == 1
    dozer.lie_down()
    os.close(dozer._pipe)  # what its end leaves of it
    dozer._pipe = -1
    assert waker.wake(1, told=True) == 0
    with (successor := Dozer("main", directory=tmp_path)).lie_down():
        assert waker.wake(1, told=True) == 1
        assert is_rung(successor)
    successor.close()


def test_a_worker_whose_pipe_was_made_anew_is_woken_all_the_same(dozer, waker, tmp_path):
    with dozer.lie_down():
        assert waker.wake(1) == 1
    dozer.close()
    with (anew := Dozer("main", directory=tmp_path)).lie_down():
        assert waker.wake(1) == 1
        assert is_rung(anew)
    anew.close()
    assert not list(tmp_path.iterdir())
