"""A policy by version: checked, numbered, in force at once, rolled back, and raising everything where it cannot be read."""

from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from cameras.actions import commit_candidate, in_force, keep_draft, publish, roll_back, standing, standings
from cameras.actions.policies import version_of
from cameras.context.policy import PolicyRefused
from cameras.errors import Refused
from cameras.models import ArmChange, Candidate, Judging, Policy, PolicyDraft
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
NIGHTS = {"schedule": make.week("20:00", "06:00")}


def somebody(zone, category: str = "person", **fields) -> Candidate:
    at = fields.pop("at", NIGHT)
    return commit_candidate(
        site=zone.site, source="camera", category=category, camera=zone.camera, zone=zone, captured_at=at,
        received_at=at, judged_at=at, dedup=f"{category}{at}{len(Candidate.objects.all())}", dwell_s=5.0, score=0.8,
        **fields,
    )  # fmt: skip


def test_versions_count_by_site_and_the_last_is_in_force(site, other_site, sam):
    first = publish(site, {}, by=sam, at=NIGHT)
    second = publish(site, NIGHTS, by=sam, at=NIGHT, note="nights", based_on=first)
    assert (first.number, second.number) == (1, 2)
    assert publish(other_site, NIGHTS, by=None, at=NIGHT).number == 1
    assert in_force(site).version == version_of(second) == f"2-{second.sha256[:8]}"
    assert (second.published_by, second.note, second.organisation) == (sam, "nights", site.organisation)
    assert standing(site).arm(NIGHT).armed
    with pytest.raises(ValidationError):
        second.save()


def test_each_version_is_recorded_by_number_and_hash_and_without_words(site, sam):
    first = publish(site, {}, by=None, at=NIGHT)
    second = publish(site, NIGHTS, by=sam, at=NIGHT, note="Mr Brown asked for it")
    event = Event.objects.filter(kind="policy.published").latest("pk")
    assert (event.subject_id, event.site_id, event.by) == (second.pk, site.pk, sam)
    assert event.data == {
        "number": 2, "sha256": second.sha256, "before": 1, "before_sha256": first.sha256, "rolled_back_to": None,
        "signed": False,
    }  # fmt: skip


def test_what_is_wrong_is_refused_with_its_place_and_nothing_changes(site):
    make.set_policy(site, NIGHTS)
    with pytest.raises(PolicyRefused) as refused:
        publish(site, {"schedule": {"week": [{"day": 7, "from": "20:00", "to": "06:00"}]}}, by=None, at=NIGHT)
    assert [one.path for one in refused.value.problems] == ["schedule.week.0.day"]
    assert Policy.objects.get().number == 1
    assert Judging.objects.get(site=site).policy == Policy.objects.get()


def test_holidays_are_written_into_the_version(site):
    asked = {"country": "GB", "subdiv": "ENG", "hours": [["00:00", "00:00"]]}
    policy = publish(site, {"schedule": {"holidays": asked}}, by=None, at=NIGHT)
    days = policy.body["schedule"]["holidays"]["days"]
    assert days["2026-12-25"] == "Christmas Day"
    assert (min(days)[:4], max(days)[:4]) == ("2025", "2036")
    assert standing(site).arm(NIGHT.replace(month=12, day=25, hour=12)).armed
    assert not standing(site).arm(NIGHT.replace(month=12, day=24, hour=12)).armed


def test_who_changes_another_version_than_the_one_in_force_is_told(site, sam):
    first = publish(site, {}, by=sam, at=NIGHT)
    publish(site, NIGHTS, by=sam, at=NIGHT, based_on=first)
    with pytest.raises(Refused) as refused:
        publish(site, {}, by=sam, at=NIGHT, based_on=first)
    assert refused.value.code == "moved"


def test_a_roll_back_years_later_knows_the_holidays_to_come(site):
    first = publish(site, {"schedule": {"holidays": {"country": "GB", "subdiv": "ENG"}}}, by=None, at=NIGHT)
    back = roll_back(first, by=None, at=NIGHT + timedelta(days=9 * 365))
    days = back.body["schedule"]["holidays"]["days"]
    assert (min(days)[:4], max(days)[:4]) == ("2034", "2045")


def test_a_roll_back_is_the_next_version_with_the_old_body(site, sam):
    first = publish(site, NIGHTS, by=sam, at=NIGHT)
    publish(site, {}, by=sam, at=NIGHT)
    back = roll_back(first, by=sam, at=NIGHT + timedelta(hours=1), note="too quiet")
    assert (back.number, back.body, back.sha256, back.rolled_back_to) == (3, first.body, first.sha256, first)
    assert standing(site).arm(NIGHT).armed
    assert Event.objects.filter(kind="policy.published").latest("pk").data["rolled_back_to"] == 1


def test_a_draft_is_one_for_each_site_and_changes_nothing(site, sam):
    draft = keep_draft(site, {"owner": "nonsense"}, by=sam, at=NIGHT)
    PolicyDraft.objects.filter(pk=draft.pk).update(replayed={"newly_raised": 1}, sign_asked_at=NIGHT)
    again = keep_draft(site, NIGHTS, by=sam, at=NIGHT + timedelta(minutes=1))
    assert again.pk == draft.pk == PolicyDraft.objects.get().pk
    again.refresh_from_db()
    assert (again.body, again.replayed, again.sign_asked_at) == (json.loads(json.dumps(NIGHTS)), {}, None)
    assert not standing(site).arm(NIGHT).armed


def test_each_candidate_says_which_version_judged_it_and_of_what(zone):
    assert somebody(zone).policy_version == "house"
    policy = make.set_policy(zone.site, NIGHTS)
    seen = somebody(zone, people=2, evidence={"box": [0.1, 0.2, 0.3, 0.4]})
    seen.refresh_from_db()
    assert (seen.policy, seen.policy_version, seen.ordinal) == (policy, version_of(policy), 2)
    assert seen.facts == {
        "category": "person", "at": NIGHT.isoformat(), "zone": str(zone.pk), "zone_kind": "inside", "dwell_s": 5.0,
        "camera": str(zone.camera_id), "dwell_limit_s": 2.0, "score": 0.8, "people": 2, "box": [0.1, 0.2, 0.3, 0.4],
    }  # fmt: skip
    assert seen.context == {}
    assert seen.flip is not None


def test_standings_of_many_sites_are_each_their_own(site, other_site, django_assert_num_queries):
    make.set_policy(site, NIGHTS | {"owner": "customer"})
    make.arm_always(other_site)
    ArmChange.objects.create(site=site, armed=True, how="portal", at=NIGHT - timedelta(hours=3))
    ArmChange.objects.create(site=site, armed=False, how="portal", at=NIGHT - timedelta(hours=1))
    ArmChange.objects.create(site=other_site, armed=False, how="portal", at=NIGHT - timedelta(hours=1))
    standings([site, other_site])  # read once by this process
    with django_assert_num_queries(2) as asked:
        found = standings([site, other_site])
    assert not any('"body"' in query["sql"] for query in asked.captured_queries), "what is known is read again"
    assert not found[site.pk].arm(NIGHT).armed
    assert found[other_site.pk].arm(NIGHT).armed  # left to its schedule


# --- what cannot be read


@pytest.fixture
def broken(site) -> Policy:
    """In force, and written by nobody of ours."""
    policy = make.set_policy(site, {})
    Policy.objects.filter(pk=policy.pk).update(body={"schedule": 7}, sha256="0" * 64)
    return policy


def test_a_policy_that_cannot_be_read_raises_everything_and_says_so(zone, broken, caplog):
    with caplog.at_level(logging.ERROR):
        seen = [somebody(zone, one) for one in ("person", "vehicle", "loitering", "line_crossing", "open", "offline")]
    assert {one.decision for one in seen} == {"raise"}
    assert {one.reasons[0]["code"] for one in seen} == {"policy_unreadable"}
    assert seen[0].policy_version == "1-00000000"
    assert "cannot be read: everything is raised" in caplog.text
    assert standing(zone.site).anywhere(NIGHT).armed


def test_it_is_shown_before_all_other_sites(zone, broken, other_camera, sam):
    client = Client()
    client.force_login(sam)
    page = client.get("/console/cameras/").content.decode()
    assert "policy cannot be read" in page
    assert page.index(zone.site.name) < page.index(other_camera.site.name)


def test_a_judge_that_stumbles_raises_too(zone, monkeypatch, caplog):
    make.set_policy(zone.site, {})
    from cameras.actions import candidates

    judge = candidates.judge

    def stumbles(facts, context, policy, fold):
        if not policy.unreadable:
            raise ZeroDivisionError
        return judge(facts, context, policy, fold)

    monkeypatch.setattr(candidates, "judge", stumbles)
    assert somebody(zone).decision == "raise"
    assert "cannot judge" in caplog.text


def test_what_earlier_verdicts_left_behind_and_cannot_be_read_hides_nobody(zone, caplog):
    make.arm_always(zone.site)
    Judging.objects.filter(site=zone.site).update(fold={"cooling": [7]})
    assert somebody(zone).decision == "raise"
    assert "cannot be read" in caplog.text
