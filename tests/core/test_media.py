"""Evidence: exactly the bytes that were stored, to whom they belong, and never unseen."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from unittest.mock import patch

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents import actions
from soc.core import clock
from soc.core.media import asked_range
from soc.core.models import Event
from soc.core.models.media import evidence_store
from tests import factories as make
from tests.factories import NIGHT

CONTENT = bytes(range(256)) * 40
SIZE = len(CONTENT)


@pytest.fixture
def clip(site):
    return make.make_media(site, kind="clip", content=CONTENT)


@pytest.fixture
def carols(client, carol):
    client.force_login(carol)
    return client


def ask(client, clip, method: str = "get", **headers: str):
    return getattr(client, method)(reverse("media", args=[clip.pk]), headers=headers)


def body(answer) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_the_hash_is_of_what_was_handed_in_and_of_what_lies_there(clip):
    assert clip.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert evidence_store().open(clip.key).read() == CONTENT
    assert clip.size == SIZE


def test_a_row_holds_a_key_and_never_a_path(clip, tmp_path):
    assert not clip.key.startswith("/")
    assert str(tmp_path) not in clip.key


def test_the_whole_clip_and_how_it_may_be_asked_for(carols, clip):
    answer = ask(carols, clip)
    assert answer.status_code == 200
    assert body(answer) == CONTENT
    assert answer["Accept-Ranges"] == "bytes"
    assert answer["Content-Length"] == str(SIZE)
    assert answer["Content-Type"] == "video/mp4"
    assert answer["ETag"] == f'"{clip.sha256}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "private" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=100-199", 100, 199),
        (f"bytes={SIZE - 1}-", SIZE - 1, SIZE - 1),
        ("bytes=10-99999999", 10, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        ("bytes=-99999999", 0, SIZE - 1),
        ("BYTES=5-6", 5, 6),
    ],
)
def test_a_range_gets_206_and_exactly_those_bytes(carols, clip, asked, first, last):
    answer = ask(carols, clip, Range=asked)
    assert answer.status_code == 206
    assert answer["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert answer["Content-Length"] == str(last - first + 1)
    assert body(answer) == CONTENT[first : last + 1]


@pytest.mark.parametrize("asked", [f"bytes={SIZE}-", "bytes=99999999-", "bytes=-0", f"bytes={SIZE}-{SIZE + 5}"])
def test_a_range_that_cannot_be_gets_416_and_the_size(carols, clip, asked):
    answer = ask(carols, clip, Range=asked)
    assert answer.status_code == 416
    assert answer["Content-Range"] == f"bytes */{SIZE}"
    assert body(answer) == b""


@pytest.mark.parametrize(
    "asked",
    [
        "bytes=9-3",
        "bytes=-",
        "bytes=a-b",
        "pages=1-2",
        "bytes=0-1,5-6",
        "0-5",
        "bytes=" + "9" * 5000 + "-",
        "bytes=--5",
    ],
)
def test_a_range_that_says_nothing_gets_everything(carols, clip, asked):
    answer = ask(carols, clip, Range=asked)
    assert answer.status_code == 200
    assert body(answer) == CONTENT


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=st.none() | st.integers(0, SIZE + 50), last=st.none() | st.integers(0, SIZE + 50))
def test_whatever_is_asked_the_answer_is_what_the_standard_says(carols, clip, first, last):
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    answer = ask(carols, clip, Range=header)
    if first is None and last is None:
        expected = (200, CONTENT)
    elif first is None:
        expected = (206, CONTENT[-last:]) if last else (416, b"")
    elif last is not None and last < first and first < SIZE:
        expected = (200, CONTENT)
    elif first >= SIZE:
        expected = (416, b"")
    else:
        expected = (206, CONTENT[first : SIZE if last is None else last + 1])
    assert (answer.status_code, body(answer)) == expected


@given(header=st.text(max_size=40) | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), size=st.integers(0, 10**6))
def test_no_header_breaks_the_reading_of_ranges(header, size):
    wanted = asked_range(header, size)
    if isinstance(wanted, tuple):
        assert 0 <= wanted[0] <= wanted[1] < size


def test_an_unchanged_clip_is_continued_and_a_changed_one_sent_anew(carols, clip):
    assert ask(carols, clip, **{"Range": "bytes=5-9", "If-Range": f'"{clip.sha256}"'}).status_code == 206
    for stale in ('"another"', "Sun, 22 Nov 2026 02:13:04 GMT"):
        answer = ask(carols, clip, **{"Range": "bytes=5-9", "If-Range": stale})
        assert answer.status_code == 200
        assert body(answer) == CONTENT


def test_a_head_request_tells_and_sends_nothing_and_is_no_viewing(carols, clip):
    answer = ask(carols, clip, "head", Range="bytes=0-9")
    assert (answer.status_code, answer["Content-Length"], body(answer)) == (206, "10", b"")
    assert not Event.objects.filter(kind="media.viewed").exists()


def test_nothing_can_be_done_to_a_clip_but_looking(carols, clip):
    for method in ("post", "put", "patch", "delete"):
        assert ask(carols, clip, method).status_code == 405


# --- whose it is


@pytest.mark.parametrize(
    ("who", "status"),
    [("carol", 200), ("alice", 404), ("sam", 200), ("bob", 404), ("oscar", 404), ("admin", 404)],
)
def test_a_foreign_clip_does_not_exist(client, request, clip, who, status):
    client.force_login(request.getfixturevalue(who))
    for headers in ({}, {"Range": "bytes=0-1"}, {"Range": "bytes=99999999-"}):
        answer = ask(client, clip, **headers)
        assert (answer.status_code == 404) == (status == 404)
    assert Event.objects.filter(kind="media.viewed").exists() == (status == 200)


def test_nobody_is_sent_to_the_log_in(client, clip):
    answer = ask(client, clip)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/login/")


def test_a_clip_that_does_not_exist_and_a_foreign_one_look_the_same(client, bob, clip):
    client.force_login(bob)
    foreign = ask(client, clip)
    clip.pk = uuid.uuid4()
    absent = ask(client, clip)
    assert (foreign.status_code, foreign.content) == (absent.status_code, absent.content)


# --- the operator's: in an incident


@pytest.fixture
def alices(client, alice):
    client.force_login(alice)
    return client


def seen_on(camera, decision):
    """A candidate with its clip and picture."""
    candidate = make.make_candidate(camera=camera, decision=decision)
    candidate.clip = make.make_media(camera.site, kind="clip", content=CONTENT)
    candidate.snapshot = make.make_media(camera.site)
    candidate.save()
    return candidate


def closed(incident, by):
    at = NIGHT + timedelta(seconds=9)
    token = actions.claim(incident.pk, by=by, at=at).token
    actions.decide(incident.pk, verdict="real", token=token, by=by, at=at)
    return actions.close(
        incident.pk, outcome="genuine.attempt_only", site_state="secure", summary="", token=token, by=by, at=at
    )


def statuses(client, *items):
    return [ask(client, item).status_code for item in items]


def test_an_operator_sees_nothing_of_what_was_ignored_at_a_quiet_site(alices, camera):
    ignored = seen_on(camera, "ignore")
    assert statuses(alices, ignored.clip, ignored.snapshot) == [404, 404]
    assert not Event.objects.filter(kind="media.viewed").exists()


def test_an_operator_sees_an_incidents_evidence_and_while_it_goes_on_all_of_its_site(
    alices, alice, camera, other_camera
):
    elsewhere = seen_on(other_camera, "ignore")
    ignored, raised = seen_on(camera, "ignore"), seen_on(camera, "raise")
    first_clip = make.make_media(camera.site, kind="clip", content=CONTENT)  # the whole one has replaced it
    incident = make.make_incident(raised)
    here = (raised.clip, raised.snapshot, first_clip, ignored.clip)
    assert statuses(alices, *here, elsewhere.clip) == [200, 200, 200, 200, 404]
    closed(incident, alice)
    assert statuses(alices, *here) == [200, 200, 404, 404]
    actions.reopen(incident.pk, by=alice, at=NIGHT + timedelta(minutes=1))
    assert statuses(alices, *here) == [200, 200, 200, 200]


def test_the_ground_of_a_site_is_seen_by_whoever_knows_of_the_site_and_is_no_viewing(
    client, request, site, other_organisation
):
    ground = make.make_media(site, kind="plan")
    for who, status in (("alice", 200), ("carol", 200), ("admin", 200), ("bob", 404), ("oscar", 404)):
        client.force_login(request.getfixturevalue(who))
        assert statuses(client, ground) == [status], who
    assert not Event.objects.filter(kind="media.viewed").exists()


def test_an_incident_shows_nothing_to_another_organisation(client, oscar, camera, other_organisation):
    raised = seen_on(camera, "raise")
    make.make_incident(raised)
    theirs = make.make_site(make.make_customer(other_organisation, "Theirs"))
    make.make_incident(site=theirs, category="panic")
    client.force_login(oscar)
    assert statuses(client, raised.clip, raised.snapshot) == [404, 404]


@pytest.mark.parametrize("role", ["supervisor", "duty_manager", "qa"])
def test_others_of_the_centre_see_a_clip_without_an_incident(client, organisation, camera, role):
    client.force_login(make.make_user("x", role, organisation))
    assert statuses(client, seen_on(camera, "ignore").clip) == [200]


@pytest.mark.parametrize("role", ["admin", "installer", "guard"])
def test_an_incident_opens_nothing_to_who_sees_no_video(client, organisation, camera, role):
    raised = seen_on(camera, "raise")
    make.make_incident(raised)
    client.force_login(make.make_user("x", role, organisation))
    assert statuses(client, raised.clip, raised.snapshot) == [404, 404]


# --- viewing is recorded


def viewings(clip) -> int:
    return Event.objects.filter(kind="media.viewed", subject_id=clip.pk).count()


def test_a_viewing_is_recorded_with_who_when_and_the_hash(carols, carol, clip):
    with patch.object(clock, "now", return_value=NIGHT):
        body(ask(carols, clip))
    event = Event.objects.get(kind="media.viewed")
    assert (event.by, event.at, event.subject_id, event.site) == (carol, NIGHT, clip.pk, clip.site)
    assert event.data == {"sha256": clip.sha256}


def test_a_players_many_ranges_are_one_viewing(carols, clip):
    for asked in ("bytes=0-", "bytes=0-1", "bytes=5000-", "bytes=-100"):
        ask(carols, clip, Range=asked)
    assert viewings(clip) == 1


@pytest.mark.parametrize("asked", ["bytes=1-", "bytes=-10", "bytes=500-600"])
def test_leaving_out_the_first_byte_is_a_viewing_all_the_same(carols, clip, asked):
    ask(carols, clip, Range=asked)
    assert viewings(clip) == 1


def test_looking_again_later_is_another_viewing(carols, clip):
    for minutes in (0, 9, 11):
        with patch.object(clock, "now", return_value=NIGHT + timedelta(minutes=minutes)):
            ask(carols, clip)
    assert viewings(clip) == 2


def test_two_people_are_two_viewings(client, carols, sam, clip):
    ask(carols, clip)
    client.force_login(sam)
    ask(client, clip)
    assert viewings(clip) == 2


def test_what_cannot_be_sent_is_not_a_viewing(carols, clip):
    ask(carols, clip, Range="bytes=99999999-")
    evidence_store().delete(clip.key)
    ask(carols, clip)
    assert viewings(clip) == 0


@pytest.mark.parametrize("method", ["get", "head"])
def test_evidence_whose_file_is_gone_is_not_there_and_the_log_names_it(carols, clip, method, caplog):
    evidence_store().delete(clip.key)
    assert ask(carols, clip, method).status_code == 404
    assert [(line.levelname, line.getMessage()) for line in caplog.records if line.name == "soc.core.media"] == [
        ("ERROR", f"evidence missing: {clip.key}")
    ]
