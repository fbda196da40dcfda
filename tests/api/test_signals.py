"""The door for signals: a key, a bounded body, words for every refusal, an answer only after the commit."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from django.core.cache import cache
from django.db import OperationalError
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cameras.models import Candidate, SignalSource
from cameras.receivers.signals import KINDS
from soc.api import signals
from soc.api.door import BoundedJSON
from soc.api.errors import TooLarge
from soc.core.models import Event
from tests import factories as make
from tests.queries import at_most

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_throttled_yet():
    cache.clear()


@pytest.fixture
def panel(site) -> tuple[SignalSource, str]:
    return make.make_source(site)


def now(seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


def body(**changes: Any) -> dict[str, Any]:
    return {"kind": "alarm", "dedup": "1", "at": now(), **changes}


def send(key: str, data: Any, *, content_type: str = "application/json", **headers: str) -> Any:
    raw = data if isinstance(data, bytes) else json.dumps(data).encode()
    given = {"Authorization": f"Key {key}", **headers}
    # Not post(), which would encode the body by the charset that it is told.
    return Client(raise_request_exception=False).generic(
        "POST", "/api/signals", raw, content_type=content_type, headers=given
    )


def refused(answer: Any, status: int, error: str, field: str | None = None) -> None:
    told = answer.json()
    assert (answer.status_code, told["error"], told["field"]) == (status, error, field), told
    assert len(told["message"]) > 10
    assert set(told) == {"error", "message", "field"}
    assert not Candidate.objects.exists()
    assert not Event.objects.exists()


def test_an_accepted_signal_is_committed_before_it_is_answered(panel):
    source, key = panel
    answer = send(key, body(kind="hold_up", zone="till 2", text="two men"))
    assert answer.status_code == 201
    candidate = Candidate.objects.get()
    assert answer.json() == {"id": str(candidate.pk), "decision": "raise", "incident": None}
    assert candidate.signal_source == source
    assert Event.objects.filter(kind="candidate.raised", subject_id=candidate.pk).exists()


def test_an_alarm_costs_six_queries_and_one_more_where_the_site_is_set_by_a_policy_for_the_first_time(panel, customer):
    """So that intake keeps up with a storm: key, sign of life, circumstances, order of verdicts, candidate, event."""
    _, key = panel
    send(key, body())  # makes the row that orders the site's verdicts
    with at_most(6):
        assert send(key, body(dedup="2")).status_code == 201
    make.arm_always(panel[0].site)
    with at_most(7):
        assert send(key, body(dedup="3")).status_code == 201
    with at_most(6):
        assert send(key, body(dedup="4")).status_code == 201


def test_a_repeat_is_answered_200_with_the_first_result_and_its_incident(panel):
    _, key = panel
    first = send(key, body())
    incident = make.make_incident(Candidate.objects.get())
    again = send(key, body())
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == {**first.json(), "incident": str(incident.pk)}


def test_a_dedup_used_for_something_else_is_a_conflict(panel):
    _, key = panel
    send(key, body())
    answer = send(key, body(kind="fire"))
    assert (answer.status_code, answer.json()["error"], answer.json()["field"]) == (409, "dedup_used", "dedup")
    assert Candidate.objects.count() == 1


def test_a_heartbeat_is_answered_without_a_candidate(panel):
    source, key = panel
    answer = send(key, body(kind="heartbeat"))
    assert (answer.status_code, answer.json()) == (200, {"id": None, "decision": None, "incident": None})
    source.refresh_from_db()
    assert source.last_seen_at is not None
    assert not Candidate.objects.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_accepted(panel, kind):
    assert send(panel[1], body(kind=kind)).status_code in {200, 201}


# --- keys


@pytest.mark.parametrize("header", ["", "Key", "Key wrong", "Key a b", "Bearer x", "Key " + "x" * 5000, "Key \xff"])
def test_without_a_known_key_nothing_is_accepted(panel, header):
    answer = Client(raise_request_exception=False).post(
        "/api/signals", json.dumps(body()), content_type="application/json", headers={"Authorization": header}
    )
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Key"
    assert "ey" in answer.json()["message"]
    assert not Candidate.objects.exists()


def test_a_disabled_source_is_told_so(panel):
    source, key = panel
    SignalSource.objects.filter(pk=source.pk).update(enabled=False)
    refused(send(key, body()), 401, "disabled")


def test_a_replaced_key_no_longer_opens(panel):
    source, key = panel
    fresh = source.new_key()
    source.save()
    assert send(key, body()).status_code == 401
    assert send(fresh, body()).status_code == 201


def test_the_key_itself_is_nowhere_in_the_database(panel):
    source, key = panel
    assert key not in str(SignalSource.objects.filter(pk=source.pk).values())


def test_a_person_with_a_session_does_not_open_the_door_for_signals(panel, alice):
    client = Client()
    client.force_login(alice)
    assert client.post("/api/signals", json.dumps(body()), content_type="application/json").status_code == 401


# --- bad input


@pytest.mark.parametrize(
    ("data", "error", "field"),
    [
        (body(kind="ghost"), "invalid_choice", "kind"),
        (body(kind=None), "null", "kind"),
        (body(kind=["alarm"]), "invalid_choice", "kind"),
        ({"dedup": "1", "at": now()}, "required", "kind"),
        ({"kind": "alarm", "at": now()}, "required", "dedup"),
        ({"kind": "alarm", "dedup": "1"}, "required", "at"),
        (body(dedup=""), "blank", "dedup"),
        (body(dedup="x" * 81), "max_length", "dedup"),
        (body(dedup=17), "invalid", "dedup"),
        (body(dedup="a\x00b"), "null_characters_not_allowed", "dedup"),
        (body(text="\ud800"), "surrogate_characters_not_allowed", "text"),
        (body(text="x" * 501), "max_length", "text"),
        (body(zone={"a": 1}), "invalid", "zone"),
        (body(at="yesterday"), "invalid", "at"),
        (body(at="2026-02-31T00:00:00Z"), "invalid", "at"),
        (body(at=1_700_000_000), "invalid", "at"),
        (body(at="2026-01-16T02:13:04"), "naive", "at"),
        (body(at="2026-01-16"), "naive", "at"),
        (body(at="0001-01-01T00:00:00+23:59"), "too_old", "at"),
        (body(at="9999-12-31T23:59:59-23:59"), "in_the_future", "at"),
        (body(at=now(86_400)), "in_the_future", "at"),
        (body(at=now(-86_401)), "too_old", "at"),
        ([], "invalid", None),
        ("alarm", "invalid", None),
        (None, "null", None),
    ],
)
def test_a_wrong_field_is_named_in_words(panel, data, error, field):
    refused(send(panel[1], data), 400, error, field)


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff\xfe", b"[" * 15_000, b'{"kind": NaN}', b'{"a": ' + b"9" * 5000 + b"}", b"\x00" * 100],
    ids=["empty", "cut", "not utf-8", "deep", "NaN", "long number", "zeros"],
)
def test_what_is_not_json_is_refused(panel, raw):
    answer = send(panel[1], raw)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert not Candidate.objects.exists()


def test_a_body_over_16_kb_is_refused(panel):
    refused(send(panel[1], body(text="x" * 17_000)), 413, "too_large")
    refused(send(panel[1], body(), **{"Content-Length": "999999999999999"}), 413, "too_large")


def test_a_body_over_16_kb_is_refused_though_its_header_says_nothing():
    with pytest.raises(TooLarge):
        BoundedJSON().parse(io.BytesIO(b'"' + b"x" * 17_000 + b'"'))


def test_an_unknown_field_does_not_lose_an_alarm(panel):
    assert send(panel[1], body(battery=3.1)).status_code == 201


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", "json"])
def test_another_media_type_is_refused(panel, content_type):
    refused(send(panel[1], body(), content_type=content_type), 415, "unsupported_media_type")


@pytest.mark.parametrize("charset", ["rot13", "zlib", "utf-7", "idna", "latin-1", "nonsense"])
def test_a_strange_charset_is_not_believed(panel, charset):
    assert send(panel[1], body(dedup=charset), content_type=f"application/json; charset={charset}").status_code == 201


def test_a_strange_accept_header_is_answered_all_the_same(panel):
    assert send(panel[1], body(), Accept="text/html, image/webp").status_code == 201


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_another_method_is_refused_in_words(panel, method):
    answer = getattr(Client(), method)("/api/signals", headers={"Authorization": f"Key {panel[1]}"})
    assert answer.status_code == 405
    assert answer.json()["error"] == "method_not_allowed"


def test_a_loop_gone_wrong_is_told_when_to_come_back(panel, site, monkeypatch):
    monkeypatch.setattr(signals.PerSource, "rate", "3/min")
    codes = [send(panel[1], body(dedup=str(n))).status_code for n in range(4)]
    assert codes == [201, 201, 201, 429]
    answer = send(panel[1], body(dedup="5"))
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["error"] == "throttled"
    _other, key = make.make_source(site, "Another panel")
    assert send(key, body()).status_code == 201


# --- the database goes away


@pytest.mark.parametrize(
    "place", ["cameras.receivers.signals.commit_candidate", "cameras.models.SignalSource.hash_key"]
)
def test_while_the_database_is_away_the_answer_is_503_and_when_to_try_again(panel, monkeypatch, place):
    def away(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("could not connect to server: secret details")

    monkeypatch.setattr(place, away)
    answer = send(panel[1], body())
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert "secret" not in answer.content.decode()
    assert not Candidate.objects.exists()


def test_without_any_connection_the_whole_stack_still_answers_503(panel, monkeypatch):
    """In a thread of its own, whose connection would have to be made anew, as after PostgreSQL stopped."""

    def refused(*args: Any, **kwargs: Any) -> Any:
        raise psycopg2.OperationalError("connection refused")

    monkeypatch.setattr(DatabaseWrapper, "get_new_connection", refused)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(send, panel[1], body()).result(30)
        list_ = pool.submit(Client().get, "/api/incidents", headers={"Cookie": "sessionid=" + "x" * 32}).result(30)
    for told in (answer, list_):
        assert (told.status_code, told.json()["error"]) == (503, "unavailable")


def test_a_failure_in_the_middle_stores_nothing(transactional_db, site, monkeypatch):
    source, key = make.make_source(site)

    def away(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("soc.core.events.record", away)
    assert send(key, body()).status_code == 503
    assert not Candidate.objects.exists()
    source.refresh_from_db()
    assert source.last_seen_at is None


# --- garbage of any kind

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
nearly = st.fixed_dictionaries(
    {},
    optional={
        "kind": st.sampled_from(KINDS) | anything,
        "dedup": st.text(max_size=100) | anything,
        "at": st.just("now") | st.datetimes(timezones=st.none() | st.just(UTC)).map(datetime.isoformat) | anything,
        "zone": st.text(max_size=100) | anything,
        "text": st.text(max_size=600) | anything,
    },
)
raw_bodies = st.one_of(
    nearly.map(lambda said: json.dumps({**said, **({"at": now()} if said.get("at") == "now" else {})}).encode()),
    anything.map(lambda said: json.dumps(said).encode()),
    st.binary(max_size=300),
)
content_types = st.sampled_from(
    ["application/json"] * 6 + ["application/json; charset=rot13", "text/plain", "", ";", "a/b;charset=\x01"]
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=raw_bodies, content_type=content_types)
def test_garbage_never_breaks_the_door_and_leaves_nothing_half_stored(panel, raw, content_type):
    cache.clear()
    before = Candidate.objects.count()
    answer = send(panel[1], raw, content_type=content_type)
    assert answer.status_code in {200, 201, 400, 409, 413, 415}
    stored = Candidate.objects.count() - before
    assert stored == (1 if answer.status_code == 201 else 0)
    assert Event.objects.count() == Candidate.objects.count()
    if answer.status_code >= 400:
        assert answer.json()["message"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(header=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=80))
def test_garbage_for_a_key_is_401(panel, header):
    answer = Client(raise_request_exception=False).post(
        "/api/signals", "{}", content_type="application/json", headers={"Authorization": header}
    )
    assert answer.status_code == 401
