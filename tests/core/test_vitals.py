"""How the installation does is measured every few seconds, once however many spines run, and forgotten after a day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from soc.core import chain, deliveries, events, vitals
from soc.core.clock import db_now
from soc.core.models import Delivery, Vitals
from tests import factories as make
from tests.core.conftest import happen

pytestmark = pytest.mark.django_db
AT = make.NIGHT.replace(second=7)


@pytest.fixture
def gauges(monkeypatch):
    """Only those that a test registers."""
    own: dict = {}
    monkeypatch.setattr(vitals, "_gauges", own)
    return own


def test_two_spines_keep_one_measurement_of_the_same_five_seconds(gauges):
    gauges["one"] = lambda at: {"n": at.second}
    assert vitals.take(AT).data == {"n": 5}
    assert vitals.take(AT + timedelta(seconds=2)) is None
    assert vitals.take(AT + timedelta(seconds=3)).data == {"n": 10}
    assert Vitals.objects.count() == 2


def test_a_gauge_that_fails_hides_no_other(gauges, caplog):
    gauges["bad"] = lambda at: {"n": 1 / 0}
    gauges["good"] = lambda at: {"m": 2}
    assert vitals.take(AT).data == {"m": 2}
    assert "the gauge bad failed" in caplog.text


def test_what_is_older_than_a_day_is_forgotten(gauges):
    for hours in (0, 23, 25):
        vitals.take(AT - timedelta(hours=hours))
    assert vitals.forget(AT) == 1
    assert Vitals.objects.count() == 2


def test_the_lag_is_that_of_the_oldest_event_that_waits(site):
    events.record("test.happened", site, by=None, at=db_now() - timedelta(seconds=4))
    assert vitals.spine(db_now())["relay_lag_ms"] == pytest.approx(4000, abs=600)
    chain.seal()
    assert vitals.spine(db_now())["relay_lag_ms"] == 0


def test_due_is_what_nobody_runs_though_its_time_has_come(site, reactions):
    reactions(lambda event_id: None)
    happen(site)
    event = happen(site)
    Delivery.objects.update(due_at=db_now())
    later = db_now() + timedelta(seconds=30)
    found = vitals.spine(later)
    assert (found["due"], found["oldest_due_s"]) == (2, pytest.approx(30, abs=1))
    assert deliveries.take(event.deliveries.get().pk, at=db_now())  # somebody runs it now
    assert vitals.spine(later)["due"] == 1


def test_cameras_are_counted_by_organisation_and_those_without_a_new_picture(camera, other_organisation, site):
    from cameras.vitals import cameras

    make.make_camera(site, "Gate", last_frame_at=AT - timedelta(seconds=6))
    looked = {"inferred_fps": 2.0, "age_ms": 140}
    make.make_camera(site, "Fence", last_frame_at=AT - timedelta(seconds=1), measured=looked)
    make.make_camera(site, "Old", last_frame_at=AT - timedelta(seconds=9), measured={**looked, "age_ms": 9000})
    make.make_camera(site, "Unused", enabled=False)
    there = make.make_camera(make.make_site(make.make_customer(other_organisation)), last_frame_at=AT)
    found = cameras(AT)
    assert found["cameras"] == {str(site.organisation_id): 4, str(there.organisation_id): 1}
    assert found["stale"] == {str(site.organisation_id): 3, str(there.organisation_id): 0}
    assert found["detect_age_ms"] == 140  # of those that are looked at: an old answer says nothing of now


def test_what_waits_and_which_deadline_nobody_acted_on_are_counted(site, zone):
    from incidents.vitals import incidents

    incident = make.make_incident(zone=zone)
    at: datetime = incident.claim_by
    here = str(site.organisation_id)
    assert incidents(at - timedelta(seconds=1)) == {"waiting": {here: 1}, "late": {}, "late_s": 0.0, "consoles": 0}
    late = incidents(at + timedelta(seconds=3))
    assert (late["late"], late["late_s"]) == ({here: 1}, pytest.approx(3, abs=0.1))


def test_workers_are_asked_once_in_a_while_and_a_broker_that_is_away_is_no_worker(monkeypatch):
    asked: list[float] = []
    canaries = vitals.Canaries()

    def ping(*, timeout):
        asked.append(timeout)
        return [{"respond@here": {"ok": "pong"}}, {"detect@here": {"ok": "pong"}}]

    monkeypatch.setattr(vitals.current_app.control, "ping", ping)
    assert canaries.ask() == canaries.ask() == ["detect@here", "respond@here"]
    assert len(asked) == 1

    def refused(*, timeout):
        raise vitals.BrokerAway("no route")

    monkeypatch.setattr(vitals.current_app.control, "ping", refused)
    assert vitals.Canaries().ask() is None
