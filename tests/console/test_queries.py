"""How many queries the console's busiest reads ask: a number that creeps up is a console that slows down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from incidents import actions
from soc.console import strip
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT
from tests.queries import at_most

pytestmark = pytest.mark.django_db
LATER = NIGHT + timedelta(seconds=5)


@pytest.fixture
def held(zone, alice):
    """Alice's, with three alerts and two notes."""
    incident = make.make_incident(zone=zone)
    for number in range(2):
        make.make_incident(make.make_candidate(zone=zone, at=NIGHT + timedelta(seconds=10 + number)))
    incident = actions.claim(incident.pk, by=alice, at=LATER)
    for words in ("One.", "Two."):
        actions.add_note(incident.pk, text=words, by=alice, at=LATER)
    return incident


def test_the_pane_of_an_open_incident(held, alice):
    page = Client()
    page.force_login(alice)
    url = reverse("console-incident", args=[held.pk])
    page.get(url, headers={"X-Requested-With": "fetch"})
    with at_most(27):
        assert page.get(url, headers={"X-Requested-With": "fetch"}).status_code == 200


def test_a_row_of_the_strip_for_all_who_see_it(held):
    event = Event.objects.filter(kind="incident.noted").latest("id")
    with at_most(2):
        assert strip.rows(event)["incident"] == str(held.pk)


def test_many_rows_cost_what_one_does(held, zone):
    make.make_incident(make.make_candidate(site=zone.camera.site, category="alarm"))
    events = list(Event.objects.filter(kind__in=strip.KINDS).order_by("id"))
    with at_most(2):
        together = strip.many(events)
    assert together == [strip.rows(event) for event in events]


def test_the_queue_however_much_waits(held, alice, customer, monkeypatch):
    monkeypatch.setattr(strip, "MOST_ROWS", 2)
    for number in range(5):
        make.make_incident(make.make_candidate(site=make.make_site(customer, f"Site {number}"), category="alarm"))
    user = type(alice).objects.prefetch_related("memberships").get(pk=alice.pk)
    with at_most(4):
        found = strip.queue(user)
    rows = found["rows"]
    assert str(held.pk) in [row["incident"] for row in rows], "what one holds is there, wherever it stands"
    assert len([row for row in rows if row["state"] == "open"]) == 2
    assert (found["beyond"]["waiting"], found["beyond"]["parked"]) == (3, 0)
