"""The card of who is seen: written anew each time, in codes, and one sentence for whoever is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions, subjects
from incidents.errors import Refused
from incidents.models import Description, Incident
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

AT = NIGHT + timedelta(seconds=5)
FACTS = {
    "count": 1,
    "build": "man",
    "clothing": {"what": "jacket", "colour": "red"},
    "carrying": {"what": "bag", "colour": "black"},
    "weapon": "none",
    "direction": "the north gate",
}


@pytest.fixture
def incident(zone) -> Incident:
    return make.make_incident(zone=zone)


def describe(incident, by, facts, *, subject=1, kind="person", camera=None, at=AT):
    return actions.describe(incident.pk, subject=subject, kind=kind, facts=facts, camera=camera, by=by, at=at)


def test_a_card_makes_the_sentence_that_is_said(incident, alice):
    told = subjects.sentence(describe(incident, alice, FACTS))
    assert told == "one man, red jacket, black bag, no weapon seen, towards the north gate"


@pytest.mark.parametrize(
    ("kind", "facts", "words"),
    [
        ("person", {"count": 2}, "two people"),
        ("person", {"count": 3, "build": "youth", "doing": "climbing"}, "three youths, climbing over"),
        ("person", {"count": 10}, "ten or more people"),
        ("person", {"weapon": "knife"}, "person, weapon: knife"),
        ("person", {"more": "limps", "direction": "on_foot"}, "person, left on foot, limps"),
        (
            "vehicle",
            {"vehicle": {"what": "van", "colour": "white"}, "plate": "AB12 CDE", "count": 2},
            "white van, plate AB12 CDE, 2 people in it",
        ),
        ("vehicle", {"direction": "driven"}, "vehicle, left in a vehicle"),
    ],
)
def test_sentences_of_all_kinds(kind, facts, words):
    assert subjects.sentence(Description(kind=kind, facts=facts)) == words


def test_every_change_is_a_new_version_and_the_newest_of_each_subject_counts(incident, alice, dave):
    describe(incident, alice, {"count": 1})
    describe(incident, dave, {"vehicle": {"what": "van", "colour": ""}}, subject=2, kind="vehicle")
    describe(incident, alice, {"count": 2})
    found = subjects.current(incident)
    assert [(row.subject, row.version, subjects.sentence(row)) for row in found] == [
        (1, 3, "two people"),
        (2, 2, "van"),
    ]
    assert Description.objects.count() == 3


def test_the_same_card_again_is_the_one_there_is(incident, alice):
    assert describe(incident, alice, FACTS) == describe(incident, alice, dict(FACTS))
    assert Event.objects.filter(kind="incident.described").count() == 1


def test_where_it_was_last_seen_stays_until_it_is_seen_elsewhere(incident, alice, camera):
    describe(incident, alice, FACTS, camera=camera.pk)
    later = describe(incident, alice, {**FACTS, "count": 2}, at=AT + timedelta(minutes=1))
    assert (later.last_seen_camera, later.last_seen_at) == (camera, AT)
    again = describe(incident, alice, {**FACTS, "count": 2}, camera=camera.pk, at=AT + timedelta(minutes=2))
    assert (again.version, again.last_seen_at) == (3, AT + timedelta(minutes=2))


def test_an_emptied_card_is_taken_off(incident, alice):
    describe(incident, alice, FACTS)
    describe(incident, alice, {})
    assert subjects.current(incident) == []


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({"count": 0}, "person"),
        ({"count": 11}, "person"),
        ({"count": True}, "person"),
        ({"build": "giant"}, "person"),
        ({"build": ["man"]}, "person"),
        ({"clothing": "jacket"}, "person"),
        ({"clothing": {"what": "", "colour": "red"}}, "person"),
        ({"clothing": {"what": "jacket", "colour": "octarine"}}, "person"),
        ({"plate": "X"}, "person"),
        ({"weapon": "none"}, "vehicle"),
        ({"plate": "X" * 16}, "vehicle"),
        ({"more": "two\x00lines"}, "person"),
        ({"height": "tall"}, "person"),
        ({"count": 1}, "ghost"),
        ({}, "person"),
    ],
)
def test_what_is_no_fact_is_refused_in_words_and_nothing_is_written(incident, alice, facts, kind):
    with pytest.raises(Refused) as refused:
        describe(incident, alice, facts, kind=kind)
    assert str(refused.value).endswith(".")
    assert not Description.objects.exists()


def test_a_camera_of_another_site_is_none(incident, alice, other_camera):
    with pytest.raises(Refused, match="no such camera"):
        describe(incident, alice, FACTS, camera=other_camera.pk)


def test_a_colleague_without_the_claim_may_describe_but_no_stranger(incident, alice, dave, oscar):
    actions.claim(incident.pk, by=alice, at=AT)
    assert describe(incident, dave, FACTS).by == dave
    with pytest.raises(Incident.DoesNotExist):
        describe(incident, oscar, FACTS)


def test_a_closed_incident_is_described_no_more(incident, alice):
    held = actions.claim(incident.pk, by=alice, at=AT)
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=AT)
    actions.close(held.pk, outcome="false.animal", site_state="secure", summary="", token=held.token, by=alice, at=AT)
    with pytest.raises(Refused, match="closed"):
        describe(incident, alice, FACTS)


def test_the_record_holds_which_facts_changed_and_none_of_their_words(incident, alice):
    describe(incident, alice, {"vehicle": {"what": "van", "colour": "white"}, "plate": "AB12"}, kind="vehicle")
    event = Event.objects.get(kind="incident.described")
    assert event.data == {"version": 1, "card": 1, "of": "vehicle", "facts": ["plate", "vehicle"]}
    assert "AB12" not in str(event.data)


def test_what_is_asked_is_known_labelled_and_has_a_key():
    asked = {name for names in subjects.ASKED.values() for name in names}
    assert asked == set(subjects.LABELS)
    for table in (*subjects.CODED.values(), *subjects.COLOURED.values(), subjects.DIRECTION):
        assert len(table) <= len(subjects.DIGITS)
    assert set(subjects.COLOUR_KEYS) == set(subjects.COLOUR)
    assert len(set(subjects.COLOUR_KEYS.values())) == len(subjects.COLOUR)
