"""A starting watcher asks whether anybody answers, and does not wait for ever."""

from __future__ import annotations

import threading

from cameras.vision.slots import SlotRef, attach
from cameras.watching.canary import workers_answer


def answer(ref: SlotRef) -> None:
    with attach(ref.name) as reader:
        found = reader.read()
        assert found is not None
        reader.post(found, [], inference_ms=1.0)


def test_workers_that_answer_are_believed_at_once():
    asked: list[SlotRef] = []

    def ask(ref: SlotRef) -> None:
        asked.append(ref)
        answer(ref)

    assert workers_answer(ask, "test-canary", within_s=5, stop=threading.Event())
    assert len(asked) == 1


def test_a_request_that_got_lost_is_made_again():
    asked: list[SlotRef] = []

    def ask(ref: SlotRef) -> None:
        asked.append(ref)
        if len(asked) == 2:
            answer(ref)

    assert workers_answer(ask, "test-canary", within_s=10, stop=threading.Event())


def test_silence_is_said_and_not_waited_out_for_ever():
    assert not workers_answer(lambda ref: None, "test-canary", within_s=0.3, stop=threading.Event())
