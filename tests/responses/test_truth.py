"""What is said at the site must be true: of who was called, and for as long as it is."""

from __future__ import annotations

import pytest
from django.db import transaction

from incidents.errors import Refused
from responses import actions
from responses.actions import callbacks, facts, performing, playbooks
from responses.models import Attempt, Message
from soc.core import clock

pytestmark = pytest.mark.django_db(transaction=True)
CALL = "CA" + "1" * 32


@pytest.fixture
def say(incident, camera, alice):
    def say(message: Message, dedup: str = "t1") -> Attempt:
        return actions.talk(
            incident.pk, message_id=message.pk, camera_id=camera.pk, token=incident.token, by=alice, at=clock.now(),
            dedup=dedup,
        )  # fmt: skip

    return say


@pytest.fixture
def order(incident, alice):
    def order(responder, *, placed: bool = True) -> Attempt:
        call = actions.send_responder(
            incident.pk, responder_id=responder.pk, token=incident.token, by=alice, at=clock.now(), dedup="k"
        )[0]
        if placed:
            facts.placed(call.pk, CALL, at=clock.now())
        return call

    return order


def allowed(incident) -> list[str]:
    return [message.name for message in actions.available_messages(incident) if not message.blocked]


ALWAYS = ["1 Live camera", "2 Recorded"]


def test_nobody_is_on_the_way_before_a_call_is_placed(say, order, on_the_way, guard_on_the_way, incident, officers):
    for message in (on_the_way, guard_on_the_way):
        with pytest.raises(Refused, match="not be true") as refused:
            say(message)
        assert refused.value.code == "untrue"
    assert allowed(incident) == ALWAYS
    call = order(officers, placed=False)
    with pytest.raises(Refused):
        say(on_the_way)
    facts.placed(call.pk, CALL, at=clock.now())
    assert say(on_the_way).status == "planned"


def test_a_call_to_a_guard_allows_the_guards_sentence_only(say, order, on_the_way, guard_on_the_way, incident, guard):
    order(guard)
    assert allowed(incident) == [*ALWAYS, "4 Guard on the way"]
    with pytest.raises(Refused, match="guard or a keyholder is not law enforcement"):
        say(on_the_way)
    assert say(guard_on_the_way).status == "planned"


def test_a_call_to_sworn_officers_allows_theirs_only(say, order, guard_on_the_way, incident, officers):
    order(officers)
    assert allowed(incident) == [*ALWAYS, "3 On the way"]
    with pytest.raises(Refused, match="no security guard"):
        say(guard_on_the_way)


def test_a_call_to_a_keyholder_allows_neither(order, incident, guard):
    guard.kind = "keyholder"
    guard.save()
    order(guard)
    assert allowed(incident) == ALWAYS


def test_nor_does_a_call_that_reached_nobody(order, incident, officers):
    callbacks.status(order(officers, placed=False).pk, CALL, "busy", of_call=True, at=clock.now())
    assert allowed(incident) == ALWAYS


def test_who_has_left_again_is_not_on_the_way(order, incident, officers):
    call = order(officers)
    with transaction.atomic():
        facts.accepted(facts.lock(call.pk), at=clock.now(), how="key")
    assert "3 On the way" in allowed(incident)
    with transaction.atomic():
        facts.left(facts.lock(call.pk), at=clock.now(), how="link")
    assert allowed(incident) == ALWAYS


def test_the_recordings_words_decide_whatever_a_message_was_published_with(order, incident, on_the_way, guard):
    """Versions that were published while any call sufficed stay in force until the next one."""
    old = Message.objects.create(
        organisation=on_the_way.organisation, name=on_the_way.name, number=2, published_at=clock.now(),
        body={**on_the_way.body, "needs": "call_placed"},
    )  # fmt: skip
    order(guard)
    assert old.name not in allowed(incident)


def test_what_is_no_longer_true_when_its_turn_comes_is_not_played(say, order, on_the_way, officers):
    call = order(officers)
    attempt = say(on_the_way)
    with transaction.atomic():
        facts.declined(facts.lock(call.pk), at=clock.now(), how="key")
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.placed_at) == ("failed", None)
    assert "no sworn officers" in attempt.error


def test_either_sentence_fulfils_the_step(say, order, guard_on_the_way, incident, guard):
    order(guard)
    facts.sounding(say(guard_on_the_way).pk, at=clock.now())
    incident.refresh_from_db()
    step = next(step for step in playbooks.steps(incident) if step.id == "coming")
    assert (step.messages, step.state) == (("3 On the way", "4 Guard on the way"), "done")


def test_another_message_does_not_fulfil_it(say, incident, live_camera):
    facts.sounding(say(live_camera).pk, at=clock.now())
    incident.refresh_from_db()
    assert {step.id: step.state for step in playbooks.steps(incident)}["coming"] == ""
