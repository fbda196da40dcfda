"""The card of who is seen, as the console asks it and as its form is read."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from incidents import actions, subjects
from incidents.models import Description
from responses.actions import stop_dispatch
from soc.console import card
from soc.core import clock
from tests import factories as make

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}
MAN = {
    "subject": "1", "kind": "person", "count": "1", "build": "man", "clothing.what": "jacket", "clothing.colour": "red",
    "doing": "", "carrying.what": "", "carrying.colour": "", "weapon": "none", "direction": "stays", "direction.words": "",
}  # fmt: skip


@pytest.fixture
def held(zone, alice):
    return actions.claim(make.make_incident(zone=zone, at=clock.now()).pk, by=alice, at=clock.now())


@pytest.fixture
def post(client, alice, held):
    client.force_login(alice)
    return lambda **form: client.post(reverse("console-act", args=[held.pk, "describe"]), {**MAN, **form}, **FETCH)


def test_the_form_makes_a_card_and_the_pane_says_it(post):
    answer = post()
    assert answer.status_code == 200
    assert "One man, red jacket, no weapon seen, still there" in answer.text


def test_words_outweigh_the_answer_that_was_chosen(post):
    post(**{"direction.words": "the north gate"})
    assert Description.objects.get().facts["direction"] == "the north gate"


def test_a_vehicle_is_asked_other_things(post):
    post(subject="2", kind="vehicle", **{"vehicle.what": "van", "vehicle.colour": "white", "plate": " ab12 cde "})
    assert subjects.sentence(Description.objects.get()).startswith("white van, plate ab12 cde")


@pytest.mark.parametrize(
    "form",
    [
        {"subject": ""}, {"subject": "x"}, {"subject": "99"}, {"kind": "ghost"}, {"clothing.what": ""}, {"weapon": "spoon"},
        {"count": "many", "build": "giant"}, {"camera": "not-a-camera"},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_words(post, form):
    answer = post(**form)
    assert answer.status_code == 409
    assert 'data-refused="describe"' in answer.text
    assert not Description.objects.exists()


def test_the_page_is_told_every_answer_there_is_as_plain_data(alice):
    told = json.loads(json.dumps(card.table()))
    assert [code for code, _words in told["answers"]["weapon"]] == list(subjects.WEAPON)
    assert set(told["asked"]) == {"person", "vehicle"}
    keys = [key for _code, key, _words in told["colours"]]
    assert not set(keys) & {*"ACSTV", *"0123456789"}, "the card's own keys"


def test_the_dispatch_names_number_address_and_who_is_seen_and_is_greyed_while_stopped(
    client, post, held, organisation, alice, sam
):
    from responses.models import Responder

    Responder.objects.create(organisation=organisation, name="Tern Lane guards", phone="+441632960001")
    page = post().text
    panel = page.split('id="panel-send"')[1].split("</form>")[0]
    for words in (
        "18 Tern Lane, Pinewick",
        "Gate lane, east side",
        "Tern Lane guards, +441632960001",
        "one man, red jacket",
    ):
        assert words in panel
    stop_dispatch(organisation, reason="Wrong addresses", by=sam, at=clock.now())
    page = client.get(reverse("console-incident", args=[held.pk]), **FETCH).text
    assert "Joel stopped all dispatches" in page.split('aria-disabled="true" data-key="D"')[1][:200]
