"""Against real sockets: a telephone network that calls back, and a camera whose loudspeaker tells what it was given."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from django.core.signals import request_finished, request_started

from responses import actions
from responses.actions import links, performing, script, sending, talking
from responses.adapters.twilio import TwilioVoice
from responses.models import Attempt
from responses.ports import Unclear
from soc.core import clock
from soc.demo.cameras import g711
from soc.demo.phone.records import ANSWER, DECLINE, Policy
from soc.demo.settings import WorldSettings
from soc.demo.world import World

pytestmark = pytest.mark.django_db(transaction=True)
ACCOUNT, TOKEN = "AC" + "0" * 31 + "1", "token-of-the-test"


class Outside:
    """The simulated world in a thread and an event loop of its own: the product meets it at its sockets only."""

    def __init__(self, settings: WorldSettings) -> None:
        self.world = World(settings)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Outside:
        self._thread.start()
        self._run(self.world.start())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self.world.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self, job: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(job, self._loop).result(20)

    def phones_behave(self, policy: Policy) -> None:
        async def set_policy() -> None:
            self.world.network.policy = policy

        self._run(set_policy())


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Wait for a condition; what it gave."""
    limit = clock.monotonic() + seconds
    while not (found := condition()):
        assert clock.monotonic() < limit, "waited in vain"
        threading.Event().wait(0.05)
    return found


@pytest.fixture
def all_answered(live_server):
    """A callback still being answered holds locks that the emptying of the tables would wait for in a circle."""
    begun: list[int] = []
    over: list[int] = []

    def note_begun(**_: object) -> None:
        begun.append(1)

    def note_over(**_: object) -> None:
        over.append(1)

    request_started.connect(note_begun)
    request_finished.connect(note_over)
    yield
    until(lambda: len(over) >= len(begun), 20)
    request_started.disconnect(note_begun)
    request_finished.disconnect(note_over)


@pytest.fixture
def outside(settings, live_server, all_answered):
    quiet = WorldSettings(
        account=ACCOUNT,
        token=TOKEN,
        rtsp_port=0,
        phone_port=0,
        scheduled=False,
        calls_per_second=0.0,
        speech_s=0.0,
        policy=Policy(ANSWER, answer_after_s=0.1, press=("1", "3"), press_after_s=0.05),
        callbacks_twice=True,
        callbacks_disordered=True,
    )
    with Outside(quiet) as outside:
        settings.TWILIO_BASE_URL = f"http://127.0.0.1:{outside.world.phone_port}"
        settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = ACCOUNT, TOKEN
        settings.TWILIO_FROM = "+15005550006"
        settings.PUBLIC_URL = live_server.url
        settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
        yield outside


@pytest.fixture
def order(incident, alice):
    def order(responder) -> list[Attempt]:
        at = clock.now()
        return actions.send_responder(
            incident.pk, responder_id=responder.pk, token=incident.token, by=alice, at=at, dedup="k"
        )

    return order


def test_a_responder_answers_accepts_and_arrives_though_callbacks_come_twice_and_out_of_order(
    outside, order, guard, incident
):
    call, text = order(guard)
    performing.perform(call.pk)
    performing.perform(text.pk)
    network = outside.world.network

    def ended():
        call.refresh_from_db()
        return call.ended_at

    until(ended)
    incident.refresh_from_db()
    assert call.status == "accepted"
    stamps = [incident.call_placed_at, incident.call_answered_at, incident.responder_accepted_at, incident.on_site_at]
    assert None not in stamps
    assert stamps == sorted(stamps)
    assert incident.state == "claimed"
    assert network.counters["calls"] == 1
    assert len(network.duplicates) == 0
    heard = [line.text for line in next(iter(network.calls.values())).heard if line.kind == "say"]
    assert "18 Tern Lane, Pinewick" in heard[0]
    words = script.with_link(text.data["body"], links.address(call.pk))
    assert [message.body for message in network.messages.values()] == [words]

    def delivered():
        text.refresh_from_db()
        return text.status == "done"

    until(delivered)


def test_a_responder_who_is_busy_is_followed_by_one_who_comes(outside, order, guard, second_guard):
    outside.phones_behave(Policy(DECLINE, answer_after_s=0.0))
    call, _text = order(guard)
    performing.perform(call.pk)

    def busy():
        call.refresh_from_db()
        return call.ended_as == "busy"

    until(busy)
    outside.phones_behave(Policy(ANSWER, answer_after_s=0.0, press=("1",), press_after_s=0.0))
    following = sending.carry_on(call.pk, at=clock.now())
    assert following is not None
    performing.perform(following.pk)

    def accepted():
        following.refresh_from_db()
        return following.status == "accepted"

    until(accepted)
    assert following.responder == second_guard
    assert outside.world.network.counters["calls"] == 2


def test_a_lost_answer_is_found_at_the_network(outside, order, guard, monkeypatch):
    honest = TwilioVoice.call

    def lost(self, *args, **kwargs):
        honest(self, *args, **kwargs)
        raise Unclear("the answer was lost")

    outside.phones_behave(Policy())
    monkeypatch.setattr(TwilioVoice, "call", lost)
    call, _text = order(guard)
    performing.perform(call.pk)
    receipts = TwilioVoice().calls_to(guard.phone, since=call.created_at)
    assert [receipt.provider_id for receipt in receipts] == list(outside.world.network.calls)


def test_what_is_said_at_the_site_is_what_the_camera_heard(outside, incident, camera, live_camera, alice):
    type(camera).objects.filter(pk=camera.pk).update(address=f"rtsp://127.0.0.1:{outside.world.rtsp.port}/yard")
    attempt = actions.talk(
        incident.pk,
        message_id=live_camera.pk,
        camera_id=camera.pk,
        token=incident.token,
        by=alice,
        at=clock.now(),
        dedup="t",
    )
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    incident.refresh_from_db()
    assert (attempt.status, attempt.error) == ("done", "")
    assert incident.audio_sent_at == attempt.placed_at
    assert attempt.placed_at is not None
    assert attempt.ended_at is not None
    assert attempt.placed_at < attempt.ended_at
    sent = np.frombuffer(talking.sound(live_camera), "<i2")
    heard = until(lambda: outside.world.cameras["yard"].heard.segments)[-1]
    got = g711.decode(bytes(heard.data)).astype(np.float64)[: len(sent)]
    assert len(got) >= len(sent) - 160
    assert np.corrcoef(got, sent[: len(got)])[0, 1] > 0.99
