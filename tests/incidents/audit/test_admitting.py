"""A case comes into a quiet queue as an ordinary incident, waits where it may not come, and gives way to what is in earnest."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cameras.models import Candidate
from incidents import actions
from incidents.actions.offering import offer_waiting
from incidents.audit import admitting, drawing
from incidents.audit.rounds import cases
from incidents.models import AuditCase, Incident, Shift
from incidents.models.incident import State
from soc.core import prepared
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.audit.conftest import AT, claimed, injected, sampled, short_stay, shown, take

pytestmark = pytest.mark.usefixtures("desks")
QUIET = ["priority 1", "three wait", "one on shift", "site busy"]


@pytest.fixture(params=["sampled", "injected"])
def case(request, zone, alice) -> AuditCase:
    return sampled(zone) if request.param == "sampled" else injected(zone, alice)


def test_a_case_comes_as_an_incident_of_its_own_offered_as_any(case, alice, dave):
    incident = shown(case)
    assert incident.state == State.OPEN
    assert incident.offered_to in {alice, dave}
    assert (incident.category, incident.priority, incident.follows) == ("person", 1, None)
    opened = Event.objects.filter(kind="incident.opened", subject_id=incident.pk).get()
    assert set(opened.data) == {"alert", "category", "priority", "follows"}
    assert (
        AT - timedelta(seconds=5)
        < incident.captured_at
        < incident.received_at
        < incident.judged_at
        <= incident.queued_at
    )


def test_its_copy_has_the_picture_at_once_and_the_clip_when_it_could_be_whole(case, desks):
    incident = shown(case)
    copy = incident.alerts.get().candidate
    assert (copy.source, copy.decision, copy.snapshot, copy.clip) == ("audit", "raise", case.candidate.snapshot, None)
    cases(AT + timedelta(seconds=6))
    copy.refresh_from_db()
    assert copy.clip is None  # it shows eight seconds that have not passed yet
    cases(AT + timedelta(seconds=12))
    copy.refresh_from_db()
    assert copy.clip == case.candidate.clip
    told = Event.objects.filter(kind="evidence.ready", subject_id=copy.pk).order_by("id")
    assert [sorted(event.data) for event in told] == [["snapshot"], ["clip"]]


def test_the_copy_says_what_an_alarm_would_say_now(case):
    codes = [reason["code"] for reason in shown(case).alerts.get().candidate.reasons]
    assert codes == ["armed", "seen", "dwell"]


def test_nothing_but_the_incident_is_written_down_of_a_case_that_waits_to_be_judged(case):
    """Who reads the record as it grows is not told which one it is."""
    incident = shown(case)
    copy = incident.alerts.get().candidate
    told = Event.objects.filter(subject_id__in=[case.pk, copy.pk]).values_list("kind", flat=True)
    assert list(told) == ["evidence.ready"]  # as of any
    assert not Event.objects.filter(kind__startswith="audit", data__incident=str(incident.pk)).exists()


def hold_up_queue(why, *, site, other_camera, alice, organisation):
    """Something that forbids a case."""
    if why == "priority 1":
        make.make_incident(make.make_candidate(camera=other_camera, category="fire", at=AT))
    elif why == "three wait":
        customer = make.make_customer(organisation, "Three sites")
        for number in range(3):
            make.make_incident(site=make.make_site(customer, f"Site {number}"), category="alarm", at=AT)
    elif why == "one on shift":
        Shift.objects.filter(user=alice).update(ended_at=AT)
    else:
        make.make_incident(site=site, category="alarm", at=AT)


@pytest.mark.parametrize("why", QUIET)
def test_no_case_comes_while(why, case, site, other_camera, alice, organisation):
    hold_up_queue(why, site=site, other_camera=other_camera, alice=alice, organisation=organisation)
    cases(AT)
    case.refresh_from_db()
    assert case.incident is None
    assert case.due_at >= AT + timedelta(minutes=5), "nor in the moment in which it is over"


@pytest.mark.parametrize("why", QUIET)
def test_an_unclaimed_case_gives_way_when(why, case, site, other_camera, alice, organisation):
    incident = shown(case)
    hold_up_queue(why, site=site, other_camera=other_camera, alice=alice, organisation=organisation)
    cases(AT + timedelta(seconds=1))
    incident.refresh_from_db()
    case.refresh_from_db()
    assert (incident.state, incident.outcome, incident.verdict, case.verdict) == (State.CLOSED, "", "", "")
    assert case.given_up
    assert case.revealed_at is not None
    assert Event.objects.filter(kind="audit.withdrawn", subject_id=case.pk).count() == 1


@pytest.mark.parametrize("state", ["held", "waits, two of them"])
def test_a_case_comes_beside_what_is_neither_urgent_nor_too_much(state, case, other_camera):
    incident = make.make_incident(make.make_candidate(camera=other_camera, category="alarm", at=AT))
    if state == "held":
        take(incident)
    assert shown(case).state == State.OPEN


def test_an_urgent_incident_that_somebody_holds_forbids_a_case_too(case, other_camera):
    incident = make.make_incident(make.make_candidate(camera=other_camera, category="fire", at=AT))
    take(incident)
    cases(AT)
    case.refresh_from_db()
    assert case.incident is None


def test_without_the_check_a_case_would_come_beside_an_urgent_one(case, other_camera, monkeypatch):
    monkeypatch.setattr(admitting, "pressing", lambda site, at: "")
    make.make_incident(make.make_candidate(camera=other_camera, category="fire", at=AT))
    assert shown(case).state == State.OPEN


def test_a_case_that_somebody_has_claimed_stays_theirs(case, other_camera):
    incident = claimed(case)
    make.make_incident(make.make_candidate(camera=other_camera, category="fire", at=AT))
    cases(AT + timedelta(seconds=4))
    incident.refresh_from_db()
    assert incident.state == State.CLAIMED


@pytest.mark.parametrize("here", [False, True])
def test_a_case_that_somebody_has_claimed_ends_where_something_urgent_waits_and_nobody_is_free(
    case, other_camera, alice, dave, here
):
    """Also at the site that they are at, which would be theirs besides."""
    exercise = claimed(case)
    at = AT + timedelta(seconds=4)
    take(make.make_incident(make.make_candidate(camera=other_camera, category="alarm", at=AT), at=at), at=at)
    place = case.site if here else make.make_site(case.site.customer, "Third")
    second = make.make_candidate(zone=make.make_zone(make.make_camera(place, "Gate")), category="fire", at=at)
    urgent = make.make_incident(second, at=at)
    assert urgent.offered_to == (exercise.owner if here else None)
    cases(at)
    exercise.refresh_from_db()
    case.refresh_from_db()
    assert (exercise.state, exercise.verdict, case.given_up, case.verdict) == (State.CLOSED, "", "urgent", "")
    offer_waiting(at)
    urgent.refresh_from_db()
    assert urgent.offered_to == exercise.owner


def test_a_case_that_nobody_claims_is_withdrawn_when_supervisors_would_be_shown_it(case, desks):
    from incidents.deadlines import deadlines

    incident = shown(case)
    late = incident.supervisor_by
    desks(late)
    deadlines(late)
    cases(late)
    incident.refresh_from_db()
    assert incident.state == State.CLOSED


def test_one_case_at_a_time_and_so_many_a_shift(zone, other_camera, settings, desks):
    settings.AUDIT_MOST_A_SHIFT = 2
    make.arm_always(other_camera.site)
    elsewhere = [make.make_zone(other_camera, f"Zone {n}") for n in range(3)]
    made = [sampled(zone), *(sampled(other) for other in elsewhere)]
    cases(AT)
    in_queue = AuditCase.objects.filter(incident__isnull=False)
    assert in_queue.count() == 1
    for hours in (1, 2, 3):
        first = in_queue.filter(revealed_at=None).first()
        at = AT + timedelta(hours=hours)
        if first is not None:
            held = take(first.incident, at=at)
            actions.decide(held.pk, verdict="false", token=held.token, by=held.owner, at=at)
        desks(at)
        AuditCase.objects.filter(pk__in=[one.pk for one in made], incident=None).update(due_at=at)
        cases(at)
    assert in_queue.count() == 2


def test_what_people_may_do_by_day_is_not_shown_by_night(zone, monkeypatch):
    """The arm state must be what it was: the same person at noon and at three is not the same thing."""
    monkeypatch.setattr(drawing, "AROUND_S", 0)  # else it may come minutes later by lot
    case = sampled(zone)
    disarmed = [{"code": "disarmed", "until": None, "owner": "schedule"}, *short_stay()[1:2]]
    Candidate.objects.filter(pk=case.candidate_id).update(reasons=disarmed, decision="ignore")
    cases(AT)
    case.refresh_from_db()
    assert case.incident is None
    assert case.due_at == AT + timedelta(days=1)


@pytest.mark.parametrize("gone", ["clip", "camera", "days", "known"])
def test_a_case_that_cannot_be_shown_any_more_is_given_up_and_says_why(gone, zone, alice):
    case = injected(zone, alice) if gone == "known" else sampled(zone)
    if gone == "clip":
        type(case.candidate.clip).objects.filter(pk=case.candidate.clip_id).update(erased_at=NIGHT + timedelta(days=3))
    elif gone == "camera":
        type(zone.camera).objects.update(enabled=False)
    elif gone == "days":
        AuditCase.objects.update(drawn_at=AT - timedelta(days=9))
    else:
        zone.organisation.known_intrusions.update(enabled=False)
    cases(AT)
    case.refresh_from_db()
    assert (case.incident, case.due_at) == (None, None)
    assert case.given_up == {"clip": "erased", "camera": "camera", "days": "late", "known": "not_in_use"}[gone]


# --- folding


def test_an_alarm_in_earnest_at_the_same_site_opens_its_own_and_follows_nothing(case, zone):
    exercise = claimed(case)
    real = make.make_incident(make.make_candidate(zone=zone, at=AT + timedelta(seconds=20)))
    assert real.pk != exercise.pk
    assert real.follows is None
    exercise.refresh_from_db()
    assert exercise.alert_count == 1


def test_a_broken_fold_would_hide_the_alarm_in_the_exercise(case, zone, monkeypatch):
    """What the test above is for: with every incident taken for one in earnest, the person would be folded away."""
    exercise = claimed(case)
    everything = type(Incident.objects.all())
    monkeypatch.setattr(everything, "in_earnest", lambda rows: rows.all())
    prepared.forget()  # what was asked before the rule was broken
    folded = make.make_incident(make.make_candidate(zone=zone, at=AT + timedelta(seconds=20)))
    assert folded.pk == exercise.pk


def test_a_case_folds_into_nothing(zone):
    """An alarm would fold into what went on here minutes ago; a case waits."""
    case = sampled(zone)
    real = make.make_incident(make.make_candidate(zone=zone, at=AT - timedelta(minutes=5)))
    held = take(real, at=AT - timedelta(minutes=4))
    actions.decide(held.pk, verdict="false", token=held.token, by=held.owner, at=AT - timedelta(minutes=4))
    closing = {"outcome": "false.animal", "site_state": "secure", "summary": ""}
    actions.close(held.pk, token=held.token, by=held.owner, at=AT - timedelta(minutes=3), **closing)
    cases(AT)
    case.refresh_from_db()
    assert case.incident is None


def test_a_round_with_nothing_to_do_asks_twice(db, django_assert_num_queries):
    with django_assert_num_queries(2):
        assert cases(AT) == 0
