from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from cameras.vision import motion as motion_module
from cameras.vision import unrest as unrest_module
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


# --- ignore areas


def test_what_moves_in_an_ignored_area_is_no_motion_and_beside_it_is():
    road = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))
    gate = MotionGate(ignore=[road])
    at = settled(gate, scene())
    assert gate.update(with_block(scene(), 300, 20, h=100), at).boxes == ()
    assert gate.update(with_block(scene(), 300, 240), at + 0.1).boxes != ()


def test_an_ignored_area_is_found_again_in_a_picture_of_another_size():
    gate = MotionGate(ignore=[((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.0, 0.5))])
    settled(gate, scene())
    at = settled(gate, scene(1280, 720))
    assert gate.update(with_block(scene(1280, 720), 600, 40, 80, 200), at).boxes == ()
    assert gate.update(with_block(scene(1280, 720), 600, 480, 80, 200), at + 0.1).boxes != ()


def test_a_picture_that_is_ignored_as_a_whole_never_moves():
    gate = MotionGate(ignore=[((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))])
    at = settled(gate, scene())
    assert not gate.update(with_block(scene(), 300, 100), at).active


# --- light


def beam(image: np.ndarray, x: int, strength: float = 90) -> np.ndarray:
    """Headlights that light a broad part of the wall around x."""
    columns = np.exp(-(((np.arange(image.shape[1]) - x) / 70.0) ** 2)) * strength
    return (image + columns).clip(0, 255).astype(np.uint8)


def sweep(gate: MotionGate, at: float, draw: Callable[[np.ndarray, int], np.ndarray]) -> list[bool]:
    wall = rough_wall()
    return [bool(gate.update(draw(beam(wall, x), x), at + n / 10).boxes) for n, x in enumerate(range(-200, 900, 50))]


@lru_cache(maxsize=1)
def rough_wall() -> np.ndarray:
    grain = np.random.default_rng(11).integers(0, 80, (45, 80)).astype(np.uint8)
    return cv2.resize(grain, (640, 360), interpolation=cv2.INTER_CUBIC) + np.uint8(40)


def test_headlights_that_sweep_over_a_wall_are_no_motion():
    gate = MotionGate()
    at = settled(gate, rough_wall())
    assert sum(sweep(gate, at, lambda lit, _: lit)) <= 2


def test_somebody_in_the_headlights_is_motion():
    gate = MotionGate()
    at = settled(gate, rough_wall())
    seen = sweep(gate, at, lambda lit, x: with_block(lit, 300 + x // 20, 150, level=20))
    assert sum(seen) >= len(seen) - 2


@lru_cache(maxsize=7)
def grain(n: int) -> np.ndarray:
    return np.random.default_rng(n).normal(0, 3, (360, 640)).astype(np.float32)


@lru_cache(maxsize=1)
def lawn() -> np.ndarray:
    return rough_wall().astype(np.float32)


def night(n: int, beam_at: float | None) -> np.ndarray:
    """A dark lawn, noisy, and a beam in which its blades show."""
    light = np.float32(0.25)
    if beam_at is not None:
        across = np.exp(-(((np.arange(640, dtype=np.float32) - beam_at) / 120) ** 2))
        light = light + 1.2 * np.exp(-(((np.arange(360, dtype=np.float32)[:, None] - 220) / 90) ** 2)) * across
    return (lawn() * light + grain(n % 7)).clip(0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def _swept_road() -> tuple[MotionGate, float]:
    return swept_road()


def swept_road() -> tuple[MotionGate, float]:
    """A gate that has seen headlights pass twice, and how much of the second time it was open."""
    gate = MotionGate()
    for n in range(20):
        gate.update(night(n, None), n / 10)
    looks = [gate.update(night(n, -200 + 25 * (n % 50)), 2 + n / 10).active for n in range(100)]
    return gate, float(np.mean(looks[50:]))


def noticed_in_the_dark(gate: MotionGate) -> int:
    """In how many of ten pictures, from 12 s on, somebody is noticed who hardly stands out."""
    walk = [with_block(night(n, None), 300 + 5 * n, 200, level=45) for n in range(10)]
    return sum(bool(gate.update(picture, 12 + n / 10).boxes) for n, picture in enumerate(walk))


def test_headlights_that_pass_again_and_again_at_night_get_a_look_every_two_seconds(
    _swept_road: tuple[MotionGate, float],
):
    assert _swept_road[1] < 0.15


def test_after_headlights_somebody_in_the_dark_is_still_noticed(_swept_road: tuple[MotionGate, float]):
    assert noticed_in_the_dark(copy.deepcopy(_swept_road[0])) == 10


def test_if_light_were_unrest_somebody_in_the_dark_would_be_missed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unrest_module.Unrest, "skip", lambda self: None)
    monkeypatch.setattr(motion_module, "SWEEP_PART", 9.0)
    assert noticed_in_the_dark(swept_road()[0]) < 5


def test_what_light_hides_is_looked_at_within_two_seconds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(motion_module, "SAME_SCENE", 0.0)  # takes whatever changes for light …
    monkeypatch.setattr(motion_module, "SWEEP_PART", 0.0)
    gate = MotionGate()
    at = settled(gate, rough_wall())
    looks = [at]
    for n in range(80):
        if gate.update(with_block(rough_wall(), 100 + 5 * n, 150, level=10), at + n / 10).boxes:
            looks.append(at + n / 10)
    assert max(np.diff([*looks, at + 8])) <= 2.0 + 0.15


def test_without_the_comparison_of_structure_headlights_would_be_motion(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(motion_module, "SAME_SCENE", 2.0)
    gate = MotionGate()
    at = settled(gate, rough_wall())
    assert sum(sweep(gate, at, lambda lit, _: lit)) > 10


def test_the_switch_to_infrared_is_one_change_and_the_exposure_that_follows_none():
    gate = MotionGate()
    at = settled(gate, rough_wall())
    grey = (255 - rough_wall()).astype(np.int16)  # in another light leaves are white and skies black
    results = []
    for n in range(30):
        exposure = 40 * np.exp(-n / 5)
        results.append(gate.update((grey - exposure).clip(0, 255).astype(np.uint8), at + n / 10))
    assert results[0].global_change
    assert not any(result.boxes for result in results)
    person = with_block(grey.clip(0, 255).astype(np.uint8), 300, 150, level=10)
    assert gate.update(person, at + 3.0).boxes != ()


# --- restless places


def leaves(n: int, *, strength: float = 15.0) -> np.ndarray:
    """The left half of the wall is a hedge in the wind: many small things that come and go."""
    image = scene().astype(np.float32)
    rng = np.random.default_rng(n // 2)
    rustle = cv2.resize(rng.normal(0, 1, (36, 32)).astype(np.float32), (320, 360), interpolation=cv2.INTER_CUBIC)
    image[:, :320] += rustle * strength
    return image.clip(0, 255).astype(np.uint8)


RUSTLED_S = 15.0


def rustled() -> MotionGate:
    gate = MotionGate()
    for n in range(int(RUSTLED_S * 10)):
        gate.update(leaves(n), n / 10)
    return gate


@pytest.fixture(scope="module")
def _used_to_leaves() -> MotionGate:
    return rustled()


@pytest.fixture
def hedge(_used_to_leaves: MotionGate) -> MotionGate:
    """A gate that has watched the leaves up to RUSTLED_S."""
    return copy.deepcopy(_used_to_leaves)


def activity(gate: MotionGate, at: float) -> float:
    return float(np.mean([gate.update(leaves(n + 1000), at + n / 10).active for n in range(60)]))


def test_leaves_that_move_all_the_time_soon_get_few_looks(hedge: MotionGate):
    fresh = MotionGate()
    settled(fresh, leaves(0))
    assert activity(fresh, 2.0) > 0.3  # they are motion as long as nobody knows them
    assert activity(hedge, RUSTLED_S) < 0.15


def test_without_its_memory_of_restless_places_the_gate_would_stand_open(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(unrest_module, "TIMES", 0.0)
    assert activity(rustled(), RUSTLED_S) > 0.9


def test_somebody_beside_the_leaves_is_seen_at_once(hedge: MotionGate):
    gate, at = hedge, RUSTLED_S
    result = gate.update(with_block(leaves(5000), 450, 120, level=140), at)
    assert any(box.x1 > 0.6 for box in result.boxes)


def test_somebody_who_stands_out_walks_through_the_leaves_and_is_seen(hedge: MotionGate):
    gate, at = hedge, RUSTLED_S
    seen = [gate.update(with_block(leaves(900 + n), 20 + 8 * n, 120, level=250), at + n / 10) for n in range(30)]
    assert np.mean([bool(result.boxes) for result in seen]) > 0.9


def test_nobody_is_hidden_by_leaves_for_longer_than_two_seconds(hedge: MotionGate):
    gate, at = hedge, RUSTLED_S
    looks = [at]
    for n in range(120):  # hardly brighter than the leaves
        now = at + n / 10
        if gate.update(with_block(leaves(900 + n), 40 + n, 120, level=130), now).active:
            looks.append(now)
    assert max(np.diff([*looks, at + 12])) <= 2.0 + 0.15


def test_the_wind_dies_down_and_the_hedge_is_watched_as_before(hedge: MotionGate):
    gate, at = hedge, RUSTLED_S
    calm = scene()
    for n in range(200):
        gate.update(calm, at + n / 5)
    assert gate._unrest.thresholds is None
    assert gate.update(with_block(scene(), 100, 120, level=115), at + 40).boxes != ()


def test_a_fast_camera_is_no_calmer_than_a_slow_one():
    slow, fast = MotionGate(), MotionGate()
    for n in range(240):
        fast.update(leaves(n // 3), n / 30)
        if n % 3 == 0:
            slow.update(leaves(n // 3), n / 30)
    assert np.allclose(slow._unrest._mean, fast._unrest._mean, atol=1.0)


def test_the_tree_in_the_wind_gets_few_looks(footage: Callable[[str], Path]):
    gate = MotionGate()
    tree = [f.picture.y.copy() for f in frames_of(footage("foliage.mp4"), started=datetime(2026, 1, 1, tzinfo=UTC))]
    active = [gate.update(tree[n % len(tree)], n / 10).active for n in range(2 * len(tree))]
    assert np.mean(active[len(tree) :]) < 0.4


def test_a_static_noisy_scene_almost_never_opens_the_gate():
    noise, empty = np.random.default_rng(5), scene()
    for strength in (4, 8, 16):
        gate = MotionGate()
        specks = [noise.normal(0, strength, (360, 640)) for _ in range(9)]
        active = [gate.update((empty + specks[n % 9]).clip(0, 255).astype(np.uint8), n / 10).active for n in range(100)]
        assert np.mean(active) <= 0.01
