from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from cameras.vision.motion import MotionGate
from cameras.vision.pipeline import frames_of

from .conftest import scene


def with_block(image: np.ndarray, x: int, y: int, w: int = 40, h: int = 80, level: int = 220) -> np.ndarray:
    changed = image.copy()
    changed[y : y + h, x : x + w] = level
    return changed


def settled(gate: MotionGate, image: np.ndarray, frames: int = 20) -> float:
    for n in range(frames):
        gate.update(image, n / 10)
    return frames / 10


def test_a_still_scene_does_not_move():
    gate = MotionGate()
    at = settled(gate, scene())
    motion = gate.update(scene(), at)
    assert (motion.score, motion.boxes, motion.active) == (0.0, (), False)


def test_noise_of_a_sensor_is_no_motion():
    gate, noise = MotionGate(), np.random.default_rng(3)
    for n in range(40):
        grain = noise.normal(0, 4, (360, 640))
        motion = gate.update((scene() + grain).clip(0, 255).astype(np.uint8), n / 10)
        assert motion.boxes == ()


def test_a_moving_patch_is_found_where_it_is():
    gate = MotionGate()
    at = settled(gate, scene())
    motion = gate.update(with_block(scene(), 320, 120), at)
    assert motion.active
    assert len(motion.boxes) == 1
    box = motion.boxes[0]
    assert abs(box.x1 - 320 / 640) < 0.02
    assert abs(box.y2 - 200 / 360) < 0.03
    assert 0 < motion.score < 0.1


def test_an_input_is_never_written_to():
    image = scene()
    image.flags.writeable = False
    gate = MotionGate()
    gate.update(image, 0.0)
    gate.update(image, 0.1)


def test_a_lamp_is_no_motion_but_what_moves_in_its_light_is():
    gate = MotionGate()
    at = settled(gate, scene())
    lamp = scene().astype(np.int16)
    lamp[:, :450] += 90
    lit = lamp.clip(0, 255).astype(np.uint8)
    switched = gate.update(lit, at)
    assert switched.global_change
    assert switched.boxes == ()
    assert gate.update(lit, at + 0.1).boxes == ()
    assert gate.update(with_block(lit, 500, 100), at + 0.2).boxes != ()


def test_light_that_changes_everywhere_alike_is_no_motion():
    gate = MotionGate()
    at = settled(gate, scene())
    for n in range(30):
        cloud = (scene().astype(np.int16) - n * 2).clip(0, 255).astype(np.uint8)
        assert gate.update(cloud, at + n / 10).boxes == ()


def test_a_person_who_stops_stays_active_for_a_while_and_becomes_background_later():
    gate = MotionGate(hold_s=3.0)
    at = settled(gate, scene())
    standing = with_block(scene(), 300, 100)
    assert gate.update(standing, at).active
    assert all(gate.update(standing, at + n / 10).active for n in range(1, 60))
    states = [gate.update(standing, at + 6 + n / 10).active for n in range(600)]
    assert not states[-1]


def test_activity_outlasts_the_last_change_by_the_hold_time():
    gate = MotionGate(hold_s=2.0)
    at = settled(gate, scene())
    gate.update(with_block(scene(), 300, 100), at)
    assert gate.update(scene(), at + 1.9).active
    assert not gate.update(scene(), at + 2.2).active


def test_another_picture_size_starts_anew():
    gate = MotionGate()
    settled(gate, scene())
    assert gate.update(scene(320, 240), 3.0).boxes == ()


def test_the_quiet_scene_stays_below_the_gate(footage: Callable[[str], Path]):
    gate = MotionGate()
    frames = frames_of(footage("quiet.mp4"), started=datetime(2026, 1, 1, tzinfo=UTC))
    active = [gate.update(frame.picture.y, frame.stamp.monotonic).active for frame in frames]
    assert sum(active) < 0.02 * len(active)
