"""The filter's pages: every number opens what it counts, and a suggestion that would lose somebody real is no button."""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse

from cameras.actions import commit_candidate, publish
from cameras.models import Candidate, PolicyDraft
from incidents.actions import claim, close, closing, decide, raise_alert
from incidents.causes import causes, weighed
from incidents.funnel import began
from soc.core import clock
from tests import factories as make

pytestmark = pytest.mark.django_db
LONDON = ZoneInfo("Europe/London")
ALWAYS = {"owner": "schedule", "schedule": {"week": [{"day": day, "from": "00:00", "to": "00:00"} for day in range(7)]}}


def morning(days_ago: int, hour: int = 5, minute: int = 40) -> datetime:
    day = clock.now().astimezone(LONDON).date() - timedelta(days=days_ago)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON)


def happened(zone, at: datetime, stayed_s: float, verdict: str, outcome: str, by) -> Candidate:
    """Through the line's own doors, from the sensor to the end."""
    dwell = min(stayed_s, zone.dwell_s)
    candidate = commit_candidate(
        site=zone.site, source="camera", category="person", camera=zone.camera, zone=zone, captured_at=at, received_at=at,
        judged_at=at, dedup=f"{at.isoformat()}", dwell_s=dwell, score=0.9,
        evidence={"track": int(at.timestamp()), "box": [0.1, 0.2, 0.2, 0.6]},
    )  # fmt: skip
    Candidate.objects.filter(pk=candidate.pk).update(stayed_s=stayed_s)
    incident = raise_alert(candidate.pk, at=at).incident
    token = claim(incident.pk, by=by, at=at + timedelta(seconds=4)).token
    decide(incident.pk, verdict=verdict, token=token, by=by, at=at + timedelta(seconds=9))
    close(
        incident.pk, outcome=outcome, site_state="secure", summary="", token=token, by=by, at=at + timedelta(seconds=20)
    )
    return candidate


@pytest.fixture
def mornings(site, zone, sam, monkeypatch):
    """Six deliveries at twenty to six, and one morning somebody who was none. Foxes at all hours, gone at once."""
    monkeypatch.setattr(closing, "close_guards", [])  # what a playbook requires has tests of its own
    publish(site, ALWAYS, by=sam, at=morning(40))
    for days_ago in range(1, 7):
        happened(zone, morning(days_ago), 30.0, "authorised", "authorised.delivery", sam)
    for days_ago in range(1, 5):
        happened(zone, morning(days_ago, hour=days_ago * 5, minute=5), 2.4, "false", "false.animal", sam)
    happened(zone, morning(8, minute=41), 12.0, "real", "genuine.left_before_intervention", sam)
    return site


@pytest.fixture
def page(client, sam, mornings) -> Client:
    client.force_login(sam)
    return client


def test_every_number_opens_a_list_of_as_many(page, mornings):
    first = page.get(reverse("console-filter"), {"site": mornings.pk}).content.decode()
    opened = 0
    for href, number in re.findall(r'<a class="fig" href="([^"#]+)">([\d,]+)</a>', first):
        said = page.get(html.unescape(href)).content.decode()
        counted = re.search(r"(\d+) (?:incidents?|noticed)", said)
        assert counted, href
        assert counted[1] == number, href
        opened += 1
    assert opened > 20


def test_reduction_is_never_printed_without_recall(page, mornings):
    for query in ({}, {"site": mornings.pk}, {"days": 1}, {"days": 7}, {"days": "many"}):
        said = page.get(reverse("console-filter"), query).content.decode()
        assert said.count("Reduction") == said.count("Recall") > 0


def test_what_stops_foxes_becomes_a_draft_by_a_button(page, mornings, zone):
    found = _cause(mornings, "false.animal")
    said = _asked(page, found)
    assert "only after 2.5 s" in said
    assert "Would have stopped 4 of 4; loses none of 1 real one." in said
    answer = page.post(reverse("console-filter-draft", args=[mornings.pk]), _form(found, "dwell"))
    assert answer.status_code == 302
    draft = PolicyDraft.objects.get(site=mornings)
    assert draft.body["rules"][0]["dwell_s"] == 2.5
    assert draft.based_on.number == 1
    again = page.post(reverse("console-filter-draft", args=[mornings.pk]), _form(found, "dwell"))
    assert again.status_code == 409, "it was made without having seen the draft that is there"


def test_what_would_lose_somebody_real_is_shown_and_not_possible(page, mornings):
    found = _cause(mornings, "authorised.delivery")
    said = _asked(page, found)
    assert "Do not arm" in said
    assert "lost what was real" in said
    assert "not possible" in said
    assert "<form" not in said
    assert page.post(reverse("console-filter-draft", args=[mornings.pk]), _form(found, "hours")).status_code == 409
    assert not PolicyDraft.objects.exists()


def test_a_weighing_that_forgets_losses_is_noticed(page, mornings, monkeypatch):
    monkeypatch.setattr("incidents.replaying.Losses.lost", lambda self: [])
    with pytest.raises(AssertionError):
        test_what_would_lose_somebody_real_is_shown_and_not_possible(page, mornings)


def test_what_the_policy_in_force_stops_by_now_is_not_promised_again(mornings, zone, sam):
    rule = {"zone": str(zone.pk), "category": "person", "when": "armed", "decision": "raise", "dwell_s": 3.0}
    publish(mornings, {**ALWAYS, "rules": [rule]}, by=sam, at=clock.now())
    found = _cause(mornings, "false.animal")
    weighing = weighed(found, since=morning(29), until=clock.now())
    assert (weighing.number, weighing.already, weighing.found) == (4, 4, [])


def test_a_reviewer_reads_and_proposes_nothing(mornings, organisation):
    client = Client()
    client.force_login(make.make_user("quinn", "qa", organisation))
    found = _cause(mornings, "false.animal")
    assert "<form" not in _asked(client, found)
    assert client.post(reverse("console-filter-draft", args=[mornings.pk]), _form(found, "dwell")).status_code == 404


def test_operators_customers_and_others_find_nothing(mornings, alice, carol, oscar, sam, other_organisation):
    for user in (alice, carol, oscar, make.make_user("lena", "supervisor", other_organisation)):
        client = Client()
        client.force_login(user)
        for name in ("console-filter", "console-filter-incidents"):
            answer = client.get(reverse(name), {"site": mornings.pk})
            assert answer.status_code == 404, (user, name)
        assert client.get(reverse("console-filter-cause", args=[mornings.pk])).status_code == 404


def test_an_empty_site_says_so(client, site, sam):
    client.force_login(sam)
    said = client.get(reverse("console-filter")).content.decode()
    assert "Nothing was noticed in this time." in said
    assert "No needless alarm in this time." in said


def _cause(site, outcome: str):
    now = clock.now()
    rows = causes([site], since=began(LONDON, until=now, days=30), until=now)
    return next(one for one in rows if one.outcome == outcome)


def _asked(client, cause) -> str:
    said = client.get(
        reverse("console-filter-cause", args=[cause.site.pk]), _form(cause, ""), headers={"X-Requested-With": "fetch"}
    )
    assert said.status_code == 200
    return " ".join(said.content.decode().split())


def _form(cause, kind: str) -> dict[str, str]:
    return {
        "zone": str(cause.zone.pk),
        "category": cause.category,
        "outcome": cause.outcome,
        "days": "30",
        "kind": kind,
        "seen": "",
    }
