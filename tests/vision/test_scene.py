"""What stands still is reported once and costs no inference; who comes before it is reported all the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pytest

from cameras.vision import stationary
from cameras.vision.perspective import Perspective
from cameras.vision.scene import Scene
from cameras.vision.stationary import Patience
from cameras.vision.types import Box, Detection, Sighting, ZoneShape

from .conftest import stamp_at

YARD = ZoneShape.whole_picture("yard", dwell_s=1.0, classes=frozenset({"person", "vehicle"}))
SPACE = (0.4, 0.5)  # where cars park
STEP = 0.2


class Yard:
    """A scene driven as a camera's thread drives it: a frame is inferred while something moves or the scene wants it.

    `cars` and `people`: left upper corners of what is there now. hit_rate: how often the detector sees each of them.
    """

    def __init__(
        self, scene: Scene | None = None, *, seed: int = 0, hit_rate: float = 1.0, jitter: float = 0.004
    ) -> None:
        self.scene = scene or Scene([YARD])
        self.rng, self.hit_rate, self.jitter = np.random.default_rng(seed), hit_rate, jitter
        self.now, self.inferred = 0.0, 0
        self.cars: list[tuple[float, float]] = []
        self.people: list[tuple[float, float]] = []
        self.seen: list[Sighting] = []

    @property
    def reported(self) -> Counter[str]:
        return Counter(sighting.category for sighting in self.seen)

    def passes(self, seconds: float, *, moving: bool = False) -> Yard:
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            if moving or self.scene.worth_a_look(self.now):
                self.inferred += 1
                _, update = self.scene.update(stamp_at(self.now), list(self._found()))
                self.seen += update.sightings
        return self

    def drives(self, start: tuple[float, float], end: tuple[float, float], seconds: float = 3.0) -> Yard:
        """A car goes from here to there; the motion gate sees it."""
        others, steps = list(self.cars), round(seconds / STEP)
        for k in range(steps + 1):
            part = k / steps
            self.cars = [*others, (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)]
            self.passes(STEP, moving=True)
        return self

    def away(self, seconds: float) -> Yard:
        """No connection."""
        self.now += seconds
        return self

    def _found(self) -> Iterable[Detection]:
        for label, size, places in (("car", (0.2, 0.14), self.cars), ("person", (0.05, 0.2), self.people)):
            for x, y in places:
                if self.rng.random() < self.hit_rate:
                    dx, dy, grow = self.rng.normal(0, self.jitter, 3)
                    box = Box.clipped(x + dx, y + dy, x + dx + size[0] + grow, y + dy + size[1])
                    if box is not None:
                        yield Detection(label, 0.6, box)


def parked(**kwargs) -> Yard:
    """A car has come, was reported and stands."""
    yard = Yard(**kwargs).drives((0.0, 0.5), SPACE).passes(20.0)
    assert yard.reported == {"vehicle": 1}
    return yard


def test_a_parked_car_is_reported_once_and_then_hardly_looked_at():
    yard = parked()
    before = yard.inferred
    yard.passes(3600)
    assert yard.reported == {"vehicle": 1}
    assert yard.inferred - before <= 3600 / 45 * 1.2
    assert yard.scene.tracker.following == 0


@pytest.mark.parametrize("seed", range(4))
def test_a_parked_car_that_the_detector_often_misses_is_the_same_car(seed):
    yard = Yard(seed=seed, hit_rate=0.35, jitter=0.01).drives((0.0, 0.5), SPACE, 6.0)
    for _ in range(12):
        yard.passes(60).passes(4, moving=True)  # rain, now and then
    assert yard.reported["vehicle"] <= 1


def test_a_parked_car_outlasts_minutes_without_a_connection():
    yard = parked()
    yard.away(280).passes(30, moving=True)
    assert yard.reported == {"vehicle": 1}


def test_headlights_on_a_parked_car_are_no_car():
    yard = parked()
    yard.jitter = 0.02  # the light changes what the detector takes for it
    yard.passes(15, moving=True)
    yard.jitter = 0.004
    yard.passes(120)
    assert yard.reported == {"vehicle": 1}


def test_a_person_before_a_parked_car_is_reported_and_the_car_is_not_again():
    yard = parked()
    car, yard.cars = yard.cars, []  # hidden
    yard.people = [(0.47, 0.45)]
    yard.passes(20, moving=True)
    yard.cars, yard.people = car, []
    yard.passes(120)
    assert yard.reported == {"vehicle": 1, "person": 1}


def test_another_car_before_a_parked_one_is_reported():
    yard = parked()
    yard.drives((0.9, 0.7), (0.45, 0.6)).passes(30)
    assert yard.reported == {"vehicle": 2}


def test_a_car_that_leaves_is_followed_and_the_next_in_its_place_is_reported():
    yard = parked()
    yard.cars = []
    yard.drives(SPACE, (0.98, 0.5))
    assert yard.scene.tracker.following >= 1
    yard.cars = []
    yard.passes(30, moving=True)
    assert yard.reported == {"vehicle": 1}
    yard.drives((0.0, 0.5), SPACE).passes(60)
    assert yard.reported == {"vehicle": 2}


def test_one_that_leaves_unseen_is_looked_for_and_then_no_longer_believed_there():
    yard = parked()
    yard.cars = []
    yard.passes(300)
    tracks, update = yard.scene.update(stamp_at(yard.now + STEP), [])
    assert not tracks
    assert not update.present


def test_without_the_memory_a_parked_car_would_be_reported_again(monkeypatch):
    never = Patience(rest_s=1e9, still_s=1e9, look_s=1e9, forget_s=0.0)
    monkeypatch.setattr(stationary, "PATIENCE", {"vehicle": never, "person": never})
    yard = Yard(hit_rate=1.0).drives((0.0, 0.5), SPACE).passes(20.0)
    yard.away(280).passes(30, moving=True)
    assert yard.reported["vehicle"] == 2


def test_a_person_who_stands_still_stays_present_and_is_reported_once():
    yard = Yard()
    yard.people = [(0.5, 0.5)]
    yard.passes(2, moving=True).passes(600)
    assert yard.reported == {"person": 1}
    assert yard.inferred > 120 / STEP  # two minutes without a break, then every few seconds
    _, update = yard.scene.update(stamp_at(yard.now + 1.0), [])
    assert [presence.track.kind for presence in update.present] == ["person"]  # one look that misses says little
    assert update.present[0].dwell_s > 500


def test_a_person_who_goes_on_after_standing_is_followed_again():
    yard = Yard()
    yard.people = [(0.5, 0.5)]
    yard.passes(2, moving=True).passes(300)
    assert yard.scene.tracker.following == 0
    for k in range(15):
        yard.people = [(0.5 + 0.02 * k, 0.5)]
        yard.passes(STEP, moving=True)
    assert yard.scene.tracker.following == 1
    assert yard.reported == {"person": 1}


def test_another_person_after_one_has_gone_is_reported():
    yard = Yard()
    yard.people = [(0.5, 0.5)]
    yard.passes(30, moving=True)
    yard.people = []
    yard.passes(90)
    yard.people = [(0.5, 0.5)]
    yard.passes(5, moving=True)
    assert yard.reported == {"person": 2}


def test_who_came_while_it_was_disarmed_counts_anew_when_it_is_armed_but_what_parks_does_not():
    yard = Yard()
    yard.scene.arm(frozenset())
    yard.drives((0.0, 0.5), SPACE)
    yard.people = [(0.7, 0.5)]
    yard.passes(20)
    assert yard.reported == {"vehicle": 1, "person": 1}
    yard.scene.arm(frozenset({"yard"}))
    yard.passes(5)
    yard.scene.arm(frozenset({"yard"}))
    yard.passes(20)
    assert yard.reported == {"vehicle": 1, "person": 2}


def test_arming_one_zone_counts_nobody_anew_in_another():
    yard = Yard()
    yard.scene.arm(frozenset({"gate"}))
    yard.people = [(0.7, 0.5)]
    yard.passes(20, moving=True)
    yard.scene.arm(frozenset({"gate", "shed"}))
    yard.passes(20)
    assert yard.reported == {"person": 1}


def test_new_zones_know_who_is_there():
    yard = parked()
    yard.scene.replan([YARD, ZoneShape("gate", ((0, 0), (0.2, 0), (0.2, 1), (0, 1)))], None)
    yard.passes(100)
    assert yard.reported == {"vehicle": 1}


def test_what_cannot_be_of_its_size_begins_no_track_but_keeps_one_going():
    scene = Scene([YARD], perspective=Perspective((0.2, 0.1), (1.0, 0.4)))
    cat = Detection("person", 0.7, Box(0.5, 0.6, 0.53, 0.7))
    for k in range(20):
        tracks, _ = scene.update(stamp_at(k * STEP), [cat])
        assert not tracks
    scene = Scene([YARD], perspective=Perspective((0.2, 0.2), (1.0, 0.2)))
    for k in range(20):  # sinks behind a wall, slowly
        hidden = min(0.12, max(0.0, 0.02 * (k - 5)))
        tracks, _ = scene.update(stamp_at(k * STEP), [Detection("person", 0.7, Box(0.5, 0.5, 0.58, 0.7 - hidden))])
    assert [track.id for track in tracks] == [1]


@pytest.mark.parametrize("seed", range(3))
def test_boxes_of_every_shape_and_times_of_every_order_do_no_harm(seed):
    """Slivers, the whole picture, clocks that stand or go back: nothing breaks, and what is known stays bounded."""
    rng = np.random.default_rng(seed)
    line = ((0.5, 0.0), (0.5, 1.0))
    zone = ZoneShape.whole_picture("yard", classes=frozenset({"person", "vehicle"}), loiter_s=5.0, line=line)
    scene = Scene([zone], perspective=Perspective((0.2, 0.05), (0.9, 0.5)))
    now = 0.0
    for _ in range(400):
        now += float(rng.choice([0.2, 0.2, 0.2, 0.0, -5.0, 30.0]))
        found = []
        for _ in range(int(rng.integers(0, 6))):
            x1, y1 = rng.choice([0.0, 5e-324, 0.3, 0.999999], 2)
            x2, y2 = (min(1.0, v + float(rng.choice([5e-324, 1e-12, 0.1, 1.0]))) for v in (x1, y1))
            if (box := Box.clipped(x1, y1, x2, y2)) is not None:
                found.append(Detection(str(rng.choice(["person", "car", "dog"])), float(rng.random()), box))
        scene.update(stamp_at(now), found)
        scene.worth_a_look(now)
    assert len(scene.tracker._known) < 200
