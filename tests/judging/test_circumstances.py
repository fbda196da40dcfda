"""What people did, as it was at an instant: windows in the site's own time, toggles, mutings, storms, dismissals."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from cameras.actions import (
    commit_candidate,
    condition_began,
    context_of,
    facts_of,
    note_dismissal,
    renew_reference,
    take_back,
)
from cameras.actions.circumstances import ends
from cameras.context.facts import CALM, Context
from cameras.models import AccessWindow, ArmChange, Dismissal, Muting, Storm
from tests import factories as make
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db
HOUR, MINUTE, INSTANT = timedelta(hours=1), timedelta(minutes=1), timedelta(microseconds=1)
YEAR = {"starts_at": datetime(2026, 1, 1, tzinfo=UTC), "ends_at": datetime(2027, 1, 1, tzinfo=UTC)}


def around(zone, at: datetime = NIGHT, category: str = "person") -> Context:
    return context_of(zone.site, facts_of(category, at, zone=zone, camera=zone.camera))


@pytest.fixture
def window(site, sam):
    def make_one(**fields: Any) -> AccessWindow:
        span = {"starts_at": NIGHT - HOUR, "ends_at": NIGHT + HOUR}
        return AccessWindow.objects.create(
            **({"site": site, "kind": "cleaner", "made_by": sam, "made_at": NIGHT - HOUR} | span | fields)
        )

    return make_one


def test_where_nothing_goes_on_the_context_is_empty(zone, other_site, sam):
    ArmChange.objects.create(site=other_site, armed=True, how="portal", at=NIGHT - HOUR)
    assert around(zone) == CALM
    assert around(zone).as_json() == {}


def test_a_context_comes_back_as_it_was_stored(zone, window, sam):
    window(people=3, vehicles=True).zones.add(zone)
    ArmChange.objects.create(site=zone.site, armed=True, how="panel", at=NIGHT - HOUR)
    Muting.objects.create(
        site=zone.site, kind="test", categories=["vehicle", "person"], reason="x", starts_at=NIGHT - HOUR,
        ends_at=NIGHT + HOUR, made_by=sam, zone=zone, camera=zone.camera,
    )  # fmt: skip
    context = around(zone)
    assert Context.from_json(context.as_json()) == context
    assert (len(context.expected), len(context.muted), context.toggle.how) == (1, 1, "panel")


# --- windows


def test_a_window_is_open_from_its_start_to_before_its_end(zone, window):
    window(label="Mr Brown")
    times = (NIGHT - HOUR - INSTANT, NIGHT - HOUR, NIGHT, NIGHT + HOUR - INSTANT, NIGHT + HOUR)
    assert [len(around(zone, at).expected) for at in times] == [0, 1, 1, 1, 0]
    (one,) = around(zone).expected
    assert (one.kind, one.people, one.until, one.zones, one.vehicles) == (
        "cleaner", 1, NIGHT + HOUR, frozenset(), False,
    )  # fmt: skip
    assert "Brown" not in str(around(zone).as_json())


def test_a_window_that_was_cancelled_counted_until_then(zone, window, sam):
    window(cancelled_at=NIGHT, cancelled_by=sam)
    assert around(zone, NIGHT - MINUTE).expected
    assert not around(zone, NIGHT).expected


def test_overlapping_windows_are_all_told_what_ends_first_first(zone, window):
    late, soon = window(ends_at=NIGHT + 3 * HOUR), window()
    assert [one.id for one in around(zone).expected] == [str(soon.pk), str(late.pk)]


def test_a_weekly_window_is_on_its_days_by_the_sites_own_clocks(site, window):
    cleaner = window(weekdays=[1], from_time=time(19), to_time=time(21), **YEAR)
    tuesday = datetime(2026, 7, 7, tzinfo=UTC)  # 19:00 in London is 18:00 UTC
    assert ends(cleaner, site, tuesday + 18 * HOUR - INSTANT) is None
    assert ends(cleaner, site, tuesday + 18 * HOUR) == tuesday + 20 * HOUR
    assert ends(cleaner, site, tuesday + 20 * HOUR) is None
    assert ends(cleaner, site, tuesday + 42 * HOUR) is None  # Wednesday


def test_an_overnight_window_belongs_to_the_day_it_starts_on(site, window):
    night = window(weekdays=[4], from_time=time(22), to_time=time(6), **YEAR)
    friday = datetime(2026, 1, 9, tzinfo=UTC)
    assert ends(night, site, friday + 5 * HOUR) is None
    assert ends(night, site, friday + 23 * HOUR) == friday + 30 * HOUR
    assert ends(night, site, friday + 29 * HOUR) == friday + 30 * HOUR
    assert ends(night, site, friday + 53 * HOUR) is None


def test_a_weekly_window_ends_with_its_span_and_begins_with_it(site, window):
    friday = datetime(2026, 1, 9, tzinfo=UTC)
    night = window(
        weekdays=[4], from_time=time(22), to_time=time(6), starts_at=friday + 23 * HOUR, ends_at=friday + 26 * HOUR
    )
    assert ends(night, site, friday + 22.5 * HOUR) is None
    assert ends(night, site, friday + 25 * HOUR) == friday + 26 * HOUR
    assert ends(night, site, friday + 27 * HOUR) is None


def test_days_without_hours_and_equal_hours_are_whole_days(site, window):
    for fields in ({}, {"from_time": time(8), "to_time": time(8)}):
        day = window(weekdays=[4], **YEAR, **fields)
        friday = datetime(2026, 1, 9, 12, tzinfo=UTC)
        begins = friday.replace(hour=fields["from_time"].hour if fields else 0)
        assert ends(day, site, friday) == begins + 24 * HOUR


@pytest.mark.parametrize(
    ("from_time", "to_time", "day", "opens", "closes"),
    [
        # London 2026-03-29: 01:00 GMT → 02:00 BST at 01:00 UTC. What is skipped is the jump.
        (time(1, 30), time(5), 29, (1, 0), (4, 0)),
        (time(0, 30), time(1, 30), 29, (0, 30), (1, 0)),
        (time(1, 10), time(1, 50), 29, None, None),
        (time(22), time(6), 28, (22, 0), (29.0, 0)),
    ],
)
def test_where_clocks_go_forward(site, window, from_time, to_time, day, opens, closes):
    one = window(weekdays=[datetime(2026, 3, day).weekday()], from_time=from_time, to_time=to_time, **YEAR)
    _check(one, site, datetime(2026, 3, day, tzinfo=UTC), opens, closes)


@pytest.mark.parametrize(
    ("from_time", "to_time", "day", "opens", "closes"),
    [
        # London 2026-10-25: 02:00 BST → 01:00 GMT at 01:00 UTC. What happens twice opens late and closes early.
        (time(1, 30), time(5), 25, (1, 30), (5, 0)),
        (time(0, 15), time(1, 30), 25, (-0.75, 0), (0, 30)),
        (time(1, 10), time(1, 50), 25, None, None),
        (time(22), time(6), 24, (21, 0), (30.0, 0)),
    ],
)
def test_where_clocks_go_back(site, window, from_time, to_time, day, opens, closes):
    one = window(weekdays=[datetime(2026, 10, day).weekday()], from_time=from_time, to_time=to_time, **YEAR)
    _check(one, site, datetime(2026, 10, day, tzinfo=UTC), opens, closes)


def _check(one, site, midnight: datetime, opens, closes) -> None:
    if opens is None:
        assert not any(ends(one, site, midnight + n * MINUTE) for n in range(-120, 36 * 60))
        return
    first, last = (midnight + h * HOUR + m * MINUTE for h, m in (opens, closes))
    assert ends(one, site, first - INSTANT) is None
    assert ends(one, site, first) == ends(one, site, last - INSTANT) == last
    assert ends(one, site, last) is None


# --- by hand


def test_the_last_toggle_counts_and_one_that_was_undone_does_not(zone, sam):
    site = zone.site
    ArmChange.objects.create(site=site, armed=True, how="portal", at=NIGHT - 2 * HOUR, by=sam, until=NIGHT + HOUR)
    ArmChange.objects.create(site=site, armed=False, how="phone", at=NIGHT - HOUR, undone_at=NIGHT)
    ArmChange.objects.create(site=site, armed=False, how="panel", at=NIGHT + HOUR)
    assert around(zone, NIGHT - 3 * HOUR).toggle is None
    before, now, after = (around(zone, at).toggle for at in (NIGHT - MINUTE, NIGHT, NIGHT + HOUR))
    assert (before.armed, before.how, before.by) == (False, "phone", "operator")
    assert (now.armed, now.how, now.by, now.until) == (True, "portal", "customer", NIGHT + HOUR)
    assert (after.armed, after.how, after.by) == (False, "panel", "panel")


def test_what_is_muted_is_so_until_it_ends_or_is_ended(zone, sam):
    fields = {"site": zone.site, "kind": "snooze", "categories": ["vehicle"], "reason": "x", "made_by": sam}
    span = {"starts_at": NIGHT - HOUR, "ends_at": NIGHT + HOUR}
    kept = Muting.objects.create(**fields, **span, camera=zone.camera)
    Muting.objects.create(**fields, **span, ended_at=NIGHT, ended_by=sam)
    assert len(around(zone, NIGHT - MINUTE).muted) == 2
    (one,) = around(zone).muted
    assert (one.id, one.camera, one.zone, one.categories) == (
        str(kept.pk), str(zone.camera_id), "", frozenset({"vehicle"}),
    )  # fmt: skip
    assert not around(zone, NIGHT + HOUR).muted


def test_a_storm_is_over_all_sites_or_over_those_that_are_named(zone, other_site, other_organisation, sam):
    def storm(organisation, hours: float, *sites) -> Storm:
        one = Storm.objects.create(
            organisation=organisation, reason="wind", starts_at=NIGHT - HOUR, ends_at=NIGHT + hours * HOUR, made_by=sam
        )
        one.sites.set(sites)
        return one

    storm(other_organisation, 9)
    storm(sam.memberships.get().organisation, 8, other_site)
    assert around(zone).storm_until is None
    everywhere = storm(zone.site.organisation, 1)
    named = storm(zone.site.organisation, 2, zone.site, other_site)
    assert around(zone).storm_until == NIGHT + 2 * HOUR
    Storm.objects.filter(pk=named.pk).update(ended_at=NIGHT)
    assert around(zone).storm_until == NIGHT + HOUR
    Storm.objects.filter(pk=everywhere.pk).update(ended_at=NIGHT - MINUTE)
    assert around(zone).storm_until is None


# --- what operators made of earlier ones


def seen(zone, minutes: float, category: str = "vehicle"):
    at = NIGHT + minutes * MINUTE
    return commit_candidate(
        site=zone.site, source="camera", category=category, camera=zone.camera, zone=zone, captured_at=at,
        received_at=at, judged_at=at, dedup=f"{zone.pk}{category}{minutes}", evidence={"box": [0.1, 0.2, 0.3, 0.4]},
    )  # fmt: skip


def test_what_was_dismissed_lately_before_the_same_camera_is_told(zone, other_camera):
    far = make.make_zone(make.make_camera(zone.site, "Gate"))
    first, second = seen(zone, 0), seen(zone, 1)
    others = [seen(zone, 2, "person"), seen(far, 3), seen(make.make_zone(other_camera), 4)]
    assert note_dismissal([first.pk, second.pk, *(one.pk for one in others)], at=NIGHT + 5 * MINUTE) == 5
    assert note_dismissal([first.pk], at=NIGHT + 6 * MINUTE) == 0
    assert around(zone, NIGHT + 4 * MINUTE, "vehicle").dismissed == ()
    found = around(zone, NIGHT + 5 * MINUTE, "vehicle").dismissed
    assert {(one.ordinal, one.at, one.zone, one.category) for one in found} == {
        (1, NIGHT + 5 * MINUTE, str(zone.pk), "vehicle"), (2, NIGHT + 5 * MINUTE, str(zone.pk), "vehicle"),
    }  # fmt: skip
    assert found[0].box == (0.1, 0.2, 0.3, 0.4)
    assert around(zone, NIGHT + 3 * HOUR, "vehicle").dismissed == ()
    assert take_back([first.pk]) == 1
    assert len(around(zone, NIGHT + 5 * MINUTE, "vehicle").dismissed) == 1
    assert Dismissal.objects.count() == 4


def test_dismissals_in_one_place_make_it_a_runaway_of_its_own(zone):
    make.set_policy(zone.site, schedule=make.week(), runaway={"dismissed": 2})
    zone.dwell_s = 0
    zone.save()
    note_dismissal([seen(zone, n).pk for n in range(2)], at=NIGHT + 3 * MINUTE)
    repeated = seen(zone, 4)
    assert (repeated.decision, repeated.priority, repeated.reasons[-1]["code"]) == ("raise", 3, "runaway")
    zone.site.judging.refresh_from_db()
    assert zone.site.judging.fold["runaways"]


def test_tampering_counts_for_people_and_not_where_the_view_was_moved_on_purpose(zone, sam):
    condition_began(zone.camera_id, kind="moved", at=NIGHT - MINUTE)
    assert (around(zone).tampered_at, around(zone).tamper_kind) == (NIGHT - MINUTE, "moved")
    assert around(zone, category="vehicle").tampered_at is None
    renew_reference(zone.camera_id, by=sam, at=NIGHT)
    assert around(zone).tampered_at is None


@pytest.mark.parametrize("published", [True, False])
def test_a_site_whose_time_zone_cannot_be_read_loses_no_alarm(zone, window, published, caplog):
    if published:
        make.set_policy(zone.site, schedule=make.week())
    window(weekdays=[6], from_time=time(0), to_time=time(23), **YEAR)
    type(zone.site).objects.filter(pk=zone.site_id).update(time_zone="Mars/Base")
    zone.site.refresh_from_db()
    candidate = seen(zone, 0, "person")
    assert (candidate.decision, candidate.reasons[0]["code"]) == ("raise", "policy_unreadable")
    assert {record.levelname for record in caplog.records} == {"ERROR"}
