"""The responder's link: who has it, what it is worth and for how long, and that nothing which is kept opens it."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from uuid import uuid4

import pytest

from incidents import actions as incidents
from responses import actions
from responses.actions import callbacks, links, performing
from responses.actions.links import ANSWERS, Stand
from responses.actions.sending import carry_on
from responses.models import Attempt
from soc.core import clock
from soc.core.models import Event

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(incident, guard, alice):
    """[the call, the text] to the guard."""
    return actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="k1"
    )


@pytest.fixture
def call(order):
    return order[0]


@pytest.fixture
def token(call) -> str:
    return links.token(call.pk)


def stand(token: str, *, at=None) -> Stand:
    link = actions.find_link(token, at=at or clock.now())
    assert link is not None
    return link.stand


def close(incident, alice, *, at):
    incidents.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=at)
    run = actions.run_of(incident)
    for step in run.steps if run else []:
        if step["required"] and "fulfilled_by" not in step:
            actions.step_done(incident.pk, step_id=step["id"], answer="", token=incident.token, by=alice, at=at)
    return incidents.close(
        incident.pk, outcome="genuine.deterred_by_voice", site_state="secure", summary="",
        token=incident.token, by=alice, at=at,
    )  # fmt: skip


def told(call: Attempt) -> list[str]:
    return list(Event.objects.filter(subject_id=call.pk).order_by("id").values_list("kind", flat=True))


def test_the_text_carries_the_link_and_a_text_sent_again_carries_the_same(order, network):
    call, text = order
    network.faults = ["busy"]  # not accepted: planned again
    performing.perform(text.pk)
    assert network.texts == []
    Attempt.objects.filter(pk=text.pk).update(leased_until=None)
    performing.perform(text.pk)
    assert network.texts[0]["body"].endswith(f" http://testserver/r/{links.token(call.pk)}")
    assert links.token(call.pk) == links.token(call.pk)


def test_the_next_responders_text_carries_the_next_ones_link(order, second_guard, network):
    call, _text = order
    actions.answer_link(links.token(call.pk), "decline", at=clock.now())
    following = carry_on(call.pk, at=clock.now())
    assert following is not None
    text = Attempt.objects.get(kind="text", responder=second_guard)
    performing.perform(text.pk)
    assert network.texts[0]["body"].endswith(links.token(following.pk))


def test_nothing_that_is_kept_opens_the_page(order, token, network):
    call, text = order
    performing.perform(text.pk)
    actions.answer_link(token, "accept", at=clock.now())
    kept = [json.dumps(row, default=str) for row in Attempt.objects.values()]
    kept += [json.dumps(row, default=str) for row in Event.objects.values()]
    secrets = {token, token[-43:], token[:40]}
    assert not [row for row in kept if any(secret in row for secret in secrets)]
    assert str(call.pk) in "".join(kept)


def test_a_token_is_safe_in_an_address_and_of_no_other_call(call, token):
    other = links.token(uuid4())
    assert len(token) == 64
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token[22:] != other[22:]


@pytest.mark.parametrize("wrong", ["", "x", "é" * 64, "A" * 64, "=" * 64, "A" * 63, "A" * 65, "!" * 64, "A" * 100_000])
def test_nonsense_opens_nothing_and_asks_no_database(wrong, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert actions.find_link(wrong, at=clock.now()) is None
        assert actions.answer_link(wrong, "accept", at=clock.now()) is None


def test_a_token_with_any_one_bit_changed_opens_nothing(token, django_assert_num_queries):
    raw = bytearray(urlsafe_b64decode(token))
    with django_assert_num_queries(0):
        for bit in range(0, len(raw) * 8, 5):
            changed = bytearray(raw)
            changed[bit // 8] ^= 1 << bit % 8
            assert actions.find_link(urlsafe_b64encode(changed).decode(), at=clock.now()) is None


def test_a_token_of_another_key_opens_nothing_and_of_the_key_before_still_does(token, settings):
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert actions.find_link(token, at=clock.now()) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert stand(token) == Stand.OFFERED


def test_a_token_of_the_text_is_none(order):
    assert actions.find_link(links.token(order[1].pk), at=clock.now()) is None
    assert actions.answer_link(links.token(order[1].pk), "accept", at=clock.now()) is None


def test_the_whole_way_leaves_stamps_and_events_and_twice_is_once(incident, call, token):
    at = clock.now()
    for number, (answer, then) in enumerate(
        [("accept", "accepted"), ("on-my-way", "on_my_way"), ("here", "on_site"), ("done", "done")]
    ):
        for _twice in range(2):
            link = actions.answer_link(token, answer, at=at + timedelta(minutes=number))
            assert link is not None
            assert link.stand == then
    call.refresh_from_db()
    incident.refresh_from_db()
    stamps = [call.accepted_at, call.on_my_way_at, call.on_site_at, call.left_at]
    assert stamps == [at + timedelta(minutes=number) for number in range(4)]
    assert (incident.responder_accepted_at, incident.on_site_at) == (call.accepted_at, call.on_site_at)
    assert call.status == "accepted"
    assert told(call) == [
        "attempt.planned", "attempt.accepted", "attempt.on_my_way", "attempt.on_site", "attempt.left"
    ]  # fmt: skip
    assert set(Event.objects.filter(data__how="link").values_list("kind", flat=True)) == set(told(call)[1:])


@pytest.mark.parametrize(
    "said", [[], ["accept"], ["accept", "on-my-way"], ["accept", "on-my-way", "here"], ["decline"]]
)
def test_what_is_not_to_be_said_where_one_stands_changes_nothing(call, token, said):
    for answer in said:
        actions.answer_link(token, answer, at=clock.now())
    before, events = Attempt.objects.values().get(pk=call.pk), told(call)
    link = actions.find_link(token, at=clock.now())
    assert link is not None
    for answer in {"accept", "decline", "on-my-way", "here", "done"} - set(link.answers):
        assert actions.answer_link(token, answer, at=clock.now()) == link
    assert (Attempt.objects.values().get(pk=call.pk), told(call)) == (before, events)


def test_one_who_accepted_can_still_say_that_they_cannot_come(call, token):
    actions.answer_link(token, "accept", at=clock.now())
    actions.answer_link(token, "decline", at=clock.now())
    call.refresh_from_db()
    assert (call.status, stand(token)) == ("declined", Stand.DECLINED)


def test_an_answer_by_telephone_is_seen_by_the_link_and_the_other_way_round(call, token, guard):
    callbacks.texted(guard.phone, "YES", at=clock.now())
    assert stand(token) == Stand.ACCEPTED
    actions.answer_link(token, "on-my-way", at=clock.now())
    callbacks.texted(guard.phone, "HERE", at=clock.now())
    assert stand(token) == Stand.ON_SITE


def test_the_link_ends_four_hours_after_the_order_and_takes_no_answer_then(call, token):
    end = call.created_at + timedelta(hours=4)
    assert stand(token, at=end - timedelta(seconds=1)) == Stand.OFFERED
    assert stand(token, at=end) == Stand.ENDED
    link = actions.answer_link(token, "accept", at=end)
    assert link is not None
    assert not link.shows
    call.refresh_from_db()
    assert call.accepted_at is None


def test_the_link_ends_half_an_hour_after_the_incident_was_closed(incident, token, alice):
    actions.answer_link(token, "accept", at=clock.now())
    closed = close(incident, alice, at=clock.now()).closed_at
    assert stand(token, at=closed + timedelta(minutes=29)) == Stand.ACCEPTED
    assert stand(token, at=closed + timedelta(minutes=30)) == Stand.ENDED


def test_a_closed_incident_asks_nobody_who_has_not_accepted(incident, token, alice):
    close(incident, alice, at=clock.now())
    link = actions.answer_link(token, "accept", at=clock.now())
    assert link is not None
    assert (link.stand, link.shows) == (Stand.SETTLED, False)


def test_a_responder_who_is_struck_off_has_no_link_any_more(call, token, guard, other_customer):
    guard.customers.set([other_customer])
    assert stand(token) == Stand.ENDED
    guard.customers.clear()
    assert stand(token) == Stand.OFFERED
    guard.enabled = False
    guard.save()
    assert stand(token) == Stand.ENDED


def test_only_one_answer_is_the_bright_one():
    assert all(len([answer for answer in answers if answer != "decline"]) == 1 for answers in ANSWERS.values())
