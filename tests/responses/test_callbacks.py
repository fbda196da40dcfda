"""The telephone's callbacks: signed or refused, doubled and shuffled without harm, never moving an incident's state."""

from __future__ import annotations

import itertools
from datetime import timedelta
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from incidents.models import Incident
from responses import actions
from responses.actions import callbacks, performing, sending
from responses.deadlines import unanswered
from responses.models import Attempt
from soc.core import clock
from soc.core.models import Event

SID = "CA" + "7" * 32
TOKEN = "a-token-of-the-tests"


@pytest.fixture
def line(settings, client):
    """Posts as Twilio does: signed for the public address."""
    settings.TWILIO_AUTH_TOKEN, settings.PUBLIC_URL = TOKEN, "https://desk.example"
    return Line(client)


class Line:
    def __init__(self, client: Client) -> None:
        self.client = client

    def post(self, path: str, form: dict[str, str], *, signature: str | None = None):
        if signature is None:
            signature = RequestValidator(TOKEN).compute_signature(f"https://desk.example{path}", form)
        return self.client.post(path, urlencode(form), content_type=FORM, headers={"X-Twilio-Signature": signature})

    def status(self, attempt: Attempt, word: str, sid: str = SID):
        return self.post(f"/twilio/status/{attempt.pk}", {"CallSid": sid, "CallStatus": word})

    def voice(self, attempt: Attempt, sid: str = SID):
        return self.post(f"/twilio/voice/{attempt.pk}", {"CallSid": sid, "CallStatus": "in-progress"})

    def key(self, attempt: Attempt, digits: str, sid: str = SID):
        return self.post(f"/twilio/gather/{attempt.pk}", {"CallSid": sid, "Digits": digits})

    def text(self, number: str, body: str):
        return self.post("/twilio/sms", {"From": number, "Body": body, "MessageSid": "SM" + "1" * 32})


FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def call(incident, guard, alice):
    attempts = actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="k1"
    )
    return attempts[0]


def test_a_responder_hears_who_calls_and_accepts_by_key(line, call, incident, guard):
    line.status(call, "initiated")
    spoken = line.voice(call).content.decode()
    assert "Harbour Watch" in spoken
    assert "18 Tern Lane" in spoken
    assert len(ElementTree.fromstring(spoken).findall("Gather")) == 2, "asked twice"
    assert "press 3" in line.key(call, "1").content.decode()
    line.status(call, "completed")
    call.refresh_from_db()
    incident.refresh_from_db()
    assert (call.status, call.ended_as) == ("accepted", "completed")
    stamps = [incident.call_placed_at, incident.call_answered_at, incident.responder_accepted_at]
    assert None not in stamps
    assert stamps == sorted(stamps)
    assert incident.on_site_at is None
    assert incident.state == "claimed"


def test_a_responder_who_declines_is_followed_by_the_next(line, call, incident, second_guard, guard):
    line.voice(call)
    line.key(call, "2")
    line.status(call, "completed")
    for _twice in range(2):
        sending.carry_on(call.pk, at=clock.now())
    calls = Attempt.objects.filter(kind="call").order_by("created_at")
    assert [(c.responder, c.status) for c in calls] == [(guard, "declined"), (second_guard, "planned")]
    assert calls[1].order == call
    assert calls[1].by is None
    assert Attempt.objects.filter(kind="text", responder=second_guard).count() == 1


def test_nobody_is_called_twice_under_one_order_and_the_end_of_the_list_is_said(line, call, second_guard):
    line.status(call, "busy")
    following = sending.carry_on(call.pk, at=clock.now())
    assert following is not None
    line.status(following, "no-answer", sid="CA" + "8" * 32)
    assert sending.carry_on(following.pk, at=clock.now()) is None
    assert Attempt.objects.filter(kind="call").count() == 2
    assert Event.objects.filter(kind="attempt.exhausted").count() == 1


def test_a_call_whose_end_was_never_told_does_not_keep_its_responder_busy_for_ever(
    line, call, incident, guard, second_guard, alice
):
    long_ago = clock.now() - timedelta(minutes=11)
    Attempt.objects.filter(pk=call.pk).update(status="placed", placed_at=long_ago, created_at=long_ago, answer_by=None)
    again = actions.send_responder(
        incident.pk, responder_id=second_guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="k2"
    )[0]
    line.status(again, "busy", sid="CA" + "8" * 32)
    following = sending.carry_on(again.pk, at=clock.now())
    assert following is not None
    assert following.responder == guard


def test_no_answer_in_time_tries_the_next_and_a_late_yes_still_counts(line, call, second_guard, incident):
    line.status(call, "ringing")
    at = call.answer_by
    assert unanswered(at) == 1
    assert unanswered(at) == 0
    assert Attempt.objects.filter(kind="call", responder=second_guard).count() == 1
    line.voice(call)
    line.key(call, "1")
    call.refresh_from_db()
    assert call.status == "accepted"


def test_who_has_answered_gets_time_to_press_a_key(line, call, second_guard):
    before = call.answer_by
    line.voice(call)
    call.refresh_from_db()
    assert call.answer_by >= before
    line.key(call, "1")
    call.refresh_from_db()
    assert unanswered(call.answer_by) == 0, "a yes needs no next one"


def test_a_text_says_yes_and_here(line, call, incident, guard):
    assert incident.reference in line.text(guard.phone, "yes").content.decode()
    line.text(guard.phone, f"Here. {incident.reference}")
    call.refresh_from_db()
    incident.refresh_from_db()
    assert call.status == "accepted"
    assert call.on_site_at == incident.on_site_at
    assert call.on_site_at is not None


def test_here_before_a_yes_is_not_believed(line, call, incident, guard):
    line.text(guard.phone, "HERE")
    line.key(call, "3")
    incident.refresh_from_db()
    assert incident.on_site_at is None


def test_strangers_get_no_answer(line, call):
    reply = line.text("+441632960999", "YES")
    assert reply.status_code == 200
    assert ElementTree.fromstring(reply.content).findall("Message") == []


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("voice", {"CallSid": SID}),
        ("gather", {"CallSid": SID, "Digits": "1"}),
        ("status", {"CallSid": SID, "CallStatus": "completed"}),
    ],
)
def test_unsigned_and_wrongly_signed_callbacks_change_nothing(line, call, path, form, caplog):
    for signature in ("", "bm9wZQ==", RequestValidator("another").compute_signature("https://desk.example", form)):
        reply = line.post(f"/twilio/{path}/{call.pk}", form, signature=signature)
        assert reply.status_code == 403
    call.refresh_from_db()
    assert call.status == "planned"
    assert "refused (403)" in caplog.text
    assert TOKEN not in caplog.text


def test_a_signature_for_another_address_is_refused(line, call):
    form = {"CallSid": SID, "Digits": "1"}
    other = RequestValidator(TOKEN).compute_signature(f"https://elsewhere.example/twilio/gather/{call.pk}", form)
    assert line.post(f"/twilio/gather/{call.pk}", form, signature=other).status_code == 403


def test_without_a_token_nobody_has_the_right_signature(line, call, settings):
    settings.TWILIO_AUTH_TOKEN = ""
    form = {"CallSid": SID, "CallStatus": "completed"}
    path = f"/twilio/status/{call.pk}"
    forged = RequestValidator("").compute_signature(f"https://desk.example{path}", form)
    assert line.post(path, form, signature=forged).status_code == 403


def test_only_posts_of_small_forms_come_in(line, call):
    path = f"/twilio/status/{call.pk}"
    assert line.client.get(path).status_code == 405
    assert line.client.post(path, "{}", content_type="application/json").status_code == 415
    assert line.client.post(path, "a=" + "x" * 20_000, content_type=FORM).status_code == 413


def test_unknown_attempts_are_not_found(line, call, incident):
    text = Attempt.objects.get(kind="text")
    assert line.post(f"/twilio/voice/{incident.pk}", {"CallSid": SID}).status_code == 404
    assert line.voice(text).status_code == 404
    assert line.status(text, "completed").status_code == 404


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("status", {"CallSid": SID, "CallStatus": "dancing"}),
        ("status", {"CallSid": "no id", "CallStatus": "ringing"}),
        ("status", {"CallStatus": "ringing"}),
        ("status", {"CallSid": SID + "\0", "CallStatus": "ringing"}),
        ("status", {}),
        ("gather", {"CallSid": SID, "Digits": "11"}),
        ("gather", {"CallSid": SID, "Digits": "☎"}),
        ("voice", {}),
    ],
)
def test_garbage_is_refused_in_words(line, call, path, form):
    reply = line.post(f"/twilio/{path}/{call.pk}", form or {"Nothing": "1"})
    assert reply.status_code == 400
    assert len(reply.content.decode().split()) >= 3
    call.refresh_from_db()
    assert call.status == "planned"


def test_a_second_call_under_one_attempt_is_hung_up(line, call):
    line.voice(call)
    spoken = line.voice(call, sid="CA" + "9" * 32).content.decode()
    assert "Say" not in spoken
    assert "Hangup" in spoken
    assert line.status(call, "completed", sid="CA" + "9" * 32).status_code == 204
    call.refresh_from_db()
    assert (call.provider_id, call.status) == (SID, "answered")


def test_a_responder_who_answers_after_the_close_is_sent_home(line, call, incident):
    Incident.objects.filter(pk=incident.pk).update(state="closed")
    assert "no longer needed" in line.voice(call).content.decode()


@pytest.mark.parametrize(("word", "status"), [("delivered", "done"), ("undelivered", "failed"), ("sent", "placed")])
def test_a_texts_fate_is_kept(line, call, word, status):
    text = Attempt.objects.get(kind="text")
    form = {"MessageSid": "SM" + "2" * 32, "MessageStatus": word}
    assert line.post(f"/twilio/status/{text.pk}", form).status_code == 204
    text.refresh_from_db()
    assert text.status == status


STEPS = ("initiated", "ringing", "in-progress", "completed", "key 1", "placed by us")


def _apply(attempt: Attempt, step: str) -> None:
    at = clock.now()
    if step == "key 1":
        callbacks.on_the_line(attempt.pk, SID, "1", at=at)
    elif step == "placed by us":
        performing.facts.placed(attempt.pk, SID, at=at)
    else:
        callbacks.status(attempt.pk, SID, step, of_call=True, at=at)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(STEPS), doubled=st.lists(st.sampled_from(STEPS), max_size=4))
def test_in_whatever_order_callbacks_come_the_end_is_the_same(call, incident, order, doubled):
    _start_again(call)
    for step in [*order, *doubled]:
        _apply(call, step)
    call.refresh_from_db()
    incident.refresh_from_db()
    assert call.status == "accepted"
    assert (call.provider_id, call.ended_as, call.leased_until) == (SID, "completed", None)
    assert None not in (call.placed_at, call.answered_at, call.accepted_at, call.ended_at)
    assert incident.state == "claimed"
    kinds = Event.objects.filter(subject_id=call.pk).values_list("kind", flat=True)
    told = [kind for kind in kinds if kind != "attempt.planned"]
    assert len(told) % 4 == 0, "each fact is recorded once a run"


def _start_again(call: Attempt) -> None:
    Attempt.objects.filter(pk=call.pk).update(
        status="planned", provider_id="", placed_at=None, answered_at=None, accepted_at=None, ended_at=None, ended_as=""
    )


RANK = {"planned": 0, "placed": 1, "answered": 2, "accepted": 3, "done": 3}


@pytest.mark.parametrize("order", list(itertools.permutations(["initiated", "in-progress", "completed"])))
def test_the_status_never_goes_back(call, order):
    highest = 0
    for word in order:
        callbacks.status(call.pk, SID, word, of_call=True, at=clock.now())
        call.refresh_from_db()
        assert RANK[call.status] >= highest
        highest = RANK[call.status]
    assert call.status == "done"
