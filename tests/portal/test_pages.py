"""What customers read, and what they never do."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import pytest
from django.urls import reverse

from cameras.viewing import record_viewing
from incidents import actions
from soc.core import clock
from tests import factories as make
from tests.portal.conftest import NIGHT, after


@pytest.fixture
def carols(client, carol):
    client.force_login(carol)
    return client


def text(client, name: str, *args, status: int = 200, **query: str) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == status
    return answer.content.decode()


def test_an_empty_home_says_what_will_fill_it(carols, site):
    page = text(carols, "portal")
    assert "Nothing has happened" in page
    assert "No cameras yet" in page
    assert "Disarmed" in page


def test_home_says_until_when_the_site_is_armed_in_the_sites_own_time(carols, site):
    site.time_zone = "America/New_York"
    site.save()
    make.arm(site, "20:00", "06:00", days=[5])
    with patch.object(clock, "now", return_value=NIGHT):  # Saturday 21:13 in New York
        page = text(carols, "portal")
    assert "<h1>Armed</h1>" in page
    assert "until 06:00, by your weekly schedule" in page


def test_home_shows_the_newest_incident_and_what_was_said_about_it(carols, closed):
    page = text(carols, "portal")
    assert "Someone was seen at Yard" in page
    assert "They turned and left by the gate." in page
    assert "spoken to" in page


def test_an_incident_nobody_has_claimed_is_not_shown(carols, open_incident):
    assert "Someone was seen" not in text(carols, "portal")
    text(carols, "portal-incident", open_incident.pk, status=404)


def test_a_claimed_one_names_the_specialist_by_call_sign_only(carols, claimed, alice):
    alice.first_name, alice.last_name = "Alice", "Harrow"
    alice.save()
    page = text(carols, "portal-incident", claimed.pk)
    assert "Ines is looking at it now." in page
    assert "Harrow" not in page
    assert "alice" not in page.lower()


def test_a_specialist_without_a_call_sign_stays_unnamed(carols, claimed, alice):
    alice.call_sign = ""
    alice.save()
    page = text(carols, "portal-incident", claimed.pk)
    assert "A specialist took it" in page
    assert "alice" not in page.lower()


def test_the_clock_has_every_stamp_in_order_with_its_offset(carols, closed):
    page = text(carols, "portal-incident", closed.pk).partition("What we did")[2]
    told = ["Camera saw a person", "02:13:04", "On a specialist&#x27;s screen", "+ 1.1 s", "Ines took it", "+ 3.9 s",
            "Decided: real", "+ 24 s", "Spoke over the loudspeaker", "+ 29 s", "Heard at the site", "Called a responder",
            "+ 40 s", "Responder is on the way", "+ 1 min 15 s", "Closed", "+ 1 h 1 min"]  # fmt: skip
    at = [page.index(words) for words in told]
    assert at == sorted(at)


def test_a_changed_verdict_is_told_as_a_change(carols, claimed, alice):
    actions.decide(claimed.pk, verdict="suspicious", token=claimed.token, by=alice, at=after(20))
    actions.decide(claimed.pk, verdict="real", token=claimed.token, by=alice, at=after(30))
    page = text(carols, "portal-incident", claimed.pk)
    assert page.index("Decided: suspicious") < page.index("Changed to: real")


def test_notes_and_reasons_stay_inside(carols, closed, claimed, alice):
    assert "cousin" not in text(carols, "portal-incident", closed.pk)
    assert "cousin" not in text(carols, "portal")


def test_a_reason_for_waiting_stays_inside(carols, claimed, alice):
    actions.decide(claimed.pk, verdict="suspicious", token=claimed.token, by=alice, at=after(20))
    actions.wait(claimed.pk, reason="Owner drinks", until=after(300), token=claimed.token, by=alice, at=after(21))
    page = text(carols, "portal-incident", claimed.pk)
    assert "drinks" not in page
    assert "waits for an answer" in page


def test_the_outcome_and_the_state_of_the_site_are_said_in_words(carols, closed):
    page = text(carols, "portal-incident", closed.pk)
    assert "Deterred by voice" in page
    assert "The site is secure and armed." in page


def test_a_false_alarm_needs_nothing(carols, claimed, alice):
    actions.decide(claimed.pk, verdict="false", token=claimed.token, by=alice, at=after(20))
    actions.close(
        claimed.pk,
        outcome="false.animal",
        site_state="secure",
        summary="",
        token=claimed.token,
        by=alice,
        at=after(30),
    )
    page = text(carols, "portal-timeline")
    assert "An animal at Yard" in page
    assert "nothing needed" in page


@pytest.mark.parametrize("category", ["hold_up", "duress", "panic"])
def test_a_quiet_incident_is_nowhere_until_it_is_closed(carols, site, alice, category):
    incident = make.make_incident(site=site, category=category)
    incident = actions.claim(incident.pk, by=alice, at=after(3))
    actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=after(9))
    for page in ("portal", "portal-timeline"):
        assert "alarm</" not in text(carols, page)
    text(carols, "portal-incident", incident.pk, status=404)
    actions.close(
        incident.pk,
        outcome="genuine.hold_up",
        site_state="secure",
        summary="",
        token=incident.token,
        by=alice,
        at=after(900),
    )
    assert "It was a hold-up." in text(carols, "portal-incident", incident.pk)


def test_who_watched_is_told_to_the_owner_by_call_sign_and_role(client, carols, closed, alice, customer):
    clip = closed.alerts.get().candidate.clip
    client.force_login(alice)
    client.get(reverse("media", args=[clip.pk]))
    client.force_login(make.make_user("vera", "viewer", customer, call_sign=""))
    client.get(reverse("media", args=[clip.pk]))
    page = text(client, "portal-incident", closed.pk)
    assert "Who watched" not in page  # a viewer is not told
    client.force_login(closed.site.customer.memberships.get(role="owner").user)
    page = text(client, "portal-incident", closed.pk)
    assert "Ines, specialist" in page
    assert "<b>viewer</b>" in page
    assert "vera" not in page


def test_who_looked_live_while_it_went_on_is_told_too(client, carols, closed, alice, sam):
    camera = closed.alerts.get().candidate.camera
    record_viewing(camera, by=alice, at=closed.captured_at + timedelta(seconds=9))
    record_viewing(camera, by=sam, at=closed.closed_at + timedelta(hours=1))  # another matter
    client.force_login(closed.site.customer.memberships.get(role="owner").user)
    page = text(client, "portal-incident", closed.pk)
    told = page[page.index("Who watched") :]
    assert "Ines, specialist" in told
    assert "live picture" in told
    assert "Joel" not in told


def test_cameras_without_a_picture_are_counted_with_since_when(carols, site, camera):
    make.make_camera(
        site,
        "Rear fence",
        health="offline",
        health_since=NIGHT - timedelta(minutes=21),
        trouble="rtsp://10.0.0.9 refused",
    )
    with patch.object(clock, "now", return_value=NIGHT):
        page = text(carols, "portal")
    assert "One of 2 cameras has no picture" in page
    assert "Rear fence since 01:52" in page
    assert "10.0.0.9" not in page


def test_a_clip_that_is_not_ready_shows_the_picture_and_says_so(carols, claimed):
    candidate = claimed.alerts.get().candidate
    candidate.clip = None
    candidate.save()
    page = text(carols, "portal-incident", claimed.pk)
    assert "the video is being prepared" in page
    assert "<video" not in page


def test_several_sites_can_be_chosen_between(carols, customer, site, closed):
    quay = make.make_site(customer, "Quay 4")
    page = text(carols, "portal")
    assert "0 of 2 sites armed" in page
    assert "Someone was seen" in page
    assert "Someone was seen" not in text(carols, "portal", site=str(quay.pk))
    assert "Someone was seen" in text(carols, "portal", site=str(site.pk))


def test_another_customers_site_cannot_be_chosen(carols, site, other_site):
    text(carols, "portal", site=str(other_site.pk), status=404)
    text(carols, "portal", site="nonsense", status=404)


def test_the_timeline_is_cut_into_pages_newest_first(carols, zone, alice):
    for hour in range(22):
        incident = make.make_incident(make.make_candidate(zone=zone, at=NIGHT - timedelta(hours=hour)))
        actions.claim(incident.pk, by=alice, at=NIGHT)
    first = text(carols, "portal-timeline")
    assert first.count("data-incident=") == 20
    assert first.index("Sunday 22 November 2026") < first.index("Saturday 21 November 2026")
    assert text(carols, "portal-timeline", page="2").count("data-incident=") == 2
    assert text(carols, "portal-timeline", page="99").count("data-incident=") == 2


def test_pages_cost_the_same_however_many_incidents(carols, zone, alice, django_assert_max_num_queries):
    for hour in range(6):
        incident = make.make_incident(make.make_candidate(zone=zone, at=NIGHT - timedelta(hours=hour)))
        actions.claim(incident.pk, by=alice, at=NIGHT)
    with django_assert_max_num_queries(18):
        text(carols, "portal-timeline")


def test_an_operator_finds_no_portal(client, alice, site):
    client.force_login(alice)
    text(client, "portal", status=404)
