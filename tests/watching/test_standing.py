"""A parked car in front of a camera's own thread: reported once, hardly looked at, known again after a new connection."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from uuid import uuid4

import numpy as np
import pytest

from cameras.actions import Standing
from cameras.vision.address import Credentials
from cameras.vision.ingest import Frame
from cameras.vision.picture import Picture
from cameras.vision.scene import Scene
from cameras.vision.slots import SlotReader, SlotRef, SlotWriter
from cameras.vision.types import Box, Detection, FrameStamp, ZoneShape
from cameras.watching.memory import Memory
from cameras.watching.plan import Plan
from cameras.watching.sight import Sight, scene_of
from tests import factories as make
from tests.factories import NIGHT

FPS = 10
WIDE, HIGH = 384, 288
ALWAYS = Standing(make.read(schedule=make.week()))
YARD = ZoneShape.whole_picture("yard", dwell_s=1.0, classes=frozenset({"person", "vehicle"}))
CAR, PERSON = (90, 60, 20), (30, 110, 40)  # width, height, grey


@cache
def shown(noise: int, car: int | None, person: int | None) -> Picture:
    """A noisy grey yard with a car and a person at these columns."""
    picture = np.random.default_rng(noise).normal(120, 2, (HIGH, WIDE, 3)).clip(0, 255).astype(np.uint8)
    for x, (width, height, grey) in ((car, CAR), (person, PERSON)):
        if x is not None:
            picture[220 - height : 220, x : x + width] = grey
    return Picture.of_bgr(picture)


class Camera:
    """A sight with a worker that sees everything at once. `connect` begins a new connection with what the scene knows."""

    def __init__(self, folder) -> None:
        self.folder, self.now, self.asked, self.generation = folder, 0.0, 0, 0
        self.plan = Plan(uuid4(), uuid4(), "Yard", "rtsp://127.0.0.1/y", Credentials("", ""), (YARD,), ALWAYS)
        self.scene: Scene = scene_of(self.plan)
        self.there: list[Detection] = []
        self.found: list[str] = []
        self.sight: Sight | None = None

    def connect(self) -> None:
        self.close()
        self.generation += 1
        slot = SlotWriter(
            str(self.plan.camera_id), generation=self.generation, directory=self.folder, max_width=640, max_height=480
        )
        self.sight = Sight(self.plan, slot, ask=self.ask, blind_after_s=3.0, scene=self.scene)

    def close(self) -> None:
        if self.sight is not None:
            self.sight.close()

    def ask(self, ref: SlotRef) -> None:
        self.asked += 1
        with SlotReader(ref.name, directory=self.folder) as reader:
            frame = reader.read()
            if frame is not None:
                reader.post(frame, self.there, inference_ms=5.0, model="m")

    def play(self, seconds: float, *, car=None, person=None) -> None:
        """Each a column or a function of the part 0..1 of the time that has passed."""
        count = int(seconds * FPS)
        for n in range(count):
            at_car, at_person = (int(one(n / count)) if callable(one) else one for one in (car, person))
            self.there = [
                Detection(label, 0.8, Box(x / WIDE, (220 - high) / HIGH, (x + wide) / WIDE, 220 / HIGH))
                for label, x, (wide, high, _) in (("car", at_car, CAR), ("person", at_person, PERSON))
                if x is not None
            ]
            self.now += 1 / FPS
            at = NIGHT + timedelta(seconds=self.now)
            stamp = FrameStamp(int(self.now * FPS), at, at, self.now)
            assert self.sight is not None
            seen, _ = self.sight.see(Frame(stamp, shown(n % 3, at_car, at_person), False))
            self.found += [one.sighting.category for one in seen]


@pytest.fixture
def camera(tmp_path):
    camera = Camera(tmp_path)
    camera.connect()
    camera.play(3)
    camera.play(3, car=lambda part: 10 + 150 * part)
    yield camera
    camera.close()


def test_a_parked_car_is_one_sighting_and_costs_a_look_now_and_then(camera):
    camera.play(60, car=160)  # the gate, too, must get used to it
    assert camera.found == ["vehicle"]
    asked = camera.asked
    camera.play(240, car=160)
    assert camera.found == ["vehicle"]
    assert 3 <= camera.asked - asked <= 240 / 45 + 3


def test_after_a_lost_connection_the_car_is_known_and_who_stands_before_it_is_not(camera):
    camera.play(60, car=160)
    camera.now += 200
    camera.connect()
    camera.play(10, car=160)
    assert camera.found == ["vehicle"]
    camera.play(6, car=160, person=lambda part: 60 + 120 * part)
    assert camera.found == ["vehicle", "person"]


def test_without_the_scene_of_before_the_car_would_be_reported_again(camera):
    camera.play(60, car=160)
    camera.now += 200
    camera.scene = scene_of(camera.plan)
    camera.connect()
    camera.play(1, car=None)
    camera.play(10, car=160)
    assert camera.found == ["vehicle", "vehicle"]


def another_process(camera: Camera, memory: Memory, *, after_s: float) -> None:
    """Somebody else watches the camera from now on, `after_s` later, with what is in the file."""
    camera.now += after_s
    camera.scene = scene_of(camera.plan)
    at = NIGHT + timedelta(seconds=camera.now)
    memory.recall(camera.scene, FrameStamp(0, at, at, camera.now))
    camera.connect()


@pytest.fixture
def memory(tmp_path, camera) -> Memory:
    return Memory(tmp_path / "scenes", camera.plan.camera_id)


def test_another_process_knows_what_is_parked_and_forgets_it_in_time(camera, memory):
    camera.play(60, car=160)
    memory.keep(camera.scene.parked())
    another_process(camera, Memory(memory.path.parent, camera.plan.camera_id), after_s=100)
    camera.play(1, car=None)
    camera.play(10, car=160)
    assert camera.found == ["vehicle"]
    another_process(camera, memory, after_s=1200)
    camera.play(1, car=None)
    camera.play(10, car=160)
    assert camera.found == ["vehicle", "vehicle"]


@pytest.mark.parametrize(
    "content", ["", "[", "[1]", '[{"label": "car"}]', '[{"label": "car", "score": 1, "box": [0, 0, 2, 2]}]']
)
def test_a_damaged_memory_is_none(camera, memory, content):
    memory.path.parent.mkdir()
    memory.path.write_text(content)
    memory.recall(camera.scene, FrameStamp(0, NIGHT, NIGHT, 0.0))
    assert camera.found == ["vehicle"]


def test_a_folder_that_cannot_be_written_stops_nobody(camera, tmp_path):
    (tmp_path / "file").write_text("in the way")
    camera.play(60, car=160)
    Memory(tmp_path / "file", camera.plan.camera_id).keep(camera.scene.parked())
