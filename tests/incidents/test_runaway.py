"""A place that does nothing but alarm is one incident that counts. Somebody elsewhere in the same zone sounds as ever."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cameras.actions import commit_candidate
from cameras.models import Candidate, Condition, Dismissal
from incidents import actions, deadlines, reactions
from incidents.actions import folding, runaway
from incidents.errors import Refused
from incidents.models import Incident
from incidents.models.incident import State
from incidents.reactions import on_verdict
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT

BRANCH = [0.10, 0.10, 0.20, 0.40]
ELSEWHERE = [0.62, 0.49, 0.69, 0.77]
SOON = NIGHT + timedelta(seconds=20)


def again(zone, *, n=0, box=None, category="person", priority=3, **fields):
    """What context has called a runaway."""
    at = NIGHT + timedelta(seconds=n)
    fields.setdefault("reasons", [{"code": "runaway", "count": n}])
    evidence = {"track": 1000 + n, "label": "person", "score": 0.5, "box": box or BRANCH}
    return make.make_candidate(zone=zone, at=at, category=category, priority=priority, evidence=evidence, **fields)


def count(zone, **fields) -> Incident:
    return make.make_incident(again(zone, **fields))


def somebody(zone, *, n=60, box=None) -> Incident:
    """Whom context has raised as ever."""
    at = NIGHT + timedelta(seconds=n)
    evidence = {"track": 2000 + n, "label": "person", "score": 0.9, "box": box or ELSEWHERE}
    return make.make_incident(make.make_candidate(zone=zone, at=at, evidence=evidence))


def test_a_runaway_opens_one_parked_incident_that_counts_and_never_sounds(zone):
    first = count(zone)
    for n in range(1, 6):
        assert count(zone, n=n).pk == first.pk
    first.refresh_from_db()
    assert (first.state, first.priority, first.alert_count) == (State.PARKED, 3, 6)
    assert first.due_at == first.queued_at + timedelta(minutes=15)
    assert not first.alerts.filter(sounded=True).exists()
    assert first.offered_to is None
    assert first.claim_by is None


def test_the_camera_is_flagged_for_service(zone):
    count(zone)
    count(zone, n=1)
    condition = Condition.objects.get(camera=zone.camera)
    assert (condition.kind, condition.ended_at, condition.detail["category"]) == ("runaway", None, "person")


def test_somebody_else_in_a_runaway_zone_sounds_as_ever(zone, alice):
    counting = count(zone)
    other = somebody(zone)
    assert other.pk != counting.pk
    assert other.state == State.OPEN
    assert other.priority == 1
    assert other.alerts.get().sounded
    # Nor while somebody looks at what was counted.
    deadlines.deadlines(counting.due_at)
    held = actions.claim(counting.pk, by=alice, at=counting.due_at)
    assert held.state == State.CLAIMED
    third = somebody(make.make_zone(zone.camera, "Gate"), n=90)
    assert third.pk == other.pk
    assert third.alerts.order_by("captured_at").last().sounded


def test_another_place_class_or_zone_is_another_runaway(zone):
    here = count(zone)
    there = count(zone, n=1, box=ELSEWHERE)
    vehicle = count(zone, n=2, category="vehicle")
    beside = count(make.make_zone(zone.camera, "Gate"), n=3)
    assert len({here.pk, there.pk, vehicle.pk, beside.pk}) == 4


def test_a_threat_is_never_counted_even_if_it_was_called_a_runaway(zone):
    counting = count(zone)
    threat = count(zone, n=1, category="weapon", priority=1)
    assert threat.pk != counting.pk
    assert threat.state == State.OPEN
    assert threat.alerts.get().sounded


def test_it_comes_back_for_a_look_and_goes_on_counting_meanwhile(zone, alice):
    incident = count(zone)
    assert deadlines.deadlines(incident.due_at - timedelta(seconds=1)) == 0
    assert deadlines.deadlines(incident.due_at) == 1
    incident.refresh_from_db()
    assert incident.state == State.OPEN
    assert count(zone, n=1).pk == incident.pk
    at = incident.queued_at + timedelta(minutes=16)
    held = actions.claim(incident.pk, by=alice, at=at)
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=at)
    assert count(zone, n=2).pk == incident.pk
    with pytest.raises(Refused):
        actions.park(held.pk, reason="later", until=at + timedelta(hours=1), token=held.token, by=alice, at=at)
    actions.park(held.pk, reason="again", until=at + timedelta(minutes=15), token=held.token, by=alice, at=at)
    assert count(zone, n=3).state == State.PARKED


def test_once_it_is_closed_the_next_one_counts_anew(zone, alice):
    incident = count(zone)
    held = actions.claim(incident.pk, by=alice, at=SOON)
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=SOON)
    actions.close(held.pk, outcome="false.animal", site_state="secure", summary="", token=held.token, by=alice, at=SOON)
    later = count(zone, n=30)
    assert later.pk != incident.pk
    assert (later.state, later.follows_id) == (State.PARKED, incident.pk)


@pytest.mark.parametrize("verdict", ["real", "suspicious", "cannot_tell"])
def test_what_was_taken_seriously_there_is_not_counted_any_more(zone, alice, verdict):
    incident = count(zone)
    held = actions.claim(incident.pk, by=alice, at=SOON)
    actions.decide(held.pk, verdict=verdict, token=held.token, by=alice, at=SOON)
    joined = count(zone, n=30)
    assert joined.pk == incident.pk
    assert joined.alerts.order_by("captured_at").last().sounded


def verdict_of(incident: Incident, verdict: str, by, at=SOON) -> Event:
    incident.refresh_from_db()
    held = actions.claim(incident.pk, by=by, at=at)
    actions.decide(held.pk, verdict=verdict, token=held.token, by=by, at=at)
    return Event.objects.filter(kind="incident.verdict", subject_id=incident.pk).latest("id")


@pytest.mark.parametrize("verdict", ["false", "authorised"])
def test_a_dismissal_is_noted_for_the_filter_and_taken_back_with_the_verdict(zone, alice, verdict):
    incident = somebody(zone)
    at = NIGHT + timedelta(seconds=90)
    first = verdict_of(incident, verdict, alice, at)
    on_verdict(first.pk)
    on_verdict(first.pk)
    assert Dismissal.objects.get().candidate_id == incident.alerts.get().candidate_id
    assert Dismissal.objects.get().at == at
    changed = verdict_of(incident, "real", alice, at)
    on_verdict(changed.pk)
    on_verdict(first.pk)  # told late, and again: it is the verdict now that counts
    assert not Dismissal.objects.exists()


@pytest.mark.parametrize("verdict", ["false", "authorised"])
def test_one_verdict_dismisses_a_place_once_however_many_came_there(zone, alice, verdict):
    """Five of the early shift at the gate are let in with one verdict: who comes to the gate next sounds as ever."""
    for n in range(1, 6):
        incident = somebody(zone, n=n)
    somebody(zone, n=6, box=BRANCH)
    assert incident.alerts.count() == 6
    on_verdict(verdict_of(incident, verdict, alice, NIGHT + timedelta(seconds=90)).pk)
    boxes = Dismissal.objects.order_by("candidate__captured_at").values_list("candidate__evidence__box", flat=True)
    assert list(boxes) == [ELSEWHERE, BRANCH]
    assert "runaway" not in {reason["code"] for reason in _next_at_the_gate(zone).reasons}


def test_noting_all_who_came_would_make_them_a_runaway_and_the_test_notices(zone, alice, monkeypatch):
    monkeypatch.setattr(reactions, "_one_of_each_place", lambda rows: rows.values_list("candidate", flat=True))
    for n in range(1, 6):
        incident = somebody(zone, n=n)
    on_verdict(verdict_of(incident, "authorised", alice, NIGHT + timedelta(seconds=90)).pk)
    assert "runaway" in {reason["code"] for reason in _next_at_the_gate(zone).reasons}


def _next_at_the_gate(zone) -> Candidate:
    make.arm_always(zone.site)
    at = NIGHT + timedelta(minutes=2)
    return commit_candidate(
        site=zone.site, source="camera", category="person", camera=zone.camera, zone=zone, captured_at=at, received_at=at,
        judged_at=at, dedup="next", dwell_s=9.0, evidence={"track": 1, "box": ELSEWHERE},
    )  # fmt: skip


def test_a_verdict_that_takes_it_seriously_notes_nothing(zone, alice):
    on_verdict(verdict_of(somebody(zone), "cannot_tell", alice, NIGHT + timedelta(seconds=90)).pk)
    assert not Dismissal.objects.exists()


def test_what_was_counted_after_the_verdict_nobody_has_dismissed(zone, alice):
    incident = count(zone)
    said = verdict_of(incident, "false", alice)
    count(zone, n=60)
    on_verdict(said.pk)
    assert Dismissal.objects.count() == 1


def test_counting_by_zone_alone_would_hide_a_person_and_the_test_notices(zone, monkeypatch):
    """A variant that forgets the place: whoever stands elsewhere in the zone would be counted too."""
    counting = count(zone)
    monkeypatch.setattr(runaway, "counted", lambda candidate: candidate.zone_id == zone.pk)
    monkeypatch.setattr(runaway, "counting", lambda candidate: Incident.objects.get(pk=counting.pk))
    with pytest.raises(AssertionError):
        _elsewhere_sounds(zone)


def _elsewhere_sounds(zone) -> None:
    other = somebody(zone)
    assert other.alerts.order_by("captured_at").last().sounded
    assert other.state == State.OPEN


def test_folding_into_what_counts_would_hide_a_person_and_is_not_done(zone):
    """The incident that counts is open for a look, of the same site and family, and within the window: no place for others."""
    counting = count(zone)
    deadlines.deadlines(counting.due_at)
    Incident.objects.filter(pk=counting.pk).update(last_alert_at=NIGHT + timedelta(minutes=16))
    candidate = make.make_candidate(zone=zone, at=NIGHT + timedelta(minutes=16))
    assert folding.fold_target(candidate) is None
