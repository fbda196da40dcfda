"""Incidents out: only what a person may see, with the response clock."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from incidents import actions
from incidents.models.incident import MAIN_PATH, OFFSETS
from soc.portal import reads
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db


def client_of(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user)
    return client


@pytest.fixture
def incident(zone):
    return make.make_incident(zone=zone)


@pytest.fixture
def bobs_incident(other_camera):
    return make.make_incident(zone=make.make_zone(other_camera))


def ids(answer) -> set[str]:
    assert answer.status_code == 200, answer.content
    return {row["id"] for row in answer.json()["results"]}


def test_a_list_has_the_clock_with_every_stamp_by_name(alice, incident):
    answer = client_of(alice).get("/api/incidents")
    row = answer.json()["results"][0]
    assert row["id"] == str(incident.pk)
    assert row["reference"] == incident.reference
    assert tuple(row["clock"]) == MAIN_PATH + OFFSETS
    assert row["clock"]["captured"].endswith("Z")
    assert row["clock"]["closed"] is None
    assert (row["site"]["name"], row["site"]["customer"]) == ("Pinewick Depot", "Pinewick Logistics")


def test_customers_see_what_a_person_has_looked_at_and_the_centre_the_rest_as_well(alice, carol, incident):
    one = f"/api/incidents/{incident.pk}"
    assert ids(client_of(carol).get("/api/incidents")) == set()
    assert client_of(carol).get(one).status_code == 404
    assert client_of(alice).get(one).status_code == 200
    actions.claim(incident.pk, by=alice, at=NIGHT)
    assert ids(client_of(carol).get("/api/incidents")) == {str(incident.pk)}
    assert client_of(carol).get(one).status_code == 200


@pytest.mark.parametrize("category", ["person", "duress"])
def test_this_door_shows_a_customer_what_the_portal_shows(alice, carol, site, category):
    incident = make.make_incident(site=site, category=category)

    def shown() -> tuple[bool, bool]:
        here = client_of(carol).get(f"/api/incidents/{incident.pk}").status_code == 200
        return here, reads.incidents_of(carol).filter(pk=incident.pk).exists()

    assert shown() == (False, False)
    held = actions.claim(incident.pk, by=alice, at=NIGHT)
    assert len(set(shown())) == 1
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=NIGHT)
    form = {"outcome": "false.animal", "site_state": "secure", "summary": ""}
    if category == "person":
        actions.close(held.pk, **form, token=held.token, by=alice, at=NIGHT)
        assert shown() == (True, True)


def test_everyone_sees_their_own(alice, dave, carol, bob, oscar, admin, incident, bobs_incident):
    actions.claim(incident.pk, by=alice, at=NIGHT)
    actions.claim(bobs_incident.pk, by=dave, at=NIGHT)
    both = {str(incident.pk), str(bobs_incident.pk)}
    expected = [
        (alice, both),
        (admin, both),
        (carol, {str(incident.pk)}),
        (bob, {str(bobs_incident.pk)}),
        (oscar, set()),
    ]
    for user, seen in expected:
        assert ids(client_of(user).get("/api/incidents")) == seen
        for row in (incident, bobs_incident):
            status = client_of(user).get(f"/api/incidents/{row.pk}").status_code
            assert status == (200 if str(row.pk) in seen else 404)


def test_nobody_sees_nothing(incident):
    for path in ("/api/incidents", f"/api/incidents/{incident.pk}"):
        answer = Client().get(path)
        assert answer.status_code == 401
        assert answer.json()["error"] == "not_authenticated"


def test_a_key_of_a_source_reads_no_incidents(site, incident):
    _, key = make.make_source(site)
    assert Client().get("/api/incidents", headers={"Authorization": f"Key {key}"}).status_code == 401


def test_filters_by_state_and_site(alice, site, other_site, incident, bobs_incident):
    client = client_of(alice)
    assert ids(client.get(f"/api/incidents?site={site.pk}")) == {str(incident.pk)}
    assert ids(client.get("/api/incidents?state=open")) == {str(incident.pk), str(bobs_incident.pk)}
    assert ids(client.get("/api/incidents?state=closed")) == set()
    assert ids(client.get(f"/api/incidents?site={uuid.uuid4()}")) == set()


@pytest.mark.parametrize(("query", "field"), [("state=sleeping", "state"), ("site=12", "site"), ("state=%00", "state")])
def test_a_filter_that_makes_no_sense_is_refused_in_words(alice, query, field):
    answer = client_of(alice).get(f"/api/incidents?{query}")
    assert (answer.status_code, answer.json()["field"]) == (400, field)


def test_pages(alice, incident, bobs_incident):
    client = client_of(alice)
    first = client.get("/api/incidents?limit=1").json()
    assert (first["count"], len(first["results"])) == (2, 1)
    second = client.get(first["next"]).json()
    assert first["results"][0]["id"] != second["results"][0]["id"]
    assert second["next"] is None


@pytest.mark.parametrize(
    "query",
    ["limit=-1", "limit=99999999999999999999", "offset=99999999999999999999", "offset=x", "limit=" + "9" * 5000],
)
def test_strange_pages_are_not_an_error(alice, incident, query):
    assert client_of(alice).get(f"/api/incidents?{query}").status_code == 200


def test_a_list_asks_a_fixed_number_of_questions(alice, incident, bobs_incident, django_assert_max_num_queries):
    client = client_of(alice)
    with django_assert_max_num_queries(6):
        client.get("/api/incidents")


def test_what_does_not_exist_is_404_in_words(alice):
    answer = client_of(alice).get(f"/api/incidents/{uuid.uuid4()}")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")


def test_incidents_are_not_changed_by_this_door(alice, incident):
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client_of(alice), method)(f"/api/incidents/{incident.pk}").status_code == 405
