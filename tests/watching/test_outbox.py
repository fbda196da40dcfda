"""Candidates wait for the database and keep their order; a full box says so."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator

import pytest
from django.db import OperationalError

from cameras.models import Candidate
from cameras.watching import outbox as module
from cameras.watching.outbox import Outbox
from tests import factories as make


@pytest.fixture
def outbox(monkeypatch) -> Iterator[Outbox]:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    box = Outbox()
    yield box
    if box._thread.ident is not None:
        box.stop()


def drained(box: Outbox, within_s: float = 10.0) -> bool:
    pause = threading.Event()
    for _ in range(int(within_s / 0.02)):
        if box.drained():
            return True
        pause.wait(0.02)
    return False


@pytest.mark.django_db(transaction=True)
def test_candidates_wait_for_the_database_and_are_committed_once_and_in_order(outbox: Outbox, camera):
    tries = []

    def candidate(number: int) -> None:
        tries.append(number)
        if len(tries) <= 5:
            raise OperationalError("the database system is starting up")
        make.make_candidate(camera=camera, dedup=f"box-{number}")

    for number in range(8):
        assert outbox.put(lambda number=number: candidate(number))
    outbox.start()
    assert drained(outbox)
    assert tries == [0] * 6 + list(range(1, 8))
    assert sorted(Candidate.objects.values_list("dedup", flat=True)) == [f"box-{n}" for n in range(8)]


@pytest.mark.django_db(transaction=True)
def test_what_can_never_be_written_holds_up_nobody(outbox: Outbox, camera, caplog):
    def broken() -> None:
        raise ValueError("not a matter of waiting")

    outbox.put(broken)
    outbox.put(lambda: make.make_candidate(camera=camera, dedup="after") and None)
    outbox.start()
    assert drained(outbox)
    assert Candidate.objects.filter(dedup="after").exists()
    assert "could not be written" in caplog.text


def test_a_full_box_refuses_the_newest_aloud(monkeypatch, caplog):
    monkeypatch.setattr(module, "ROOM", 3)
    box = Outbox()
    assert [box.put(lambda: None) for _ in range(5)] == [True, True, True, False, False]
    assert [r.levelno for r in caplog.records] == [logging.CRITICAL] * 2
