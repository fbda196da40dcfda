"""The responder's page: what it shows and to whom, what it never does, and that its address stays with its bearer."""

from __future__ import annotations

import io
import logging
import logging.config
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from incidents import actions as incidents
from responses import actions
from responses.actions import links, script
from responses.models import Responder
from soc.core import clock
from soc.core.models import Event
from soc.core.models.media import evidence_store
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def guard(organisation):
    return Responder.objects.create(organisation=organisation, name="Ivor Penn", phone="+441632960001")


def incident_at(zone, by, *, at, picture: bytes = b""):
    candidate = make.make_candidate(zone=zone, at=at)
    candidate.snapshot = make.make_media(zone.site, content=picture or make.picture(), started_at=at)
    candidate.save()
    made = make.make_incident(candidate)
    return incidents.claim(made.pk, by=by, at=at)


@pytest.fixture
def incident(zone, alice):
    return incident_at(zone, alice, at=clock.now() - timedelta(seconds=30))


@pytest.fixture
def call(incident, guard, alice):
    return actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="k1"
    )[0]


@pytest.fixture
def url(call) -> str:
    return f"/r/{links.token(call.pk)}"


@pytest.fixture
def strict() -> Client:
    """A browser without a log-in, whose forms are checked as everybody's are."""
    return Client(enforce_csrf_checks=True)


def body(answer) -> str:
    return answer.content.decode()


def test_the_page_says_where_what_and_how_to_get_in_without_a_log_in(strict, url, incident, site, settings):
    page = body(strict.get(url))
    for words in (
        site.name, site.address, site.entrance, site.hazards, "Nobody works here at night.", incident.reference,
        "Someone was seen at Yard", "Urgent", "only for Ivor Penn", "Harbour Watch", f"tel:{settings.TWILIO_FROM}",
        clock.now().astimezone(site.zone_info).strftime("%H:"), "Accept", "I cannot come",
    ):  # fmt: skip
        assert words in page, words


def test_the_page_says_nothing_else(strict, url, incident, alice, customer, zone, guard):
    incidents.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=clock.now())
    incidents.add_note(incident.pk, text="He looked like the cousin of Mr Smith", by=alice, at=clock.now())
    make.make_candidate(zone=zone, at=clock.now(), decision="ignore")
    page = body(strict.get(url))
    for words in ("Smith", "Ines", "alice", customer.name, guard.phone, zone.camera.address, "verdict", "/media/"):
        assert words not in page, words
    assert "sessionid" not in strict.cookies


def test_the_headers_keep_the_page_to_its_bearer(strict, url, incident):
    picture = incident.alerts.get().candidate.snapshot_id
    for path, policy in (
        (url, "same-origin"),
        (f"{url}/picture/{picture}", "no-referrer"),
        ("/r/wrong", "no-referrer"),
    ):
        answer = strict.get(path)
        assert "no-store" in answer["Cache-Control"]
        assert answer["Referrer-Policy"] == policy
        assert "noindex" in answer["X-Robots-Tag"]


def test_every_answer_by_form_goes_on_to_the_next(strict, url, call):
    for verb, word, said in (
        ("accept", "I am on my way", "accepted"),
        ("on-my-way", "I am here", "on the way since"),
        ("here", "Done, I am leaving", "on site since"),
        ("done", "Thank you", "left"),
    ):
        strict.get(url)
        form = {"csrfmiddlewaretoken": strict.cookies["csrftoken"].value}
        for _twice in range(2):
            answer = strict.post(f"{url}/{verb}", form)
            assert (answer.status_code, answer["Location"]) == (303, url)
        page = body(strict.get(url))
        assert word in page
        assert said in page
    call.refresh_from_db()
    assert call.left_at
    assert call.site.address not in page


def test_a_forged_form_is_refused_and_so_is_a_get(strict, url, call):
    assert strict.post(f"{url}/accept").status_code == 403
    assert strict.get(f"{url}/accept").status_code == 405
    call.refresh_from_db()
    assert call.accepted_at is None


def test_one_who_cannot_come_sees_no_more_of_it(client, url, call, incident):
    assert client.post(f"{url}/decline").status_code == 303
    page = body(client.get(url))
    assert "somebody else is asked" in page
    assert call.site.address not in page
    picture = incident.alerts.get().candidate.snapshot_id
    assert client.get(f"{url}/picture/{picture}").status_code == 404


def test_an_ended_link_is_gone_and_says_no_fact(client, url, call, incident):
    picture = incident.alerts.get().candidate.snapshot_id
    later = clock.now() + timedelta(hours=4)
    with patch.object(clock, "now", return_value=later):
        answers = [client.get(url), client.get(f"{url}/picture/{picture}"), client.post(f"{url}/accept")]
    for answer in answers:
        assert answer.status_code == 410
        page = body(answer)
        assert "This link has ended" in page
        for fact in (call.site.name, call.site.address, incident.reference, "Ivor", "Harbour", "Yard"):
            assert fact not in page


@pytest.mark.parametrize("wrong", ["x", "A" * 64, "%00", "%F0%9F%9A%AA" * 64, "A" * 4000])
def test_a_wrong_link_is_not_there(client, wrong):
    for path in (f"/r/{wrong}", f"/r/{wrong}/picture/{make.NIGHT.year:032d}"):
        assert client.get(path).status_code == 404
    assert client.post(f"/r/{wrong}/accept").status_code == 404


def test_an_answer_that_there_is_not_is_not_there(client, url):
    assert client.post(f"{url}/reopen").status_code == 404


def test_the_picture_is_this_incidents_and_its_viewing_is_recorded_once(
    client, url, call, incident, guard, zone, alice
):
    mine = incident.alerts.get().candidate.snapshot
    film = make.make_media(zone.site, kind="clip", content=b"film")
    stray = make.make_media(zone.site)
    other = incident_at(
        make.make_zone(make.make_camera(make.make_site(zone.site.customer, "Quay"))), alice, at=clock.now()
    )
    theirs = other.alerts.get().candidate.snapshot
    for _twice in range(2):
        answer = client.get(f"{url}/picture/{mine.pk}")
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
    assert client.head(f"{url}/picture/{mine.pk}").status_code == 200
    for item in (film, stray, theirs):
        assert client.get(f"{url}/picture/{item.pk}").status_code == 404
    assert client.get(f"/media/{mine.pk}").status_code == 302
    viewed = Event.objects.get(kind="media.viewed")
    assert (viewed.subject_id, viewed.by) == (mine.pk, None)
    assert viewed.data == {"sha256": mine.sha256, "attempt": str(call.pk), "responder": str(guard.pk)}


def test_a_picture_that_the_store_has_lost_is_not_there_and_nobody_saw_it(client, url, incident, caplog):
    lost = incident.alerts.get().candidate.snapshot
    evidence_store().delete(lost.key)
    assert client.get(f"{url}/picture/{lost.pk}").status_code == 404
    assert f"evidence missing: {lost.key}" in caplog.messages
    assert not Event.objects.filter(kind="media.viewed").exists()


def test_the_page_shows_the_newest_sight_of_what_the_incident_is_named_after(client, url, zone, incident):
    at = incident.captured_at + timedelta(seconds=9)
    newer = make.make_candidate(zone=zone, at=at)
    newer.snapshot = make.make_media(zone.site, started_at=at)
    newer.save()
    make.make_incident(newer)
    other = make.make_candidate(zone=make.make_zone(zone.camera, "Gate"), category="unfiltered_motion", at=at)
    make.make_incident(other)
    page = body(client.get(url))
    assert str(newer.snapshot_id) in page
    assert "Someone was seen at Yard" in page
    assert "Gate," not in page


def test_a_quiet_incident_says_that_nothing_may_be_heard(client, site, guard, alice):
    made = make.make_incident(site=site, category="hold_up", at=clock.now())
    made = incidents.claim(made.pk, by=alice, at=clock.now())
    call = actions.send_responder(
        made.pk, responder_id=guard.pk, token=made.token, by=alice, at=clock.now(), dedup="q"
    )[0]
    page = body(client.get(f"/r/{links.token(call.pk)}"))
    assert "Nothing may be heard or seen at the site." in page
    assert "There is no picture of this." in page


def test_no_statement_to_the_database_has_the_address_in_it(client, url, call):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(url)
        client.post(f"{url}/accept")
    call.refresh_from_db()
    assert call.accepted_at
    statements = " ".join(query["sql"] for query in asked.captured_queries)
    assert "responses_attempt" in statements
    assert links.token(call.pk) not in statements


def test_no_log_line_has_the_address_in_it(url, call):
    """Django logs the path of every answer of 400 and above, and of every forged form."""
    token = links.token(call.pk)
    logging.config.dictConfig(django_settings.LOGGING)
    handler = next(handler for handler in logging.getLogger().handlers if handler.name == "stderr")
    said = io.StringIO()
    before = handler.setStream(said)  # type: ignore[attr-defined]
    try:
        strict = Client(enforce_csrf_checks=True)
        with patch.object(clock, "now", return_value=clock.now() + timedelta(hours=4)):
            strict.get(url)
        strict.post(f"{url}/accept")
        strict.get(f"{url}/accept")
        strict.get(f"{url}/nothing/at/all")
        with patch("soc.portal.responder.find_link", side_effect=ValueError(f"broken at {url}")):
            Client(raise_request_exception=False).get(url)
    finally:
        handler.setStream(before)  # type: ignore[attr-defined]
    lines = said.getvalue()
    assert lines.count("/r/…") >= 6
    assert "Traceback" in lines
    assert token not in lines
    assert logging.getLogger("django").handlers == []


def test_who_may_be_met_is_shown_as_it_was_last_described(client, url, incident, camera, alice):
    def describe(facts):
        incidents.describe(
            incident.pk, subject=1, kind="person", facts=facts, camera=camera.pk, by=alice, at=clock.now()
        )

    describe({"count": 1, "clothing": {"what": "jacket", "colour": "red"}})
    assert "One person, red jacket" in client.get(url).text
    describe({"count": 2, "weapon": "bar"})
    page = client.get(url).text
    assert "Two people, weapon: bar or club" in page
    assert "red jacket" not in page
    assert "Last seen: Loading yard, " in page


def test_the_text_and_the_call_say_who_was_described_before_the_order(incident, guard, alice):
    incidents.describe(
        incident.pk, subject=1, kind="vehicle", facts={"vehicle": {"what": "van", "colour": "white"}, "plate": "AB12 CDE"},
        camera=None, by=alice, at=clock.now(),
    )  # fmt: skip
    call, text = actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="k2"
    )
    assert " Seen: white van, plate AB12 CDE. Reference " in text.data["body"]
    assert "Seen: white van, plate AB12 CDE." in script.question(call, gather_url="/x")
