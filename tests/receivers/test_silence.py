"""A source that should be heard and is not: raised once, and cleared when it returns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cameras.models import Candidate, SignalSource
from cameras.receivers.signals import HEARTBEAT, Signal, accept
from cameras.receivers.silence import raise_silent_sources
from soc.core.models import Event
from soc.core.sweeps import all_sweeps
from tests import factories as make

AT = datetime(2026, 1, 16, 2, 13, 4, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def source(site) -> SignalSource:
    source, _ = make.make_source(site)
    SignalSource.objects.filter(pk=source.pk).update(heartbeat_s=60, last_seen_at=AT)
    source.refresh_from_db()
    return source


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_the_spine_runs_the_sweep():
    assert all_sweeps()["cameras.silent_sources"] is raise_silent_sources


def test_two_and_a_half_heartbeats_of_silence_are_raised_once(source):
    assert raise_silent_sources(after(150)) == 0
    assert raise_silent_sources(after(151)) == 1
    assert raise_silent_sources(after(900)) == 0
    candidate = Candidate.objects.get()
    assert (candidate.category, candidate.decision) == ("heartbeat_lost", "raise")
    assert (candidate.source, candidate.signal_source) == ("system", source)
    assert Event.objects.filter(kind="candidate.raised").count() == 1


def test_a_second_silence_is_raised_again(source):
    raise_silent_sources(after(200))
    accept(source, Signal(HEARTBEAT, "h", after(300)), at=after(300))
    source.refresh_from_db()
    assert source.lost_alert_at is None
    assert Event.objects.filter(kind="source.back", subject_id=source.pk).count() == 1
    assert raise_silent_sources(after(301)) == 0
    assert raise_silent_sources(after(600)) == 1
    assert Candidate.objects.count() == 2


@pytest.mark.parametrize("state", [{"enabled": False}, {"heartbeat_s": 0}, {"last_seen_at": None}])
def test_who_owes_no_heartbeat_is_left_alone(source, state):
    SignalSource.objects.filter(pk=source.pk).update(**state)
    assert raise_silent_sources(after(86_400)) == 0


def test_a_source_cannot_suppress_the_alarm_of_its_own_silence(source):
    accept(source, Signal("test", f"silent:{source.pk}:{AT.isoformat()}", AT), at=AT)
    assert raise_silent_sources(after(200)) == 1


def test_two_spines_raise_it_once(transactional_db, site):
    import threading

    from django.db import connection

    for n in range(5):
        source, _ = make.make_source(site, f"Panel {n}")
        SignalSource.objects.filter(pk=source.pk).update(heartbeat_s=60, last_seen_at=AT)
    raised = []

    def beat() -> None:
        try:
            raised.append(raise_silent_sources(after(200)))
        finally:
            connection.close()

    threads = [threading.Thread(target=beat) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(raised) == 5
    assert Candidate.objects.count() == 5
