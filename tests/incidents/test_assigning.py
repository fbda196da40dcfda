"""A supervisor gives an incident to somebody who is at a desk: their page has it, the former owner's acts are refused."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions
from incidents.errors import Refused, Stale
from incidents.models import Incident, Shift
from incidents.models.incident import State
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

SOON = NIGHT + timedelta(seconds=3)


@pytest.fixture
def incident(site, alice, dave, organisation) -> Incident:
    actions.start_shift(user=alice, organisation=organisation, at=NIGHT)
    found = actions.claim(make.make_incident(site=site).pk, by=alice, at=NIGHT)
    actions.start_shift(user=dave, organisation=organisation, at=NIGHT)
    return found


def test_it_becomes_theirs_with_a_new_token_and_the_reason_is_kept(incident, alice, dave, sam):
    given = actions.reassign(incident.pk, to=dave, reason="Ines is on the telephone.", by=sam, at=SOON)
    assert (given.owner, given.token, given.state) == (dave, 2, State.CLAIMED)
    note = given.notes.get()
    assert (note.text, note.by) == ("Ines is on the telephone.", sam)
    event = Event.objects.get(kind="incident.reassigned")
    assert event.data == {"to": str(dave.pk), "before": str(alice.pk), "token": 2, "note": str(note.pk)}
    assert "telephone" not in str(event.data)
    with pytest.raises(Stale):
        actions.decide(incident.pk, verdict="false", token=1, by=alice, at=SOON)
    assert Shift.objects.get(user=alice).free_since == SOON


def test_what_nobody_holds_is_given_as_well(incident, alice, dave, sam):
    actions.release(incident.pk, token=1, by=alice, at=SOON)
    given = actions.reassign(incident.pk, to=alice, reason="She knows the place.", by=sam, at=SOON)
    assert (given.owner, given.state, given.offered_to, given.claim_by) == (alice, State.CLAIMED, None, None)
    assert given.verdict_by is not None


def test_twice_is_once(incident, dave, sam):
    for _ in range(2):
        actions.reassign(incident.pk, to=dave, reason="Busy.", by=sam, at=SOON)
    assert Event.objects.filter(kind="incident.reassigned").count() == 1


@pytest.mark.parametrize(
    ("why", "code"), [("no reason", "reason"), ("on a break", "away"), ("gone", "away"), ("no right", "role")]
)
def test_it_is_refused_in_words(why, code, incident, dave, sam, other_customer):
    at = SOON
    if why == "on a break":
        Shift.objects.filter(user=dave).update(break_until=NIGHT + timedelta(minutes=15))
    elif why == "gone":
        at = NIGHT + timedelta(seconds=30)
    elif why == "no right":
        dave.memberships.all().delete()
        make.give(dave, "operator", other_customer)
    with pytest.raises(Refused) as refused:
        actions.reassign(incident.pk, to=dave, reason="" if why == "no reason" else "Busy.", by=sam, at=at)
    assert refused.value.code == code


@pytest.mark.parametrize("someone", ["alice", "oscar", "carol"])
def test_only_a_supervisor_of_the_centre_assigns(someone, incident, dave, request):
    with pytest.raises(Incident.DoesNotExist):
        actions.reassign(incident.pk, to=dave, reason="Busy.", by=request.getfixturevalue(someone), at=SOON)
