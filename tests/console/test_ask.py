"""“Ask it” and “why”: what is answered and shown, to whom, and that the blind audit stays blind."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from cameras.actions.policies import keep_draft, publish
from cameras.models import Candidate
from incidents.models import AuditCase
from soc.console.ask import words as asking
from soc.console.sentences import lines
from soc.core import clock
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT
from tests.replaying.histories import history

pytestmark = pytest.mark.django_db

WEEK = [{"day": day, "from": "22:00", "to": "06:00"} for day in range(7)]


@pytest.fixture
def nights(site, zone):
    return publish(site, {"schedule": {"week": WEEK}}, by=None, at=NIGHT)


def page(user, path: str, status: int = 200, **said) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(path, said)
    assert answer.status_code == status, (path, answer.status_code)
    return " ".join(answer.content.decode().split())


def asked(zone, **said) -> dict:
    return {"site": zone.site_id, "zone": zone.pk, "category": "person", "at": "2026-11-22T02:10", **said}


def test_a_question_is_answered_with_decision_reasons_flip_and_version(nights, zone, sam):
    shown = page(sam, "/console/ask/", **asked(zone, dwell="4.2"))
    for words in (
        "In force, v1",
        "Raise, urgent",
        "Armed until 06:00",
        "4.2 s in Yard",
        "Would stay quiet with 2.3 s less in the zone.",
    ):
        assert words in shown, words
    by_day = page(sam, "/console/ask/", **asked(zone, at="2026-11-22T20:00"))
    assert "Ignore, keep the record" in by_day
    assert "Would raise at Sun 22:00." in by_day


def test_beside_the_policy_in_force_stands_the_draft_and_what_it_changes(nights, site, zone, sam):
    rule = {"zone": str(zone.pk), "category": "person", "when": "always", "decision": "raise", "dwell_s": 6.0}
    keep_draft(site, {"schedule": {"week": WEEK}, "rules": [rule]}, by=sam, at=NIGHT)
    shown = page(sam, "/console/ask/", **asked(zone, dwell="4.2"))
    assert "Draft, v2" in shown
    assert "Stay quiet, keep the clip" in shown
    assert "Would raise with 1.8 more seconds in the zone." in shown
    assert shown.count('class="tag"') == 2  # the rule, and the limit that it sets
    keep_draft(site, {"rules": "none"}, by=sam, at=NIGHT)
    assert "This draft cannot be read yet" in page(sam, "/console/ask/", **asked(zone))


@pytest.mark.parametrize(
    ("said", "words"),
    [({"at": "tomorrow"}, "not a time"), ({"at": "2026-10-25T01:30"}, "happens twice"),
     ({"category": "ghost"}, "not one of the available"),
     ({"dwell": "-2"}, "greater than or equal to 0"), ({"dwell": "nan"}, "Enter a number"),
     ({"people": "0"}, "greater than or equal to 1")],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_beside_its_field(nights, zone, sam, said, words):
    shown = page(sam, "/console/ask/", 400, **asked(zone, **said))
    assert words in shown
    assert 'aria-invalid="true"' in shown
    assert "In force" not in shown


def test_a_time_that_happens_twice_is_asked_about_with_its_offset(nights, zone, sam, monkeypatch):
    """A calendar cannot say which: the field takes words then, and a question about now needs none."""
    assert 'type="text" name="at"' in page(sam, "/console/ask/", 400, **asked(zone, at="2026-10-25T01:30"))
    for offset in ("+00:00", "+01:00"):
        assert "In force, v1" in page(sam, "/console/ask/", **asked(zone, at=f"2026-10-25T01:30{offset}"))
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert 'value="2026-10-25T01:30+00:00"' in page(sam, "/console/ask/", site=zone.site_id)


def test_another_site_s_zone_is_no_choice_and_another_centre_s_site_is_not_there(
    nights, zone, sam, oscar, other_camera
):
    theirs = make.make_zone(other_camera, "Their zone")
    shown = page(sam, "/console/ask/", 400, **{**asked(zone), "zone": theirs.pk})
    assert "Their zone" not in shown
    page(oscar, "/console/ask/", 404, **asked(zone))
    assert "Pinewick" not in page(oscar, "/console/ask/")


def test_asking_and_looking_write_nothing(nights, zone, sam):
    make.make_candidate(zone=zone)
    before = Event.objects.count(), Candidate.objects.count()
    page(sam, "/console/ask/", **asked(zone))
    page(sam, "/console/ask/candidates/", site=zone.site_id)
    assert (Event.objects.count(), Candidate.objects.count()) == before


def test_whatever_the_judge_says_has_a_sentence_and_so_has_every_flip():
    """Of some hundred random histories: a new code without words fails here."""
    said = {
        (reason["code"], json.dumps(reason, default=str)) for number in range(150) for reason in history(number).reasons
    }
    assert len({code for code, _ in said}) > 16
    for code, reason in said:
        (line,) = lines([json.loads(reason)], "Yard", ZoneInfo("UTC"))
        assert line.strong
        assert "“" not in line.strong, code
    for code in ("at", "dwell", "people", "window_ends", "muting_ends", "cooled", "untampered", "rule"):
        told = asking.flip({"code": code, "at": NIGHT.isoformat(), "decision": "raise"}, ZoneInfo("UTC"))
        assert "“" not in told, code


# --- why


def ignored(zone, **fields) -> Candidate:
    fields.setdefault("reasons", [{"code": "disarmed", "until": "2026-11-22T22:00:00Z", "owner": "schedule"}])
    fields.setdefault("flip", {"code": "at", "at": "2026-11-22T22:00:00Z", "decision": "raise"})
    return make.make_candidate(zone=zone, decision="ignore", context={}, ordinal=1, **fields)


def test_what_was_noticed_is_listed_with_its_reasons_and_narrowed(nights, zone, sam):
    at = NIGHT - timedelta(hours=10)  # Saturday 16:13
    hidden = ignored(zone, at=at, policy_version="7-0123abcd")
    make.make_incident(make.make_candidate(zone=zone, category="vehicle"))
    shown = page(sam, "/console/ask/candidates/", site=zone.site_id)
    for words in (
        "2 noticed",
        "Disarmed until 22:00",
        "Would have been raised at Sun 22:00.",
        "policy v7",
        "ND-",
        f"/console/ask/candidates/{hidden.pk}/",
    ):
        assert words in shown, words
    for said, left in (
        ({"decision": "ignore"}, 1), ({"decision": "watch"}, 0), ({"category": "vehicle"}, 1), ({"day": "2026-11-21"}, 1),
        ({"day": "2026-11-21", "hour": "16"}, 1), ({"day": "2026-11-21", "hour": "17"}, 0), ({"hour": "2"}, 1),
        ({"day": "soon"}, 2),
    ):  # fmt: skip
        assert f"{left} noticed" in page(sam, "/console/ask/candidates/", site=zone.site_id, **said), said
    assert "Nothing was noticed that fits" in page(sam, "/console/ask/candidates/", site=zone.site_id, decision="watch")


def test_one_of_them_has_all_it_was_judged_by_and_the_way_to_ask_again(nights, zone, sam):
    context = {
        "toggle": {"armed": False, "at": "2026-11-22T01:00:00+00:00", "until": None, "how": "portal", "by": "customer"},
        "expected": [
            {
                "id": "1",
                "kind": "cleaner",
                "people": 1,
                "until": "2026-11-22T03:00:00+00:00",
                "zones": [],
                "vehicles": False,
            }
        ],
        "muted": [
            {
                "id": "1",
                "kind": "snooze",
                "until": "2026-11-22T03:00:00+00:00",
                "camera": "",
                "zone": "",
                "categories": [],
            }
        ],
        "storm_until": "2026-11-22T04:00:00+00:00",
    }
    seen = ignored(zone, stayed_s=6.4, facts={"people": 3})
    Candidate.objects.filter(pk=seen.pk).update(context=context, snapshot=make.make_media(zone.site))
    shown = page(sam, f"/console/ask/candidates/{seen.pk}/")
    for words in (
        "Yard, inside", "6.4 s", "0.91", "Disarmed by hand at Sun 01:00, on the customer&#x27;s page.",
        "Expected: cleaner, one person, until Sun 03:00.",
        "Snoozed until Sun 03:00.", "Storm mode until Sun 04:00.", "/media/", "category=person",
    ):  # fmt: skip
        assert words in shown, words


def test_of_one_from_before_policies_had_versions_its_reasons_are_shown(zone, sam):
    old = make.make_candidate(
        zone=zone, context={"armed": True, "local_time": "2026-11-22T02:13:04+00:00"}, policy_version="house-2"
    )
    shown = page(sam, f"/console/ask/candidates/{old.pk}/")
    assert "Armed until 06:13" in shown
    assert "only its reasons were kept" in shown


def test_an_operator_sees_reasons_and_pictures_of_incidents_only(zone, alice, carol, oscar):
    seen = ignored(zone, snapshot=make.make_media(zone.site))
    shown = page(alice, f"/console/ask/candidates/{seen.pk}/")
    assert "You see pictures of incidents only" in shown
    assert "/media/" not in shown
    for stranger in (carol, oscar):
        page(stranger, f"/console/ask/candidates/{seen.pk}/", 404)


def test_the_blind_audit_stays_blind_until_its_verdict(zone, alice):
    """The copy looks like any other that was raised; what it is a copy of is not told meanwhile. Afterwards it is reverse."""
    drawn = ignored(zone, at=NIGHT - timedelta(days=2))
    incident = make.make_incident(zone=zone, source="audit", context={}, evidence={"score": 0.91, "of": str(drawn.pk)})
    copy = incident.alerts.get().candidate
    gate = make.make_zone(zone.camera, "Gate")
    flip = {"code": "rule", "rule": 0, "decision": "ignore"}
    earnest = make.make_candidate(
        zone=gate, at=NIGHT + timedelta(hours=1), context={}, ordinal=2, stayed_s=9, flip=flip
    )
    make.make_incident(earnest)
    case = AuditCase.objects.create(
        site=zone.site, kind="sampled", candidate=drawn, seed=1, drawn_at=NIGHT, incident=incident
    )
    shown = page(alice, "/console/ask/candidates/", site=zone.site_id)
    assert "2 noticed" in shown
    assert "2 noticed" in page(alice, "/console/ask/candidates/", site=zone.site_id, seen="1")
    page(alice, f"/console/ask/candidates/{drawn.pk}/", 404)
    parts = (
        "Then and there",
        "Nobody expected",
        "In the zone in the end",
        "reasons were kept",
        "In the zone when judged",
        "Detector&#x27;s score",
    )
    told = [[part in page(alice, f"/console/ask/candidates/{one.pk}/") for part in parts] for one in (copy, earnest)]
    assert told[0] == told[1]
    AuditCase.objects.filter(pk=case.pk).update(revealed_at=NIGHT)
    after = page(alice, "/console/ask/candidates/", site=zone.site_id)
    assert f"/{drawn.pk}/" in after
    assert f"/{copy.pk}/" not in after
