"""An alarm reaches an operator even when folding fails on it, whatever the reason."""

from __future__ import annotations

import pytest

from cameras.models import Candidate
from incidents import actions, reactions
from incidents.actions import folding
from incidents.models import Alert, Incident
from soc.core import deliveries, events
from soc.core.clock import db_now
from soc.core.models import Delivery, Event
from tests import factories as make


@pytest.fixture
def owed(zone, monkeypatch):
    """A raised candidate's delivery, with the workers told of nothing."""
    monkeypatch.setattr(events, "_hint", lambda ids: None)
    candidate = make.make_candidate(zone=zone)
    event = events.record("candidate.raised", candidate, by=None, at=db_now())
    return Delivery.objects.get(event=event, reaction="incidents.raise_alert")


@pytest.fixture
def folding_fails(monkeypatch):
    def fail(candidate):
        raise ValueError("a row nobody thought of")

    monkeypatch.setattr(folding, "fold_target", fail)


def test_after_three_failures_an_alarm_gets_an_incident_of_its_own(owed, folding_fails, alice):
    for _ in range(3):
        deliveries.run(owed.pk)
    assert not Incident.objects.exists()
    assert deliveries.stuck(db_now()) == 1
    deliveries.run(owed.pk)
    incident = Incident.objects.get()
    assert (incident.category, incident.escalation, incident.claim_by) == ("person", 1, None)
    assert incident.supervisor_by is not None
    assert Event.objects.get(kind="incident.opened").data["why"] == "not_folded"
    assert deliveries.stuck(db_now()) == 0
    assert actions.claim(incident.pk, by=alice, at=db_now()).owner == alice


def test_what_folds_again_is_folded_however_often_it_failed(owed):
    Delivery.objects.filter(pk=owed.pk).update(attempts=7)
    deliveries.run(owed.pk)
    assert Event.objects.get(kind="incident.opened").data.get("why") is None


def test_what_fails_there_too_is_tried_again_and_counted(owed, folding_fails, monkeypatch):
    original = reactions.raise_alone

    def fail(candidate_id, *, at):
        raise ValueError("no")

    monkeypatch.setattr(reactions, "raise_alone", fail)
    for _ in range(5):
        deliveries.run(owed.pk)
    assert deliveries.stuck(db_now()) == 1
    monkeypatch.setattr(reactions, "raise_alone", original)
    deliveries.run(owed.pk)
    assert Alert.objects.count() == 1


def test_an_alarm_of_an_unknown_category_is_shown_and_nothing_is_heard_at_the_site(owed):
    Candidate.objects.update(category="from_the_future")
    for _ in range(4):
        deliveries.run(owed.pk)
    assert Incident.objects.get().quiet is True


def test_raising_alone_twice_is_raising_once(zone):
    candidate = make.make_candidate(zone=zone)
    first = actions.raise_alone(candidate.pk, at=db_now())
    assert actions.raise_alone(candidate.pk, at=db_now()) == first


def test_an_attempt_that_still_runs_has_not_failed(owed):
    Delivery.objects.filter(pk=owed.pk).update(attempts=2)
    deliveries.take(owed.pk, at=db_now())
    assert deliveries.stuck(db_now()) == 0
