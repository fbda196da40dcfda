"""Every camera that sees a zone adds its clip of the moment, or says why not."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse

from cameras.actions import commit_candidate
from cameras.keeping import end_angles
from cameras.models import Angle, Camera, Candidate
from cameras.vision.ring import PacketRing
from cameras.watching import angles as module
from cameras.watching import film as films
from cameras.watching.angles import Angles
from cameras.watching.film import View
from soc.core import clock
from tests import factories as make
from tests.factories import NIGHT
from tests.vision.test_ring import packet
from tests.watching.conftest import add_camera


def noticed(zone, *, armed: bool = True, at=NIGHT, **fields: Any) -> Candidate:
    if armed and not zone.site.policies.exists():
        make.arm_always(zone.site)
    given = {"captured_at": at, "received_at": at, "judged_at": at, "source": "camera", "dedup": f"a{at.timestamp()}"}
    return commit_candidate(
        site=zone.site, camera=zone.camera, zone=zone, category="person", dwell_s=9, **given, **fields
    )


@pytest.fixture
def gate(zone):
    """Another camera that sees the zone."""
    camera = make.make_camera(zone.site, "Gate")
    zone.also_seen_by.add(camera)
    return camera


@pytest.mark.django_db
def test_a_raised_candidate_wants_a_view_of_every_other_camera_that_sees_its_zone(zone, gate, other_camera):
    off = make.make_camera(zone.site, "Out of use", enabled=False)
    zone.also_seen_by.add(zone.camera, off, other_camera)  # the last is of another customer
    candidate = noticed(zone)
    assert candidate.decision == "raise"
    wanted = candidate.angles.get()
    assert (wanted.camera, wanted.trigger_at, wanted.done_at) == (gate, candidate.received_at, None)
    assert wanted.organisation == zone.site.organisation
    assert noticed(zone).pk == candidate.pk  # twice is once
    assert Angle.objects.count() == 1


@pytest.mark.django_db
def test_what_is_not_raised_wants_no_view(zone, gate):
    candidate = noticed(zone, armed=False)
    assert candidate.decision != "raise"
    assert not Angle.objects.exists()


class Desk:
    def __init__(self) -> None:
        self.views: list[View] = []

    def view(self, view: View) -> None:
        self.views.append(view)


def wanted(zone, gate, ago_s: float) -> Angle:
    candidate = noticed(zone, at=clock.now() - timedelta(seconds=ago_s))
    return candidate.angles.get(camera=gate)


def on_air(seconds_ago: float) -> Any:
    """A camera whose ring begins so long ago."""
    ring = PacketRing()
    now = clock.monotonic()
    for number in range(20):
        ring.append(packet(now - seconds_ago + number * seconds_ago / 20, key=number % 5 == 0))
    return SimpleNamespace(ring=ring, info="as it is")


@pytest.mark.django_db
def test_a_view_is_ordered_once_from_whoever_has_the_camera(zone, gate):
    began, row, desk = clock.monotonic(), wanted(zone, gate, 2.0), Desk()
    noticed_by, stream = clock.monotonic(), on_air(20)
    found = Angles(desk, {gate.pk: stream}.get)  # type: ignore[arg-type]
    assert found.round([zone.camera_id]) == 0
    assert found.round([gate.pk]) == 1
    assert found.round([gate.pk]) == 0
    view = desk.views[0]
    assert (view.angle_id, view.ring, len(view.held)) == (row.pk, stream.ring, 20)
    assert began - 2.1 < view.trigger < noticed_by - 1.9


@pytest.mark.django_db
def test_a_round_without_orders_costs_one_query(zone, gate, django_assert_num_queries):
    found = Angles(Desk(), lambda camera: None)  # type: ignore[arg-type]
    with django_assert_num_queries(1):
        found.round([gate.pk, zone.camera_id])


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ago_s", "begins_ago_s", "words"),
    [(60, 5, module.TOO_OLD), (60, None, module.NO_PICTURE), (5, None, ""), (20, 25, "")],
)
def test_what_cannot_be_had_any_more_is_said(zone, gate, ago_s, begins_ago_s, words):
    row, desk = wanted(zone, gate, ago_s), Desk()
    stream = on_air(begins_ago_s) if begins_ago_s else None
    Angles(desk, lambda camera: stream).round([gate.pk])  # type: ignore[arg-type]
    row.refresh_from_db()
    assert (row.words, row.done_at is not None) == (words, bool(words))
    assert len(desk.views) == (1 if begins_ago_s == 25 else 0)


@pytest.mark.django_db
def test_an_order_that_nobody_fills_ends_and_a_first_clip_stays(zone, gate):
    empty = wanted(zone, gate, 0)
    begun = noticed(zone, at=clock.now() - timedelta(seconds=1)).angles.get()
    begun.clip = make.make_media(zone.site, kind="clip")
    begun.save()
    assert end_angles(clock.now() + timedelta(minutes=4)) == 0
    assert end_angles(clock.now() + timedelta(minutes=6)) == 2
    empty.refresh_from_db()
    begun.refresh_from_db()
    assert (empty.words != "", begun.words, begun.done_at is not None) == (True, "", True)


@pytest.mark.django_db
def test_another_cameras_view_is_evidence_for_whoever_may_see_the_incidents(client, alice, bob, zone, gate):
    """An operator sees pictures only in an incident: the view is part of it, and after it is closed still is."""
    row = wanted(zone, gate, 0)
    row.clip = make.make_media(zone.site, kind="clip", content=b"from the gate")
    row.save()
    beside = make.make_media(zone.site, kind="clip", content=b"nobody's")
    incident = make.make_incident(row.candidate)
    type(incident).objects.filter(pk=incident.pk).update(state="closed")
    for who, statuses in ((alice, [200, 404]), (bob, [404, 404])):
        client.force_login(who)
        assert [client.get(reverse("media", args=[item.pk])).status_code for item in (row.clip, beside)] == statuses


def test_two_watched_cameras_show_one_moment(watch, world, quick, transactional_db, monkeypatch):
    """The whole of it: one camera notices, the other one's clip of that moment hangs on the candidate."""
    monkeypatch.setattr(films, "AFTER_S", 1.0)
    monkeypatch.setattr(films, "BEFORE_S", 1.0)
    site = make.make_site(make.make_customer(make.make_organisation()))
    make.arm_always(site)
    first = add_camera(site, "First", world.address("street").url)
    second = add_camera(site, "Second", world.address("yard").url)
    second.zones.all().delete()
    first.zones.get().also_seen_by.add(second)
    watch.until(lambda: Camera.objects.filter(health=Camera.Health.ONLINE).count() == 2)
    watch.until(lambda: Angle.objects.filter(done_at__isnull=False, clip__isnull=False).exists())
    angle = Angle.objects.filter(clip__isnull=False).select_related("candidate__clip", "clip").first()
    assert angle is not None
    assert angle.camera == second
    watch.until(lambda: Candidate.objects.get(pk=angle.candidate_id).clip_id)
    clip = Candidate.objects.select_related("clip").get(pk=angle.candidate_id).clip
    assert clip is not None
    assert abs((angle.clip.started_at - clip.started_at).total_seconds()) < 6
    assert angle.clip.overlay["tracks"] == []
