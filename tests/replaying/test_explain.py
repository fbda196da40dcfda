"""`manage.py explain`: what would happen, as a person at a command line asks it."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from cameras.actions.policies import publish, take_up_time_zone
from cameras.models import AccessWindow, Candidate
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db

WEEK = [{"day": day, "from": "22:00", "to": "06:00"} for day in range(7)]


@pytest.fixture(autouse=True)
def nights(site, zone):
    return publish(site, {"schedule": {"week": WEEK}}, by=None, at=NIGHT)


def asked(*said: str) -> str:
    out = io.StringIO()
    call_command("explain", *said, stdout=out)
    return out.getvalue()


def explain(**said: object) -> dict:
    given = {"site": "Pinewick Depot", "zone": "Yard", "category": "person", "at": "2026-11-22T02:10", **said}
    return json.loads(asked("--json", *(f"--{name}={value}" for name, value in given.items())))


def test_a_person_in_the_armed_night_is_raised_and_what_would_have_hidden_them_is_said(nights):
    found = explain()
    assert set(found) == {"decision", "priority", "reasons", "flip", "policy_version"}
    assert (found["decision"], found["priority"]) == ("raise", 1)
    assert [reason["code"] for reason in found["reasons"]] == ["armed", "seen", "dwell"]
    assert found["reasons"][2] == {"code": "dwell", "seconds": 2.0, "limit": 2.0}  # as long as it takes
    assert found["flip"]["code"] == "dwell"
    assert found["flip"]["decision"] == "watch"
    assert found["policy_version"].startswith("1-")


def test_the_time_is_the_site_s_own_and_by_day_nothing_is_armed(site):
    site.time_zone = "America/New_York"
    site.save()
    take_up_time_zone(site, by=None, at=NIGHT)
    found = explain(at="2026-11-22T20:00")
    assert found["decision"] == "ignore"
    assert found["flip"] == {"code": "at", "at": "2026-11-23T03:00:00Z", "decision": "raise"}
    assert explain(at="2026-11-22T12:00+09:00")["decision"] == "raise"  # 22:00 there


def test_a_short_stay_people_and_signals_are_asked_about(site):
    assert explain(dwell=0.4)["flip"] == {"code": "dwell", "seconds": 1.6, "decision": "raise"}
    AccessWindow.objects.create(
        site=site, kind="cleaner", people=1, starts_at=NIGHT.replace(hour=1), ends_at=NIGHT.replace(hour=3),
        made_by=make.make_user("carol"), made_at=NIGHT,
    )  # fmt: skip
    assert explain()["decision"] == "watch"
    assert explain(people=2)["decision"] == "raise"
    assert json.loads(asked("--site=Pinewick", "--category=hold_up", "--at=2026-11-22T14:00", "--json"))["flip"] is None


def test_without_json_it_says_it_in_sentences():
    said = asked("--site=Pinewick", "--zone=Yard", "--category=person", "--at=2026-11-22T02:10", "--dwell=0.4")
    assert said.splitlines()[0] == "Stay quiet, keep the clip: Pinewick Depot, Sun 22 Nov 2026, 02:10:00"
    assert "Armed until 06:00" in said
    assert "Only 0.4 s in Yard, limit 2.0 s" in said
    assert "Would raise with 1.6 more seconds in the zone." in said


@pytest.mark.parametrize(
    ("said", "words"),
    [({"site": "Nowhere"}, "no site called"), ({"zone": "Moon"}, "no zone called"), ({"category": "ghost"}, "no category"),
     ({"at": "tomorrow"}, "not a time"), ({"at": "2026-10-25T01:30"}, "happens twice"), ({"dwell": "-1"}, "seconds from 0"),
     ({"people": "0"}, "whole number"), ({"score": "nan"}, "score from 0")],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_what_could(said, words):
    with pytest.raises(CommandError, match=words):
        explain(**said)


def test_a_name_that_two_have_is_refused_with_both(site, other_customer):
    make.make_zone(make.make_camera(site, "South"), "Yard")
    with pytest.raises(CommandError, match=r"could be any of 2; use the id") as refused:
        explain()
    assert "Loading yard" in str(refused.value)
    assert "South" in str(refused.value)
    make.make_site(other_customer, "Pinewick Depot")
    with pytest.raises(CommandError, match=r"(?s)could be any of 2.*Corvane"):
        explain()


def test_asking_writes_nothing():
    before = Event.objects.count()
    explain()
    assert (Candidate.objects.count(), Event.objects.count()) == (0, before)
