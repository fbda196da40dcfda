"""The week as a list: judged as submitted, refused in words when it contradicts itself, shown as the hours that follow."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest

from cameras.admin.sites import armed_hours
from cameras.models import ArmingInterval
from soc.core.models import Site
from tests import factories as make
from tests.admin.conftest import fields_of

pytestmark = pytest.mark.django_db
PREFIX = "armingintervals"


def week(page: Any, *rows: tuple[int, str, str], removed: tuple[int, ...] = ()) -> dict[str, Any]:
    """The page's form with this week: rows that are there are changed in place, further ones added."""
    data = {name: value for name, value in fields_of(page).items() if not name.startswith(f"{PREFIX}-")}
    existing = page.context["inline_admin_formsets"][0].formset.initial_forms
    total = max(len(rows), len(existing))
    data |= {f"{PREFIX}-TOTAL_FORMS": str(total), f"{PREFIX}-INITIAL_FORMS": str(len(existing))}
    for n, form in enumerate(existing):
        data |= {f"{PREFIX}-{n}-id": str(form.instance.pk), f"{PREFIX}-{n}-site": str(form.instance.site_id)}
    for n, (weekday, starts, ends) in enumerate(rows):
        data |= {f"{PREFIX}-{n}-weekday": str(weekday), f"{PREFIX}-{n}-starts": starts, f"{PREFIX}-{n}-ends": ends}
    for n in removed:
        data[f"{PREFIX}-{n}-DELETE"] = "on"
    return data


def stored(site: Site) -> list[tuple[int, str, str]]:
    return [(row.weekday, f"{row.starts:%H:%M}", f"{row.ends:%H:%M}") for row in site.armingintervals.all()]


@pytest.fixture
def client(admin, as_):
    return as_(admin)


@pytest.fixture
def submit(client, site, url):
    def send(*rows: tuple[int, str, str], removed: tuple[int, ...] = ()) -> Any:
        page = client.get(url(site, "change"))
        return client.post(url(site, "change"), week(page, *rows, removed=removed))

    return send


def test_a_week_is_stored(submit, site):
    rows = [(0, "18:00", "06:00"), (1, "18:00", "06:00"), (6, "00:00", "00:00")]
    assert submit(*rows).status_code == 302
    assert stored(site) == rows


@pytest.mark.parametrize(
    "rows",
    [
        [(0, "18:00", "06:00"), (1, "05:00", "09:00")],
        [(6, "18:00", "06:00"), (0, "05:00", "09:00")],
        [(2, "08:00", "12:00"), (2, "08:00", "10:00")],
        [(3, "00:00", "00:00"), (3, "12:00", "13:00")],
    ],
    ids=["over midnight", "over the turn of the week", "the same start", "a whole day and an hour of it"],
)
def test_rows_of_one_submission_that_overlap_are_refused_naming_both(submit, site, rows):
    answer = submit(*rows)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "overlap" in text
    days = [ArmingInterval.Weekday(row[0]).label for row in rows]
    for day, (_weekday, starts, ends) in zip(days, rows, strict=True):
        assert f"{day} {starts}–{ends}" in text
    assert not site.armingintervals.exists()


def test_touching_rows_are_not_a_contradiction(submit, site):
    assert submit((0, "08:00", "12:00"), (0, "12:00", "18:00")).status_code == 302
    assert len(stored(site)) == 2


def test_a_row_may_take_the_place_of_one_removed_in_the_same_submission(submit, site):
    submit((0, "18:00", "06:00"))
    assert submit((0, "18:00", "06:00"), (0, "17:00", "06:00"), removed=(0,)).status_code == 302
    assert stored(site) == [(0, "17:00", "06:00")]


def test_two_rows_may_change_places(submit, site):
    submit((0, "08:00", "09:00"), (0, "20:00", "21:00"))
    before = {row.pk for row in site.armingintervals.all()}
    assert submit((0, "20:00", "21:00"), (0, "08:00", "09:00")).status_code == 302
    assert stored(site) == [(0, "08:00", "09:00"), (0, "20:00", "21:00")]
    assert {row.pk for row in site.armingintervals.all()} == before


def test_a_row_that_stays_counts_as_well(submit, site):
    submit((0, "18:00", "06:00"))
    assert submit((0, "18:00", "06:00"), (1, "03:00", "04:00")).status_code == 200
    assert stored(site) == [(0, "18:00", "06:00")]


@pytest.mark.parametrize(
    "row", [(7, "08:00", "09:00"), (0, "25:00", "09:00"), (0, "", "09:00"), ("x", "08:00", "09:00")]
)
def test_a_row_that_makes_no_sense_is_refused(submit, site, row):
    assert submit(row).status_code == 200
    assert not site.armingintervals.exists()


def test_a_time_zone_that_does_not_exist_is_refused_in_words(client, site, url):
    page = client.get(url(site, "change"))
    answer = client.post(url(site, "change"), {**week(page), "time_zone": "Europe/Nowhere"})
    assert "is not a time zone" in answer.content.decode()


def test_the_next_armed_hours_are_shown_in_the_sites_own_time(site):
    for weekday in range(7):
        ArmingInterval.objects.create(site=site, weekday=weekday, starts=time(18), ends=time(6))
    shown = armed_hours(site, at=datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert "Wed 1 Jul, 18:00 – Thu 2 Jul, 06:00" in shown
    assert shown.count("<li>") == 7
    now = armed_hours(site, at=datetime(2026, 7, 1, 22, tzinfo=UTC))
    assert "now – Thu 2 Jul, 06:00" in now


def test_never_and_always_are_said(site):
    assert "Never" in armed_hours(site, at=make.NIGHT)
    make.arm_always(site)
    assert "now – without an end" in armed_hours(site, at=make.NIGHT)


def test_the_page_shows_the_hours(client, site, url):
    make.arm_always(site)
    assert "without an end" in client.get(url(site, "change")).content.decode()
