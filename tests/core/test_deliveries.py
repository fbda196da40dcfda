"""What is owed is run: by one at a time, again after a failure or a lost lease, and never silently given up."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import connection, transaction

from soc.core import deliveries, events
from soc.core.clock import db_now
from soc.core.models import Customer, Delivery
from tests.core.conftest import happen, in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def owed(site, **data) -> Delivery:
    return happen(site, **data).deliveries.get()


def test_a_delivery_runs_once_and_is_done(site, reactions):
    ran: list[int] = []
    reactions(ran.append)
    delivery = owed(site)
    assert deliveries.run(delivery.pk) is True
    assert deliveries.run(delivery.pk) is False
    assert ran == [delivery.event_id]
    delivery.refresh_from_db()
    assert delivery.done_at is not None
    assert delivery.error == ""


def taken(pk: int, at: datetime, _: int) -> Delivery | None:
    return deliveries.take(pk, at=at)


def test_twenty_threads_that_want_the_same_delivery_get_one_lease(site, reactions):
    reactions(lambda event_id: None)
    for _ in range(5):
        won = [lease for lease in in_threads(20, partial(taken, owed(site).pk, db_now())) if lease]
        assert len(won) == 1
        assert won[0].attempts == 1


def test_taking_without_comparing_fails_the_same_race(site, reactions, monkeypatch):
    """The check above catches a lease that is looked at first and written afterwards."""
    gate = threading.Barrier(20)

    def take(pk, *, at):
        delivery = Delivery.objects.get(pk=pk)
        gate.wait(10)
        if delivery.leased_until is None:
            Delivery.objects.filter(pk=pk).update(leased_until=at)
            return delivery
        return None

    reactions(lambda event_id: None)
    delivery, at = owed(site), db_now()
    assert len([lease for lease in in_threads(20, lambda _: take(delivery.pk, at=at)) if lease]) > 1


def test_a_lease_that_ran_out_is_offered_and_run_again(site, reactions):
    ran: list[int] = []
    reactions(ran.append, lease_s=5)
    delivery = owed(site)
    at = db_now()
    assert deliveries.take(delivery.pk, at=at) is not None  # and its process dies
    assert deliveries.due(at=at + timedelta(seconds=4)) == []
    assert deliveries.due(at=at + timedelta(seconds=6)) == [delivery.pk]
    Delivery.objects.update(leased_until=at - timedelta(seconds=1))
    assert deliveries.run(delivery.pk) is True
    assert ran == [delivery.event_id]


def test_a_failure_is_kept_with_its_words_and_tried_again_later_and_later(site, reactions):
    def fail(event_id: int) -> None:
        raise ValueError("the horn is unplugged")

    reactions(fail)
    delivery = owed(site)
    waits = []
    for _ in range(3):
        Delivery.objects.update(due_at=db_now() - timedelta(seconds=1))
        before = db_now()
        assert deliveries.run(delivery.pk) is True
        delivery.refresh_from_db()
        assert delivery.error == "ValueError: the horn is unplugged"
        assert delivery.done_at is None
        assert delivery.leased_until is None
        waits.append(round((delivery.due_at - before).total_seconds()))
    assert waits == list(deliveries.BACKOFF_S[:3])
    assert delivery.attempts == 3
    assert deliveries.due(at=db_now()) == []


def test_an_atomic_handler_that_fails_leaves_nothing_behind(site, reactions, organisation):
    def half(event_id: int) -> None:
        Customer.objects.create(organisation=organisation, name="half done")
        raise ValueError

    reactions(half)
    deliveries.run(owed(site).pk)
    assert not Customer.objects.filter(name="half done").exists()


def test_an_atomic_handler_slower_than_its_lease_takes_effect_once(site, reactions, organisation, elsewhere):
    """The first loses its lease to a second while it works: its effect is rolled back, the second's stands."""
    runs: list[str] = []

    def slow(event_id: int) -> None:
        runs.append(threading.current_thread().name)
        Customer.objects.create(organisation=organisation, name=f"made by run {len(runs)}")
        if len(runs) == 1:
            elsewhere(lambda: Delivery.objects.update(leased_until=db_now() - timedelta(seconds=1)))
            elsewhere(lambda: deliveries.run(delivery.pk))

    reactions(slow)
    delivery = owed(site)
    deliveries.run(delivery.pk)
    assert len(runs) == 2
    assert list(Customer.objects.filter(name__startswith="made").values_list("name", flat=True)) == ["made by run 2"]
    delivery.refresh_from_db()
    assert delivery.done_at is not None


def test_whoever_fails_after_losing_the_lease_leaves_the_new_holders_alone(site, reactions, elsewhere):
    def fail(event_id: int) -> None:
        past = db_now() - timedelta(seconds=1)
        elsewhere(lambda: Delivery.objects.update(leased_until=past))
        elsewhere(lambda: deliveries.take(delivery.pk, at=db_now()))
        raise ValueError

    reactions(fail, atomic=False)
    delivery = owed(site)
    deliveries.run(delivery.pk)
    delivery.refresh_from_db()
    assert delivery.attempts == 2
    assert delivery.leased_until is not None
    assert delivery.error == ""


def test_a_reaction_that_no_code_answers_to_is_kept_and_says_so(site, reactions, monkeypatch):
    from soc.core import events

    reactions(lambda event_id: None)
    delivery = owed(site)
    monkeypatch.setattr(events, "_reactions", {})
    assert deliveries.run(delivery.pk) is True
    delivery.refresh_from_db()
    assert "KeyError" in delivery.error
    assert delivery.due_at > db_now()


def test_one_bad_handler_does_not_stop_the_others(site, reactions):
    ran: list[int] = []

    def fail(event_id: int) -> None:
        raise RuntimeError

    reactions(fail, name="tests.bad")
    reactions(ran.append, name="tests.good")
    event = happen(site)
    for pk in deliveries.due(at=db_now() + timedelta(seconds=1)):
        deliveries.run(pk)
    assert ran == [event.pk]
    assert event.deliveries.filter(done_at__isnull=True).get().reaction == "tests.bad"


def test_nothing_is_due_before_its_time_and_the_oldest_comes_first(site, reactions):
    reactions(lambda event_id: None)
    first, second = owed(site), owed(site)
    at = db_now()
    Delivery.objects.filter(pk=first.pk).update(due_at=at - timedelta(seconds=1))
    Delivery.objects.filter(pk=second.pk).update(due_at=at - timedelta(seconds=2))
    third = owed(site)
    Delivery.objects.filter(pk=third.pk).update(due_at=at + timedelta(seconds=1))
    assert deliveries.due(at=at) == [second.pk, first.pk]
    assert connection.in_atomic_block is False


def test_a_host_whose_clock_is_ahead_does_not_make_its_events_wait(site, reactions):
    reactions(lambda event_id: None)
    with transaction.atomic():
        event = events.record("test.happened", site, by=None, at=db_now() + timedelta(hours=1))
    assert deliveries.due(at=db_now() + timedelta(seconds=1)) == [event.deliveries.get().pk]
