"""What is muted for a time is stored and shown, ends by itself, and never covers a threat or what is done to a camera."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cameras.actions import commit_candidate
from cameras.actions.arming import arm_by_customer, arm_by_panel
from cameras.actions.muting import (
    begin_test,
    end_instruction,
    end_muting,
    end_storm,
    instruct,
    instructions_now,
    muted_now,
    renew_storm,
    snooze,
    start_storm,
    storms_now,
)
from cameras.categories import CATEGORIES, MUTABLE
from cameras.context import rules
from cameras.errors import Refused
from cameras.models import Candidate, Muting, SiteContact, Storm
from soc.core.models import Event, Site
from tests import factories as make
from tests.factories import NIGHT

MINUTE = timedelta(minutes=1)
YARD = [0.60, 0.48, 0.68, 0.78]


@pytest.fixture
def armed(site):
    make.arm_always(site)
    return site


@pytest.fixture
def installer(customer):
    return make.make_user("ivan", "installer", customer)


@pytest.fixture
def luis(site) -> SiteContact:
    contact = SiteContact(site=site, name="Luis Ferro", role="keyholder")
    contact.set_passcode("amber lantern")
    contact.save()
    return contact


def seen(zone, *, at=NIGHT, category="person", n=0) -> Candidate:
    return commit_candidate(
        site=zone.site, source="camera", category=category, camera=zone.camera, zone=zone, captured_at=at, received_at=at,
        judged_at=at, dedup=f"{zone.pk}:{category}:{at}:{n}", dwell_s=9.0, score=0.9, evidence={"box": YARD, "track": n},
    )  # fmt: skip


def snoozed(site, by, **fields) -> Muting:
    fields = {"categories": ["person"], "minutes": 30, "reason": "flag in the wind", "by": by, "at": NIGHT} | fields
    return snooze(site, **fields)


def test_no_threat_nothing_done_to_a_camera_and_nothing_unseen_may_be_covered():
    assert not any(CATEGORIES[code].threat or CATEGORIES[code].quiet for code in MUTABLE)
    assert not MUTABLE & (rules.TAMPERING | rules.UNSEEN | {"unscheduled_disarm", "armed_impaired"})
    # What the judge would mute is no less than that.
    assert MUTABLE <= rules.MUTABLE


def test_a_snooze_covers_its_zone_and_class_until_its_end_and_no_more(armed, zone, alice):
    muting = snoozed(armed, alice, zone=zone.pk)
    held = seen(zone, at=NIGHT + MINUTE)
    assert held.decision == "watch"
    assert any(reason["code"] == "muted" and reason["id"] == str(muting.pk) for reason in held.reasons)
    other = make.make_zone(zone.camera, "Gate")
    assert seen(other, at=NIGHT + MINUTE).decision == "raise"
    assert seen(zone, at=NIGHT + MINUTE, category="vehicle").decision == "raise"
    assert seen(zone, at=NIGHT + 30 * MINUTE).decision == "raise"


@pytest.mark.parametrize("code", sorted(set(CATEGORIES) - MUTABLE))
def test_what_may_not_be_covered_is_refused(armed, zone, alice, code):
    with pytest.raises(Refused) as refused:
        snoozed(armed, alice, zone=zone.pk, categories=["person", code])
    assert refused.value.field == "categories"


def test_a_threat_is_raised_even_from_what_somehow_was_muted(armed, zone, alice):
    """Rows written by a broken version: the judge goes by its own table all the same."""
    muting = snoozed(armed, alice, zone=zone.pk)
    Muting.objects.filter(pk=muting.pk).update(categories=sorted(CATEGORIES))
    for code in ("weapon", "person_down", "unfiltered_motion"):
        assert seen(zone, at=NIGHT + MINUTE, category=code).decision == "raise"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"categories": []}, "categories"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": 61}, "minutes"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 241}, "reason"),
        ({"zone": None}, "zone"),
    ],
)
def test_a_snooze_without_reason_place_or_end_is_refused(armed, zone, alice, fields, field):
    with pytest.raises(Refused) as refused:
        snoozed(armed, alice, **({"zone": zone.pk} | fields))
    assert refused.value.field == field
    assert not Muting.objects.exists()


def test_an_operator_snoozes_for_an_hour_and_a_supervisor_for_half_a_day(armed, zone, alice, sam):
    assert snoozed(armed, alice, zone=zone.pk, minutes=60).ends_at == NIGHT + 60 * MINUTE
    assert snoozed(armed, sam, zone=zone.pk, minutes=720).ends_at == NIGHT + 720 * MINUTE
    with pytest.raises(Refused):
        snoozed(armed, sam, zone=zone.pk, minutes=721)


def test_a_place_of_another_site_is_refused_and_so_is_whoever_may_not(
    armed, zone, other_camera, alice, carol, oscar, sam
):
    with pytest.raises(Refused):
        snoozed(armed, alice, zone=make.make_zone(other_camera).pk)
    with pytest.raises(Refused):
        snoozed(armed, alice, camera=other_camera.pk)
    muting = snoozed(armed, alice, zone=zone.pk)
    for stranger in (carol, oscar):
        with pytest.raises(Site.DoesNotExist):
            snoozed(armed, stranger, zone=zone.pk)
        with pytest.raises(Muting.DoesNotExist):
            end_muting(muting.pk, by=stranger, at=NIGHT)
    assert end_muting(muting.pk, by=sam, at=NIGHT + MINUTE).ended_by == sam
    assert seen(zone, at=NIGHT + 2 * MINUTE).decision == "raise"
    assert muted_now([armed], NIGHT + 2 * MINUTE) == []


def test_a_test_ends_before_the_site_is_armed_next_however_long_was_asked_for(site, zone, installer):
    make.arm(site, "06:00", "05:00")
    muting = begin_test(site, minutes=480, reason="new camera", by=installer, at=NIGHT + timedelta(hours=3))
    assert muting.ends_at == NIGHT.replace(hour=6, minute=0, second=0)
    # Armed now: until it is armed the time after.
    muting = begin_test(site, minutes=480, reason="new camera", by=installer, at=NIGHT)
    assert muting.ends_at == NIGHT.replace(hour=6, minute=0, second=0)


def test_a_test_covers_people_and_panel_alarms_and_no_hold_up(armed, zone, installer):
    begin_test(armed, minutes=120, reason="new camera", by=installer, at=NIGHT)
    source, _ = make.make_source(armed)
    assert seen(zone, at=NIGHT + MINUTE).decision == "watch"

    def said(code: str) -> str:
        at = NIGHT + MINUTE
        return commit_candidate(
            site=armed, source="signal", signal_source=source, category=code, captured_at=at, received_at=at, judged_at=at,
            dedup=code,
        ).decision  # fmt: skip

    assert said("alarm") == "watch"
    assert {said(code) for code in ("hold_up", "duress", "panic", "fire", "unscheduled_disarm")} == {"raise"}


def test_an_operator_begins_a_test_only_with_a_passcode_and_an_installer_at_own_sites(
    armed, other_site, alice, installer, luis, sam
):
    with pytest.raises(Refused) as refused:
        begin_test(armed, minutes=60, reason="visit", by=alice, at=NIGHT)
    assert refused.value.code == "passcode"
    muting = begin_test(armed, minutes=60, reason="visit", word="amber lantern", by=alice, at=NIGHT)
    assert (muting.vouched_by, muting.made_by) == (luis, alice)
    with pytest.raises(Site.DoesNotExist):
        begin_test(other_site, minutes=60, reason="visit", by=installer, at=NIGHT)
    with pytest.raises(Refused):
        begin_test(armed, minutes=481, reason="visit", by=installer, at=NIGHT)
    assert begin_test(armed, minutes=1440, reason="visit", by=sam, at=NIGHT).ends_at == NIGHT + timedelta(days=1)
    assert end_muting(muting.pk, by=installer, at=NIGHT).ended_by == installer


def test_the_record_has_no_free_text(armed, zone, alice, luis):
    snoozed(armed, alice, zone=zone.pk)
    instruct(armed, text="Dog loose tonight", minutes=600, word="amber lantern", by=alice, at=NIGHT)
    kept = str(list(Event.objects.values_list("data", flat=True)))
    for word in ("flag", "Dog", "lantern"):
        assert word not in kept


def test_a_storm_puts_faults_behind_and_people_not(armed, zone, sam, other_site, alice):
    with pytest.raises(Refused):
        start_storm(armed.organisation, sites=[], minutes=60, reason="gale", by=alice, at=NIGHT)
    storm = start_storm(armed.organisation, sites=[], minutes=120, reason="gale", by=sam, at=NIGHT)
    assert storms_now([armed.organisation_id], NIGHT + MINUTE) == [storm]
    person = seen(zone, at=NIGHT + MINUTE)
    assert (person.decision, person.priority) == ("raise", 1)
    vehicle = seen(zone, at=NIGHT + MINUTE, category="vehicle")
    assert (vehicle.decision, vehicle.priority) == ("raise", 3)
    assert seen(zone, at=NIGHT + 121 * MINUTE, category="vehicle").priority == 2


def test_a_storm_is_renewed_from_now_two_hours_at_most_and_ended(armed, sam, oscar):
    storm = start_storm(armed.organisation, sites=[armed.pk], minutes=60, reason="gale", by=sam, at=NIGHT)
    with pytest.raises(Refused):
        renew_storm(storm.pk, minutes=121, by=sam, at=NIGHT)
    assert renew_storm(storm.pk, minutes=120, by=sam, at=NIGHT + 30 * MINUTE).ends_at == NIGHT + 150 * MINUTE
    with pytest.raises(Storm.DoesNotExist):
        end_storm(storm.pk, by=oscar, at=NIGHT)
    assert end_storm(storm.pk, by=sam, at=NIGHT + 40 * MINUTE).ended_by == sam
    with pytest.raises(Refused):
        renew_storm(storm.pk, minutes=60, by=sam, at=NIGHT + 41 * MINUTE)


def test_a_supervisor_of_one_site_starts_no_storm_over_others(armed, other_site):
    keeper = make.make_user("kim", "supervisor", armed)
    with pytest.raises(Refused):
        start_storm(armed.organisation, sites=[other_site.pk], minutes=60, reason="gale", by=keeper, at=NIGHT)
    mine = start_storm(armed.organisation, sites=[], minutes=60, reason="gale", by=keeper, at=NIGHT)
    assert list(mine.sites.all()) == [armed]


def test_an_instruction_needs_a_passcode_and_ends_within_a_day(site, alice, luis):
    with pytest.raises(Refused) as refused:
        instruct(site, text="Dog loose tonight", minutes=600, word="wrong", by=alice, at=NIGHT)
    assert refused.value.code == "passcode"
    with pytest.raises(Refused) as refused:
        instruct(site, text="Dog loose", minutes=1441, word="amber lantern", by=alice, at=NIGHT)
    assert refused.value.field == "minutes"
    row = instruct(site, text="Dog loose tonight", minutes=600, word="amber lantern", by=alice, at=NIGHT)
    assert row.vouched_by == luis
    assert instructions_now([site], NIGHT + 599 * MINUTE) == [row]
    assert instructions_now([site], NIGHT + 600 * MINUTE) == []
    end_instruction(row.pk, by=alice, at=NIGHT + MINUTE)
    assert instructions_now([site], NIGHT + MINUTE) == []


@pytest.mark.parametrize("owner", ["customer", "panel"])
def test_a_test_ends_when_somebody_arms_the_site_by_hand_and_one_of_an_armed_site_goes_on(
    site, zone, installer, carol, alice, owner
):
    make.set_policy(site, owner=owner)
    source, _ = make.make_source(site)

    def arm(at) -> None:
        if owner == "panel":
            arm_by_panel(source, armed=True, at=at)
        else:
            arm_by_customer(site, armed=True, until=None, by=carol, at=at)

    forgotten = begin_test(site, minutes=480, reason="new camera", by=installer, at=NIGHT)
    snooze = snoozed(site, alice, zone=zone.pk, categories=["vehicle"])
    arm(NIGHT + MINUTE)
    forgotten.refresh_from_db()
    snooze.refresh_from_db()
    assert (forgotten.ended_at, snooze.ended_at) == (NIGHT + MINUTE, None)
    assert Event.objects.filter(kind="muting.ended", subject_id=forgotten.pk).count() == 1
    assert seen(zone, at=NIGHT + 2 * MINUTE).decision == "raise"
    meant = begin_test(site, minutes=60, reason="the armed state", by=installer, at=NIGHT + 3 * MINUTE)
    arm(NIGHT + 4 * MINUTE)
    meant.refresh_from_db()
    assert meant.ended_at is None
