"""The handling table: the design's, the code's and the document's are one."""

from __future__ import annotations

import itertools

import pytest
from django.core.management import call_command
from django_fsm import TransitionNotAllowed, can_proceed

from incidents import actions
from incidents.models import Incident
from incidents.models.incident import HELD, State
from incidents.states import table
from tests import factories as make
from tests.factories import NIGHT

DESIGN = {
    "claim": (("open", "parked"), "claimed"),
    "decide": (("claimed", "working", "waiting"), "working"),
    "wait": (("working",), "waiting"),
    "resume": (("waiting",), "working"),
    "park": (("claimed", "working"), "parked"),
    "release": (("claimed", "working", "waiting"), "open"),
    "close": (("claimed", "working", "waiting"), "closed"),
    "come_back": (("parked",), "open"),
    "end_exercise": (("open", "claimed", "working", "waiting", "parked"), "closed"),
    "take_back": (("open", "working", "parked", "closed"), "as before"),
    "reopen": (("closed",), "open"),
}


def test_the_codes_table_is_the_designs():
    assert table() == DESIGN


def test_the_document_is_what_the_code_says():
    call_command("states", check=True)


@pytest.mark.parametrize(("verb", "state"), list(itertools.product(DESIGN, State.values)))
def test_a_verb_proceeds_from_the_states_of_the_table_only(verb, state):
    assert can_proceed(getattr(Incident(state=state), verb)) is (state in DESIGN[verb][0])


def test_the_state_cannot_be_assigned():
    incident = Incident()
    with pytest.raises(AttributeError):
        incident.state = State.CLOSED
    with pytest.raises(TransitionNotAllowed):
        incident.reopen()


def test_taking_over_is_possible_wherever_somebody_holds_it():
    assert set(HELD) == {"claimed", "working", "waiting"}


def test_a_protected_state_can_be_read_again(zone, alice):
    incident = make.make_incident(zone=zone)
    actions.claim(incident.pk, by=alice, at=NIGHT)
    incident.refresh_from_db()
    assert incident.state == State.CLAIMED
    incident.refresh_from_db(fields=["state", "token"])
    assert (incident.state, incident.token) == (State.CLAIMED, 1)
