"""How stays end: too short for their zone, or after so many seconds; each once, and with how many people were there."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from cameras.vision.scene import Scene
from cameras.vision.types import Box, Detection, Track, ZoneShape, ZoneUpdate
from cameras.vision.zones import ZoneWatch

from .conftest import NOON, stamp_at
from .test_zones import LEFT, stay, track

RIGHT = ZoneShape("right", ((0.5, 0), (1, 0), (1, 1), (0.5, 1)), dwell_s=1.0)
Steps = Iterable[tuple[float, float | None]]


def looks(watch: ZoneWatch, steps: Steps, **kwargs) -> list[ZoneUpdate]:
    return [watch.update(stamp_at(at), [] if x is None else [track(x, **kwargs)]) for at, x in steps]


def short(updates: list[ZoneUpdate]):
    return [one for update in updates for one in update.short]


def left(updates: list[ZoneUpdate]):
    return [one for update in updates for one in update.left]


def sightings(updates: list[ZoneUpdate]):
    return [one for update in updates for one in update.sightings]


def away(start: float, seconds: float) -> list[tuple[float, float | None]]:
    return [(at, None) for at, _ in stay(start, seconds)]


GO: dict[str, Callable[[float, float], list[tuple[float, float | None]]]] = {
    "leaves": lambda start, seconds: stay(start, seconds, x=0.8),
    "is lost": away,
}


@pytest.mark.parametrize("way", GO)
def test_who_goes_before_the_dwell_is_told_once_as_they_were_last_seen_inside(way):
    watch = ZoneWatch([LEFT])
    seen = looks(watch, stay(0, 0.8) + GO[way](0.8, 20))
    (one,) = short(seen)
    assert (one.zone_id, one.category, one.entered_at) == ("left", "person", NOON)
    assert one.dwell_s == pytest.approx(0.6)
    assert one.at == stamp_at(0.6).captured
    assert one.box.foot[0] < 0.5
    assert not sightings(seen)
    assert not left(seen)


def test_two_short_stays_are_two_and_one_look_is_none():
    watch = ZoneWatch([LEFT])
    twice = stay(0, 0.6) + stay(0.6, 3, x=0.8) + stay(3.6, 0.6) + stay(4.2, 3, x=0.8)
    assert len(short(looks(watch, twice))) == 2
    assert not short(looks(ZoneWatch([LEFT]), [(0.0, 0.6), (0.2, 0.45), *stay(0.4, 4, x=0.6)]))


def test_who_flickers_out_for_a_moment_has_not_gone():
    watch = ZoneWatch([LEFT])
    flicker = [*stay(0.0, 0.6), (0.6, 0.55), (0.8, None), (1.0, 0.2), (1.2, 0.2), *stay(1.4, 1.0)]
    assert not short(looks(watch, flicker))


@pytest.mark.parametrize("way", GO)
def test_who_was_reported_has_stayed_so_long(way):
    watch = ZoneWatch([LEFT])
    seen = looks(watch, stay(0, 5) + GO[way](5, 20))
    (one,) = left(seen)
    assert (one.track_id, one.zone_id) == (1, "left")
    assert one.stayed_s == pytest.approx(4.8)
    assert not short(seen)


def test_who_comes_back_soon_is_never_short_of_what_was_reported():
    watch = ZoneWatch([LEFT])
    seen = looks(watch, stay(0, 5) + stay(5, 3, x=0.8) + stay(8, 0.6) + stay(8.6, 3, x=0.8))
    assert len(sightings(seen)) == 1
    assert not short(seen)
    assert [one.stayed_s for one in left(seen)] == [pytest.approx(4.8), pytest.approx(0.4)]


def test_arming_makes_no_stay_that_is_over_a_short_one():
    watch = ZoneWatch([LEFT])
    looks(watch, stay(0, 5) + stay(5, 3, x=0.8))
    watch.renew({"left"})
    assert not short(looks(watch, stay(8, 5, x=0.8)))


def test_without_that_mark_a_short_stay_would_be_told_with_every_look(monkeypatch):
    class Forgetful(ZoneWatch):
        def _end(self, key, stay):
            super()._end(key, stay)
            stay.over = False

    assert len(short(looks(Forgetful([LEFT]), stay(0, 0.8) + stay(0.8, 3, x=0.8)))) > 1


def test_a_zone_asks_a_category_for_a_dwell_of_its_own():
    patient = ZoneShape("left", LEFT.polygon, dwell_s=1.0, dwells=(("person", 4.0),))
    (one,) = short(looks(ZoneWatch([patient]), stay(0, 3) + stay(3, 3, x=0.8)))
    assert one.dwell_s == pytest.approx(2.8)


def test_a_car_that_parks_and_leaves_has_stayed_and_one_that_passes_was_short():
    both = ZoneShape("left", LEFT.polygon, dwell_s=2.0, classes=frozenset({"vehicle"}))
    seen = looks(ZoneWatch([both]), stay(0, 1) + stay(1, 3, x=0.8), label="car")
    assert [one.category for one in short(seen)] == ["vehicle"]
    seen = looks(ZoneWatch([both]), stay(0, 9) + stay(9, 3, x=0.8), label="truck")
    assert len(left(seen)) == 1


# --- people


def test_everybody_in_the_cameras_zones_is_counted_once():
    whole = ZoneShape.whole_picture("all", dwell_s=0.6)
    watch = ZoneWatch([LEFT, RIGHT, whole])
    seen = []
    for at, _ in stay(0, 2):
        found = [track(0.2, id=1), track(0.8, id=2)] + ([track(0.3, id=3)] if at > 0.9 else [])
        seen.append(watch.update(stamp_at(at), [*found, track(0.7, id=4, label="car")]))
    counted = {(one.zone_id, one.track.id): one.people for one in sightings(seen)}
    assert counted[("all", 1)] == 2
    assert counted[("left", 1)] == 2
    assert counted[("all", 3)] == 3


def test_who_has_left_or_is_lost_is_no_longer_counted_and_nobody_is_one():
    watch = ZoneWatch([LEFT])
    for at, _ in stay(0, 2):
        watch.update(stamp_at(at), [track(0.2, id=1), track(0.3, id=2)])
    seen = looks(watch, stay(2, 5), id=3)
    assert [(one.category, one.people) for one in sightings(seen)] == [("person", 3), ("group", 3)]
    looks(watch, stay(7, 4, x=0.8), id=3)
    seen = looks(watch, stay(11, 3), id=4)
    assert [one.people for one in sightings(seen)] == [1]
    cars = ZoneWatch([ZoneShape("left", LEFT.polygon, classes=frozenset({"vehicle"}))])
    assert [one.people for one in sightings(looks(cars, stay(0, 3), label="car"))] == [1]


# --- before a track is certain


def person(x: float) -> Detection:
    return Detection("person", 0.8, Box(x - 0.04, 0.4, x + 0.04, 0.8))


def test_the_looks_before_somebody_is_certain_count():
    scene = Scene([ZoneShape("left", LEFT.polygon, dwell_s=0.0)])
    seen = [scene.update(stamp_at(n / 5), [person(0.2)])[1].sightings for n in range(5)]
    assert [len(one) for one in seen] == [0, 0, 1, 0, 0]
    assert seen[2][0].entered_at == NOON
    assert seen[2][0].dwell_s == pytest.approx(0.4)


def test_only_looks_inside_count_and_only_of_who_has_just_appeared():
    scene = Scene([LEFT])
    for n, x in enumerate((0.7, 0.6, 0.45, 0.4, 0.3, 0.3, 0.3, 0.3)):
        _, update = scene.update(stamp_at(n / 5), [person(x)])
        assert bool(update.sightings) == (n == 7), n
    known = Track(
        1, "person", Box(0.16, 0.4, 0.24, 0.8), 0.8, NOON, NOON, 20, tuple((n / 5, 0.2, 0.8) for n in range(20))
    )
    watch = ZoneWatch([LEFT])
    assert not watch.update(stamp_at(3.8), [known]).sightings  # a zone that was drawn just now


def test_flashes_here_and_there_are_hardly_ever_a_short_stay():
    chance, told = random.Random(5), []
    scene = Scene([ZoneShape.whole_picture("all", dwell_s=1.0)])
    for n in range(3000):
        x, y = chance.uniform(0.02, 0.9), chance.uniform(0.02, 0.8)
        found = [Detection("person", 0.4, Box(x, y, x + 0.04, y + 0.12))] if chance.random() < 0.25 else []
        told += scene.update(stamp_at(n / 5), found)[1].short
    assert len(told) <= 5  # of 750: some are near each other by chance


def walked(seed: int) -> list[ZoneUpdate]:
    """Three people who wander between two zones for three minutes, now and then unseen, and are gone in the end."""
    chance, watch = random.Random(seed), ZoneWatch([LEFT, RIGHT])
    places = {id: chance.random() for id in range(3)}
    seen = []
    for n in range(900):
        places = {id: min(max(x + chance.gauss(0, 0.08), 0.05), 0.95) for id, x in places.items()}
        seen.append(
            watch.update(stamp_at(n / 5), [track(x, id=id) for id, x in places.items() if chance.random() > 0.2])
        )
    return seen + [watch.update(stamp_at(200 + n), []) for n in range(20)]


def test_of_random_walks_each_stay_ends_in_one_way_once():
    total = 0
    for seed in range(20):
        seen = walked(seed)
        told = [(one.track.id, one.zone_id, one.entered_at) for one in short(seen)]
        reported = [(one.track.id, one.zone_id, one.entered_at) for one in sightings(seen)]
        assert len(set(told)) == len(told)
        assert not set(told) & set(reported)
        assert {one[:2] for one in reported} == {(one.track_id, one.zone_id) for one in left(seen)}
        assert all(one.dwell_s < 1.0 for one in short(seen))
        total += len(told)
    assert total > 10
