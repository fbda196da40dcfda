"""What one camera's thread makes of frames: every frame ends in one count, and not looking is an alarm."""

from __future__ import annotations

from datetime import time, timedelta
from uuid import uuid4

import numpy as np
import pytest

from cameras.context.arming import Interval
from cameras.vision.address import Credentials
from cameras.vision.ingest import Frame
from cameras.vision.picture import Picture
from cameras.vision.slots import SlotReader, SlotRef, SlotWriter
from cameras.vision.types import Box, Detection, FrameStamp, ZoneShape
from cameras.watching.plan import Plan
from cameras.watching.sight import BLIND_AGAIN_S, Sight
from tests.factories import NIGHT

ALWAYS = tuple(Interval(day, time(0), time(0)) for day in range(7))
FPS = 10


def plan(intervals: tuple[Interval, ...] = ALWAYS) -> Plan:
    zone = ZoneShape.whole_picture("yard", dwell_s=1.0)
    return Plan(uuid4(), uuid4(), "Yard", "rtsp://127.0.0.1/yard", Credentials("", ""), (zone,), intervals, "UTC")


def frame(number: int, *, person_at: float | None) -> Frame:
    """Frame `number` of a noisy grey yard at 10 frames a second; a dark block stands for a person."""
    picture = np.random.default_rng(number).normal(120, 2, (288, 384, 3)).clip(0, 255).astype(np.uint8)
    if person_at is not None:
        x = int(person_at * 384)
        picture[80:220, x : x + 50] = 20
    at = NIGHT + timedelta(seconds=number / FPS)
    return Frame(FrameStamp(number, at, at, number / FPS), Picture.of_bgr(picture), number % FPS == 0)


class Worker:
    """Answers every request at once with a person where the block is, or never."""

    def __init__(self, directory, *, dead: bool = False) -> None:
        self.directory, self.dead, self.asked = directory, dead, 0
        self.person: Box | None = None

    def ask(self, ref: SlotRef) -> None:
        self.asked += 1
        if self.dead:
            return
        with SlotReader(ref.name, directory=self.directory) as reader:
            found = reader.read()
            assert found is not None
            people = [Detection("person", 0.9, self.person)] if self.person else []
            reader.post(found, people, inference_ms=5.0, model="m")


@pytest.fixture
def eye(tmp_path):
    """make(plan, dead=) → (sight, worker)"""
    made = []

    def make(of: Plan, *, dead: bool = False) -> tuple[Sight, Worker]:
        worker = Worker(tmp_path, dead=dead)
        slot = SlotWriter(str(of.camera_id), generation=1, directory=tmp_path, max_width=640, max_height=480)
        made.append(slot)
        return Sight(of, slot, ask=worker.ask, blind_after_s=3.0), worker

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


def test_a_still_scene_is_gated_and_costs_no_inference(eye):
    sight, worker = eye(plan())
    seen, blind = walk(sight, worker, still=40, walking=0)
    assert not seen
    assert not blind
    assert sight.counts["gated"] == 40
    assert worker.asked == 0


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


def test_workers_that_answer_are_not_blindness(eye):
    sight, worker = eye(plan())
    _, blind = walk(sight, worker, still=20, walking=60)
    assert not blind


def test_a_disarmed_site_is_not_blind(eye):
    sight, worker = eye(plan(intervals=()), dead=True)
    _, blind = walk(sight, worker, still=20, walking=60)
    assert not blind


def test_a_lost_request_is_made_again(eye):
    sight, worker = eye(plan(), dead=True)
    walk(sight, worker, still=20, walking=40)
    assert worker.asked >= 3
