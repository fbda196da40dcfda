"""What one camera's thread makes of frames: every frame ends in one count, and not looking is an alarm."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from cameras.actions import Standing
from cameras.vision.address import Credentials
from cameras.vision.ingest import Frame
from cameras.vision.models import Models
from cameras.vision.picture import Picture
from cameras.vision.slots import SlotFrame, SlotReader, SlotRef, SlotWriter
from cameras.vision.types import Box, Detection, FrameStamp, Motion, ZoneShape
from cameras.watching.plan import Plan
from cameras.watching.sight import BLIND_AGAIN_S, Sight
from tests import factories as make
from tests.factories import NIGHT

ALWAYS, NEVER = Standing(make.read(schedule=make.week())), Standing(make.read())
HOUSE, NANODET = Models().card_for(), Models().card_for("nanodet-g-416-int8")
FPS = 10
HOLD_S = 3.0


def plan(standing: Standing = ALWAYS, *, classes: tuple[str, ...] = ("person",), **fields: Any) -> Plan:
    zone = ZoneShape.whole_picture("yard", dwell_s=1.0, classes=frozenset(classes))
    address = "rtsp://127.0.0.1/yard"
    return Plan(uuid4(), uuid4(), "Yard", address, Credentials("", ""), (zone,), standing, **fields)


@lru_cache(maxsize=16)
def yard(number: int) -> np.ndarray:
    return np.random.default_rng(number).normal(120, 2, (288, 384, 3)).clip(0, 255).astype(np.uint8)


def frame(number: int, *, person_at: float | None) -> Frame:
    """Frame `number` of a noisy grey yard at 10 frames a second; a dark block stands for a person."""
    picture = yard(number % 13).copy()
    if person_at is not None:
        x = int(person_at * 384)
        picture[80:220, x : x + 50] = 20
    at = NIGHT + timedelta(seconds=number / FPS)
    return Frame(FrameStamp(number, at, at, number / FPS), Picture.of_bgr(picture), number % FPS == 0)


class Gate:
    """Sees the block and nothing else; three seconds later it is over. What the real one makes of it is its own matter."""

    def __init__(self) -> None:
        self.moved = -HOLD_S

    def update(self, luma: np.ndarray, monotonic: float) -> Motion:
        dark = np.flatnonzero(luma[150] < 60)
        if dark.size:
            self.moved = monotonic
        box = Box(dark[0] / 384, 80 / 288, (dark[-1] + 1) / 384, 220 / 288) if dark.size else None
        return Motion(0.05, (box,) if box else (), False, monotonic - self.moved < HOLD_S)


class Worker:
    """Answers every request at once with a person where the block is, or never, or (slow) when `work` is called."""

    def __init__(self, directory, *, dead: bool = False) -> None:
        self.directory, self.dead, self.asked, self.slow = directory, dead, 0, False
        self.person: Box | None = None
        self.label, self.model = "person", "m"
        self.saw: list[SlotFrame] = []
        self._taken: tuple[SlotReader, int] | None = None

    def ask(self, ref: SlotRef) -> None:
        self.asked += 1
        self.name = ref.name
        if not self.dead and not self.slow:
            self.take(0.0)
            self.work()

    def take(self, now: float) -> None:
        reader = SlotReader(self.name, directory=self.directory)
        self._taken = reader, reader.claim(now)

    def work(self, *, stale: bool = False) -> None:
        assert self._taken is not None
        reader, mark = self._taken
        with reader:
            found = reader.read()
            assert found is not None
            self.saw.append(found)
            people = [Detection(self.label, 0.9, self.person)] if self.person and not stale else []
            reader.post(found, people, inference_ms=5.0, model=self.model, stale=stale)
            reader.release(mark)


@pytest.fixture
def eye(tmp_path):
    """make(plan, dead=) → (sight, worker)"""
    made = []

    def make(of: Plan, *, dead: bool = False) -> tuple[Sight, Worker]:
        worker = Worker(tmp_path, dead=dead)
        slot = SlotWriter(str(of.camera_id), generation=1, directory=tmp_path, max_width=640, max_height=480)
        made.append(slot)
        return Sight(of, slot, ask=worker.ask, blind_after_s=3.0, gate=Gate()), worker

    yield make
    for slot in made:
        slot.close()


def walk(sight: Sight, worker: Worker, *, still: int, walking: int, first: int = 0):
    """Play a still scene, then a walk across it; gives all sightings and blind reports."""
    seen, blind = [], []
    for number in range(first, first + still + walking):
        x = None if number < first + still else 0.1 + 0.6 * (number - first - still) / walking
        worker.person = None if x is None else Box(x, 80 / 288, x + 50 / 384, 220 / 288)
        found, dark = sight.see(frame(number, person_at=x))
        seen += found
        blind += [dark] if dark else []
    return seen, blind


def test_a_still_scene_is_gated_and_costs_one_inference(eye):
    sight, worker = eye(plan())
    seen, blind = walk(sight, worker, still=40, walking=0)
    assert not seen
    assert not blind
    assert sight.counts["gated"] == 39
    assert worker.asked == 1


class Counted(Gate):
    looks = 0

    def update(self, luma, monotonic):
        self.looks += 1
        return super().update(luma, monotonic)


def test_a_still_scene_is_judged_as_often_as_it_would_be_looked_at_and_nobody_is_missed(eye):
    sight, worker = eye(plan())
    sight.gate = gate = Counted()
    seen = []
    for number in range(80):
        there = 40 <= number < 60  # for two seconds; it is looked after them for three more
        worker.person = Box(0.4, 80 / 288, 0.53, 220 / 288) if there else None
        seen += sight.see(frame(number, person_at=0.4 if there else None))[0]
    assert [one.sighting.category for one in seen] == ["person"]
    assert 58 <= gate.looks <= 62
    assert sight.counts["captured"] == 80


def test_who_stands_there_when_a_camera_comes_back_is_seen_though_nothing_moves(eye):
    sight, worker = eye(plan())
    sight.gate.update = lambda luma, at: Motion()
    worker.slow = True  # at first nobody answers
    found = []
    for number in range(40):
        worker.person = Box(0.4, 80 / 288, 0.53, 220 / 288)
        worker.slow = number < 15
        found += sight.see(frame(number, person_at=0.4))[0]
    assert [one.sighting.category for one in found] == ["person"]


def test_a_walk_becomes_one_sighting_with_its_picture_and_path(eye):
    sight, worker = eye(plan())
    seen, _ = walk(sight, worker, still=20, walking=40)
    assert len(seen) == 1
    assert seen[0].sighting.zone_id == "yard"
    assert seen[0].picture is not None
    assert len(seen[0].path) >= 3
    assert seen[0].model == "m"


@pytest.mark.parametrize("dead", [False, True])
def test_every_frame_ends_in_exactly_one_count(eye, dead):
    sight, worker = eye(plan(), dead=dead)
    walk(sight, worker, still=20, walking=45)
    sight.close()
    counts = sight.counts
    assert counts["captured"] == 65
    assert counts["captured"] == counts["gated"] + counts["inferred"] + counts["dropped"]
    assert counts["dropped"] == sum(n for cause, n in counts.items() if cause.startswith("dropped:"))


def test_motion_in_an_armed_zone_that_nobody_looks_at_is_an_alarm(eye):
    sight, worker = eye(plan(), dead=True)
    seen, blind = walk(sight, worker, still=20, walking=45)
    assert not seen
    assert len(blind) == 1
    assert 3.0 < blind[0].seconds < 3.5
    assert blind[0].zone_id == "yard"


@pytest.mark.parametrize("walking", [1, 5, 12])
def test_somebody_who_is_gone_before_anybody_could_look_is_an_alarm_too(eye, walking):
    sight, worker = eye(plan(), dead=True)
    _, none_yet = walk(sight, worker, still=20, walking=walking)
    _, blind = walk(sight, worker, still=80, walking=0, first=20 + walking)
    assert not none_yet
    assert len(blind) == 1
    assert 3.0 < blind[0].seconds < 3.5
    assert blind[0].frame.stamp.number == 20 + walking - 1  # the picture shows who was there
    _, again = walk(sight, worker, still=0, walking=45, first=100 + walking)
    assert len(again) == 1


@pytest.mark.parametrize("walking", [1, 2, 7, 8])
def test_what_is_gone_and_was_looked_at_is_no_alarm(eye, walking):
    sight, worker = eye(plan())
    worker.label = "dog"  # nobody asks for it: the next look would come with the next movement
    sight.gate.update = lambda luma, at: (
        Motion(0.05, (Box(0.4, 0.4, 0.6, 0.6),), False, True) if luma[150].min() < 60 else Motion()
    )
    _, first = walk(sight, worker, still=20, walking=walking)
    _, then = walk(sight, worker, still=80, walking=0, first=20 + walking)
    assert not first + then


def test_who_cuts_the_camera_off_before_anybody_could_look_is_an_alarm(eye):
    sight, worker = eye(plan(), dead=True)
    walk(sight, worker, still=20, walking=8)
    blind = sight.unlooked(5.5)
    assert blind is not None
    assert (blind.zone_id, blind.frame.stamp.number, blind.seconds) == ("yard", 27, 3.5)
    for sees, of in ((True, plan()), (False, plan(NEVER)), (False, plan())):
        sight, worker = eye(of, dead=not sees)
        walk(sight, worker, still=20, walking=8 if sees or of.standing is NEVER else 0)
        sight.answers(3.0)
        assert sight.unlooked(5.5) is None


def test_something_goes_on_while_it_moves_and_for_as_long_as_it_may_become_an_alarm(eye):
    sight, worker = eye(plan(), dead=True)
    walk(sight, worker, still=20, walking=0)
    assert sight.slot.counts.waiting  # a first look that nobody took
    assert not sight.stirs(2.0)
    walk(sight, worker, still=0, walking=10, first=20)
    assert sight.stirs(3.0)
    walk(sight, worker, still=80, walking=0, first=30)
    assert not sight.stirs(11.0)


def test_an_alarm_for_blindness_is_said_again_while_it_lasts(eye):
    sight, _worker = eye(plan(), dead=True)
    frames = int(BLIND_AGAIN_S * FPS) + 60
    reports = []
    for number in range(20 + frames):
        x = None if number < 20 else 0.1 + 0.6 * (number % 40) / 40
        _, dark = sight.see(frame(number, person_at=x))
        reports += [dark] if dark else []
    assert len(reports) == 2


def test_a_second_walk_past_dead_workers_is_an_alarm_of_its_own(eye):
    sight, worker = eye(plan(), dead=True)
    _, first = walk(sight, worker, still=20, walking=45)
    _, second = walk(sight, worker, still=80, walking=45, first=65)
    assert len(first) == len(second) == 1


def test_a_gate_that_only_peeks_does_not_hide_that_nobody_looks(eye):
    sight, worker = eye(plan(), dead=True)
    sight.gate.update = lambda luma, at: (
        Motion(0.05, (Box(0.4, 0.4, 0.6, 0.6),), False, True) if at % 2 < 0.05 else Motion()
    )
    _, blind = walk(sight, worker, still=80, walking=0)
    assert len(blind) == 1


def test_workers_that_answer_are_not_blindness(eye):
    sight, worker = eye(plan())
    _, blind = walk(sight, worker, still=20, walking=60)
    assert not blind


def test_a_disarmed_site_is_not_blind(eye):
    sight, worker = eye(plan(NEVER), dead=True)
    _, blind = walk(sight, worker, still=20, walking=60)
    assert not blind


def test_a_lost_request_is_made_again(eye):
    sight, worker = eye(plan(), dead=True)
    walk(sight, worker, still=20, walking=40)
    assert worker.asked >= 3


def test_frames_that_come_while_a_worker_looks_replace_each_other_and_not_the_one_it_looks_at(eye):
    sight, worker = eye(plan())
    walk(sight, worker, still=20, walking=1)
    worker.slow = True
    for number in range(21, 24):
        sight.see(frame(number, person_at=0.3))
    worker.take(2.3)
    for number in range(24, 30):
        sight.see(frame(number, person_at=0.3 + number / 100))
    worker.work()
    sight.answers(3.0)
    assert worker.saw[-1].number < 24
    assert sight.slot.counts.waiting == 1  # the newest is there at once, and need not be waited for
    worker.take(3.0)
    worker.work()
    assert worker.saw[-1].number >= 28
    sight.close()
    assert sight.counts["captured"] == sight.counts["gated"] + sight.counts["inferred"] + sight.counts["dropped"]


def test_workers_that_are_late_are_not_blindness_but_make_each_camera_be_looked_at_less(eye):
    sight, worker = eye(plan())
    worker.slow = True
    reports = []
    for number in range(120):
        now = number / FPS
        reports.append(sight.see(frame(number, person_at=None if number < 20 else 0.1 + number % 40 / 60))[1])
        if number % 15 == 14 and sight.slot.counts.waiting:
            worker.take(now)
            worker.work()
    assert not any(reports)
    assert 4 <= sight.counts["inferred"] <= 7
    sight.close()
    assert sight.counts["captured"] == sight.counts["gated"] + sight.counts["inferred"] + sight.counts["dropped"]


def test_a_frame_too_old_to_be_looked_at_is_dropped_for_that_and_no_comfort(eye):
    sight, worker = eye(plan())
    worker.slow = True
    reports = []
    for number in range(70):
        _, blind = sight.see(frame(number, person_at=None if number < 20 else 0.1 + number % 40 / 60))
        reports += [blind] if blind else []
        if sight.slot.counts.waiting:
            worker.take(number / FPS)
            worker.work(stale=True)
    assert sight.counts["inferred"] == 0
    assert sight.counts["dropped:stale"] > 10
    assert len(reports) == 1


@pytest.mark.parametrize(
    ("stands", "walking", "weight"), [(ALWAYS, 20, 8), (ALWAYS, 2, 4), (NEVER, 20, 2), (NEVER, 2, 1)]
)
def test_armed_zones_and_who_is_followed_make_a_camera_urgent(eye, stands, walking, weight):
    sight, worker = eye(plan(stands))
    urgent: list[int] = []
    put = sight.slot.put
    sight.slot.put = lambda *args, **given: (urgent.append(given["weight"]), put(*args, **given))
    walk(sight, worker, still=20, walking=walking)
    assert urgent[-1] == weight


def test_the_detector_is_asked_by_the_cameras_own_model_and_scores(eye):
    sight, worker = eye(plan(model="nanodet_g_416_int8", night_score=0.61))  # grey as infrared: night
    walk(sight, worker, still=20, walking=10)
    assert {(seen.model, round(seen.min_score, 2)) for seen in worker.saw} == {("nanodet_g_416_int8", 0.61)}


def test_without_scores_of_its_own_the_models_count(eye):
    sight, worker = eye(plan(model="nanodet_g_416_int8"))
    walk(sight, worker, still=20, walking=10)
    card = Models().card_for("nanodet_g_416_int8")
    assert {round(seen.min_score, 4) for seen in worker.saw} == {round(card.night_min_score, 4)}


@pytest.mark.parametrize(
    ("asked", "looks", "stands_in"),
    [
        ("", HOUSE.sha256, False),
        (NANODET.name, NANODET.sha256, False),
        (NANODET.name, HOUSE.sha256, True),  # its file is refused where it is loaded
        ("nobodys", HOUSE.sha256, True),
        ("nobodys", "dropped in since", False),
    ],
)
def test_it_is_known_whether_another_model_stands_in(eye, asked, looks, stands_in):
    sight, worker = eye(plan(model=asked))
    worker.model = looks
    walk(sight, worker, still=5, walking=5)
    assert worker.saw
    assert sight.stands_in() is stands_in


def test_what_no_zone_asks_for_is_not_followed(eye):
    sight, worker = eye(plan(classes=("vehicle",)))
    seen, _ = walk(sight, worker, still=20, walking=40)
    assert not seen
    assert not sight.tracker.following
    worker.label = "car"
    seen, _ = walk(sight, worker, still=0, walking=40, first=60)
    assert [one.sighting.kind for one in seen] == ["vehicle"]


def test_a_camera_that_looks_for_itself_is_not_looked_at_and_never_blind(eye):
    sight, worker = eye(plan(analytics="camera"), dead=True)
    seen, blind = walk(sight, worker, still=5, walking=45)
    assert not seen
    assert not blind
    assert worker.asked == 0
    assert sight.counts["captured"] == sight.counts["gated"] == sight.counts["gated:camera"] == 50


def test_a_camera_of_the_very_pace_loses_no_frame_to_its_unrest(eye):
    sight, worker = eye(plan())
    walk(sight, worker, still=20, walking=1)
    unrest = np.random.default_rng(1).uniform(-0.03, 0.03, 50)
    for n in range(50):
        one = frame(21, person_at=0.1 + n / 100)
        sight.see(replace(one, stamp=replace(one.stamp, number=100 + n, monotonic=3.0 + n / 5 + float(unrest[n]))))
    assert sight.counts["dropped:paced"] <= 1


def test_after_the_end_there_are_no_answers(eye):
    sight, worker = eye(plan())
    walk(sight, worker, still=20, walking=3)
    sight.close()
    assert sight.answers(10.0) == []
