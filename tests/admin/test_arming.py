"""A site's page shows the hours in which its policy has it armed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cameras.admin.sites import armed_hours
from tests import factories as make
from tests.admin.conftest import fields_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(admin, as_):
    return as_(admin)


def test_a_time_zone_that_does_not_exist_is_refused_in_words(client, site, url):
    page = client.get(url(site, "change"))
    answer = client.post(url(site, "change"), {**fields_of(page), "time_zone": "Europe/Nowhere"})
    assert "is not a time zone" in answer.content.decode()


def test_the_next_armed_hours_are_shown_in_the_sites_own_time(site):
    make.arm(site, "18:00", "06:00")
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
