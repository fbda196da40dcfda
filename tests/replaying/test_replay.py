"""A policy over the stored candidates of sites: what would be raised, hidden, watched; and which real incidents would be lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cameras.actions import commit_candidate
from cameras.actions.policies import in_force, publish
from cameras.context.policy import read
from cameras.models import Candidate
from cameras.replaying.replay import replay
from incidents import actions
from incidents.models import Incident
from incidents.replaying import replay_with_losses
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db

SINCE, UNTIL = NIGHT - timedelta(days=1), NIGHT + timedelta(days=1)
ALWAYS = [{"day": day, "from": "00:00", "to": "00:00"} for day in range(7)]


def body(*rules: dict) -> dict:
    return {"schedule": {"week": ALWAYS}, "rules": [{"when": "always", "zone": None, **rule} for rule in rules]}


def policy_of(site, *rules: dict):
    return read(body(*rules), time_zone=site.time_zone, version="other")


def notice(zone, seconds: float = 0, *, category: str = "person", dwell_s: float = 4.2, **fields) -> Candidate:
    at = NIGHT + timedelta(seconds=seconds)
    found = commit_candidate(
        site=zone.site, source="camera", camera=zone.camera, zone=zone, category=category, captured_at=at, received_at=at,
        judged_at=at, dedup=f"{zone.pk}-{seconds}-{category}", dwell_s=dwell_s, score=0.9, **fields,
    )  # fmt: skip
    found.refresh_from_db()
    return found


def judged(candidate: Candidate, operator, verdict: str, outcome: str = "") -> Incident:
    """The incident of a raised candidate, decided, and closed where an outcome is given."""
    incident = make.make_incident(candidate)
    at = candidate.judged_at + timedelta(seconds=5)
    incident = actions.claim(incident.pk, by=operator, at=at)
    incident = actions.decide(incident.pk, verdict=verdict, token=incident.token, by=operator, at=at)
    if outcome:
        incident = actions.close(
            incident.pk, outcome=outcome, site_state="secure", summary="", token=incident.token, by=operator, at=at
        )
    return incident


@pytest.fixture
def armed(site, other_site):
    for one in (site, other_site):
        publish(one, body(), by=None, at=NIGHT - timedelta(days=9))
    return site


def test_history_by_its_own_versions_is_what_was_through_a_change_of_policy(armed, zone):
    for n in range(6):
        notice(zone, n * 40, dwell_s=1.0 if n % 3 else 4.0)
    publish(armed, body({"category": "person", "decision": "raise", "cooldown_s": 150}), by=None, at=NIGHT)
    for n in range(6, 14):
        notice(zone, n * 40)
    stored = list(Candidate.objects.order_by("ordinal").values_list("decision", flat=True))
    assert {"raise", "watch"} == set(stored)
    assert [reason["code"] for reason in Candidate.objects.get(ordinal=8).reasons][-1] == "cooling_down"
    found = replay([armed.pk], since=SINCE, until=UNTIL, body_of={})
    assert (found.candidates, found.skipped, found.by_day) == (14, 0, {})
    # The one in force, over what the one before it judged: their difference, and nothing else.
    other = replay([armed.pk], since=SINCE, until=UNTIL, body_of={armed.pk: in_force(armed)})
    assert other.newly_hidden > 0
    assert other.newly_raised == other.newly_watched == 0


def test_what_is_raised_hidden_and_watched_is_counted_by_the_site_s_own_day(armed, zone, settings):
    notice(zone, 0)
    notice(zone, 24 * 3600 - 3 * 3600)  # still Sunday in London
    notice(zone, 5, category="vehicle")
    told = []
    found = replay(
        [armed.pk], since=SINCE, until=UNTIL + timedelta(days=1),
        body_of={armed.pk: policy_of(armed, {"category": "person", "decision": "ignore"})},
        on_progress=lambda done, of: told.append((done, of)), on_changed=told.append,
    )  # fmt: skip
    assert (found.candidates, found.newly_hidden, found.newly_raised) == (3, 2, 0)
    assert {day.isoformat(): counts.hidden for day, counts in found.by_day.items()} == {"2026-11-22": 2}
    assert told[-1] == (3, 3)
    assert [(change.before, change.after) for change in told[0]] == [("raise", "ignore")] * 2
    assert found.as_json()["by_day"]["2026-11-22"]["newly_hidden"] == 2


def test_a_real_incident_of_which_nothing_would_be_raised_is_lost_with_its_clip(armed, zone, alice):
    seen = notice(zone)
    Candidate.objects.filter(pk=seen.pk).update(clip=make.make_media(armed, kind="clip"))
    incident = judged(seen, alice, "real", "genuine.left_before_intervention")
    hides = {armed.pk: policy_of(armed, {"category": "person", "decision": "watch"})}
    found = replay_with_losses([armed.pk], since=SINCE, until=UNTIL, body_of=hides)
    assert [(lost.incident, lost.alerts, lost.outcome) for lost in found.lost] == [(incident.pk, 1, incident.outcome)]
    assert found.lost[0].clip == Candidate.objects.get(pk=seen.pk).clip_id
    assert found.as_json()["lost"] == [str(incident.pk)]
    assert replay_with_losses([armed.pk], since=SINCE, until=UNTIL, body_of={armed.pk: in_force(armed)}).lost == []


@pytest.mark.parametrize(
    ("verdict", "outcome", "lost"),
    [("suspicious", "", True), ("cannot_tell", "undetermined.nothing_seen", True), ("false", "false.animal", False),
     ("authorised", "authorised.staff", False), ("false", "", False)],
)  # fmt: skip
def test_which_incidents_count_as_real(armed, zone, alice, verdict, outcome, lost):
    judged(notice(zone), alice, verdict, outcome)
    hides = {armed.pk: policy_of(armed, {"category": "person", "decision": "ignore"})}
    assert bool(replay_with_losses([armed.pk], since=SINCE, until=UNTIL, body_of=hides).lost) == lost


def test_one_that_nobody_has_judged_yet_counts(armed, zone):
    make.make_incident(notice(zone))
    hides = {armed.pk: policy_of(armed, {"category": "person", "decision": "ignore"})}
    assert len(replay_with_losses([armed.pk], since=SINCE, until=UNTIL, body_of=hides).lost) == 1


def test_an_incident_that_another_alert_would_still_raise_is_not_lost(armed, zone, alice):
    judged(notice(zone), alice, "real")
    later = make.make_incident(notice(zone, 30, category="vehicle"))
    assert later.alert_count == 2
    hides = {armed.pk: policy_of(armed, {"category": "person", "decision": "ignore"})}
    found = replay_with_losses([armed.pk], since=SINCE, until=UNTIL, body_of=hides)
    assert (found.result.newly_hidden, found.lost) == (1, [])
    both = {armed.pk: policy_of(armed, *({"category": what, "decision": "ignore"} for what in ("person", "vehicle")))}
    assert [lost.alerts for lost in replay_with_losses([armed.pk], since=SINCE, until=UNTIL, body_of=both).lost] == [2]


def test_what_has_no_order_is_skipped_and_the_blind_audit_is_not_read(armed, zone):
    notice(zone)
    make.make_candidate(zone=zone)  # from before policies had versions
    make.make_candidate(zone=zone, ordinal=9)  # by whom ever: nobody knows what it was judged by
    audit = notice(zone, 60)
    Candidate.objects.filter(pk=audit.pk).update(source="audit")
    found = replay([armed.pk], since=SINCE, until=UNTIL, body_of={armed.pk: policy_of(armed)})
    assert (found.candidates, found.skipped) == (1, 2)


def test_sites_have_their_own_policies_and_their_own_folds(armed, zone, other_site, other_camera):
    theirs = make.make_zone(other_camera)
    for n in range(4):
        notice(zone, n)
        notice(theirs, n)
    cools = policy_of(armed, {"category": "person", "decision": "raise", "cooldown_s": 3600})
    both = [armed.pk, other_site.pk]
    found = replay(both, since=SINCE, until=UNTIL, body_of={armed.pk: cools})
    assert (found.candidates, found.newly_hidden) == (8, 3)
    assert replay(both, since=SINCE, until=UNTIL, body_of=dict.fromkeys(both, cools)).newly_hidden == 6


def test_what_was_cooling_down_when_the_time_begins_still_does(armed, zone):
    publish(armed, body({"category": "person", "decision": "raise", "cooldown_s": 600}), by=None, at=NIGHT)
    assert [notice(zone, n * 60).decision for n in range(3)] == ["raise", "watch", "watch"]
    found = replay([armed.pk], since=NIGHT + timedelta(seconds=30), until=UNTIL, body_of={armed.pk: in_force(armed)})
    assert (found.candidates, found.newly_raised) == (2, 0)
