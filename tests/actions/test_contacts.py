"""A typed passcode: right, wrong, guessed at, and the word that says that its owner is being forced."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest

from cameras.actions.contacts import WITHIN, WRONG, WRONG_OF_ALL, vouch, vouched
from cameras.errors import Refused
from cameras.models import Candidate, PasscodeTry, SiteContact
from incidents.actions import raise_alert
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT


@pytest.fixture
def luis(site) -> SiteContact:
    contact = SiteContact(site=site, name="Luis Ferro", role="keyholder", phone="+442079460011")
    contact.set_passcode("amber lantern", "grey lantern")
    contact.save()
    return contact


def test_the_passcode_of_a_contact_names_them_whatever_its_case_and_spaces(site, luis, alice):
    for word in ("amber lantern", " Amber  LANTERN "):
        assert vouch(site, word, by=alice, at=NIGHT) == luis
    assert vouch(site, "amberlantern", by=alice, at=NIGHT) is None
    assert vouch(site, "", by=alice, at=NIGHT) is None


def test_a_contact_that_is_out_of_use_or_of_another_site_vouches_for_nobody(site, other_site, luis, alice):
    assert vouch(other_site, "amber lantern", by=alice, at=NIGHT) is None
    SiteContact.objects.update(enabled=False)
    assert vouch(site, "amber lantern", by=alice, at=NIGHT) is None


def test_the_named_contact_alone_is_asked(site, luis, alice):
    mira = SiteContact.objects.create(site=site, name="Mira")
    assert vouch(site, "amber lantern", by=alice, at=NIGHT, contact=mira.pk) is None
    assert vouch(site, "amber lantern", by=alice, at=NIGHT, contact=luis.pk) == luis


def test_a_duress_word_answers_as_the_passcode_and_commits_a_quiet_alarm_of_the_gravest_kind(site, luis, alice):
    plain = vouch(site, "amber lantern", by=alice, at=NIGHT)
    assert not Candidate.objects.exists()
    forced = vouch(site, "grey lantern", by=alice, at=NIGHT)
    assert plain == forced == luis
    candidate = Candidate.objects.get()
    assert (candidate.category, candidate.decision, candidate.priority) == ("duress", "raise", 1)
    incident = raise_alert(candidate.pk, at=NIGHT).incident
    assert incident.quiet
    events = Event.objects.exclude(subject_id__in=[candidate.pk, incident.pk]).order_by("id")
    # What is written of the two is the same but for the time.
    assert [(event.kind, event.subject_id, event.data) for event in events] == [("passcode.given", luis.pk, {})] * 2


def test_both_words_of_every_contact_are_compared_whichever_is_right(site, luis, alice, monkeypatch):
    """The time it takes says nothing: not who it was, not which of the words."""
    mira = SiteContact(site=site, name="Mira", rank=2)
    mira.set_passcode("blue heron")
    mira.save()
    asked: list[str] = []
    right = [""]

    def compare(word: str, kept: str) -> bool:
        asked.append(kept)
        return kept == right[0]

    monkeypatch.setattr("cameras.models.contact.check_password", compare)
    counts = []
    for right[0] in (luis.passcode_hash, luis.duress_hash, mira.passcode_hash, ""):
        asked.clear()
        vouch(site, "anything", by=alice, at=NIGHT)
        counts.append(len(asked))
    assert counts == [3, 3, 3, 3]


def test_a_word_that_is_one_contacts_passcode_and_anothers_duress_word_is_taken_for_the_graver(site, luis, alice):
    mira = SiteContact(site=site, name="Mira")
    mira.set_passcode("blue heron", "amber lantern")
    mira.save()
    assert vouch(site, "amber lantern", by=alice, at=NIGHT) == mira
    assert Candidate.objects.get().category == "duress"


def test_guessing_is_stopped_per_person_and_right_again_after_a_while(site, luis, alice, dave):
    for _n in range(WRONG):
        assert vouch(site, "guess", by=alice, at=NIGHT) is None
    with pytest.raises(Refused) as refused:
        vouch(site, "amber lantern", by=alice, at=NIGHT)
    assert refused.value.code == "locked"
    assert vouch(site, "amber lantern", by=dave, at=NIGHT) == luis
    assert vouch(site, "amber lantern", by=alice, at=NIGHT + WITHIN + timedelta(seconds=1)) == luis


def test_guessing_by_many_people_is_stopped_at_the_site(site, luis, organisation):
    crew = [make.make_user(f"op{n}", "operator", organisation) for n in range(6)]
    for n in range(WRONG_OF_ALL):
        assert vouch(site, "guess", by=crew[n // WRONG], at=NIGHT) is None
    with pytest.raises(Refused):
        vouch(site, "amber lantern", by=crew[-1], at=NIGHT)


def test_right_words_are_no_guesses(site, luis, alice):
    for _n in range(WRONG * 2):
        assert vouch(site, "amber lantern", by=alice, at=NIGHT) == luis


def test_what_was_typed_is_kept_nowhere(site, luis, alice, caplog):
    caplog.set_level(logging.DEBUG)
    for word in ("amber lantern", "grey lantern", "a wrong heron"):
        vouch(site, word, by=alice, at=NIGHT)
    with pytest.raises(Refused) as refused:
        vouched(site, "a wrong heron", by=alice, at=NIGHT)
    said = str(refused.value) + caplog.text
    kept = [str(list(model.objects.values())) for model in (Event, PasscodeTry, Candidate, SiteContact)]
    for word in ("lantern", "heron"):
        assert word not in said
        assert not any(word in rows for rows in kept)


def test_two_contacts_with_the_same_two_words_cannot_be(site):
    with pytest.raises(ValueError, match="same"):
        SiteContact(site=site, name="Mira").set_passcode("Blue Heron", "blue  heron")
