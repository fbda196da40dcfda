"""A worker rings, a watch process hears it: a hint that costs nobody anything where it is lost."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from cameras.vision.bell import DOZE, Bell, Ring, Ringer, mark_of, wake
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


def test_each_worker_that_dozes_is_woken_once(tmp_path):
    with Bell("main", key=DOZE, directory=tmp_path) as dozing:
        assert wake("main", 1, directory=tmp_path) == 1
        assert wake("main", 1, directory=tmp_path) == 0
        assert dozing._poll.poll(0)
    with Bell("main", key=DOZE, directory=tmp_path):
        assert wake("main", 5, directory=tmp_path) == 1
