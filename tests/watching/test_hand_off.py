"""How many tasks are under way, and who hears of an answer. The broker is a list, time is a number."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from cameras.tasks import GO_ON_S
from cameras.vision.bell import Dozer, Ring, Ringer, mark_of
from cameras.vision.slots import SlotRef, SlotWriter
from cameras.watching.hand_off import GATHER_S, LOST_S, UNBEGUN_S, HandOff
from soc.core import clock

WORKERS = 2


class Broker:
    """Keeps what is sent; away while `away`."""

    def __init__(self) -> None:
        self.sent: list[tuple[list[str], int]] = []
        self.away = False
        self.arrived = threading.Event()

    def send(self, refs: Sequence[SlotRef], ticket: int) -> None:
        if self.away:
            raise ConnectionError("no broker")
        self.sent.append(([ref.name for ref in refs], ticket))
        self.arrived.set()

    @property
    def names(self) -> list[str]:
        return [name for names, _ in self.sent for name in names]


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def hand_off(broker, tmp_path):
    made = HandOff("main", workers=WORKERS, send=broker.send, directory=tmp_path)
    yield made
    made.stop()


@pytest.fixture
def dozer(tmp_path):
    made = Dozer("main", directory=tmp_path)
    yield made
    made.close()


def slot(number: int) -> SlotRef:
    return SlotRef(f"nightdesk.main.1.1.camera{number}.1", 1, 1)


def ask(hand_off: HandOff, *numbers: int, at: float) -> None:
    for number in numbers:
        hand_off.ask(slot(number))
    hand_off.send_waiting(at)


def test_one_request_is_one_task(hand_off, broker):
    ask(hand_off, 1, at=0.0)
    assert broker.sent == [([slot(1).name], 1)]
    hand_off.send_waiting(0.1)
    assert len(broker.sent) == 1


def test_what_is_asked_for_at_once_goes_to_as_many_workers_as_there_are(hand_off, broker):
    ask(hand_off, *range(10), at=0.0)
    assert len(broker.sent) == WORKERS + 1
    assert sorted(broker.names) == sorted(slot(n).name for n in range(10))


def test_overload_makes_no_queue(hand_off, broker):
    for step in range(100):
        ask(hand_off, *range(20), at=step / 100)
    assert len(broker.sent) == WORKERS + 1


def test_when_a_task_is_done_what_waits_is_sent(hand_off, broker):
    ask(hand_off, 1, 2, 3, at=0.0)
    ask(hand_off, 4, 5, at=0.1)
    assert slot(4).name not in broker.names
    hand_off.hear([Ring(2, None)], 0.2)
    hand_off.send_waiting(0.2)
    assert broker.sent[-1] == ([slot(4).name, slot(5).name], 4)


def test_a_task_of_which_nothing_is_heard_does_not_count_for_long(hand_off, broker):
    ask(hand_off, 1, 2, 3, at=0.0)
    hand_off.hear([Ring(ticket, mark_of(slot(ticket).name)) for ticket in (1, 2, 3)], 0.0)
    hand_off.hear([Ring(1, mark_of(slot(1).name))], 1.0)  # the first worker lives, the others were killed
    ask(hand_off, 4, 5, at=LOST_S)
    assert broker.sent[WORKERS + 1 :] == [([slot(4).name], 4), ([slot(5).name], 5)]
    ask(hand_off, 6, at=LOST_S + 0.1)
    assert slot(6).name not in broker.names


def test_a_task_that_waits_for_a_worker_counts_for_as_long_as_one_goes_on(hand_off, broker):
    ask(hand_off, 1, 2, 3, at=0.0)
    ask(hand_off, 4, at=GO_ON_S)
    assert slot(4).name not in broker.names  # it would only wait behind the others
    ask(hand_off, 4, at=UNBEGUN_S)
    assert slot(4).name in broker.names
    assert LOST_S < UNBEGUN_S < 3.0  # after three seconds unseen motion is an alarm


def test_a_worker_that_dozes_is_woken_and_not_sent_a_task(hand_off, broker, dozer):
    with dozer.lie_down():
        ask(hand_off, 1, at=0.0)
        assert not broker.sent
        assert dozer.wait(0.0) == []  # woken: nothing is said
    ask(hand_off, 2, at=0.1)
    assert broker.names == [slot(2).name]


def test_a_worker_that_is_known_to_doze_is_woken_by_whoever_asks(hand_off, broker, dozer):
    ask(hand_off, 1, at=0.0)
    with dozer.lie_down():
        hand_off.hear([Ring(1, None, dozes=True)], 0.1)
        hand_off.ask(slot(2))
        assert dozer._poll.poll(0)
    hand_off.ask(slot(3))  # it got up meanwhile
    hand_off.send_waiting(0.2)
    assert broker.names == [slot(1).name, slot(3).name]


def test_a_worker_that_was_stopped_while_it_dozed_keeps_nobody_waiting_for_long(hand_off, broker, dozer):
    hand_off.listen(slot(1).name, lambda: None)
    with dozer.lie_down():  # and never reads
        ask(hand_off, 1, at=0.0)
        assert not broker.sent
        ask(hand_off, 1, at=1.0)  # a second later nobody has answered
        assert broker.names == [slot(1).name]
        hand_off.hear([Ring(1, mark_of(slot(1).name)), Ring(1, None)], 1.1)
    with dozer.lie_down():
        ask(hand_off, 1, at=1.2)
        assert len(broker.sent) == 1


def test_a_hand_off_that_stumbles_goes_on(hand_off, broker, monkeypatch):
    wake, trouble = hand_off._waker.wake, iter([OSError(24, "Too many open files")])

    def stumbling(*args, **given):
        if (error := next(trouble, None)) is not None:
            raise error
        return wake(*args, **given)

    monkeypatch.setattr(hand_off._waker, "wake", stumbling)
    hand_off.start()
    hand_off.ask(slot(1))
    assert not broker.arrived.wait(0.2)
    hand_off.ask(slot(1))
    assert broker.arrived.wait(5)


def test_with_all_tasks_under_way_one_that_dozes_is_woken_all_the_same(hand_off, broker, dozer):
    ask(hand_off, 1, 2, 3, at=0.0)
    with dozer.lie_down():
        hand_off.hear([Ring(1, None, dozes=True)], 0.1)
        ask(hand_off, 4, at=0.1)
        assert dozer._poll.poll(0)
        hand_off.send_waiting(0.2)
    assert slot(4).name not in broker.names
    hand_off.hear([Ring(1, None)], 0.3)
    hand_off.send_waiting(0.3)
    assert len(broker.sent) == WORKERS + 1  # it was told, and is not sent again


def test_a_broker_that_is_away_loses_requests_and_nothing_else(hand_off, broker, caplog):
    broker.away = True
    ask(hand_off, 1, at=0.0)
    ask(hand_off, 1, at=0.1)
    assert caplog.text.count("cannot be told") == 1
    broker.away = False
    ask(hand_off, 1, at=0.2)
    assert broker.names == [slot(1).name]


def test_whoever_listens_is_told_of_an_answer(hand_off):
    told: list[int] = []
    hand_off.listen(slot(1).name, lambda: told.append(1))
    hand_off.listen(slot(2).name, lambda: told.append(2))
    hand_off.hear([Ring(1, mark_of(slot(2).name)), Ring(1, mark_of(slot(2).name))], 0.0)
    assert told == [2]
    hand_off.listen(slot(2).name, None)
    hand_off.hear([Ring(1, mark_of(slot(2).name)), Ring(1, mark_of(slot(1).name))], 0.0)
    assert told == [2, 1]


def test_one_cameras_trouble_with_an_answer_is_not_its_neighbours(hand_off, caplog):
    told: list[int] = []

    def stumble() -> None:
        raise ValueError("no")

    hand_off.listen(slot(1).name, stumble)
    hand_off.listen(slot(2).name, lambda: told.append(2))
    hand_off.hear([Ring(1, mark_of(slot(1).name)), Ring(1, mark_of(slot(2).name))], 0.0)
    assert told == [2]
    assert "camera1" in caplog.text


def test_from_asking_to_hearing_on_its_own_thread(hand_off, broker, tmp_path):
    heard = threading.Event()
    ringer = Ringer(directory=tmp_path)
    with SlotWriter("c", generation=1, directory=tmp_path, max_width=64, max_height=48) as writer:
        hand_off.start()
        hand_off.listen(writer.name, heard.set)
        hand_off.ask(SlotRef(writer.name, 1, 1))
        assert broker.arrived.wait(5)
        ringer.answered(writer.name, broker.sent[0][1])
        assert heard.wait(5)
    ringer.close()


@pytest.mark.parametrize("busy", [True, False])
def test_answers_are_taken_together_only_while_more_waits_than_workers_can_look_at(
    hand_off, broker, tmp_path, monkeypatch, busy
):
    pauses: list[float] = []
    monkeypatch.setattr(hand_off._pause, "wait", pauses.append)
    heard = threading.Event()
    ringer = Ringer(directory=tmp_path)
    with SlotWriter("c", generation=1, directory=tmp_path, max_width=64, max_height=48) as writer:
        ask(hand_off, *range(WORKERS + 1), at=clock.monotonic())
        for number in range(20 if busy else 2):
            hand_off.ask(slot(number))
        hand_off.send_waiting(clock.monotonic())
        hand_off.listen(writer.name, heard.set)
        hand_off.start()
        ringer.answered(writer.name, broker.sent[0][1])
        assert heard.wait(5)
    ringer.close()
    assert pauses == ([GATHER_S] if busy else [])


def test_after_the_end_asking_does_nothing(hand_off, broker):
    hand_off.start()
    hand_off.stop()
    ask(hand_off, 1, at=0.0)
    assert not broker.sent
