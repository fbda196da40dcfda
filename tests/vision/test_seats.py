"""As many threads work on pictures at once as there are seats, and nobody who keeps one holds the others up."""

from __future__ import annotations

import threading
import time
from queue import Queue

import pytest

from cameras.vision.seats import Seats, for_this_machine

PATIENCE_S = 0.2
WITHIN_S = 10.0


def test_no_more_threads_work_at_once_than_there_are_seats():
    seats, changed, come, most, now = Seats(3, patience_s=WITHIN_S), threading.Condition(), 0, 0, 0

    def work() -> None:
        nonlocal come, most, now
        with changed:
            come += 1
            changed.notify_all()
        seat = seats.take()
        with changed:
            now += 1
            most = max(most, now)
            changed.notify_all()
            changed.wait_for(lambda: come == 12 and most >= 3, WITHIN_S)  # nobody leaves before all others have come
            now -= 1
        seats.leave(seat)

    threads = [threading.Thread(target=work) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)
    assert (most, now) == (3, 0)


class Unforgiving(Seats):
    """The deliberately broken one: a seat that is kept is lost."""

    def _one_is_overdue(self) -> bool:
        return False


@pytest.mark.parametrize(("kind", "again"), [(Seats, True), (Unforgiving, False)])
def test_seats_that_are_kept_cost_the_others_one_wait_and_no_more(kind, again):
    seats = kind(2, patience_s=PATIENCE_S)
    kept = [seats.take(), seats.take()]
    first = _waited(seats)
    assert first >= PATIENCE_S - 0.01
    waits = [_waited(seats) for _ in range(3)]
    assert all(wait < PATIENCE_S / 2 for wait in waits) == again
    for seat in kept:
        seats.leave(seat)


def test_whoever_comes_back_late_brings_no_seat_more():
    now = [0.0]
    seats = Seats(1, patience_s=0.01, monotonic=lambda: now[0])
    late = seats.take()
    now[0] = 1.0
    instead = seats.take()
    assert instead is not None
    seats.leave(late)
    assert seats.take() is None  # the one there is, is taken since just now
    seats.leave(instead)
    assert seats.take() is not None
    assert seats.take() is None


def test_a_seat_is_handed_on_as_soon_as_it_is_left():
    seats, sat = Seats(1, patience_s=WITHIN_S), Queue()
    seat = seats.take()
    threading.Thread(target=lambda: sat.put(seats.take()), daemon=True).start()
    seats.leave(seat)
    assert sat.get(timeout=WITHIN_S) is not None


def test_there_is_a_seat_for_each_processor_and_one_more(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3})
    seats = for_this_machine()
    assert len({seats.take() for _ in range(5)} - {None}) == 5
    assert seats._free.empty()


def test_without_a_seat_nobody_could_work():
    with pytest.raises(ValueError, match="sit"):
        Seats(0)


def _waited(seats: Seats) -> float:
    """Seconds that taking a seat takes; it is left at once."""
    began = time.monotonic()
    seats.leave(seats.take())
    return time.monotonic() - began
