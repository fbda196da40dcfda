"""The funnel counts each thing once, in its site's own time, and nothing that the audit put in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cameras.models import CameraHour
from incidents.actions import claim, decide
from incidents.funnel import Count, by_camera, funnel
from incidents.models import AuditCase, Incident
from incidents.worth import percent
from soc.core.models import Site
from tests import factories as make

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def decided(incident, verdict: str, by) -> Incident:
    token = claim(incident.pk, by=by, at=incident.queued_at + timedelta(seconds=5)).token
    return decide(incident.pk, verdict=verdict, token=token, by=by, at=incident.queued_at + timedelta(seconds=9))


def test_each_stage_counts_what_reached_it(site, camera, zone, alice):
    CameraHour.objects.create(
        site=site, camera=camera, hour=NOON - timedelta(hours=4), captured=900, moved=400, inferred=90
    )
    for number, decision in enumerate(("ignore", "ignore", "watch")):
        make.make_candidate(zone=zone, at=NOON - timedelta(hours=2, minutes=number), decision=decision)
    decided(make.make_incident(zone=zone, at=None), "real", alice)  # the night before: 02:13
    other = make.make_incident(make.make_candidate(zone=zone, at=NOON - timedelta(hours=5)))
    decided(other, "false", alice)
    make.make_incident(make.make_candidate(zone=zone, at=NOON - timedelta(hours=1)))
    make.make_candidate(camera=camera, category="offline", at=NOON - timedelta(hours=1), decision="raise")
    counted = funnel([site], until=NOON, days=1)
    assert counted.total == Count(moved=400, candidates=6, raised=3, incidents=3, real=1, needless=1)
    assert counted.total.undecided == 1
    assert counted.total.reduction == 0.5
    assert counted.by_hour[2] == Count(candidates=1, raised=1, incidents=1, real=1)
    assert counted.by_hour[8] == Count(moved=400)
    assert counted.by_site == {site.pk: counted.total}
    assert list(counted.by_day) == [date(2026, 11, 22)]
    assert [row.count for row in by_camera(site, since=counted.since, until=NOON)] == [counted.total]


def test_hours_and_days_are_the_sites_own(site, camera, zone):
    Site.objects.filter(pk=site.pk).update(time_zone="Asia/Kolkata")  # half past: 18:40 UTC is 00:10 of the next day
    site.refresh_from_db()
    make.make_candidate(zone=zone, at=datetime(2026, 11, 21, 18, 40, tzinfo=UTC))
    make.make_candidate(zone=zone, at=datetime(2026, 11, 21, 18, 20, tzinfo=UTC))  # 23:50 of the day before
    counted = funnel([site], until=NOON, days=1)
    assert counted.total.candidates == 1
    assert counted.by_hour[0].candidates == 1
    assert funnel([site], until=NOON, days=2).by_day[date(2026, 11, 21)].candidates == 1


def test_several_sites_in_several_zones_add_up(site, zone, other_site, other_camera):
    Site.objects.filter(pk=other_site.pk).update(time_zone="America/Lima")
    other_site.refresh_from_db()
    make.make_candidate(zone=zone, at=NOON - timedelta(hours=1))
    make.make_candidate(camera=other_camera, at=NOON - timedelta(hours=1), decision="ignore")
    counted = funnel([site, other_site], until=NOON, days=7)
    assert counted.total == Count(candidates=2, raised=1)
    assert counted.by_hour[11].candidates == 1
    assert counted.by_hour[6].candidates == 1
    assert sum(count.candidates for count in counted.by_day.values()) == 2


def test_what_the_audit_put_in_is_in_no_figure(site, zone, alice):
    shown = make.make_candidate(zone=zone, at=NOON - timedelta(hours=1), source="audit")
    incident = decided(make.make_incident(shown), "real", alice)
    AuditCase.objects.create(site=site, kind="injected", candidate=shown, seed=1, drawn_at=NOON, incident=incident)
    assert funnel([site], until=NOON, days=7).total == Count()


def test_a_site_without_anything_has_no_reduction(site):
    assert funnel([site], until=NOON, days=30).total.reduction is None
    assert len(funnel([site], until=NOON, days=30).by_day) == 30


def test_a_figure_is_never_said_too_well():
    assert [percent(part) for part in (None, 0.0, 0.575, 0.99, 0.9999, 1.0)] == ["", "0", "57", "99.0", "99.9", "100"]
