"""Taking back the last act: the incident is as it was, the record is not, and nobody's work is taken from them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from cameras.models import Dismissal
from incidents import actions, reactions
from incidents.actions import undoing
from incidents.errors import Refused, Stale
from incidents.models import Incident, VerdictChange
from incidents.models.incident import State
from responses import actions as responses
from responses.defaults import publish_defaults
from soc.core import events
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

AT = NIGHT + timedelta(seconds=5)
SOON = AT + timedelta(seconds=7)
LATE = AT + timedelta(seconds=10)


@pytest.fixture
def held(zone, alice, organisation) -> Incident:
    publish_defaults(organisation, at=NIGHT - timedelta(days=1))
    return actions.claim(make.make_incident(zone=zone, priority=2).pk, by=alice, at=AT)


def decided(incident, alice, verdict="false"):
    return actions.decide(incident.pk, verdict=verdict, token=incident.token, by=alice, at=AT)


def undo(incident, by, at=SOON):
    return actions.undo(incident.pk, token=incident.token, by=by, at=at)


def handling(incident) -> dict:
    """The columns of its handling, without the token and the offer."""
    left_out = {"token", "offered_to_id", "offered_at", "summary", "reason"}
    row = Incident.objects.filter(pk=incident.pk).values().get()
    return {name: value for name, value in row.items() if name not in left_out}


def test_a_verdict_taken_back_leaves_the_incident_undecided_and_both_acts_on_record(held, alice):
    before = handling(held)
    undone = undo(decided(held, alice), alice)
    assert handling(undone) == before
    assert undone.verdict_by == held.verdict_by
    assert [change.verdict for change in VerdictChange.objects.order_by("at", "pk")] == ["false", ""]
    told = Event.objects.get(kind="incident.undone")
    assert (told.data["act"], told.by) == ("incident.verdict", alice)
    assert Event.objects.filter(kind="incident.verdict").count() == 1


def test_a_changed_verdict_taken_back_is_the_earlier_one(held, alice):
    first = decided(held, alice, "real")
    second = actions.decide(first.pk, verdict="false", token=first.token, by=alice, at=AT + timedelta(seconds=1))
    undone = undo(second, alice)
    assert (undone.verdict, undone.verdict_at) == ("real", first.verdict_at)


def test_what_the_filter_learnt_from_a_verdict_is_forgotten_with_it(held, alice):
    incident = decided(held, alice)
    reactions.on_verdict(Event.objects.get(kind="incident.verdict").pk)
    assert Dismissal.objects.exists()
    undo(incident, alice)
    reactions.on_verdict(Event.objects.get(kind="incident.undone").pk)
    assert not Dismissal.objects.exists()


def close(incident, alice):
    return actions.close(
        incident.pk,
        outcome="false.animal",
        site_state="secure",
        summary="A fox.",
        token=incident.token,
        by=alice,
        at=AT,
    )


@pytest.fixture
def looked(held, alice):
    """Decided as false, with its required steps done: ready to be closed."""
    actions.evidence_shown(held.pk, by=alice, at=AT)
    return decided(held, alice)


def test_a_close_taken_back_is_open_again_with_its_summary_kept_for_the_next_one(looked, alice):
    before = handling(looked)
    undone = undo(close(looked, alice), alice)
    assert handling(undone) == before
    assert (undone.state, undone.owner, undone.summary) == (State.WORKING, alice, "A fox.")


def test_after_the_close_the_verdict_can_be_taken_back_as_well(looked, alice):
    undone = undo(undo(close(looked, alice), alice), alice)
    assert (undone.state, undone.verdict) == (State.CLAIMED, "")


def test_a_park_taken_back_is_in_the_same_hands_with_a_new_token(looked, alice):
    before = handling(looked)
    parked = actions.park(
        looked.pk, reason="later", until=AT + timedelta(minutes=5), token=looked.token, by=alice, at=AT
    )
    undone = undo(parked, alice)
    assert handling(undone) == before
    assert undone.token > parked.token


def test_a_hand_back_taken_back_takes_the_offer_from_whoever_it_went_to(looked, alice, dave, organisation):
    before = handling(looked)
    actions.start_shift(user=dave, organisation=organisation, at=AT)
    released = actions.release(looked.pk, token=looked.token, by=alice, at=AT)
    released.refresh_from_db()
    assert released.offered_to == dave
    undone = undo(released, alice)
    assert handling(undone) == before
    assert undone.offered_to is None
    assert not actions.offer_waiting(SOON)


def test_a_hand_back_that_a_colleague_has_claimed_stays_theirs(looked, alice, dave):
    released = actions.release(looked.pk, token=looked.token, by=alice, at=AT)
    actions.claim(looked.pk, by=dave, at=AT + timedelta(seconds=2))
    with pytest.raises(Stale, match=r"Mara has this incident now\. Nothing was changed\."):
        undo(released, alice)
    looked.refresh_from_db()
    assert looked.owner == dave


def test_a_verdict_is_not_taken_back_from_under_a_taker(held, alice, sam):
    incident = decided(held, alice)
    actions.take_over(incident.pk, by=sam, at=AT + timedelta(seconds=1))
    with pytest.raises(Stale):
        undo(incident, alice)
    incident.refresh_from_db()
    assert incident.verdict == "false"


def test_after_eight_seconds_it_stands(held, alice):
    incident = decided(held, alice)
    assert actions.undoable(incident, by=alice, at=SOON)
    assert actions.undoable(incident, by=alice, at=LATE) is None
    with pytest.raises(Refused, match="Only for 8 seconds"):
        undo(incident, alice, LATE)


def test_only_whoever_did_it_takes_it_back(held, alice, dave):
    incident = decided(held, alice)
    assert actions.undoable(incident, by=dave, at=SOON) is None
    with pytest.raises(Refused, match="nothing of yours"):
        undo(incident, dave)


def test_a_note_written_meanwhile_is_in_nobodys_way(held, alice):
    incident = decided(held, alice)
    actions.add_note(incident.pk, text="Fox.", by=alice, at=AT + timedelta(seconds=1))
    assert undo(incident, alice).verdict == ""


def test_the_same_act_is_taken_back_once(held, alice):
    incident = undo(decided(held, alice), alice)
    with pytest.raises(Refused, match="nothing of yours"):
        undo(incident, alice)


def test_a_claim_is_no_act_to_take_back(held, alice):
    assert actions.undoable(held, by=alice, at=SOON) is None


def test_a_step_left_out_taken_back_is_owed_again(held, alice):
    incident = decided(held, alice, "real")
    responses.step_skipped(held.pk, step_id="look", reason="no picture", token=held.token, by=alice, at=AT)
    undo(incident, alice)
    assert {step.id: step.state for step in responses.steps(incident)}["look"] == ""


def test_an_answer_taken_back_is_what_it_was_before(held, alice):
    incident = decided(held, alice, "real")
    for answer in ("left", "stayed"):
        responses.step_done(held.pk, step_id="left", answer=answer, token=held.token, by=alice, at=AT)
    undo(incident, alice)
    assert {step.id: step.answer for step in responses.steps(incident)}["left"] == "left"
    undo(incident, alice)
    assert {step.id: step.state for step in responses.steps(incident)}["left"] == ""


def test_what_the_close_wrote_down_of_the_steps_does_not_outlive_it(looked, alice):
    from responses import reactions as of_responses

    closed = close(looked, alice)
    of_responses.finish_run(Event.objects.get(kind="incident.closed").pk)
    incident = undo(closed, alice)
    of_responses.go_on(Event.objects.get(kind="incident.undone").pk)
    undo(incident, alice)
    found = {step.id: step.state for step in responses.steps(Incident.objects.get(pk=incident.pk))}
    assert (found["look"], found["belongs"], found["close"]) == ("done", "", "")


def test_the_end_of_an_exercise_is_not_for_its_operator_to_take_back(held, alice):
    """As the blind audit records it: without what stood before."""
    with transaction.atomic():
        events.record("incident.closed", held, by=alice, at=AT, outcome="", site_state="", verdict="")
    assert actions.undoable(held, by=alice, at=SOON) is None


def test_an_act_recorded_without_what_stood_before_cannot_be_taken_back(held, alice, monkeypatch):
    """The broken variant: events that forget what stood before them leave nothing to go back to."""
    monkeypatch.setattr("incidents.actions.handling.standing", lambda incident: None)
    incident = decided(held, alice)
    undone = undo(incident, alice)
    assert undone.state != State.CLAIMED, "without it the state from before is not known"


def test_everything_that_can_be_taken_back_is_on_the_operators_list():
    assert set(undoing.reversers) == {
        f"incident.{verb}" for verb in ("verdict", "parked", "released", "closed", "step_done", "step_skipped")
    }
