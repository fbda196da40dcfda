"""The kill switch: nobody is sent while a stop stands, whatever was ordered before; and when it is lifted, orders go on."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from incidents.errors import Refused
from responses import actions
from responses.actions import performing, planning, sending
from responses.actions.sending import STOPPED
from responses.deadlines import unanswered
from responses.models import Attempt, DispatchStop
from responses.reactions import carry_on_all, go_on
from soc.core import clock, events
from soc.core.models import Event, Organisation
from tests import factories as make

WHY = "Two responders were sent to wrong addresses."


def stop(organisation, sam, **fields) -> DispatchStop:
    return actions.stop_dispatch(organisation, reason=WHY, by=sam, at=clock.now(), **fields)


def lift(organisation, sam) -> None:
    """And what the spine does then."""
    actions.lift_stop(organisation, by=sam, at=clock.now())
    carry_on_all(Event.objects.filter(kind="dispatch.lifted").latest("pk").pk)


def send(incident, guard, alice, dedup="k1") -> list[Attempt]:
    at = clock.now()
    return actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=at, dedup=dedup
    )


@pytest.fixture
def acted(monkeypatch) -> list[Any]:
    """What was really done; nothing is."""
    done: list[Any] = []
    monkeypatch.setattr(performing, "_act", lambda attempt: done.append(attempt.pk))
    return done


def test_nobody_is_sent_and_the_operator_reads_who_stopped_it_since_when_and_why(
    incident, guard, alice, sam, organisation
):
    made = stop(organisation, sam)
    with pytest.raises(Refused) as refused:
        send(incident, guard, alice)
    assert refused.value.code == "stopped"
    since = f"{made.at.astimezone(incident.site.zone_info):%H:%M}"
    assert all(words in str(refused.value) for words in (sam.sign, since, WHY))
    assert not Attempt.objects.exists()
    assert Event.objects.get(kind="dispatch.stopped").by == sam


def test_it_stands_for_one_centre_alone(incident, guard, alice, other_organisation):
    lena = make.make_user("lena", "supervisor", other_organisation)
    stop(other_organisation, lena)
    assert send(incident, guard, alice)


def test_only_whoever_may_stops_and_lifts(organisation, other_organisation, alice, sam, carol, customer):
    kept = make.make_user("kim", "supervisor", customer)  # leads at one customer's sites only
    for user in (alice, carol, kept):
        with pytest.raises(Organisation.DoesNotExist):
            stop(organisation, user)
        with pytest.raises(Organisation.DoesNotExist):
            actions.lift_stop(organisation, by=user, at=clock.now())
    with pytest.raises(Organisation.DoesNotExist):
        stop(other_organisation, sam)
    assert not DispatchStop.objects.exists()


def test_it_is_stopped_once_and_with_a_reason(organisation, sam):
    with pytest.raises(Refused) as refused:
        actions.stop_dispatch(organisation, reason="  ", by=sam, at=clock.now())
    assert refused.value.code == "reason"
    stop(organisation, sam)
    with pytest.raises(Refused) as refused:
        stop(organisation, sam)
    assert refused.value.code == "stopped"
    assert actions.lift_stop(organisation, by=sam, at=clock.now())
    assert actions.lift_stop(organisation, by=sam, at=clock.now()) is None
    assert stop(organisation, sam).pk


def test_without_the_look_at_the_door_postgresql_refuses_the_row(
    incident, guard, alice, sam, organisation, monkeypatch
):
    stop(organisation, sam)
    for module in (sending, planning):
        monkeypatch.setattr(module, "check_not_stopped", lambda incident: None)
    with pytest.raises(IntegrityError, match="nobody is sent"), transaction.atomic():
        send(incident, guard, alice)


def test_a_stop_that_is_set_between_the_look_and_the_row_is_told_in_the_same_words(
    client, incident, guard, alice, sam, organisation, monkeypatch
):
    stop(organisation, sam)
    monkeypatch.setattr(sending, "check_not_stopped", lambda incident: None)  # it looked a moment before
    client.force_login(alice)
    form = {"responder": guard.pk, "token": incident.token, "dedup": "k1"}
    answer = client.post(reverse("console-act", args=[incident.pk, "send"]), form)
    assert answer.status_code == 409
    assert WHY in answer.text
    assert not Attempt.objects.exists()


def test_the_voice_at_the_site_goes_on(incident, camera, live_camera, alice, sam, organisation):
    stop(organisation, sam)
    said = {"message_id": live_camera.pk, "camera_id": camera.pk, "token": incident.token}
    assert actions.talk(incident.pk, **said, by=alice, at=clock.now(), dedup="k1").pk


# --- what was ordered before


def test_what_was_ordered_and_not_begun_is_not_done(incident, guard, alice, sam, organisation, acted):
    call, text = send(incident, guard, alice)
    stop(organisation, sam)
    for attempt in (call, text):
        performing.perform(attempt.pk)
        attempt.refresh_from_db()
        assert attempt.status == Attempt.Status.FAILED
        assert WHY in attempt.error
    assert acted == []


def test_without_the_look_before_the_act_it_would_be(incident, guard, alice, sam, organisation, acted, monkeypatch):
    call, _text = send(incident, guard, alice)
    stop(organisation, sam)
    monkeypatch.setattr(performing, "dispatch_stop", lambda organisation: None)
    performing.perform(call.pk)
    assert acted == [call.pk]


@pytest.fixture
def ringing(incident, guard, second_guard, alice) -> Attempt:
    """The first guard's telephone rings, and there is a second one."""
    call, _text = send(incident, guard, alice)
    Attempt.objects.filter(pk=call.pk).update(status="placed", placed_at=clock.now(), provider_id="CA1")
    call.refresh_from_db()
    return call


def test_nobody_else_is_called_while_it_stands_and_the_next_one_is_when_it_is_lifted(
    ringing, second_guard, sam, organisation
):
    stop(organisation, sam)
    later = clock.now() + timedelta(minutes=3)
    assert unanswered(later) == 0
    assert sending.carry_on(ringing.pk, at=later) is None
    assert Attempt.objects.filter(kind="call").count() == 1
    Attempt.objects.filter(pk=ringing.pk).update(answer_by=clock.now())
    lift(organisation, sam)
    following = Attempt.objects.get(kind="call", order=ringing)
    assert following.responder == second_guard
    lift_again = Event.objects.get(kind="dispatch.lifted")
    carry_on_all(lift_again.pk)  # twice is once
    assert Attempt.objects.filter(kind="call").count() == 2


def test_a_no_that_came_while_it_stood_is_answered_by_the_next_one(ringing, second_guard, sam, organisation):
    """Said yes first, and no while the stop stood: no sweep looks for it."""
    stop(organisation, sam)
    at = clock.now()
    Attempt.objects.filter(pk=ringing.pk).update(accepted_at=at, declined_at=at, status="declined")
    assert sending.carry_on(ringing.pk, at=at) is None
    lift(organisation, sam)
    assert Attempt.objects.get(kind="call", order=ringing).responder == second_guard


def test_one_that_is_set_in_the_moment_of_carrying_on_leaves_the_order_for_later(
    ringing, second_guard, sam, organisation, monkeypatch
):
    stop(organisation, sam)
    with monkeypatch.context() as looked_before:
        looked_before.setattr(sending, "dispatch_stop", lambda organisation: None)
        assert sending.carry_on(ringing.pk, at=clock.now()) is None
    assert Attempt.objects.filter(kind="call").count() == 1
    ringing.refresh_from_db()
    assert ringing.answer_by is not None, "lifting the stop comes here again"


def test_without_the_looks_in_carrying_on_somebody_would_be_called(ringing, sam, organisation, monkeypatch):
    stop(organisation, sam)
    monkeypatch.setattr(sending, "dispatch_stop", lambda organisation: None)
    monkeypatch.setattr(planning, "check_not_stopped", lambda incident: None)
    with pytest.raises(IntegrityError, match="nobody is sent"), transaction.atomic():
        sending.carry_on(ringing.pk, at=clock.now())


def held_up_text(ringing: Attempt, sam, organisation) -> Attempt:
    """The call rings when the stop is set; the text has not gone yet."""
    text = Attempt.objects.get(kind="text")
    stop(organisation, sam)
    performing.perform(text.pk)
    text.refresh_from_db()
    assert STOPPED in text.data
    return text


@pytest.mark.parametrize("said", ["nothing yet", "yes"])
def test_a_text_that_the_stop_held_up_is_sent_when_it_is_lifted_to_who_may_still_come(
    said, ringing, guard, sam, organisation, acted
):
    held_up = held_up_text(ringing, sam, organisation)
    if said == "yes":
        Attempt.objects.filter(pk=ringing.pk).update(accepted_at=clock.now(), status="accepted", answer_by=None)
    else:
        Attempt.objects.filter(pk=ringing.pk).update(answer_by=clock.now() + timedelta(minutes=5))
    lift(organisation, sam)
    again = Attempt.objects.exclude(pk=held_up.pk).get(kind="text")
    assert (again.responder, again.order, again.data["call"]) == (guard, ringing, str(ringing.pk))
    carry_on_all(Event.objects.get(kind="dispatch.lifted").pk)  # twice is once
    performing.perform(again.pk)
    assert acted == [again.pk]
    assert Attempt.objects.filter(kind="text").count() == 2


@pytest.mark.parametrize("what", ["declined", "closed", "rang out"])
def test_and_to_nobody_who_will_not(what, ringing, incident, second_guard, sam, organisation, acted):
    held_up = held_up_text(ringing, sam, organisation)
    now = clock.now()
    if what == "closed":
        type(incident).objects.filter(pk=incident.pk).update(state="closed")
    elif what == "declined":
        Attempt.objects.filter(pk=ringing.pk).update(declined_at=now, status="declined")
    else:
        Attempt.objects.filter(pk=ringing.pk).update(answer_by=now, ended_at=now, status="failed")
    lift(organisation, sam)
    texts = Attempt.objects.exclude(pk=held_up.pk).filter(kind="text")
    assert [text.responder for text in texts] == ([] if what == "closed" else [second_guard])


def test_whom_the_stop_kept_from_being_called_is_called_when_it_is_lifted(
    incident, guard, second_guard, alice, sam, organisation, acted
):
    call, _text = send(incident, guard, alice)
    made = stop(organisation, sam)
    performing.perform(call.pk)
    call.refresh_from_db()
    assert call.data[STOPPED] == str(made.pk)
    lift(organisation, sam)
    following = Attempt.objects.get(kind="call", order=call)
    assert following.responder == guard


def test_whom_the_operator_had_chosen_is_called_and_not_the_first_by_rank(
    incident, guard, second_guard, alice, sam, organisation, acted
):
    call, _text = send(incident, second_guard, alice)
    stop(organisation, sam)
    performing.perform(call.pk)
    lift(organisation, sam)
    assert Attempt.objects.get(kind="call", order=call).responder == second_guard


def test_a_no_that_came_while_it_was_closed_by_mistake_is_answered_when_that_is_undone(ringing, incident, second_guard):
    now = clock.now()
    type(incident).objects.filter(pk=incident.pk).update(state="closed", closed_at=now)
    Attempt.objects.filter(pk=ringing.pk).update(accepted_at=now, declined_at=now, status="declined")
    assert sending.carry_on(ringing.pk, at=now + timedelta(seconds=3)) is None
    type(incident).objects.filter(pk=incident.pk).update(state="working", closed_at=None)
    with transaction.atomic():
        undone = events.record("incident.undone", incident, by=incident.owner, at=now)
    go_on(undone.pk)
    assert Attempt.objects.get(kind="call", order=ringing).responder == second_guard


def test_nothing_goes_on_in_what_was_closed_meanwhile(ringing, incident, sam, organisation):
    stop(organisation, sam)
    type(incident).objects.filter(pk=incident.pk).update(state="closed")
    Attempt.objects.filter(pk=ringing.pk).update(answer_by=clock.now())
    lift(organisation, sam)
    assert Attempt.objects.filter(kind="call").count() == 1
