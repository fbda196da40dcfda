"""Arming by people: for how long, by whom, taken back, and when it is an alarm by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cameras import unusual
from cameras.actions import commit_candidate, standing
from cameras.actions.arming import arm_by_customer, arm_by_panel, arm_by_phone, undo
from cameras.errors import Refused
from cameras.models import ArmChange, Candidate, SiteContact
from soc.core.models import Event, Site
from tests import factories as make
from tests.factories import NIGHT

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
MORNING = datetime(2026, 11, 23, 6, 30, tzinfo=UTC)  # a Monday


def armed_by(site: Site, owner: str, **parts):
    return make.set_policy(site, owner=owner, schedule=make.week("19:00", "07:00"), **parts)


OPENING = {
    "open": [{"day": day, "from": "06:30", "to": "09:00"} for day in range(7)],
    "close": [{"day": day, "from": "17:00", "to": "20:00"} for day in range(7)],
    "grace_min": 15,
}


@pytest.fixture
def own(site):
    """Armed at night, and the customer may."""
    armed_by(site, "customer")
    return site


def disarm(site, by, *, at=NIGHT, until=None) -> ArmChange:
    return arm_by_customer(site, armed=False, until=until, by=by, at=at)


def alarms() -> list[str]:
    return list(Candidate.objects.order_by("captured_at").values_list("category", flat=True))


def test_a_disarm_holds_until_its_end_and_then_the_schedule_goes_on(own, zone, carol):
    disarm(own, carol, until=NIGHT + HOUR)
    stands = standing(own)
    assert [stands.arm(at).armed for at in (NIGHT - SECOND, NIGHT, NIGHT + HOUR - SECOND, NIGHT + HOUR)] == [
        *(True, False, False, True)
    ]
    at = NIGHT + SECOND
    seen = commit_candidate(
        site=own, source="camera", category="person", camera=zone.camera, zone=zone, captured_at=at, received_at=at,
        judged_at=at, dedup="a", dwell_s=9.0,
    )  # fmt: skip
    assert seen.decision == "ignore"


def test_without_an_end_it_holds_until_the_schedules_next_border(own, carol):
    disarm(own, carol)
    assert standing(own).arm(NIGHT).until == NIGHT.replace(hour=7, minute=0, second=0)


@pytest.mark.parametrize("owner", ["schedule", "panel"])
def test_where_somebody_else_owns_the_arm_state_it_is_refused_in_words(site, carol, owner):
    armed_by(site, owner)
    with pytest.raises(Refused) as refused:
        disarm(site, carol)
    assert refused.value.code == owner
    assert not ArmChange.objects.exists()


def test_only_the_owner_of_the_site_may(own, bob, alice, customer):
    for stranger in (bob, alice, make.make_user("vera", "viewer", customer)):
        with pytest.raises(Site.DoesNotExist):
            disarm(own, stranger)


def test_an_end_in_the_past_is_refused(own, carol):
    with pytest.raises(Refused):
        disarm(own, carol, until=NIGHT)


def test_what_was_pressed_by_mistake_is_taken_back_and_is_no_alarm(own, carol, bob):
    change = disarm(own, carol)
    with pytest.raises(ArmChange.DoesNotExist):
        undo(change.pk, by=bob, at=NIGHT + SECOND)
    undo(change.pk, by=carol, at=NIGHT + 8 * SECOND)
    assert standing(own).arm(NIGHT + 9 * SECOND).armed
    assert unusual.raise_arm_changes(NIGHT + 20 * SECOND) == 0
    assert alarms() == []


def test_after_the_seconds_it_says_it_is_too_late(own, carol):
    change = disarm(own, carol)
    with pytest.raises(Refused) as refused:
        undo(change.pk, by=carol, at=NIGHT + 11 * SECOND)
    assert refused.value.code == "too_late"


def test_a_disarm_that_nobody_announced_is_an_alarm_once_it_cannot_be_undone(own, carol):
    disarm(own, carol)
    assert unusual.raise_arm_changes(NIGHT + 9 * SECOND) == 0
    assert unusual.raise_arm_changes(NIGHT + 10 * SECOND) == 1
    assert unusual.raise_arm_changes(NIGHT + 11 * SECOND) == 0
    candidate = Candidate.objects.get()
    assert (candidate.category, candidate.decision, candidate.priority) == ("unscheduled_disarm", "raise", 2)
    assert candidate.captured_at == NIGHT


def test_one_who_disarms_what_is_disarmed_raises_nothing(own, carol):
    disarm(own, carol, at=NIGHT + timedelta(hours=10))
    assert unusual.raise_arm_changes(NIGHT + timedelta(hours=11)) == 0


def test_in_the_opening_window_and_its_grace_it_is_as_usual_before_it_early_and_else_unannounced(site, carol):
    armed_by(site, "customer", opening=OPENING)
    cases = {
        MORNING: (True, ""),
        MORNING - timedelta(minutes=14): (True, ""),
        MORNING - timedelta(minutes=16): (False, "early_open"),
        MORNING - timedelta(hours=2): (False, "early_open"),
        MORNING - timedelta(hours=3): (False, "unscheduled_disarm"),
    }
    for at, (scheduled, alert) in cases.items():
        change = disarm(site, carol, at=at, until=at + timedelta(minutes=1))
        assert (change.scheduled, change.alert) == (scheduled, alert), at
    raised = unusual.raise_arm_changes(MORNING + HOUR)
    assert raised == 3
    priorities = dict(Candidate.objects.values_list("category", "priority"))
    assert priorities == {"early_open": 3, "unscheduled_disarm": 2}


def test_whoever_is_expected_everywhere_may_be_let_in(own, carol, zone):
    from cameras.actions.presence import expect

    visit = {"kind": "staff", "starts_at": NIGHT, "ends_at": NIGHT + HOUR, "by": carol, "at": NIGHT}
    expect(own, **visit, zones=[zone.pk])
    assert not disarm(own, carol, at=NIGHT + SECOND, until=NIGHT + 2 * SECOND).scheduled
    expect(own, **visit)
    assert disarm(own, carol, at=NIGHT + 5 * SECOND).scheduled


def test_by_phone_it_needs_the_passcode_and_is_no_alarm(own, alice, carol):
    luis = SiteContact(site=own, name="Luis Ferro")
    luis.set_passcode("amber lantern", "grey lantern")
    luis.save()
    act = {"armed": False, "until": NIGHT + HOUR, "by": alice, "at": NIGHT}
    with pytest.raises(Refused):
        arm_by_phone(own, word="wrong", **act)
    with pytest.raises(Site.DoesNotExist):
        arm_by_phone(own, word="amber lantern", **(act | {"by": carol}))
    change = arm_by_phone(own, word="amber lantern", **act)
    assert (change.how, change.alert) == ("phone", "")
    forced = arm_by_phone(own, word="grey lantern", **act)
    assert (forced.how, forced.alert) == ("phone", "")
    assert alarms() == ["duress"]


def test_a_panel_that_owns_the_state_opens_and_closes_and_elsewhere_only_reports(site, other_site):
    source, _ = make.make_source(site)
    armed_by(site, "panel", opening=OPENING)
    assert arm_by_panel(source, armed=True, at=NIGHT).armed
    opened = arm_by_panel(source, armed=False, at=MORNING)
    assert opened.scheduled
    assert not standing(site).arm(MORNING).armed
    assert arm_by_panel(source, armed=False, at=MORNING).pk == opened.pk
    stranger, _ = make.make_source(other_site)
    armed_by(other_site, "customer")
    assert arm_by_panel(stranger, armed=False, at=MORNING) is None


def test_a_panel_opened_at_night_is_an_alarm_at_once(site):
    source, _ = make.make_source(site)
    armed_by(site, "panel", opening=OPENING)
    arm_by_panel(source, armed=True, at=NIGHT - HOUR)
    arm_by_panel(source, armed=False, at=NIGHT)
    assert unusual.raise_arm_changes(NIGHT) == 1
    assert alarms() == ["unscheduled_disarm"]


def test_a_site_that_is_not_closed_in_time_is_told_once_after_the_grace(site):
    source, _ = make.make_source(site)
    armed_by(site, "panel", opening=OPENING)
    opened = datetime(2026, 11, 23, 7, tzinfo=UTC)
    closing = datetime(2026, 11, 23, 20, tzinfo=UTC)
    arm_by_panel(source, armed=False, at=opened)
    assert unusual.raise_late_closes(closing + timedelta(minutes=14)) == 0
    assert unusual.raise_late_closes(closing + timedelta(minutes=15)) == 1
    assert unusual.raise_late_closes(closing + timedelta(minutes=16)) == 0
    late = Candidate.objects.get()
    assert (late.category, late.priority, late.decision) == ("late_close", 3, "raise")
    assert unusual.raise_late_closes(closing + timedelta(hours=3)) == 0


def test_a_site_that_was_closed_in_time_is_not_told(site):
    source, _ = make.make_source(site)
    armed_by(site, "panel", opening=OPENING)
    arm_by_panel(source, armed=False, at=datetime(2026, 11, 23, 7, tzinfo=UTC))
    arm_by_panel(source, armed=True, at=datetime(2026, 11, 23, 19, tzinfo=UTC))
    assert unusual.raise_late_closes(datetime(2026, 11, 23, 20, 20, tzinfo=UTC)) == 0


def test_the_record_says_who_how_and_until_when(own, carol):
    change = disarm(own, carol, until=NIGHT + HOUR)
    event = Event.objects.get(subject_id=change.pk)
    assert (event.kind, event.by, event.data["how"]) == ("arming.disarmed", carol, "portal")
    assert event.data["until"] == (NIGHT + HOUR).isoformat()
