"""What an answer says that it has in it: a page may leave out only what it would be shown again unchanged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions
from soc.console import contained
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
LATER = NIGHT + timedelta(seconds=5)
SCRIPT = {"X-Requested-With": "fetch"}


@pytest.fixture
def held(zone, alice):
    incident = make.make_incident(zone=zone)
    return actions.claim(incident.pk, by=alice, at=LATER)


@pytest.fixture
def desk(alice):
    page = Client(headers=SCRIPT)
    page.force_login(alice)
    return page


def said(answer) -> set[int]:
    return {int(word) for word in answer[contained.HEADER].split()}


def events(incident, *kinds: str) -> set[int]:
    return set(Event.objects.filter(subject_id=incident.pk, kind__in=kinds).values_list("pk", flat=True))


def test_an_acts_answer_has_the_act_in_it_before_it_is_sealed(held, desk):
    answer = desk.post(reverse("console-act", args=[held.pk, "note"]), {"text": "Seen."})
    assert Event.objects.get(kind="incident.noted").seq is None
    assert events(held, "incident.noted") <= said(answer)
    assert "Seen." in answer.content.decode()


def test_a_refused_act_says_it_too(held, desk):
    answer = desk.post(reverse("console-act", args=[held.pk, "note"]), {"text": ""})
    assert (answer.status_code, bool(said(answer))) == (409, True)


def test_what_something_still_reacts_to_is_fetched_again(held, desk):
    """The reaction may change the pane and tells of nothing."""
    actions.decide(held.pk, verdict="real", token=held.token, by=held.owner, at=LATER)
    answer = desk.get(reverse("console-incident", args=[held.pk]))
    assert not events(held, "incident.claimed", "incident.verdict") & said(answer)
    assert events(held, "incident.opened") <= said(answer)


def test_what_is_recorded_while_the_pane_is_read_is_not_in_it(held, desk, monkeypatch):
    """Asked for after the reading, it would pass for shown and never be."""
    from soc.console import pane

    usual = pane.context

    def meanwhile(*given, **more):
        facts = usual(*given, **more)
        list(facts["notes"])
        actions.add_note(held.pk, text="Too late.", by=held.owner, at=LATER)
        return facts

    monkeypatch.setattr(pane, "context", meanwhile)
    answer = desk.get(reverse("console-incident", args=[held.pk]))
    assert not events(held, "incident.noted") & said(answer)


def test_the_newest_come_first_and_no_more_than_a_few(held, desk, monkeypatch):
    monkeypatch.setattr(contained, "MOST", 2)
    for words in "abc":
        actions.add_note(held.pk, text=words, by=held.owner, at=LATER)
    answer = desk.get(reverse("console-incident", args=[held.pk]))
    assert said(answer) == set(sorted(events(held, "incident.noted"))[-2:])


def test_an_acts_answer_shows_the_pictures_that_were_chosen(held, desk, zone):
    second = make.make_incident(make.make_candidate(zone=zone, at=NIGHT + timedelta(seconds=10)))
    assert second.pk == held.pk
    alert = held.alerts.order_by("captured_at").last()
    url = reverse("console-act", args=[held.pk, "note"])
    answer = desk.post(f"{url}?alert={alert.pk}", {"text": "Seen."})
    assert answer.context["evidence"].alert == alert
