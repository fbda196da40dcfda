"""Who came while a snooze, a test or an access window held was only watched; who is there still when it is over counts anew."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from cameras.actions import covers as found_by
from cameras.actions.covers import Cover, covers
from cameras.models import AccessWindow, Muting
from cameras.vision.scene import Scene
from cameras.watching.plan import Plan
from tests import factories as make
from tests.factories import NIGHT
from tests.watching.test_policy_taken_up import paced
from tests.watching.test_sight import FPS, eye, plan  # noqa: F401  eye is a fixture

MINUTE, HOUR, SECOND = timedelta(minutes=1), timedelta(hours=1), timedelta(seconds=1)


def covered(over: datetime, **fields) -> Plan:
    return replace(plan(), covers=frozenset({Cover("one", over, **fields)}))


OVER = NIGHT + timedelta(seconds=40 / FPS)


def test_whoever_is_there_still_when_it_is_over_is_told_of_again(eye):  # noqa: F811
    sight, worker = eye(covered(OVER))
    early, later = paced(sight, worker, 0, 40), paced(sight, worker, 40, 80)
    assert len(early) == len(later) == 1
    assert early[0].track.id == later[0].track.id
    assert early[0].stamp.captured < OVER <= later[0].stamp.captured


def test_so_it_is_where_it_is_ended_early(eye):  # noqa: F811
    sight, worker = eye(covered(NIGHT + HOUR))
    assert len(paced(sight, worker, 0, 40)) == 1
    sight.plan = replace(sight.plan, covers=frozenset({Cover("one", OVER)}))
    assert len(paced(sight, worker, 40, 80)) == 1


def test_one_that_goes_on_or_is_of_another_place_tells_nothing_anew(eye):  # noqa: F811
    for of in (covered(NIGHT + HOUR), covered(OVER, zones=frozenset({"street"})), covered(OVER, camera="another")):
        sight, worker = eye(of)
        assert len(paced(sight, worker, 0, 80)) == 1


def test_a_scene_that_is_not_told_would_hide_who_stayed_and_the_test_notices(eye, monkeypatch):  # noqa: F811
    monkeypatch.setattr(Scene, "cover", lambda self, pairs: None)
    sight, worker = eye(covered(OVER))
    assert len(paced(sight, worker, 0, 80)) == 1


@pytest.mark.django_db
def test_covers_are_what_people_muted_and_whom_they_expect(site, zone, sam, django_assert_max_num_queries):
    muting = Muting.objects.create(
        site=site, kind="snooze", categories=["person"], reason="x", starts_at=NIGHT - HOUR, ends_at=NIGHT + HOUR,
        made_by=sam, camera=zone.camera, zone=zone,
    )  # fmt: skip
    made = {"site": site, "made_by": sam, "made_at": NIGHT - HOUR}
    once = AccessWindow.objects.create(kind="delivery", starts_at=NIGHT - HOUR, ends_at=NIGHT + MINUTE, **made)
    weekly = AccessWindow.objects.create(
        kind="cleaner", starts_at=NIGHT - HOUR, ends_at=NIGHT + 99 * HOUR, weekdays=list(range(7)),
        from_time=time(0), to_time=time((NIGHT + HOUR).hour), **made,
    )  # fmt: skip
    weekly_over = NIGHT.replace(minute=0, second=0, microsecond=0) + HOUR
    with django_assert_max_num_queries(3):
        found = covers([site], NIGHT)[site.pk]
    assert {(one.id, one.over) for one in found} == {
        (str(muting.pk), NIGHT + HOUR), (str(once.pk), NIGHT + MINUTE), (str(weekly.pk), weekly_over)
    }  # fmt: skip
    (one,) = (one for one in found if one.camera)
    assert (one.camera, one.zones) == (str(zone.camera_id), {str(zone.pk)})


@pytest.mark.django_db
def test_what_was_ended_a_moment_ago_is_known_with_its_end_and_then_forgotten(site, sam):
    ended = {"ended_at": NIGHT - SECOND, "ended_by": sam}
    Muting.objects.create(
        site=site, kind="test", categories=["person"], reason="x", starts_at=NIGHT - HOUR, ends_at=NIGHT + HOUR,
        made_by=sam, **ended,
    )  # fmt: skip
    (one,) = covers([site], NIGHT)[site.pk]
    assert one.over == NIGHT - SECOND
    assert covers([site], NIGHT + found_by.KNOWN)[site.pk] == frozenset()
    assert covers([make.make_site(site.customer, "Other")], NIGHT) != {}
