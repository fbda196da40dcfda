"""Claiming on real PostgreSQL: one winner, and a stale hand changes nothing."""

from __future__ import annotations

import inspect
import os
from datetime import timedelta
from typing import Any

import pytest

from incidents import actions, deadlines
from incidents.errors import Refused, Stale
from incidents.models import Incident, Note, VerdictChange
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.together import together

LATER = NIGHT + timedelta(seconds=5)
RACES, RACERS = int(os.environ.get("RACES", "30")), 20  # a hundred and more in `make soak`


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_claim_at_once_exactly_one_wins_every_time(zone, organisation):
    people = [make.make_user(f"operator{n}", "operator", organisation) for n in range(RACERS)]
    with together(RACERS) as threads:
        for race in range(RACES):
            incident = make.make_incident(zone=zone)
            at = incident.queued_at + timedelta(seconds=3)

            def claim(person, incident=incident, at=at):
                return actions.claim(incident.pk, by=person, at=at)

            answers = threads.run(claim, people)
            winners = [answer for answer in answers if isinstance(answer, Incident)]
            losers = [answer for answer in answers if not isinstance(answer, Incident)]
            assert len(winners) == 1, f"race {race}: {answers}"
            assert {type(answer) for answer in losers} == {Refused}, f"race {race}: {losers}"
            assert {answer.code for answer in losers} == {"taken"}
            won = winners[0]
            assert won.owner is not None
            assert all(won.owner.sign in str(answer) for answer in losers)
            assert Event.objects.filter(kind="incident.claimed", subject_id=incident.pk).count() == 1
            actions.decide(incident.pk, verdict="false", token=won.token, by=won.owner, at=at)


@pytest.fixture
def held(zone, alice) -> Incident:
    """Alice's, decided as real."""
    incident = actions.claim(make.make_incident(zone=zone, priority=2).pk, by=alice, at=LATER)
    return actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=LATER)


UNTIL = LATER + timedelta(minutes=10)
VERBS: dict[str, dict[str, Any]] = {
    "decide": {"verdict": "false"},
    "park": {"reason": "later", "until": UNTIL},
    "wait": {"reason": "guard", "until": UNTIL},
    "resume": {},
    "release": {},
    "identify": {"word": "4711"},
    "look": {},
    "ask_to_lift": {"reason": "They have gone."},
    "show_numbers": {},
    "close": {"outcome": "genuine.attempt_only", "site_state": "secure", "summary": "Gone."},
}


def everything(incident: Incident) -> tuple:
    row = Incident.objects.filter(pk=incident.pk).values().get()
    return row, Event.objects.count(), VerdictChange.objects.count(), Note.objects.count()


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("hand", ["an older claim", "a taker's predecessor", "nobody's", "another person"])
def test_a_stale_hand_changes_nothing(verb, hand, held, alice, dave, sam):
    by, token = alice, held.token
    if hand == "an older claim":
        actions.release(held.pk, token=held.token, by=alice, at=LATER)
        actions.claim(held.pk, by=alice, at=LATER)
    elif hand == "a taker's predecessor":
        actions.take_over(held.pk, by=sam, at=LATER)
    elif hand == "nobody's":
        actions.release(held.pk, token=held.token, by=alice, at=LATER)
    else:
        by = dave
    if verb == "resume" and hand == "another person":
        actions.wait(held.pk, reason="guard", until=UNTIL, token=token, by=alice, at=LATER)
    before = everything(held)
    with pytest.raises(Stale) as refused:
        getattr(actions, verb)(held.pk, **VERBS[verb], token=token, by=by, at=LATER)
    assert everything(held) == before
    if hand == "a taker's predecessor":
        assert sam.sign in str(refused.value)


def test_every_verb_that_takes_a_token_is_in_the_table_above():
    # An undo refuses a stale hand by what was done last: test_undoing.
    others = {"check_token", "undo"}
    takes = {name for name in actions.__all__ if name not in others and _takes_a_token(getattr(actions, name))}
    assert takes == set(VERBS)


def _takes_a_token(verb: object) -> bool:
    return callable(verb) and "token" in inspect.signature(verb).parameters


@pytest.mark.parametrize("verb", ["claim", "take_over", "reopen", "add_note", *VERBS])
def test_to_another_organisations_operator_an_incident_is_not_there(verb, held, oscar, other_organisation):
    make.give(oscar, "supervisor", other_organisation)
    more: dict[str, Any] = {"text": "hello"} if verb == "add_note" else {}
    if verb in VERBS:
        more = {**VERBS[verb], "token": held.token}
    before = everything(held)
    with pytest.raises(Incident.DoesNotExist):
        getattr(actions, verb)(held.pk, **more, by=oscar, at=LATER)
    assert everything(held) == before


@pytest.mark.parametrize("someone", ["carol", "admin"])
def test_who_may_not_handle_cannot_claim(someone, zone, request):
    incident = make.make_incident(zone=zone)
    with pytest.raises(Incident.DoesNotExist):
        actions.claim(incident.pk, by=request.getfixturevalue(someone), at=LATER)


def test_an_incident_on_another_screen_is_not_offered_until_it_comes_to_all(zone, organisation, alice, dave):
    actions.start_shift(user=alice, organisation=organisation, at=NIGHT)
    incident = make.make_incident(zone=zone)
    assert incident.offered_to == alice
    with pytest.raises(Refused) as refused:
        actions.claim(incident.pk, by=dave, at=NIGHT + timedelta(seconds=3))
    assert refused.value.code == "not_offered"
    deadlines.deadlines(incident.claim_by)
    assert actions.claim(incident.pk, by=dave, at=incident.claim_by).owner == dave


def test_a_supervisor_need_not_wait_for_the_offer_to_pass(zone, organisation, alice, sam):
    actions.start_shift(user=alice, organisation=organisation, at=NIGHT)
    assert actions.claim(make.make_incident(zone=zone).pk, by=sam, at=LATER).owner == sam


def test_claiming_what_one_holds_changes_nothing(held, alice):
    before = everything(held)
    assert actions.claim(held.pk, by=alice, at=LATER).token == held.token
    assert everything(held) == before


def test_a_claim_after_a_verdict_starts_no_deadline_for_one(held, dave, alice):
    actions.release(held.pk, token=held.token, by=alice, at=LATER)
    assert actions.claim(held.pk, by=dave, at=LATER).verdict_by is None


def test_a_taken_over_incident_keeps_its_state_and_answers_only_the_new_hand(held, alice, sam):
    taken = actions.take_over(held.pk, by=sam, at=LATER)
    assert (taken.state, taken.owner, taken.token) == (held.state, sam, held.token + 1)
    actions.decide(held.pk, verdict="suspicious", token=taken.token, by=sam, at=LATER)
    told = Event.objects.get(kind="incident.taken_over")
    assert told.data["before"] == str(alice.pk)


@pytest.mark.django_db(transaction=True)
def test_nobody_leaves_the_desk_in_the_moment_an_incident_becomes_theirs(zone, organisation, alice):
    """Whichever comes first, an incident is never held by somebody who was let go while holding it."""
    with together(2) as threads:
        for _ in range(15):
            incident = make.make_incident(zone=zone)
            actions.start_shift(user=alice, organisation=organisation, at=NIGHT)
            answers = threads.run(
                lambda act: act(),
                [
                    lambda pk=incident.pk: actions.claim(pk, by=alice, at=LATER),
                    lambda: actions.end_shift(user=alice, at=LATER),
                ],
            )
            claimed, left = answers
            assert isinstance(claimed, Incident), claimed
            gone = Event.objects.filter(kind="shift.ended").order_by("id").last()
            owned = Event.objects.get(kind="incident.claimed", subject_id=incident.pk)
            if left is None:
                assert gone is not None
                assert gone.id < owned.id
            else:
                assert left.code == "holding"
            actions.release(incident.pk, token=claimed.token, by=alice, at=LATER)
            Incident.objects.update(last_alert_at=NIGHT - timedelta(days=1))
