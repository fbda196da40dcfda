"""What a policy asks of a camera's own thread: dwell times and arm state by zone; and another one within two seconds."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from cameras.actions import Standing, commit_candidate, standing
from cameras.models import ArmChange, Camera
from cameras.vision.types import Box, Sighting, ZoneShape
from cameras.watching.plan import Plan, plan_of
from cameras.watching.sight import Sight
from soc.core.clock import now
from tests import factories as make
from tests.factories import NIGHT
from tests.vision.world import World
from tests.watching.conftest import People, add_camera
from tests.watching.test_sight import FPS, Worker, eye, frame, plan, walk  # noqa: F401  eye is a fixture

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
RIGHT = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))


def rule(category: str = "person", **fields: Any) -> dict[str, Any]:
    return {"category": category, "when": "armed", "decision": "raise"} | fields


def standing_of(**parts: Any) -> Standing:
    return Standing(make.read(**({"schedule": make.week()} | parts)))


def asked(zone: ZoneShape, stands: Standing, at=NIGHT) -> dict[str, float]:
    (found,) = replace(plan(stands), zones=(zone,)).arming(at).zones
    return {code: found.dwell_of(code) for code in ("person", "vehicle", "group", "loitering")}


def test_a_zone_asks_for_its_own_dwell_unless_a_rule_says_otherwise():
    zone = ZoneShape.whole_picture("yard", dwell_s=2.0, loiter_s=60.0)
    assert asked(zone, standing_of()) == {"person": 2.0, "vehicle": 2.0, "group": 2.0, "loitering": 60.0}
    by_name = standing_of(rules=[rule(dwell_s=5.0), rule("loitering", dwell_s=90.0)])
    assert asked(zone, by_name) == {"person": 5.0, "vehicle": 2.0, "group": 2.0, "loitering": 90.0}
    for_all = standing_of(rules=[rule("*", dwell_s=0.5), rule(zone="yard", dwell_s=1.0)])
    assert asked(zone, for_all) == {"person": 1.0, "vehicle": 0.5, "group": 0.5, "loitering": 60.0}


def test_a_dwell_may_depend_on_whether_it_is_armed():
    stands = standing_of(
        schedule=make.week("20:00", "06:00"), rules=[rule(dwell_s=1.0), rule(dwell_s=9.0, when="disarmed")]
    )
    zone = ZoneShape.whole_picture("yard", dwell_s=2.0)
    assert asked(zone, stands)["person"] == 1.0
    assert asked(zone, stands, NIGHT + timedelta(hours=9))["person"] == 9.0
    state = replace(plan(stands), zones=(zone,)).arming(NIGHT)
    assert (state.armed, state.until) == ({"yard"}, NIGHT.replace(hour=6, minute=0, second=0))


@pytest.mark.django_db
@pytest.mark.parametrize("category", ["person", "vehicle", "group", "loitering"])
@pytest.mark.parametrize("limit", [0.3, 2.0, 7.5])
def test_the_watcher_asks_for_what_the_judge_asks_for(zone, category, limit):
    """Told too early, somebody would be called too short a stay and never be told of again."""
    zone.loiter_s = 30.0
    zone.save()
    rules = [rule("*", dwell_s=4.0), rule(category, zone=str(zone.pk), dwell_s=limit)]
    make.set_policy(zone.site, schedule=make.week(), rules=rules)
    (shape,) = plan_of(zone.camera, standing(zone.site)).arming(NIGHT).zones
    assert shape.dwell_of(category) == limit
    found = [
        commit_candidate(
            site=zone.site, source="camera", category=category, camera=zone.camera, zone=zone, captured_at=NIGHT,
            received_at=NIGHT, judged_at=NIGHT, dedup=f"{seconds}", dwell_s=seconds,
        ).decision
        for seconds in (limit - 0.2, limit)
    ]  # fmt: skip
    assert found == ["watch", "raise"]


# --- in the thread


def paced(sight: Sight, worker: Worker, first: int, last: int) -> list[Sighting]:
    """Somebody paces up and down."""
    seen = []
    for number in range(first, last):
        x = 0.2 + 0.4 * abs((number % 80) / 40 - 1)
        worker.person = Box(x, 80 / 288, x + 50 / 384, 220 / 288)
        seen += sight.see(frame(number, person_at=x))[0]
    return [one.sighting for one in seen if not one.short]


def test_somebody_is_told_of_when_the_policy_asks_for_it(eye):  # noqa: F811
    sight, worker = eye(plan(standing_of(rules=[rule(dwell_s=3.0)])))
    (found,) = paced(sight, worker, 0, 80)
    assert 3.0 <= found.dwell_s < 3.5


def test_who_was_told_of_by_an_earlier_policy_counts_anew_by_the_next(eye):  # noqa: F811
    sight, worker = eye(plan())
    early = paced(sight, worker, 0, 40)
    sight.plan = replace(sight.plan, standing=standing_of(rules=[rule(dwell_s=6.0)]))
    later = paced(sight, worker, 40, 80)
    assert len(early) == len(later) == 1
    assert early[0].track.id == later[0].track.id
    assert early[0].dwell_s < 1.5 < 6.0 <= later[0].dwell_s


def test_the_same_policy_told_once_more_is_none(eye):  # noqa: F811
    sight, worker = eye(plan())
    assert len(paced(sight, worker, 0, 40)) == 1
    sight.plan = replace(sight.plan, name="Renamed", standing=standing_of())
    assert paced(sight, worker, 40, 80) == []


def two_zones(**schedules: Any) -> Plan:
    zones = (ZoneShape("left", LEFT, dwell_s=0.5), ZoneShape("right", RIGHT, dwell_s=0.5))
    return replace(plan(standing_of(**schedules)), zones=zones)


def test_a_zone_with_a_schedule_of_its_own_is_armed_apart():
    of = two_zones(schedule={}, zones={"left": {"schedule": make.week("20:00", "06:00")}})
    at_night, by_day = of.arming(NIGHT), of.arming(NIGHT + timedelta(hours=9))
    assert (at_night.armed, by_day.armed) == ({"left"}, set())
    assert at_night.until == NIGHT.replace(hour=6, minute=0, second=0)


@pytest.mark.parametrize(("armed", "alarms"), [("left", True), ("right", True), ("nowhere", False)])
def test_nobody_looking_is_an_alarm_where_any_zone_that_something_moves_in_is_armed(eye, armed, alarms):  # noqa: F811
    sight, worker = eye(two_zones(schedule={}, zones={armed: {"schedule": make.week()}}), dead=True)
    _, blind = walk(sight, worker, still=10, walking=80)  # from the left to the right
    assert {one.zone_id for one in blind} == ({armed} if alarms else set())


# --- through the rows


@pytest.fixture
def running(watches, world: World, site, monkeypatch):
    """A watch process in rounds of its own, whose camera gives pictures; and the camera."""
    monkeypatch.setattr(People, "nobody", True)
    camera = add_camera(site, "quiet", f"rtsp://127.0.0.1:{world.port}/quiet")
    watch = watches()
    stop = threading.Event()

    def rounds() -> None:
        try:
            watch.keeper.run(stop)
        finally:
            connection.close()

    thread = threading.Thread(target=rounds, daemon=True)
    thread.start()
    yield watch, camera
    stop.set()
    thread.join(30)


def until(wanted, within_s: float) -> float:
    """Seconds until it was so."""
    began = time.monotonic()
    while not wanted():
        assert time.monotonic() - began < within_s, "it did not come to that"
        threading.Event().wait(0.02)
    return time.monotonic() - began


@pytest.mark.django_db(transaction=True)
def test_a_new_policy_and_a_toggle_are_taken_up_within_two_seconds_and_the_stream_goes_on(running):
    watch, camera = running

    def sight() -> Sight | None:
        watched = watch.keeper.cameras.get(camera.pk)
        return watched.watcher.sight if watched else None

    def armed() -> bool:
        seen = sight()
        return seen is not None and bool(seen.plan.arming(now()).armed)

    until(lambda: watch.captured(camera.pk) > 0, 30)
    before = sight()
    make.set_policy(camera.site, schedule=make.week(), owner="customer")
    took = [until(armed, 10)]
    ArmChange.objects.create(site=camera.site, armed=False, how="portal", at=now() - timedelta(seconds=1))
    took.append(until(lambda: not armed(), 10))
    make.set_policy(camera.site, schedule=make.week(), owner="schedule")
    took.append(until(armed, 10))
    assert max(took) < 2.0
    assert sight() is before
    assert Camera.objects.get(pk=camera.pk).generation == 1
