from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from cameras.vision.types import Box, Sighting, Track, ZoneShape
from cameras.vision.zones import ZoneWatch, contains

from .conftest import NOON, stamp_at

LEFT = ZoneShape("left", ((0, 0), (0.5, 0), (0.5, 1), (0, 1)), dwell_s=1.0)


def track(x: float, *, id: int = 1, label: str = "person", score: float = 0.8) -> Track:
    return Track(id, label, Box(x - 0.04, 0.4, x + 0.04, 0.8), score, NOON, NOON, 5, (), score)


def follow(watch: ZoneWatch, steps: list[tuple[float, float | None]], **kwargs) -> list[Sighting]:
    """Steps of (seconds, foot point's x or None for unseen)."""
    return [
        sighting
        for at, x in steps
        for sighting in watch.update(stamp_at(at), [] if x is None else [track(x, **kwargs)]).sightings
    ]


def stay(start: float, seconds: float, x: float = 0.2, fps: int = 5) -> list[tuple[float, float | None]]:
    return [(start + n / fps, x) for n in range(int(seconds * fps))]


@pytest.mark.parametrize(
    ("point", "inside"),
    [((0.1, 0.1), True), ((0.9, 0.9), False), ((0, 0), True), ((1, 0), True), ((0.5, 0.5), True)],
)
def test_a_triangle_holds_its_points_and_its_edge(point: tuple[float, float], inside: bool):
    assert contains(((0, 0), (1, 0), (0, 1)), point) is inside


def test_the_whole_picture_holds_feet_at_its_lower_edge():
    whole = ZoneShape.whole_picture()
    assert contains(whole.polygon, Box(0.1, 0.5, 0.3, 1.0).foot)


def test_a_sighting_comes_once_when_the_dwell_is_reached():
    found = follow(ZoneWatch([LEFT]), stay(0.0, 5.0))
    assert len(found) == 1
    sighting = found[0]
    assert (sighting.zone_id, sighting.label, sighting.entered_at) == ("left", "person", NOON)
    assert sighting.dwell_s == pytest.approx(1.0)
    assert sighting.at == NOON + timedelta(seconds=1)


def test_a_short_visit_is_no_sighting_and_a_dwell_starts_anew_after_leaving():
    watch = ZoneWatch([LEFT])
    assert follow(watch, stay(0, 0.9) + stay(0.9, 3, x=0.8) + stay(3.9, 0.9)) == []


def test_a_box_that_flickers_out_for_a_moment_goes_on():
    watch = ZoneWatch([LEFT])
    flicker = [*stay(0.0, 0.8), (0.8, 0.55), (1.0, None), (1.2, 0.2), (1.4, 0.2), (1.6, 0.2)]
    assert len(follow(watch, flicker)) == 1


def test_one_look_over_the_edge_is_no_entry():
    watch = ZoneWatch([ZoneShape("left", LEFT.polygon, dwell_s=0.0)])
    assert follow(watch, [(0.0, 0.6), (0.2, 0.45), (0.4, 0.6), (0.6, 0.6)]) == []


def test_unseen_seconds_do_not_count_towards_a_long_dwell():
    watch = ZoneWatch([ZoneShape("left", LEFT.polygon, dwell_s=20.0)])
    assert follow(watch, [(t, 0.2) for t in range(0, 80, 10)]) == []  # 70 s, of which each look vouches for 2.5


def test_coming_back_soon_is_not_reported_again_and_later_is():
    watch = ZoneWatch([LEFT], again_s=10.0)
    assert len(follow(watch, stay(0, 3))) == 1
    assert follow(watch, stay(3, 4, x=0.8) + stay(7, 3)) == []
    assert len(follow(watch, stay(10, 12, x=0.8) + stay(22, 3))) == 1


def test_each_zone_and_each_track_counts_for_itself():
    right = ZoneShape("right", ((0.5, 0), (1, 0), (1, 1), (0.5, 1)), dwell_s=1.0)
    watch = ZoneWatch([LEFT, right])
    found = []
    for at, _ in stay(0, 3):
        found += watch.update(stamp_at(at), [track(0.2, id=1), track(0.8, id=2), track(0.3, id=3)]).sightings
    assert sorted((s.zone_id, s.track.id) for s in found) == [("left", 1), ("left", 3), ("right", 2)]


def test_only_classes_a_zone_asks_for_count():
    vehicles = ZoneShape("left", LEFT.polygon, classes=frozenset({"vehicle"}))
    assert follow(ZoneWatch([vehicles]), stay(0, 3)) == []
    assert len(follow(ZoneWatch([vehicles]), stay(0, 3), label="truck")) == 1
    buses = ZoneShape("left", LEFT.polygon, classes=frozenset({"bus"}))
    assert follow(ZoneWatch([buses]), stay(0, 3), label="truck") == []


def test_a_zone_may_ask_for_more_certainty():
    strict = ZoneShape("left", LEFT.polygon, min_score=0.7)
    assert follow(ZoneWatch([strict]), stay(0, 3), score=0.5) == []
    assert len(follow(ZoneWatch([strict]), stay(0, 3), score=0.75)) == 1


def test_who_is_still_there_is_known_after_the_sighting():
    watch = ZoneWatch([LEFT])
    follow(watch, stay(0, 3))
    (present,) = watch.update(stamp_at(3.0), [track(0.2)]).present
    assert present.reported
    assert present.dwell_s == pytest.approx(3.0)
    assert present.entered_at == NOON


def test_two_zones_with_one_id_are_refused():
    with pytest.raises(ValueError):
        ZoneWatch([LEFT, LEFT])


def test_old_stays_are_forgotten():
    watch = ZoneWatch([LEFT], again_s=1.0)
    follow(watch, stay(0, 2))
    watch.update(stamp_at(500.0), [])
    assert not watch._stays


GATE = ((0.5, 0.9), (0.5, 0.1))  # upwards: left of it is where x is smaller


def walker(x: float, *, id: int = 1, label: str = "person") -> Track:
    """Somebody small, so that a line's margin is small too."""
    return Track(id, label, Box(x - 0.02, 0.42, x + 0.02, 0.5), 0.8, NOON, NOON, 5, (), 0.8)


def walked(watch: ZoneWatch, xs: list[float], *, start: float = 0.0, **kwargs) -> list[Sighting]:
    return [
        sighting
        for n, x in enumerate(xs)
        for sighting in watch.update(stamp_at(start + n / 5), [walker(x, **kwargs)]).sightings
    ]


def across(start: float, end: float, steps: int = 10) -> list[float]:
    return [start + (end - start) * n / (steps - 1) for n in range(steps)]


@pytest.mark.parametrize(
    ("asked", "way", "found"),
    [
        ("both", (0.3, 0.7), ["right"]),
        ("both", (0.7, 0.3), ["left"]),
        ("right", (0.3, 0.7), ["right"]),
        ("right", (0.7, 0.3), []),
        ("left", (0.3, 0.7), []),
        ("left", (0.7, 0.3), ["left"]),
        ("both", (0.3, 0.49), []),
    ],
)
def test_a_line_is_crossed_in_the_direction_that_is_asked_for(asked, way, found):
    # The polygon is elsewhere: the line counts for itself.
    zone = ZoneShape("gate", ((0, 0.8), (0.1, 0.8), (0.1, 1)), line=GATE, line_direction=asked)
    sightings = walked(ZoneWatch([zone]), across(*way))
    assert [s.direction for s in sightings] == found
    assert {s.category for s in sightings} <= {"line_crossing"}
    assert all(s.entered_at == s.at and s.dwell_s == 0.0 for s in sightings)


def test_pacing_over_a_line_is_reported_once_in_each_direction_and_again_when_it_was_quiet():
    zone = ZoneShape("gate", ((0, 0.8), (0.1, 0.8), (0.1, 1)), line=GATE)
    watch = ZoneWatch([zone], again_s=30.0)
    there_and_back = across(0.3, 0.7) + across(0.7, 0.3)
    assert [s.direction for s in walked(watch, there_and_back * 5)] == ["right", "left"]
    assert walked(watch, [0.3] * 200, start=20.0) == []
    assert [s.direction for s in walked(watch, there_and_back, start=60.0)] == ["right", "left"]


def test_only_what_a_zone_counts_crosses_its_line():
    zone = ZoneShape("gate", LEFT.polygon, classes=frozenset({"vehicle"}), line=GATE, dwell_s=60)
    assert walked(ZoneWatch([zone]), across(0.3, 0.7)) == []
    (crossed,) = walked(ZoneWatch([zone]), across(0.3, 0.7), label="car")
    assert crossed.category == "line_crossing"


def test_who_stays_long_loiters_once_after_having_been_reported():
    zone = ZoneShape("left", LEFT.polygon, dwell_s=1.0, loiter_s=10.0)
    found = follow(ZoneWatch([zone]), stay(0, 40))
    assert [(s.category, round(s.dwell_s)) for s in found] == [("person", 1), ("loitering", 10)]
    assert found[0].entered_at == found[1].entered_at


def test_a_new_stay_after_long_is_loitering_anew_and_a_visit_that_ends_is_none():
    zone = ZoneShape("left", LEFT.polygon, dwell_s=1.0, loiter_s=5.0)
    watch = ZoneWatch([zone], again_s=10.0)
    assert [s.category for s in follow(watch, stay(0, 4))] == ["person"]
    assert [s.category for s in follow(watch, stay(4, 15, x=0.8) + stay(19, 8))] == ["person", "loitering"]


def test_a_category_may_ask_for_a_dwell_of_its_own():
    zone = ZoneShape("left", LEFT.polygon, dwell_s=1.0, loiter_s=2.0, dwells=(("person", 3.0), ("loitering", 4.0)))
    found = follow(ZoneWatch([zone]), stay(0.0, 6.0))
    assert [(s.category, s.dwell_s) for s in found] == [
        ("person", pytest.approx(3.0)),
        ("loitering", pytest.approx(4.0)),
    ]
    alone = ZoneShape("left", LEFT.polygon, dwell_s=1.0, dwells=(("vehicle", 9.0), ("loitering", 2.0)))
    assert [s.category for s in follow(ZoneWatch([alone]), stay(0.0, 6.0))] == [
        "person"
    ]  # nobody watches for loitering


def test_cars_do_not_loiter():
    zone = ZoneShape("left", LEFT.polygon, classes=frozenset({"vehicle"}), loiter_s=5.0)
    assert [s.category for s in follow(ZoneWatch([zone]), stay(0, 20), label="car")] == ["vehicle"]


def company(watch: ZoneWatch, start: float, seconds: float, ids: list[int], *, label: str = "person") -> list[Sighting]:
    return [
        sighting
        for at, _ in stay(start, seconds)
        for sighting in watch.update(stamp_at(at), [track(0.1 + 0.05 * id, id=id, label=label) for id in ids]).sightings
    ]


def test_three_people_at_once_are_a_group_told_once():
    watch = ZoneWatch([LEFT], again_s=10.0)
    assert [s.category for s in company(watch, 0, 3, [1, 2])] == ["person", "person"]
    found = company(watch, 3, 5, [1, 2, 3])
    assert [(s.category, s.track.id) for s in found] == [("person", 3), ("group", 3)]
    assert [s.category for s in company(watch, 8, 5, [1, 2, 3, 4])] == ["person"]


def test_a_group_that_was_smaller_for_a_moment_is_the_same_and_for_long_is_another():
    watch = ZoneWatch([LEFT], again_s=10.0)
    company(watch, 0, 3, [1, 2, 3])
    found = company(watch, 3, 5, [1, 2]) + company(watch, 8, 3, [1, 2, 3])
    assert [s.category for s in found] == ["person"]  # who may be another
    company(watch, 11, 15, [1, 2])
    assert "group" in [s.category for s in company(watch, 26, 3, [1, 2, 3])]


def test_three_one_after_the_other_and_three_cars_are_no_group():
    watch = ZoneWatch([LEFT])
    found = company(watch, 0, 3, [1]) + company(watch, 6, 3, [2]) + company(watch, 12, 3, [3])
    cars = ZoneWatch([ZoneShape("left", LEFT.polygon, classes=frozenset({"vehicle"}))])
    found += company(cars, 0, 5, [1, 2, 3], label="car")
    assert "group" not in [s.category for s in found]


def test_flickering_boxes_are_a_group_still():
    """Each look finds only two of the three."""
    watch, found = ZoneWatch([LEFT]), []
    for n in range(40):
        ids = [id for id in (1, 2, 3) if (n + id) % 3]
        found += watch.update(stamp_at(n / 5), [track(0.1 * id, id=id) for id in ids]).sightings
    assert [s.category for s in found].count("group") == 1


def test_renewed_people_are_reported_again_and_cars_are_not():
    both = ZoneShape("left", LEFT.polygon, classes=frozenset({"person", "vehicle"}))
    watch = ZoneWatch([both])
    for at, _ in stay(0, 3):
        watch.update(stamp_at(at), [track(0.2, id=1), track(0.3, id=2, label="car")])
    watch.renew({"left"})
    found = watch.update(stamp_at(3.0), [track(0.2, id=1), track(0.3, id=2, label="car")]).sightings
    assert [(s.track.id, s.category) for s in found] == [(1, "person")]


def test_zones_that_change_keep_who_is_in_those_that_stay():
    watch = ZoneWatch([LEFT])
    follow(watch, stay(0, 3))
    watch.replan([LEFT, ZoneShape("whole", ((0, 0), (1, 0), (1, 1), (0, 1)), dwell_s=1.0)])
    assert [s.zone_id for s in follow(watch, stay(3, 3))] == ["whole"]
    watch.replan([])
    assert follow(watch, stay(6, 3)) == []


@pytest.mark.parametrize("seed", range(20))
def test_a_random_walk_is_reported_as_a_simple_oracle_says(seed: int):
    """With next to no inertia a stay is nothing but looks in a row inside: the oracle only counts them."""
    rng = np.random.default_rng(seed)
    watch = ZoneWatch([LEFT], enter_looks=1, leave_s=0.3, again_s=0.3)
    x, run, reported, expected, found = 0.5, 0, False, [], []
    for n in range(500):
        x = float(np.clip(x + rng.normal(0, 0.06), 0.1, 0.9))
        if x <= 0.5:
            run += 1
            if not reported and (run - 1) / 5 >= LEFT.dwell_s - 1e-9:
                expected.append(n)
                reported = True
        else:
            run, reported = 0, False
        found += [n for _ in watch.update(stamp_at(n / 5), [track(x)]).sightings]
    assert found == expected


def gone(start: float, seconds: float) -> list[tuple[float, float | None]]:
    return [(start + n / 5, None) for n in range(int(seconds * 5))]


def test_who_comes_back_after_having_been_out_of_sight_may_be_another_and_is_reported():
    """Nobody else is seen in between, and the tracker takes the second for the first: he is an intruder all the same."""
    watch = ZoneWatch([LEFT])
    assert len(follow(watch, stay(0, 3) + gone(3, 3) + stay(6, 3))) == 2


def test_one_identity_kept_in_sight_is_one_report():
    watch = ZoneWatch([LEFT])
    assert len(follow(watch, stay(0, 3) + gone(3, 1) + stay(4, 3))) == 1


def test_cars_that_were_out_of_sight_are_the_same_cars():
    cars = ZoneShape("left", LEFT.polygon, dwell_s=1.0, classes=frozenset({"vehicle"}))
    watch = ZoneWatch([cars])
    assert len(follow(watch, stay(0, 3) + gone(3, 3) + stay(6, 3), label="car")) == 1


def test_looks_that_are_far_apart_hide_nobody():
    """Under overload a camera may be looked at once in three seconds: who is found each time was there all the time."""
    watch = ZoneWatch([LEFT])
    assert len(follow(watch, [(at, 0.2) for at in (0, 3, 6, 9)])) == 1
