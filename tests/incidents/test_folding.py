"""Folding must never hide a person."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cameras.models import Candidate, Zone
from incidents import actions
from incidents.models import Alert, Incident
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.together import together

SOON = NIGHT + timedelta(seconds=20)
LATER = NIGHT + timedelta(seconds=90)


def seen(candidate: Candidate | None = None, *, at: datetime = NIGHT, **fields) -> Incident:
    """The incident of a candidate captured and raised at `at`."""
    candidate = candidate or make.make_candidate(at=at, **fields)
    return make.make_incident(candidate, at=max(at, candidate.judged_at))


def claimed(incident: Incident, by, at=SOON) -> Incident:
    return actions.claim(incident.pk, by=by, at=at)


def kinds(incident: Incident) -> list[str]:
    return list(Event.objects.filter(subject_id=incident.pk).order_by("id").values_list("kind", flat=True))


def deadlines_of(incident: Incident) -> tuple[datetime, ...]:
    found = [incident.claim_by, incident.supervisor_by, incident.oncall_by]
    return tuple(by for by in found if by is not None)


def last_alert(incident: Incident) -> Alert:
    return incident.alerts.order_by("-captured_at")[0]


@pytest.fixture
def fence(camera) -> Zone:
    """The perimeter: a person there is priority 2."""
    return make.make_zone(camera, "Fence", kind="perimeter")


@pytest.mark.parametrize("verdict", ["false", "authorised"])
def test_a_second_intruder_after_a_dismissal_opens_an_incident_that_follows(zone, alice, verdict):
    first = claimed(seen(zone=zone), alice)
    actions.decide(first.pk, verdict=verdict, token=first.token, by=alice, at=SOON)
    second = seen(zone=zone, at=LATER)
    assert second.pk != first.pk
    assert second.follows_id == first.pk
    assert second.alerts.get().sounded
    assert "incident.opened" in kinds(second)
    third = seen(zone=zone, at=LATER + timedelta(seconds=5))
    assert third.pk == second.pk


@pytest.mark.parametrize("verdict", ["real", "suspicious", "cannot_tell"])
def test_a_second_intruder_joins_what_was_not_dismissed_and_sounds(zone, alice, verdict):
    first = claimed(seen(zone=zone), alice)
    actions.decide(first.pk, verdict=verdict, token=first.token, by=alice, at=SOON)
    again = seen(zone=zone, at=LATER)
    assert again.pk == first.pk
    assert last_alert(again).sounded
    assert kinds(again)[-1] == "incident.sounded"


def test_after_closing_the_next_intruder_opens_an_incident_that_follows(zone, alice):
    first = claimed(seen(zone=zone), alice)
    actions.decide(first.pk, verdict="real", token=first.token, by=alice, at=SOON)
    actions.close(
        first.pk, outcome="genuine.attempt_only", site_state="secure", summary="", token=first.token, by=alice, at=SOON
    )
    second = seen(zone=zone, at=LATER)
    assert second.follows_id == first.pk


def parked(incident: Incident, by) -> Incident:
    held = claimed(incident, by)
    until = SOON + timedelta(minutes=20)
    return actions.park(held.pk, reason="guard looks", until=until, token=held.token, by=by, at=SOON)


def test_an_intruder_never_folds_into_a_parked_incident(fence, alice):
    first = parked(seen(zone=fence), alice)
    assert seen(zone=fence, at=LATER).follows_id == first.pk


def test_a_technical_repeat_that_adds_nothing_folds_silently_into_the_parked_one(camera, alice):
    first = parked(seen(camera=camera, category="offline"), alice)
    hours_later = NIGHT + timedelta(hours=2)
    again = seen(camera=camera, category="offline", at=hours_later)
    assert again.pk == first.pk
    assert again.state == "parked"
    assert again.alert_count == 2
    assert not last_alert(again).sounded
    assert kinds(again)[-1] == "incident.folded"


def test_another_camera_or_a_graver_fault_opens_beside_the_parked_one(camera, site, alice):
    first = parked(seen(camera=camera, category="offline"), alice)
    other = seen(camera=make.make_camera(site, "Gate"), category="offline", at=LATER)
    assert other.pk != first.pk
    assert other.follows_id == first.pk
    actions.claim(other.pk, by=alice, at=LATER)
    actions.decide(other.pk, verdict="false", token=1, by=alice, at=LATER)
    graver = seen(camera=camera, category="offline", priority=2, at=LATER)
    assert graver.pk not in {first.pk, other.pk}


@pytest.mark.parametrize(("after", "same"), [(599, True), (601, False)])
def test_an_incident_takes_alerts_for_the_fold_window_after_its_last(zone, settings, after, same):
    settings.FOLD_WINDOW_S = 600
    first = seen(zone=zone)
    middle = seen(zone=zone, at=NIGHT + timedelta(seconds=500))
    last = seen(zone=zone, at=NIGHT + timedelta(seconds=500 + after))
    assert middle.pk == first.pk
    assert (last.pk == first.pk) is same


def test_what_arrives_hours_late_is_an_affair_of_its_own(zone):
    now = seen(zone=zone)
    late = seen(make.make_candidate(zone=zone, at=NIGHT - timedelta(hours=2)), at=LATER)
    assert late.pk != now.pk


def test_a_camera_offline_and_then_an_intruder_are_two_incidents(camera, zone):
    offline = seen(camera=camera, category="offline")
    intruder = seen(zone=zone, at=SOON)
    assert offline.pk != intruder.pk
    assert {offline.family, intruder.family} == {"technical", "intrusion"}


def test_a_quiet_alarm_and_a_loud_one_of_a_panel_stay_apart(site):
    source, _ = make.make_source(site)
    loud = seen(site=site, signal_source=source, category="alarm")
    quiet = seen(site=site, signal_source=source, category="hold_up", at=SOON)
    again = seen(site=site, signal_source=source, category="alarm", at=LATER)
    assert quiet.quiet
    assert not loud.quiet
    assert quiet.pk != loud.pk == again.pk


def test_the_same_person_seen_again_does_not_sound(zone):
    one = make.make_candidate(zone=zone)
    seen(one)
    again = seen(zone=zone, at=SOON, evidence=one.evidence)
    assert [alert.sounded for alert in again.alerts.order_by("captured_at")] == [True, False]
    assert kinds(again)[-1] == "incident.folded"


def test_the_same_person_in_another_zone_sounds_and_raises_the_incident(zone, fence, settings):
    at_fence = make.make_candidate(zone=fence)
    incident = seen(at_fence)
    assert incident.priority == 2
    before = deadlines_of(incident)
    raised = seen(zone=zone, at=SOON, evidence=at_fence.evidence)
    assert raised.pk == incident.pk
    assert raised.priority == 1
    assert kinds(raised)[-1] == "incident.sounded"
    limits = (settings.CLAIM_ALL_S[0], settings.CLAIM_SUPERVISOR_S[0], settings.CLAIM_ONCALL_S[0])
    since = raised.alerts.get(priority=1).raised_at
    assert deadlines_of(raised) == tuple(
        min(was, since + timedelta(seconds=limit)) for was, limit in zip(before, limits, strict=True)
    )


def test_raising_an_incident_that_everyone_sees_takes_it_from_nobody(zone, fence):
    incident = seen(zone=fence)
    Incident.objects.filter(pk=incident.pk).update(escalation=2, claim_by=None, supervisor_by=None)
    raised = seen(zone=zone, at=SOON)
    assert raised.pk == incident.pk
    assert raised.escalation == 2
    assert raised.claim_by is None
    assert max(deadlines_of(raised)) <= SOON + timedelta(seconds=46)


def test_raising_a_claimed_incident_shortens_the_time_for_its_verdict(zone, fence, alice, settings):
    held = claimed(seen(zone=fence), alice)
    assert held.verdict_by == SOON + timedelta(seconds=settings.VERDICT_S[1])
    soon_after = SOON + timedelta(seconds=2)
    raised = seen(zone=zone, at=soon_after)
    assert raised.verdict_by == last_alert(raised).raised_at + timedelta(seconds=settings.VERDICT_S[0])


def test_a_graver_category_names_the_incident_and_a_lesser_one_does_not(zone):
    incident = seen(zone=zone)
    graver = seen(zone=zone, category="weapon", at=SOON)
    lesser = seen(zone=zone, category="vehicle", at=LATER)
    assert graver.pk == lesser.pk == incident.pk
    assert lesser.category == "weapon"
    assert lesser.alert_count == 3


def test_a_threat_behind_a_graver_threat_sounds(site):
    source, _ = make.make_source(site)
    seen(site=site, signal_source=source, category="duress")
    again = seen(site=site, signal_source=source, category="panic", at=SOON)
    assert again.alert_count == 2
    assert last_alert(again).sounded


def test_another_detector_of_the_same_panel_sounds(site):
    source, _ = make.make_source(site)
    hall, stairs = {"panel_zone": "hall"}, {"panel_zone": "stairs"}
    for second, evidence in enumerate((hall, hall, stairs)):
        at = NIGHT + timedelta(seconds=second)
        incident = seen(site=site, signal_source=source, category="alarm", evidence=evidence, at=at)
    assert [alert.sounded for alert in incident.alerts.order_by("raised_at")] == [True, False, True]


def test_unfiltered_motion_and_then_a_person_sounds_again(zone):
    blind = seen(zone=zone, category="unfiltered_motion", evidence={"seconds": 3.1})
    intruder = seen(zone=zone, at=SOON)
    assert intruder.pk == blind.pk
    assert intruder.category == "person"
    assert kinds(intruder)[-1] == "incident.sounded"


def test_raising_one_candidate_twice_makes_one_alert(zone):
    candidate = make.make_candidate(zone=zone)
    first = actions.raise_alert(candidate.pk, at=NIGHT)
    assert actions.raise_alert(candidate.pk, at=LATER).pk == first.pk
    assert first.incident.alert_count == Alert.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_alerts_of_one_site_at_once_are_one_incident_with_twenty(zone):
    candidates = [make.make_candidate(zone=zone, at=NIGHT + timedelta(milliseconds=n)) for n in range(20)]
    with together(20) as threads:
        alerts = threads.run(lambda candidate: actions.raise_alert(candidate.pk, at=SOON), candidates)
        assert all(isinstance(alert, Alert) for alert in alerts), alerts
        # And each once more, twice at once: nothing is added.
        twice = threads.run(lambda candidate: actions.raise_alert(candidate.pk, at=SOON), candidates[:10] * 2)
    assert {alert.pk for alert in twice} <= {alert.pk for alert in alerts}
    incident = Incident.objects.get()
    assert incident.alert_count == incident.alerts.count() == 20
    assert kinds(incident).count("incident.opened") == 1
    assert kinds(incident).count("incident.sounded") == 19


@pytest.mark.django_db(transaction=True)
def test_folding_and_handling_the_same_incident_at_once_never_wait_in_a_circle(zone, alice):
    incident = seen(zone=zone)
    rounds = 25

    def handle(_: object) -> None:
        for _n in range(rounds):
            held = actions.claim(incident.pk, by=alice, at=SOON)
            actions.decide(incident.pk, verdict="real", token=held.token, by=alice, at=SOON)
            actions.release(incident.pk, token=held.token, by=alice, at=SOON)

    def fold(candidates: list) -> None:
        for candidate in candidates:
            actions.raise_alert(candidate.pk, at=SOON)

    batches = [[make.make_candidate(zone=zone) for _ in range(rounds)] for _ in range(2)]
    with together(3) as threads:
        answers = threads.run(lambda job: job[0](job[1]), [(handle, None), *((fold, batch) for batch in batches)])
    assert answers == [None, None, None]
    assert Incident.objects.get().alert_count == 1 + 2 * rounds
