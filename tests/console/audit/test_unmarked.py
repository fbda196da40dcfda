"""Nothing that an operator or a customer gets tells a case of the blind audit from an incident in earnest."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from difflib import unified_diff

import pytest
from django.urls import reverse

from cameras.actions import attach_evidence
from cameras.actions.candidates import commit_candidate
from incidents import actions
from incidents.actions import raise_alert
from incidents.audit.rounds import cases
from incidents.models import AuditCase, Incident
from soc.console import evidence, strip
from soc.core import clock
from soc.core.models import Event
from soc.portal import feed as portal_feed
from soc.portal import reads
from tests import factories as make
from tests.incidents.audit.conftest import desks, filmed, sampled, site, take  # noqa: F401  the quiet night's fixtures

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)")
NUMBERS = re.compile(
    r"ND-\d+|\b\d\d:\d\d(:\d\d)?(\.\d)?\b|\+ [\d.]+ s|\d+\.\d s\b|dwell=[\d.]+&amp;at=[^\"]+"
    r'|csrf[^>]*value="[^"]*"|data-csrf="[^"]*"'
)


@pytest.fixture
def now(desks) -> datetime:  # noqa: F811
    at = clock.now()
    desks(at)
    return at


def ordinary(zone, at: datetime) -> Incident:
    """Somebody in the yard, as the watcher reports it, with the evidence that it stores."""
    source = filmed(zone, at=at)  # only for its evidence
    candidate = commit_candidate(
        site=zone.site, camera=zone.camera, zone=zone, source="camera", category="person", captured_at=at,
        received_at=at + timedelta(seconds=0.3), judged_at=at + timedelta(seconds=0.4), dedup=f"ordinary {at}",
        evidence=source.evidence, dwell_s=4.2, score=0.91,
    )  # fmt: skip
    incident = raise_alert(candidate.pk, at=at + timedelta(seconds=0.5)).incident
    attach_evidence(candidate, snapshot=source.snapshot, at=at)
    attach_evidence(candidate, clip=source.clip, at=at + timedelta(seconds=9))
    return Incident.objects.get(pk=incident.pk)


def exercise(zone, at: datetime, *, days: int = 7) -> Incident:
    case = sampled(zone, at=at - timedelta(days=days), due_at=at)
    AuditCase.objects.filter(pk=case.pk).update(drawn_at=at)
    cases(at)
    cases(at + timedelta(seconds=20))  # and its clip
    case.refresh_from_db()
    assert case.incident is not None
    return Incident.objects.get(pk=case.incident_id)


def levelled(text: str) -> str:
    """Without what differs between any two incidents: ids, instants, numbers of incidents and of seconds."""
    return NUMBERS.sub("#", TIME.sub("@", ID.sub("·", text)))


def pages(client, incident: Incident, at: datetime) -> dict[str, str]:
    """All that an operator gets of an incident: strip, feed, pane before and after the claim, door for programs, media."""
    operator = incident.offered_to
    client.force_login(operator)
    address = reverse("console-incident", args=[incident.pk])
    got = {"offered": client.get(address, **FETCH).text, "page": client.get(address).text}
    got["row"] = json.dumps(strip.row(incident))
    got["snapshot"] = json.dumps(strip.snapshot(operator))
    took = take(incident, at=at)
    got["claimed"] = client.get(address, **FETCH).text
    got["api"] = client.get(f"/api/incidents/{incident.pk}").text
    got["list"] = client.get("/api/incidents").text
    got["console"] = client.get(reverse("console")).text
    told = Event.objects.filter(subject_id__in=[incident.pk, took.alerts.get().candidate_id], kind__in=strip.KINDS)
    got["feed"] = json.dumps([[event.kind, sorted(event.data), strip.rows(event)] for event in told.order_by("id")])
    shown = took.alerts.select_related("candidate__clip").get().candidate
    why = client.get(f"/console/ask/candidates/{shown.pk}/")
    got["why"] = f"{why.status_code} {why.text}"
    answer = client.get(f"/media/{shown.clip_id}")
    got["media"] = json.dumps([answer.status_code, sorted(answer.headers)])
    return got


def compared(client, zone, at: datetime, desks) -> tuple[dict[str, str], dict[str, str]]:  # noqa: F811
    """(an incident in earnest, a case) of the same zone, each alone on the desk."""
    first = ordinary(zone, at)
    earnest = pages(client, first, at)
    held = Incident.objects.get(pk=first.pk)
    actions.release(held.pk, token=held.token, by=held.owner, at=at)
    remove(first)
    desks(at)
    second = exercise(zone, at)
    return earnest, pages(client, second, at)


def remove(incident: Incident) -> None:
    """As if it had never been."""
    candidate = incident.alerts.get().candidate
    incident.alerts.all().delete()
    for run in incident.__class__.objects.filter(pk=incident.pk):
        run.delete()
    candidate.delete()


def told_apart(earnest: dict[str, str], case: dict[str, str]) -> list[str]:
    """What differs, line by line."""
    found = []
    for what, text in earnest.items():
        lines = [levelled(one).replace("<", "\n<").splitlines() for one in (text, case[what])]
        changes = [line for line in unified_diff(*lines, lineterm="", n=0) if line[:3] not in {"---", "+++"}]
        found += [f"{what}: {line}" for line in changes]
    return found


def test_what_an_operator_gets_is_the_same_and_has_no_word_and_no_time_of_it(client, zone, now, desks):  # noqa: F811
    earnest, case = compared(client, zone, now, desks)
    apart = told_apart(earnest, case)
    assert not apart, "\n".join(apart)
    for name, text in case.items():
        assert "audit" not in text.lower(), name
        assert f"{now - timedelta(days=7):%Y-%m-%d}" not in text, name


def test_without_the_disguise_of_its_times_the_pane_would_tell(client, zone, now, desks, monkeypatch):  # noqa: F811
    monkeypatch.setattr(evidence, "moved", lambda shown, by: shown)
    text = pages(client, exercise(zone, now), now)["claimed"]
    assert f"{now - timedelta(days=7):%Y-%m-%d}" in text


# --- customers


def test_a_customer_sees_nothing_of_it_at_any_time(client, zone, now, carol, customer):
    viewer = make.make_user("vera", "viewer", customer)
    incident = exercise(zone, now)
    held = take(incident, at=now)
    for state in ("claimed", "over"):
        if state == "over":
            actions.decide(held.pk, verdict="real", token=held.token, by=held.owner, at=now + timedelta(seconds=9))
        for person in (carol, viewer):
            client.force_login(person)
            assert list(reads.incidents_of(person)) == []
            assert client.get(f"/portal/incidents/{incident.pk}").status_code == 404
            assert client.get(f"/portal/incidents/{incident.pk}/export").status_code == 404
            assert client.get(f"/api/incidents/{incident.pk}").status_code == 404
            assert client.get("/api/incidents").json()["count"] == 0
            for page in ("/portal/", "/portal/timeline/"):
                assert incident.reference not in client.get(page).text
    for event in Event.objects.filter(subject_id=incident.pk, kind__in=portal_feed.KINDS):
        assert portal_feed.rows(event) == portal_feed.SILENT


def test_who_is_customer_and_operator_at_once_sees_none_in_the_portal(zone, now, customer, alice):
    make.give(alice, "owner", customer)
    take(exercise(zone, now), at=now)
    assert list(reads.incidents_of(type(alice).objects.get(pk=alice.pk))) == []
