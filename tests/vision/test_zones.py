from __future__ import annotations

from datetime import timedelta

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
    assert follow(watch, [(t, 0.2) for t in range(0, 100, 10)]) == []


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
