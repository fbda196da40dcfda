"""Who is expected: made by customers and operators, always with an end, and ended by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cameras.actions.circumstances import ends
from cameras.actions.presence import cancel, expect, open_windows
from cameras.errors import Refused
from cameras.models import AccessWindow, SiteContact
from soc.core.models import Event, Site
from tests import factories as make
from tests.factories import NIGHT

HOUR = timedelta(hours=1)
LONDON = ZoneInfo("Europe/London")


def delivery(site, by, **fields) -> AccessWindow:
    fields = {"kind": "delivery", "starts_at": NIGHT, "ends_at": NIGHT + HOUR, "by": by, "at": NIGHT} | fields
    return expect(site, **fields)


def test_a_delivery_is_expected_from_its_beginning_to_its_end_and_then_no_more(site, carol):
    window = delivery(site, carol, starts_at=NIGHT + HOUR, ends_at=NIGHT + 2 * HOUR, people=2, label="Tern Freight")
    times = [NIGHT, NIGHT + HOUR, NIGHT + 2 * HOUR - timedelta(seconds=1), NIGHT + 2 * HOUR]
    assert [bool(open_windows(site, at)) for at in times] == [False, True, True, False]
    assert open_windows(site, NIGHT + HOUR)[0].until == window.ends_at


def test_the_cleaner_comes_on_tuesdays_by_the_sites_own_clock_in_summer_and_winter(site, alice):
    expect(
        site, kind="cleaner", starts_at=datetime(2026, 3, 1, tzinfo=UTC), ends_at=datetime(2026, 12, 31, tzinfo=UTC),
        weekdays=[1], from_time=time(19), to_time=time(21), by=alice, at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    for day in ((2026, 3, 24), (2026, 3, 31), (2026, 10, 20), (2026, 10, 27)):
        for hour, there in ((18, False), (19, True), (20, True), (21, False)):
            at = datetime(*day, hour, 30, tzinfo=LONDON)
            assert bool(open_windows(site, at)) is there, at
    assert not open_windows(site, datetime(2026, 3, 25, 19, 30, tzinfo=LONDON))


def test_hours_over_midnight_belong_to_the_day_they_begin_on(site, alice):
    expect(
        site, kind="staff", starts_at=NIGHT, ends_at=NIGHT + timedelta(days=30), weekdays=[4], from_time=time(22),
        to_time=time(2), by=alice, at=NIGHT,
    )  # fmt: skip
    friday = datetime(2026, 11, 27, 23, tzinfo=LONDON)
    assert open_windows(site, friday)
    assert open_windows(site, friday + timedelta(hours=2))
    assert not open_windows(site, friday + timedelta(hours=4))
    assert not open_windows(site, friday - timedelta(hours=22))


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"ends_at": None}, "no_end", "ends_at"),
        ({"starts_at": None}, "no_start", "starts_at"),
        ({"ends_at": NIGHT - HOUR}, "inverted", "ends_at"),
        ({"ends_at": NIGHT}, "inverted", "ends_at"),
        ({"starts_at": NIGHT - 2 * HOUR, "ends_at": NIGHT - HOUR}, "past", "ends_at"),
        ({"ends_at": NIGHT + timedelta(days=14, seconds=1)}, "too_long", "ends_at"),
        ({"starts_at": NIGHT + timedelta(days=400), "ends_at": NIGHT + timedelta(days=401)}, "too_far", "starts_at"),
        ({"people": 0}, "people", "people"),
        ({"people": 201}, "people", "people"),
        ({"kind": "burglar"}, "kind", "kind"),
        ({"label": "x" * 121}, "label", "label"),
        ({"weekdays": [1]}, "hours", "from_time"),
        ({"weekdays": [7], "from_time": time(9), "to_time": time(10)}, "hours", "weekdays"),
        ({"weekdays": [1], "from_time": time(9), "to_time": time(9)}, "hours", "to_time"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_field(site, carol, fields, code, field):
    with pytest.raises(Refused) as refused:
        delivery(site, carol, **fields)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert str(refused.value)
    assert not AccessWindow.objects.exists()


def test_every_week_for_more_than_a_year_is_refused(site, carol):
    fields = {"weekdays": [1], "from_time": time(19), "to_time": time(21)}
    delivery(site, carol, ends_at=NIGHT + timedelta(days=365), **fields)
    with pytest.raises(Refused):
        delivery(site, carol, ends_at=NIGHT + timedelta(days=367), **fields)


def test_zones_and_contacts_of_another_site_are_refused(site, other_camera, carol):
    theirs = make.make_zone(other_camera)
    with pytest.raises(Refused) as refused:
        delivery(site, carol, zones=[theirs.pk])
    assert refused.value.field == "zones"
    stranger = SiteContact.objects.create(site=other_camera.site, name="Mira")
    with pytest.raises(Refused) as refused:
        delivery(site, carol, contact=stranger.pk)
    assert refused.value.field == "contact"


def test_nobody_is_expected_in_the_past(site, carol):
    assert delivery(site, carol, starts_at=NIGHT - HOUR).starts_at == NIGHT


def test_whoever_may_not_say_so_finds_no_site(site, bob, oscar, carol, organisation, customer):
    viewer = make.make_user("vera", "viewer", customer)
    for stranger in (bob, oscar, viewer):
        with pytest.raises(Site.DoesNotExist):
            delivery(site, stranger)
    window = delivery(site, carol)
    for stranger in (bob, oscar, viewer):
        with pytest.raises(AccessWindow.DoesNotExist):
            cancel(window.pk, by=stranger, at=NIGHT)
    assert open_windows(site, NIGHT)


def test_it_is_called_off_at_once_and_once(site, carol, alice):
    window = delivery(site, carol)
    assert cancel(window.pk, by=alice, at=NIGHT + timedelta(minutes=5)).cancelled_by == alice
    assert cancel(window.pk, by=carol, at=NIGHT + timedelta(minutes=6)).cancelled_by == alice
    assert not open_windows(site, NIGHT + timedelta(minutes=6))
    kinds = list(Event.objects.filter(subject_id=window.pk).order_by("id").values_list("kind", flat=True))
    assert kinds == ["presence.expected", "presence.cancelled"]


def test_the_record_names_no_firm(site, carol):
    window = delivery(site, carol, label="Tern Freight")
    assert "Tern" not in str(Event.objects.get(subject_id=window.pk).data)


@given(
    days=st.sets(st.integers(0, 6), min_size=1),
    begins=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    stops=st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    minute=st.integers(0, 366 * 24 * 60),
    name=st.sampled_from(["Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]),
)
@hypothesis_settings(max_examples=300, deadline=None)
def test_no_window_is_open_beyond_its_end_or_a_day(days, begins, stops, minute, name):
    """Whatever the clocks do: open means an end within a day, and nothing before or after it as a whole."""
    starts = datetime(2026, 1, 1, tzinfo=UTC)
    window = AccessWindow(
        weekdays=sorted(days), from_time=begins, to_time=stops, starts_at=starts, ends_at=starts + timedelta(days=366)
    )
    site = Site(name="Depot", time_zone=name)
    at = starts + timedelta(minutes=minute)
    until = ends(window, site, at)
    if until is not None:
        assert at < until <= min(at + timedelta(hours=25), window.ends_at)
        assert ends(window, site, until - timedelta(seconds=1)) is not None
