"""A spine that hangs is seen: by how long events wait to be sealed and deliveries to be run."""

from __future__ import annotations

from datetime import timedelta

import pytest

from soc.core import chain, events, pulse
from soc.core.clock import db_now
from soc.core.models import Delivery
from tests.core.conftest import happen

pytestmark = pytest.mark.django_db


def record(site, seconds_ago: float):
    return events.record("test.happened", site, by=None, at=db_now() - timedelta(seconds=seconds_ago))


def test_nothing_that_waits_is_no_lag(site, reactions):
    record(site, 90)
    chain.seal()
    assert pulse.measure() == pulse.Pulse(0.0)


def test_the_oldest_unsealed_event_is_the_lag(site, reactions):
    record(site, 30)
    record(site, 7)
    assert pulse.measure().lag_s == pytest.approx(30, abs=1)


@pytest.mark.parametrize(("leased_ago", "lag"), [(None, 20), (4, 4), (-5, 0)])
def test_a_delivery_that_nobody_runs_is_lag_since_somebody_could_have(site, reactions, leased_ago, lag):
    reactions(lambda event_id: None)
    happen(site)
    chain.seal()
    at = db_now()
    leased = None if leased_ago is None else at - timedelta(seconds=leased_ago)
    Delivery.objects.update(due_at=at - timedelta(seconds=20), leased_until=leased)
    assert pulse.measure().lag_s == pytest.approx(lag, abs=1)


def test_what_the_outside_holds_up_says_nothing_of_the_spine(site, reactions):
    reactions(lambda event_id: None, atomic=False)
    happen(site)
    chain.seal()
    Delivery.objects.update(due_at=db_now() - timedelta(seconds=20))
    assert pulse.measure().lag_s == 0.0


def test_what_fails_again_and_again_is_counted_until_it_is_done(site, reactions):
    reactions(lambda event_id: None)
    happen(site)
    chain.seal()
    Delivery.objects.update(attempts=3, due_at=db_now() + timedelta(seconds=60))
    assert pulse.measure().stuck == 1
    Delivery.objects.update(done_at=db_now())
    assert pulse.measure().stuck == 0


def test_one_measurement_serves_for_two_seconds(monkeypatch):
    said = iter([pulse.Pulse(1.0), pulse.Pulse(2.0)])
    clock = [100.0]
    monkeypatch.setattr(pulse, "measure", lambda: next(said))
    monkeypatch.setattr(pulse, "monotonic", lambda: clock[0])
    finger = pulse.Finger()
    assert [finger.feel().lag_s, finger.feel().lag_s] == [1.0, 1.0]
    clock[0] += 2.0
    assert finger.feel().lag_s == 2.0
