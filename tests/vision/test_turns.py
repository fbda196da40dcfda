"""Whose turn it is: urgent first, everybody in the end, and nothing that shows the past."""

from __future__ import annotations

from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from cameras import tasks
from cameras.tasks import DOZE_S, take_turns
from cameras.vision.bell import Dozer, Waker
from cameras.vision.card import load_card
from cameras.vision.slots import CLAIM_S, EARLY_S, SlotFrame, SlotReader, SlotWriter
from cameras.vision.turns import LOOK_AGAIN_S, STALE_S, Turns
from cameras.vision.types import Box, Detection, FrameStamp

from . import conftest
from .conftest import stamp_at

PERSON = Detection("person", 0.75, Box(0.25, 0.25, 0.5, 0.75))
COSTS_S, EVERY_S = 0.02, 0.2
PICTURE = conftest.picture(64, 48)


class Clock:
    """Monotonic seconds that pass when somebody works."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Detector:
    """Finds a person in every picture, in COSTS_S each. `during` is called while it looks."""

    sha256 = "d"
    card = load_card()

    def __init__(self, clock: Clock) -> None:
        self.clock, self.asked = clock, list[tuple[str, float | None]]()
        self.during = lambda: None

    def detector_for(self, name: str) -> Detector:
        self.model = self.name = name
        return self

    def detect(self, shown, *, motion=(), min_score=None):
        self.asked.append((self.model, min_score))
        self.clock.now += COSTS_S
        self.during()
        return [PERSON]


class Camera:
    """Puts a frame five times a second into its slot and takes the answers. `sparing`: as a watcher does, which copies none
    that the next one replaces before a worker comes.
    """

    def __init__(self, writer: SlotWriter, weight: int, first: float = 0.0, *, sparing: bool = False) -> None:
        self.writer, self.weight, self.next_at, self.number = writer, weight, first, 0
        self.looks, self.ages, self.stale = 0, list[float](), 0
        self.sparing, self.held = sparing, list[FrameStamp]()

    def act(self, now: float) -> None:
        if (result := self.writer.take_result()) is not None:
            self.stale += result.stale
            self.looks += not result.stale
            self.ages.append(now - result.stamp.monotonic)
        if now >= self.next_at and (self.sparing or not self.writer.busy(now)):
            self.number, self.next_at = self.number + 1, now + EVERY_S
            self.held = [stamp_at(now, self.number)]
        if self.held and not self.writer.busy(now) and not (self.sparing and self.spares(self.held[0], now)):
            self.writer.put(PICTURE, self.held.pop(), weight=self.weight)

    def spares(self, stamp: FrameStamp, now: float) -> bool:
        return self.writer.spares(stamp.monotonic, now, weight=self.weight, every_s=EVERY_S)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def slots(tmp_path: Path):
    """make(name) → writer; all are taken away with the test."""
    made: list[SlotWriter] = []

    def make(name: str) -> SlotWriter:
        made.append(SlotWriter(name, generation=1, directory=tmp_path, max_width=64, max_height=48))
        return made[-1]

    yield make
    for writer in made:
        writer.close()


@pytest.fixture
def turns(tmp_path: Path):
    mine = Turns("main", directory=tmp_path)
    yield mine
    mine.close()


def overloaded(
    slots, turns: Turns, clock: Clock, weights: list[int], seconds: float, *, sparing: bool = False
) -> list[Camera]:
    """One worker that looks at 50 frames a second, and cameras that want more, one a little after the other."""
    cameras = [
        Camera(slots(f"c{n}"), weight, clock.now + EVERY_S * n / len(weights) if sparing else 0.0, sparing=sparing)
        for n, weight in enumerate(weights)
    ]
    watch(cameras, turns, clock, seconds)
    return cameras


def watch(cameras: list[Camera], turns: Turns, clock: Clock, seconds: float) -> None:
    detector = Detector(clock)
    end = clock.now + seconds
    while clock.now < end:
        for camera in cameras:
            camera.act(clock.now)
        if not take_turns(turns, detector.detector_for, now=clock, go_on_s=0.0):
            clock.now += 0.005


def test_cameras_of_one_weight_take_turns(slots, turns, clock):
    cameras = overloaded(slots, turns, clock, [1] * 20, 10.0)
    looks = [camera.looks for camera in cameras]
    assert 20 * 23 <= sum(looks) <= 500
    assert max(looks) - min(looks) <= 2


def test_urgent_cameras_come_up_more_often_and_none_starves(slots, turns, clock):
    cameras = overloaded(slots, turns, clock, [8] * 10 + [4] * 10 + [1] * 10, 30.0)
    shares = Counter[int]()
    for camera in cameras:
        shares[camera.weight] += camera.looks
    assert shares[8] > 1.5 * shares[4] > 4 * shares[1], shares
    assert min(camera.looks for camera in cameras) >= 5


def test_overload_makes_no_frame_old(slots, turns, clock):
    cameras = overloaded(slots, turns, clock, [1] * 40, 5.0)
    assert max(age for camera in cameras for age in camera.ages) <= 0.4
    assert sum(camera.stale for camera in cameras) == 0


def test_what_the_next_frame_replaces_before_its_turn_is_not_copied(slots, turns, clock):
    """At twice what can be done about every second frame is looked at, and hardly more are copied; they are no older for it."""
    cameras = overloaded(slots, turns, clock, [1] * 20, 10.0, sparing=True)
    looks = sum(camera.looks for camera in cameras)
    assert looks >= 490
    assert max(camera.looks for camera in cameras) - min(camera.looks for camera in cameras) <= 6
    assert sum(camera.writer.counts.put for camera in cameras) < 1.5 * looks
    assert max(age for camera in cameras for age in camera.ages) <= 0.4


def test_copied_as_they_come_twice_as_many_frames_would_be(slots, turns, clock):
    """What the test above would say if no frame were spared."""
    cameras = overloaded(slots, turns, clock, [1] * 20, 10.0)
    assert sum(camera.writer.counts.put for camera in cameras) > 1.7 * sum(camera.looks for camera in cameras)


def test_where_workers_keep_up_and_after_a_rush_every_frame_is_put_and_looked_at(slots, turns, clock):
    cameras = overloaded(slots, turns, clock, [1] * 30, 5.0, sparing=True)
    calm = cameras[:5]
    watch(calm, turns, clock, 2 * EVERY_S)
    looked = [camera.looks for camera in calm]
    watch(calm, turns, clock, 4.0)
    assert min(camera.looks - before for camera, before in zip(calm, looked, strict=True)) >= 16
    assert max(age for camera in calm for age in camera.ages[-16:]) < 0.15


def test_a_frame_after_which_none_comes_is_put_once_the_next_would_have_been_there(slots, turns, clock):
    (camera, *_) = overloaded(slots, turns, clock, [1] * 20, 5.0, sparing=True)
    while not camera.held:
        watch([camera], turns, clock, 0.005)
        camera.writer._waits, camera.writer._first = (0.5, 0.5), camera.held[0].monotonic if camera.held else None
    put, camera.next_at = camera.writer.counts.put, clock.now + 60
    clock.now += EVERY_S + 2 * EARLY_S
    camera.act(clock.now)
    assert camera.writer.counts.put == put + 1


def test_a_frame_that_waited_because_its_request_was_lost_spares_none_after_it(slots, turns, clock):
    writer, detector = slots("c"), Detector(clock)
    for number in range(10):
        stamp = stamp_at(clock.now, number + 1)
        assert not writer.spares(stamp.monotonic, clock.now, weight=1, every_s=EVERY_S)
        writer.put(PICTURE, stamp)
        clock.now += 0.6 if number == 4 else 0.0
        assert take_turns(turns, detector.detector_for, now=clock) == 1
        clock.now += EVERY_S


def test_a_worker_is_woken_for_a_camera_it_has_not_heard_of(slots, turns, tmp_path, clock):
    """One that was connected a moment ago: nobody's message named it, and it is too soon to look around again."""
    detector = Detector(clock)
    assert turns.next(clock.now) is None

    class Nap(Dozer):
        def wait(self, timeout_s):
            slots("new").put(PICTURE, stamp_at(clock.now, 1))
            return []

    naps = iter([Nap, Dozer])
    take = partial(take_turns, turns, detector.detector_for, now=clock, go_on_s=COSTS_S)
    assert take(doze=lambda: next(naps)("main", directory=tmp_path).lie_down()) == 1


def test_served_in_any_other_order_somebody_would_starve(slots, turns, clock, monkeypatch):
    """What the tests above would say if slots were served as they come, and not by how long they have waited."""
    monkeypatch.setattr(SlotReader, "due", lambda self, now: self._layout.due(now, CLAIM_S) and 1.0)
    looks = [camera.looks for camera in overloaded(slots, turns, clock, [1] * 20, 10.0)]
    assert max(looks) - min(looks) > 2
    assert min(looks) == 0


def test_without_the_bound_a_frame_of_long_ago_would_be_looked_at(slots, turns, clock, monkeypatch):
    monkeypatch.setattr(tasks, "STALE_S", 1e9)
    writer, detector = slots("c"), Detector(clock)
    writer.put(PICTURE, stamp_at(clock.now - 60, 1))
    take_turns(turns, detector.detector_for, now=clock)
    assert detector.asked


def test_of_several_that_wait_the_most_urgent_is_first(slots, turns, clock):
    old, urgent, new = slots("old"), slots("urgent"), slots("new")
    old.put(PICTURE, stamp_at(clock.now - 0.3, 1))
    urgent.put(PICTURE, stamp_at(clock.now - 0.1, 1), weight=8)
    new.put(PICTURE, stamp_at(clock.now, 1))
    order = []
    take_turns(turns, Detector(clock).detector_for, told=order.append, now=clock)
    assert order == [urgent.name, old.name, new.name]


def test_a_task_ends_when_nothing_is_left_or_its_time_is_over(slots, turns, clock):
    writer = slots("c")
    detector = Detector(clock)
    assert take_turns(turns, detector.detector_for, now=clock) == 0
    for n in range(3):
        writer.put(PICTURE, stamp_at(clock.now, n + 1))
        assert take_turns(turns, detector.detector_for, now=clock) == 1
    many = [slots(f"m{n}") for n in range(70)]
    clock.now += LOOK_AGAIN_S
    for one in many:
        one.put(PICTURE, stamp_at(clock.now, 1))
    began = clock.now
    assert 0 < take_turns(turns, detector.detector_for, now=clock, go_on_s=0.3) < 20
    assert clock.now - began < 0.3 + 2 * COSTS_S


def test_a_worker_that_dozes_is_woken_for_what_comes_meanwhile(slots, turns, tmp_path, clock):
    writer, detector, waker = slots("c"), Detector(clock), Waker("main", directory=tmp_path)
    comes = iter([1, 2])
    naps = []

    class Nap(Dozer):
        def wait(self, timeout_s):
            naps.append(timeout_s)
            number = next(comes, None)
            if number is None:
                clock.now += timeout_s
                return []
            writer.put(PICTURE, stamp_at(clock.now, number))
            assert waker.wake(5, told=True) == 1
            return super().wait(timeout_s)

    nap = Nap("main", directory=tmp_path)
    assert take_turns(turns, detector.detector_for, now=clock, doze=nap.lie_down) == 2
    assert naps == [DOZE_S] * 3
    assert waker.wake(5, told=True) == 0


def dozed_s(turns: Turns, tmp_path: Path, clock: Clock) -> float:
    """How long a worker's task goes on that is woken once, for what another worker took before it was awake."""
    waker = Waker("main", directory=tmp_path)
    naps = []

    class Nap(Dozer):
        def wait(self, timeout_s):
            naps.append(timeout_s)
            if len(naps) == 1:
                clock.now += 0.1
                assert waker.wake(1, told=True) == 1
                return super().wait(timeout_s)
            clock.now += timeout_s
            return []

    began = clock.now
    assert (
        take_turns(turns, Detector(clock).detector_for, now=clock, doze=Nap("main", directory=tmp_path).lie_down) == 0
    )
    return clock.now - began


def test_a_worker_that_was_woken_in_vain_dozes_on(turns, tmp_path, clock):
    assert dozed_s(turns, tmp_path, clock) == pytest.approx(DOZE_S)


def test_nobody_dozes_over_what_came_while_lying_down_or_getting_up(slots, turns, tmp_path, clock):
    """A frame that is put just before others see that it dozes, and one just before it is awake: neither is rung for."""
    detector = Detector(clock)
    writers = iter([slots("early"), slots("late")])

    def put() -> None:
        if (writer := next(writers, None)) is not None:
            writer.put(PICTURE, stamp_at(clock.now, 1))

    class Nap(Dozer):
        def lie_down(self):
            put()
            return super().lie_down()

        def wait(self, timeout_s):
            clock.now += timeout_s
            return []

        def get_up(self):
            put()
            super().get_up()

    nap = Nap("main", directory=tmp_path)
    assert take_turns(turns, detector.detector_for, now=clock, doze=nap.lie_down) == 2


def test_an_answer_is_told_before_the_next_look_begins(slots, turns, clock):
    for n in range(3):
        slots(f"c{n}").put(PICTURE, stamp_at(clock.now, 1))
    detector, told = Detector(clock), list[str]()
    detector.during = lambda: told.append("looks")
    take_turns(
        turns,
        detector.detector_for,
        told=lambda _: told.append("answered"),
        goes_on=lambda: told.append("told"),
        now=clock,
    )
    assert told == ["told", "looks", "answered"] * 3


def test_a_slot_that_another_worker_took_meanwhile_is_passed_over(slots, turns, tmp_path, clock):
    """Of those that are remembered as the next ones."""
    for n in range(6):
        slots(f"c{n}").put(PICTURE, stamp_at(clock.now - n / 100, 1))
    other = Turns("main", directory=tmp_path)
    taken = [turn[0].name for one in (turns, other) * 3 if (turn := one.next(clock.now)) is not None]
    assert len(set(taken)) == 6
    assert turns.next(clock.now) is None
    other.close()


def test_a_frame_that_is_too_old_is_answered_without_a_look(slots, turns, clock):
    writer, detector = slots("c"), Detector(clock)
    writer.put(PICTURE, stamp_at(clock.now - STALE_S - 0.1, 1))
    assert take_turns(turns, detector.detector_for, now=clock) == 1
    assert not detector.asked
    result = writer.take_result()
    assert result is not None
    assert result.stale
    assert (writer.counts.inferred, writer.counts.dropped, writer.counts.waiting) == (0, 1, 0)


def test_model_and_score_are_what_the_watcher_asked_for(slots, turns, clock):
    writer, detector = slots("c"), Detector(clock)
    writer.put(PICTURE, stamp_at(clock.now, 1), model="nanodet_g_416_int8", min_score=0.25)
    take_turns(turns, detector.detector_for, now=clock)
    assert detector.asked == [("nanodet_g_416_int8", 0.25)]


def test_where_another_model_stands_in_its_own_score_counts_and_hides_nobody(slots, turns, clock):
    writer, detector = slots("c"), Detector(clock)
    writer.put(PICTURE, stamp_at(clock.now, 1), model="refused", min_score=0.9)
    detector.name = detector.model = "house"
    take_turns(turns, lambda name: detector, now=clock)
    assert detector.asked == [("house", min(detector.card.min_score, detector.card.night_min_score))]


def test_a_frame_a_worker_has_is_left_alone_until_that_worker_must_be_dead(slots, turns, tmp_path, clock):
    writer = slots("c")
    writer.put(PICTURE, stamp_at(clock.now, 1))
    assert turns.next(clock.now) is not None  # by a worker that dies now
    other = Turns("main", directory=tmp_path)
    assert writer.busy(clock.now)
    assert other.next(clock.now) is None
    clock.now += CLAIM_S
    assert not writer.busy(clock.now)
    assert other.next(clock.now) is not None
    other.close()


def test_a_frame_written_over_while_it_is_looked_at_is_looked_at_again(slots, turns, clock):
    writer, detector = slots("c"), Detector(clock)
    writer.put(PICTURE, stamp_at(clock.now, 1))
    again = iter([lambda: writer.put(PICTURE, stamp_at(clock.now, 2))])
    detector.during = lambda: next(again, lambda: None)()
    assert take_turns(turns, detector.detector_for, now=clock) == 1
    result = writer.take_result()
    assert result is not None
    assert (result.stamp.number, result.dropped) == (2, 1)


def test_what_one_camera_does_to_the_detector_is_not_its_neighbours_trouble(slots, turns, clock):
    bad, good = slots("bad"), slots("good")
    bad.put(PICTURE, stamp_at(clock.now - 0.1, 1))
    good.put(PICTURE, stamp_at(clock.now, 1))
    detector = Detector(clock)
    trouble = iter([ValueError("what a picture")])

    def stumble() -> None:
        if (error := next(trouble, None)) is not None:
            raise error

    detector.during = stumble
    assert take_turns(turns, detector.detector_for, now=clock) == 1
    assert good.take_result() is not None
    assert bad.take_result() is None
    clock.now += CLAIM_S
    bad.put(PICTURE, stamp_at(clock.now, 2))
    assert take_turns(turns, detector.detector_for, now=clock) == 1


def test_slots_that_are_gone_are_forgotten_and_new_ones_are_found(slots, turns, clock):
    first = slots("first")
    first.put(PICTURE, stamp_at(clock.now, 1))
    assert turns.next(clock.now) is not None
    first.close()
    clock.now += LOOK_AGAIN_S
    slots("second").put(PICTURE, stamp_at(clock.now, 1))
    taken = turns.next(clock.now)
    assert taken is not None
    assert "second" in taken[0].name
    assert len(turns._readers) == 1


def test_slots_of_another_installation_are_nobodys_business(tmp_path, turns, clock):
    with SlotWriter("c", generation=1, space="other", directory=tmp_path, max_width=64, max_height=48) as writer:
        writer.put(PICTURE, stamp_at(clock.now, 1))
        assert turns.next(clock.now) is None


def test_a_frame_lies_where_it_is_looked_at_and_its_memory_may_be_let_go(slots, tmp_path):
    writer = slots("c")
    writer.put(PICTURE, stamp_at(1.0, 1))
    reader = SlotReader(writer.name, directory=tmp_path)
    frame: SlotFrame | None = reader.look()
    assert frame is not None
    assert reader.is_intact(frame)
    writer.put(PICTURE, stamp_at(2.0, 2))
    assert not reader.is_intact(frame)
    reader.close()  # while a picture in it is still held
    assert frame.picture.y.shape == PICTURE.y.shape
