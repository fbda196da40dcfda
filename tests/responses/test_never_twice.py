"""No call is placed twice, whatever happens between us and the telephone company."""

from __future__ import annotations

from datetime import timedelta

import pytest

from responses import actions
from responses.actions import links, performing
from responses.adapters import twilio
from responses.deadlines import unfinished
from responses.models import Attempt
from soc.core import clock, deliveries
from soc.core.models import Delivery, Event
from tests.incidents.together import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(incident, guard, alice, network):
    """Ordered, and not begun."""
    attempts = actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="k1"
    )
    return attempts[0]


def age(attempt: Attempt, seconds: float) -> None:
    """Let time pass for this attempt, without waiting."""
    attempt.refresh_from_db()
    shift = timedelta(seconds=seconds)
    for name in ("leased_until", "acting_at", "answer_by"):
        if value := getattr(attempt, name):
            Attempt.objects.filter(pk=attempt.pk).update(**{name: value - shift})


def sweep_and_settle(attempt: Attempt) -> None:
    """What the spine does: the sweep, then the reactions to what it recorded, and to what these recorded."""
    news = Event.objects.filter(subject_id=attempt.pk).order_by("id")
    seen = news.values_list("id", flat=True).last() or 0
    unfinished(clock.db_now())
    while event := news.filter(id__gt=seen).first():
        seen = event.pk
        if event.kind == "attempt.unclear":
            performing.settle(attempt.pk)
            event.deliveries.update(done_at=clock.now())
        elif event.kind == "attempt.retried":
            performing.perform(attempt.pk)


def test_asking_that_fails_for_ever_is_tried_later_and_later_and_shown_as_stuck(call, monkeypatch):
    """A handler that raises is the delivery's affair: the sweep does not order it anew every twenty seconds."""

    def broken(attempt_id) -> None:
        raise ZeroDivisionError

    performing.begin(call.pk, at=clock.db_now())
    monkeypatch.setattr(performing, "settle", broken)
    owed = Delivery.objects.filter(event__subject_id=call.pk, reaction="responses.settle")
    for _round in range(5):
        age(call, 60)
        assert unfinished(clock.db_now()) >= 1
        deliveries.run(owed.get().pk)
    failing = owed.get()
    assert failing.attempts == 5
    assert failing.due_at > clock.db_now() + timedelta(seconds=50), "later and later"
    assert deliveries.stuck_by_place(clock.db_now()) == {
        deliveries.Place(call.organisation_id, call.site.customer_id, call.site_id): 1
    }
    owed.update(done_at=clock.now())
    age(call, 60)
    unfinished(clock.db_now())
    assert owed.count() == 2, "done and still unclear: asked again"


def test_an_order_is_one_call_and_one_text(incident, guard, alice, network, call):
    for attempt in Attempt.objects.filter(incident=incident):
        performing.perform(attempt.pk)
    call.refresh_from_db()
    incident.refresh_from_db()
    assert (call.status, call.provider_id) == ("placed", network.calls[0]["sid"])
    assert network.calls[0]["url"] == f"http://testserver/twilio/voice/{call.pk}"
    assert incident.call_placed_at == call.placed_at
    words = (
        f"Harbour Watch: please go to Pinewick Depot, 18 Tern Lane, Pinewick. Reference {incident.reference}. "
        "Reply YES to accept, NO to decline, HERE when you are on site. "
        f"Details and answers: http://testserver/r/{links.token(call.pk)}"
    )
    assert [text["body"] for text in network.texts] == [words]
    assert len(network.calls) == 1


def test_the_same_key_press_twice_is_one_order(incident, guard, alice, network, call):
    again = actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="k1"
    )
    assert again[0].pk == call.pk
    assert Attempt.objects.count() == 2
    assert Event.objects.filter(kind="attempt.planned").count() == 2


def test_performing_twice_at_once_places_one_call(call, network):
    with together(8) as threads:
        assert threads.run(performing.perform, [call.pk] * 8) == [None] * 8
    assert len(network.calls) == 1


@pytest.mark.parametrize("fault", ["swallow", "garble", "error"])
def test_an_answer_lost_after_acceptance_is_asked_about_and_found(call, network, fault):
    network.faults = [fault]
    performing.perform(call.pk)
    call.refresh_from_db()
    assert call.status == "unknown"
    sweep_and_settle(call)
    call.refresh_from_db()
    assert (call.status, call.provider_id) == ("placed", network.calls[0]["sid"])
    assert len(network.calls) == 1


def test_a_time_out_after_acceptance_is_asked_about_and_found(call, network, monkeypatch):
    network.faults = ["hang"]
    monkeypatch.setattr(twilio, "READ_S", 0.2)
    performing.perform(call.pk)
    call.refresh_from_db()
    assert call.status == "unknown"
    monkeypatch.undo()
    sweep_and_settle(call)
    call.refresh_from_db()
    assert call.status == "placed"
    assert len(network.calls) == 1


def test_a_crash_after_the_call_was_placed_is_asked_about(call, network, monkeypatch):
    class Killed(BaseException):
        pass

    def killed(*_args, **_kwargs):
        raise Killed

    monkeypatch.setattr(performing.facts, "placed", killed)
    with pytest.raises(Killed):
        performing.perform(call.pk)
    monkeypatch.undo()
    performing.perform(call.pk)  # the delivery is run again: it finds the call begun and leaves it
    assert len(network.calls) == 1
    age(call, 21)
    sweep_and_settle(call)
    call.refresh_from_db()
    assert call.status == "placed"
    assert len(network.calls) == 1


def test_a_crash_before_anything_was_sent_is_made_good_after_the_grace(call, network, settings):
    performing.begin(call.pk, at=clock.db_now())  # and the process dies here
    sweep_and_settle(call)
    assert network.asked == 0, "nobody asks while the lease runs"
    Attempt.objects.filter(pk=call.pk).update(answer_by=clock.now() + timedelta(minutes=5))
    age(call, 21)
    sweep_and_settle(call)
    call.refresh_from_db()
    assert network.asked == 1
    assert call.status == "placed"
    assert len(network.calls) == 1


def test_within_the_grace_no_such_call_is_not_believed(call, network):
    network.faults = ["swallow"]
    network.forget = True  # the provider's list lags behind
    performing.perform(call.pk)
    sweep_and_settle(call)
    call.refresh_from_db()
    assert (call.status, call.tries) == ("unknown", 1)
    network.forget = False
    age(call, 5)
    sweep_and_settle(call)
    call.refresh_from_db()
    assert call.status == "placed"
    assert len(network.calls) == 1


def test_a_provider_that_will_not_say_leads_to_words_not_to_a_second_call(call, network):
    network.faults, network.mute = ["swallow"], True
    performing.perform(call.pk)
    for _round in range(12):
        sweep_and_settle(call)
        age(call, 30)
    call.refresh_from_db()
    assert call.status == "failed"
    assert "could not be found out" in call.error
    assert len(network.calls) == 1


def test_past_the_answer_deadline_a_lost_call_is_not_placed_late(call, network):
    network.faults = ["drop"]
    performing.perform(call.pk)
    age(call, 60)
    sweep_and_settle(call)
    call.refresh_from_db()
    assert call.status == "failed"
    assert "knows nothing" in call.error
    assert network.calls == []


@pytest.mark.parametrize("fault", ["busy"])
def test_what_certainly_did_not_happen_is_tried_again(call, network, fault):
    network.faults = [fault]
    performing.perform(call.pk)
    call.refresh_from_db()
    assert call.status == "planned"
    performing.perform(call.pk)
    assert network.calls == [], "not before its time"
    age(call, 10)
    sweep_and_settle(call)
    call.refresh_from_db()
    assert call.status == "placed"
    assert len(network.calls) == 1


def test_a_refused_number_fails_in_words_without_the_number(call, network, guard):
    network.faults = ["refuse"]
    performing.perform(call.pk)
    call.refresh_from_db()
    assert call.status == "failed"
    assert "21211" in call.error
    assert guard.phone not in call.error


def test_nobody_home_at_the_provider_is_tried_three_times_then_said(call, network, settings):
    settings.TWILIO_BASE_URL = "http://127.0.0.1:9"  # nobody listens on discard
    for _round in range(4):
        performing.perform(call.pk)
        age(call, 10)
        Attempt.objects.filter(pk=call.pk, status="planned").update(leased_until=None)
    call.refresh_from_db()
    assert (call.status, call.tries) == ("failed", 3)
    assert "cannot be reached" in call.error


def test_a_webhook_settles_what_the_answer_did_not(call, network):
    from responses.actions import callbacks

    network.faults = ["swallow"]
    performing.perform(call.pk)
    callbacks.status(call.pk, network.calls[0]["sid"], "ringing", of_call=True, at=clock.now())
    sweep_and_settle(call)
    call.refresh_from_db()
    assert (call.status, call.error) == ("placed", "")
    assert network.asked == 0


def test_another_attempts_call_to_the_same_number_is_not_taken_for_this_one(call, network, guard, alice, zone):
    network.faults = ["drop"]
    network.calls.append(network._row({"To": guard.phone, "From": "+15005550006", "Url": "elsewhere"}, is_call=True))
    other = Attempt.objects.get(kind="text")
    Attempt.objects.filter(pk=other.pk).update(kind="call", status="placed", provider_id=network.calls[0]["sid"])
    performing.perform(call.pk)
    sweep_and_settle(call)
    call.refresh_from_db()
    assert call.status == "unknown"
    assert call.provider_id == ""


def test_two_begun_calls_to_one_number_are_never_guessed_apart(call, network, guard):
    other = Attempt.objects.get(kind="text")
    Attempt.objects.filter(pk=other.pk).update(kind="call", status="unknown", acting_at=clock.now())
    network.faults = ["swallow"]
    performing.perform(call.pk)
    sweep_and_settle(call)
    call.refresh_from_db()
    assert call.status == "unknown"
    assert len(network.calls) == 1


def test_a_process_stopped_between_commit_and_call_does_not_call_later(call, network, monkeypatch):
    ticks = iter([0.0, 30.0])
    monkeypatch.setattr(performing.clock, "monotonic", lambda: next(ticks))
    performing.perform(call.pk)
    call.refresh_from_db()
    assert call.status == "acting"
    assert network.calls == []


def test_a_call_is_not_placed_once_its_incident_is_closed(call, network, incident):
    type(incident).objects.filter(pk=incident.pk).update(state="closed")
    performing.perform(call.pk)
    call.refresh_from_db()
    assert call.status == "failed"
    assert network.calls == []


def test_the_spine_does_what_is_owed_once(call, network, second_guard):
    network.faults = ["refuse"]
    for _round in range(4):
        for delivery in list(Delivery.objects.filter(done_at=None).order_by("pk")):
            deliveries.run(delivery.pk)
            deliveries.run(delivery.pk)
    calls = Attempt.objects.filter(kind="call").order_by("created_at")
    assert [(c.responder.rank, c.status) for c in calls] == [(1, "failed"), (2, "placed")]
    assert [row["to"] for row in network.calls] == [second_guard.phone]
    assert len(network.texts) == 2
    assert not Delivery.objects.exclude(error="").exists()
