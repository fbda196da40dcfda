"""A site's page shows the hours in which its policy has it armed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from cameras.actions import publish
from cameras.admin.sites import armed_hours
from cameras.models import Policy
from tests import factories as make
from tests.admin.conftest import fields_of
from tests.factories import NIGHT

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


# --- another time zone


def saved(client, url, site, **fields):
    page = url(site, "change")
    answer = client.post(page, {**fields_of(client.get(page)), **fields}, follow=True)
    site.refresh_from_db()
    return answer


def test_another_time_zone_is_the_next_version_of_the_policy_and_its_history_says_so(client, admin, site, url):
    first = publish(site, {"schedule": make.week("18:00", "06:00")}, by=None, at=NIGHT)
    was = site.time_zone
    shown = saved(client, url, site, time_zone="Asia/Tokyo").content.decode()
    assert "cannot be read" not in shown
    policy = Policy.objects.get(number=2)
    assert policy.body == {**first.body, "time_zone": "Asia/Tokyo"}
    assert (policy.published_by, policy.note) == (admin, "time zone changed to Asia/Tokyo")
    assert "Wed 1 Jul, 18:00 – Thu 2 Jul, 06:00" in armed_hours(site, at=datetime(2026, 7, 1, 3, tzinfo=UTC))
    history = client.get(reverse("admin:core_site_policy", args=[site.pk]) + "?tab=history").content.decode()
    assert f"<b>Time zone</b>  <s>{was}</s> Asia/Tokyo" in history
    assert "As the version before." not in history


def test_what_else_is_saved_with_a_site_makes_no_version(client, site, url):
    make.arm_always(site)
    saved(client, url, site, hazards="Dogs")
    assert (site.hazards, Policy.objects.count()) == ("Dogs", 1)


def test_a_site_without_a_policy_takes_another_time_zone_and_a_new_one_any(client, site, url):
    saved(client, url, site, time_zone="Asia/Tokyo")
    fields = {
        "customer": site.customer_id,
        "name": "New",
        "address": "-",
        "time_zone": "Asia/Tokyo",
        "retention_days": 30,
    }
    client.post(url(type(site), "add"), fields)
    assert type(site).objects.filter(time_zone="Asia/Tokyo").count() == 2
    assert not Policy.objects.exists()


def test_where_the_policy_cannot_be_read_the_time_zone_is_saved_and_that_is_said(client, site, url):
    policy = make.arm_always(site)
    Policy.objects.filter(pk=policy.pk).update(body={"schedule": 7}, sha256="0" * 64)
    shown = saved(client, url, site, time_zone="Asia/Tokyo").content.decode()
    assert "Its policy cannot be read and raises everything" in shown
    assert (site.time_zone, Policy.objects.count()) == ("Asia/Tokyo", 1)
