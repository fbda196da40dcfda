"""GET /api/explain: who may ask, what is answered, and how a question that cannot be meant is refused."""

from __future__ import annotations

import pytest
from django.test import Client

from cameras.actions.policies import publish
from tests import factories as make
from tests.api.test_schema import described, fits  # noqa: F401  the fixture
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db

ASKED = {"site": "Pinewick Depot", "zone": "Yard", "category": "person", "at": "2026-11-22T02:10"}


@pytest.fixture(autouse=True)
def nights(site, zone):
    week = [{"day": day, "from": "22:00", "to": "06:00"} for day in range(7)]
    return publish(site, {"schedule": {"week": week}}, by=None, at=NIGHT)


def get(user, **said):
    client = Client()
    if user is not None:
        client.force_login(user)
    return client.get("/api/explain", {name: value for name, value in {**ASKED, **said}.items() if value is not None})


def test_the_answer_is_the_one_of_the_command_line_and_fits_its_description(described, alice, site, zone):  # noqa: F811
    for said in ({}, {"dwell": "0.4"}, {"site": site.pk, "zone": zone.pk}, {"category": "fire", "zone": None}):
        answer = get(alice, **said)
        assert answer.status_code == 200, answer.content
        fits(described, answer, "/api/explain", "get")
    found = get(alice).json()
    assert (found["decision"], found["priority"], found["flip"]["code"]) == ("raise", 1, "dwell")
    assert get(alice, dwell="0.4").json()["flip"] == {"code": "dwell", "seconds": 1.6, "decision": "raise"}
    assert get(alice, expected="cleaner").json()["decision"] == "watch"


@pytest.mark.parametrize(
    ("said", "field", "code"),
    [({"site": None}, "site", 400), ({"site": "Nowhere"}, "site", 404), ({"zone": "Moon"}, "zone", 404),
     ({"category": "ghost"}, "category", 400), ({"at": "soon"}, "at", 400), ({"at": "2026-10-25T01:30"}, "at", 400),
     ({"dwell": "nan"}, "dwell", 400), ({"dwell": "-1"}, "dwell", 400), ({"people": "0"}, "people", 400),
     ({"score": "2"}, "score", 400), ({"expected": "friends"}, "expected", 400), ({"site": "\x00"}, "site", 400)],
)  # fmt: skip
def test_a_question_that_cannot_be_meant_is_refused_by_field(described, alice, said, field, code):  # noqa: F811
    answer = get(alice, **said)
    assert (answer.status_code, answer.json()["field"]) == (code, field), answer.content
    fits(described, answer, "/api/explain", "get")


def test_a_name_that_two_have_is_refused_and_both_are_listed(alice, site):
    make.make_zone(make.make_camera(site, "South"), "Yard")
    answer = get(alice)
    assert (answer.status_code, answer.json()["field"]) == (400, "zone")
    assert "South" in answer.json()["message"]


def test_the_centre_and_the_owner_may_ask_and_for_all_others_the_site_is_not_there(
    alice, sam, admin, carol, bob, oscar, site
):
    for user in (alice, sam, admin, carol):
        assert get(user).status_code == 200, user
    viewer = make.make_user("vera", "viewer", site)
    for user in (bob, oscar, viewer, make.make_user("nobody")):
        answer = get(user)
        assert (answer.status_code, answer.json()["field"]) == (404, "site"), user
        assert "Pinewick" not in answer.content.decode()
    assert get(None).status_code == 401
