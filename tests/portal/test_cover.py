"""The customer's pages of arming, of whom they expect, and of what is watched less."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cameras.actions.muting import begin_test, snooze, start_storm
from cameras.models import AccessWindow, ArmChange, Condition
from soc.core import clock
from tests import factories as make


@pytest.fixture
def own(site):
    make.set_policy(site, owner="customer", schedule=make.week())
    return site


def home(client, user) -> str:
    client.force_login(user)
    return " ".join(client.get(reverse("portal")).text.split())


def post(client, user, name, pk, **form):
    client.force_login(user)
    return client.post(reverse(name, args=[pk]), form)


def test_the_owner_disarms_for_an_hour_and_takes_it_back(client, own, carol, settings):
    settings.UNDO_S = 12
    client.force_login(carol)
    asked = " ".join(client.get(reverse("portal-arming", args=[own.pk])).text.split())
    assert "Disarm for 1 hour" in asked
    assert "Panic button and fire always do" in asked
    assert "You can undo this for 12 seconds." in asked
    answer = post(client, carol, "portal-arming", own.pk, until="hour", armed="no")
    assert answer.status_code == 302
    change = ArmChange.objects.get()
    assert change.until == change.at + timedelta(hours=1)
    text = home(client, carol)
    assert "Disarmed" in text
    assert "Undo" in text
    assert post(client, carol, "portal-undo", change.pk).status_code == 302
    text = home(client, carol)
    assert "Armed" in text
    assert "Undo" not in text


def test_too_late_to_undo_is_said_in_words(client, own, carol):
    post(client, carol, "portal-arming", own.pk, until="hour", armed="no")
    change = ArmChange.objects.get()
    ArmChange.objects.update(at=change.at - timedelta(seconds=30))
    answer = post(client, carol, "portal-undo", change.pk)
    assert answer.status_code == 409
    assert "too late" in answer.text
    assert "Undo" not in home(client, carol)


@pytest.mark.parametrize(
    "form", [{}, {"until": "time"}, {"until": "time", "time": "2001-01-01T10:00"}, {"until": "ever"}]
)
def test_a_time_that_makes_no_sense_is_refused_in_words(client, own, carol, form):
    answer = post(client, carol, "portal-arming", own.pk, armed="no", **form)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert not ArmChange.objects.exists()


def test_where_the_schedule_owns_the_state_the_page_says_so_and_a_post_changes_nothing(client, site, carol):
    make.arm_always(site)
    client.force_login(carol)
    assert "armed by its schedule alone" in client.get(reverse("portal-arming", args=[site.pk])).text
    assert post(client, carol, "portal-arming", site.pk, until="hour", armed="no").status_code == 409
    assert not ArmChange.objects.exists()


def test_a_viewer_reads_and_changes_nothing(client, own, customer):
    vera = make.make_user("vera", "viewer", customer)
    text = home(client, vera)
    assert "Disarm<" not in text
    assert "Expect someone" not in text
    for name in ("portal-arming", "portal-expect"):
        assert post(client, vera, name, own.pk).status_code == 404


def test_a_delivery_is_expected_by_the_sites_own_clock_listed_and_called_off(client, own, carol):
    at = clock.now().astimezone(own.zone_info) + timedelta(hours=2)
    form = {"kind": "delivery", "label": "Tern Freight", "people": "2", "vehicles": "yes", "how": "once"}
    form |= {"starts": at.strftime("%Y-%m-%dT%H:%M"), "ends": (at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")}
    assert post(client, carol, "portal-expect", own.pk, **form).status_code == 302
    window = AccessWindow.objects.get()
    assert window.starts_at.astimezone(own.zone_info).strftime("%H:%M") == at.strftime("%H:%M")
    assert window.ends_at - window.starts_at == timedelta(hours=1)
    text = home(client, carol)
    assert "Delivery Tern Freight" in text
    assert "2 people with a vehicle, everywhere" in text
    assert post(client, carol, "portal-call-off", window.pk).status_code == 302
    assert "Tern Freight" not in home(client, carol)


def test_the_cleaner_comes_every_tuesday_until_a_day(client, own, carol):
    form = {
        "kind": "cleaner",
        "people": "1",
        "how": "weekly",
        "weekdays": ["1"],
        "from_time": "19:00",
        "to_time": "21:00",
    }
    first = clock.now().date()
    form |= {"first": first.isoformat(), "last": (first + timedelta(days=60)).isoformat()}
    assert post(client, carol, "portal-expect", own.pk, **form).status_code == 302
    assert "Tuesdays 19:00–21:00" in home(client, carol)
    form |= {"last": ""}
    answer = post(client, carol, "portal-expect", own.pk, **form)
    assert answer.status_code == 409
    assert "nobody is expected for ever" in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {}, {"people": "many"}, {"people": "1", "kind": "staff", "how": "once", "starts": "", "ends": ""},
        {"people": "1", "kind": "staff", "starts": "2026-13-45T10:00"}, {"people": "1", "zones": "the yard"},
        {"people": "1", "kind": "staff", "how": "weekly", "weekdays": "9", "first": "2026-11-22", "last": "9999-12-31"},
        {"people": "1", "kind": "staff", "how": "weekly"},
    ],
)  # fmt: skip
def test_a_visit_that_makes_no_sense_is_refused_beside_what_was_typed(client, own, carol, form):
    answer = post(client, carol, "portal-expect", own.pk, **({"label": "Tern Freight"} | form))
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert "Tern Freight" in answer.text


def test_the_customer_is_told_what_is_watched_less_and_until_when_but_not_why(
    client, own, zone, alice, sam, carol, bob
):
    at = clock.now()
    snooze(own, categories=["person"], zone=zone.pk, minutes=30, reason="neighbours drunk again", by=alice, at=at)
    begin_test(own, camera=zone.camera_id, minutes=60, reason="cheap cameras", by=sam, at=at)
    start_storm(own.organisation, sites=[own.pk], minutes=30, reason="gale", by=sam, at=at)
    Condition.objects.create(site=own, camera=zone.camera, kind="runaway", began_at=at)
    text = home(client, carol)
    assert "Yard: no alarm for people" in text
    assert "Loading yard is on test" in text
    assert "Loading yard reports too much for nothing" in text
    assert "People come first" in text
    until = (at + timedelta(minutes=30)).astimezone(own.zone_info).strftime("%H:%M")
    assert f"Until {until}" in text
    for words in ("drunk", "cheap", "gale"):
        assert words not in text
    assert "Watched less" not in home(client, bob)
