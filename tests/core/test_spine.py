"""The spine's loop: it outlives the database, bad sweeps and bad handlers."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import InterfaceError, OperationalError, connection

from soc.core import chain, heads, spine, sweeps
from soc.core.models import Delivery, Event
from soc.core.verify import verify
from tests.core.conftest import happen

pytestmark = pytest.mark.django_db(transaction=True)
QUICK = spine.Rhythm(seal=0.01, due=0.03, sign=0.05)


@pytest.fixture(autouse=True)
def own_sweeps(monkeypatch):
    monkeypatch.setattr(sweeps, "_sweeps", {})


@contextmanager
def beating(number: int = 1) -> Iterator[None]:
    """Spines in threads, stopped and joined at the end."""
    stop = threading.Event()

    def run() -> None:
        try:
            spine.run(stop, QUICK)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
        gc.collect()  # the pool's threads are gone; so are their connections, once they are collected


def wait_for(condition, seconds: float = 10) -> None:
    waiting, limit = threading.Event(), spine.monotonic() + seconds
    while not condition():
        assert spine.monotonic() < limit, "it did not happen"
        waiting.wait(0.02)


def all_done() -> bool:
    unsealed = Event.objects.filter(seq__isnull=True).exists()
    return not unsealed and not Delivery.objects.filter(done_at__isnull=True).exists()


def test_the_spine_seals_runs_what_nobody_took_and_signs(site, reactions):
    ran: list[int] = []
    reactions(ran.append)
    with beating():
        event = happen(site)
        wait_for(lambda: all_done() and heads.read())
    assert ran == [event.pk]
    assert verify().finding is None


def test_a_disk_that_takes_no_signature_holds_up_no_sealing(site, reactions, monkeypatch):
    reactions(lambda event_id: None)
    signing, answered = threading.Event(), threading.Event()

    def hang(*args, **kwargs):
        signing.set()
        answered.wait(30)
        raise OSError("no space left on device")

    monkeypatch.setattr(heads, "sign", hang)
    with beating():
        happen(site)
        assert signing.wait(10)
        happen(site)
        wait_for(all_done)
        answered.set()


def test_two_spines_do_everything_once(site, reactions):
    ran: list[int] = []
    reactions(ran.append)
    with beating(2):
        pks = [happen(site).pk for _ in range(30)]
        wait_for(all_done)
    assert sorted(ran) == pks
    assert verify().finding is None


@pytest.mark.parametrize(
    "error", [OperationalError("server closed the connection"), InterfaceError("connection already closed")]
)
def test_a_lost_database_is_waited_out(site, reactions, monkeypatch, error):
    reactions(lambda event_id: None)
    real, lost = chain.seal, iter([True] * 3)

    def seal(*args, **kwargs):
        if next(lost, False):
            raise error
        return real(*args, **kwargs)

    monkeypatch.setattr(chain, "seal", seal)
    happen(site)
    with beating():
        wait_for(all_done)
    assert next(lost, "all used") == "all used"


def test_a_connection_cut_by_the_server_is_replaced(site, reactions):
    reactions(lambda event_id: None)
    with beating():
        happen(site)
        wait_for(all_done)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            assert cursor.fetchone()[0] >= 1
        happen(site)
        wait_for(all_done)


def test_a_bad_sweep_stops_neither_the_others_nor_the_deliveries(site, reactions):
    swept: list[object] = []
    reactions(lambda event_id: None)

    @sweeps.sweep("bad")
    def bad(at) -> int:
        raise ValueError("nobody expected this")

    @sweeps.sweep("good")
    def good(at) -> int:
        swept.append(at)
        return 1

    happen(site)
    with beating():
        wait_for(lambda: all_done() and len(swept) >= 2)


def test_a_bad_duty_is_said_aloud_and_the_loop_goes_on(site, monkeypatch, caplog):
    real, bad = chain.seal, iter([True])

    def seal(*args, **kwargs):
        if next(bad, False):
            raise ValueError("nobody expected this either")
        return real(*args, **kwargs)

    monkeypatch.setattr(chain, "seal", seal)
    happen(site)
    with beating():
        wait_for(lambda: not Event.objects.filter(seq__isnull=True).exists())
    assert "a duty of the spine failed" in caplog.text


def test_a_handler_that_fails_at_first_is_run_until_it_succeeds(site, reactions, monkeypatch):
    from soc.core import deliveries

    monkeypatch.setattr(deliveries, "BACKOFF_S", (0,))
    tries = []

    def third_time(event_id: int) -> None:
        tries.append(event_id)
        if len(tries) < 3:
            raise ConnectionError

    reactions(third_time)
    happen(site)
    with beating():
        wait_for(all_done)
    assert len(tries) == 3


def test_a_sweep_that_waits_holds_up_neither_sealing_nor_deliveries(site, reactions):
    ran: list[int] = []
    reactions(ran.append)
    began, go_on = threading.Event(), threading.Event()

    @sweeps.sweep("tests.slow")
    def slow(at) -> int:
        began.set()
        assert go_on.wait(30)
        return 0

    with beating():
        try:
            assert began.wait(10)
            event = happen(site)
            wait_for(all_done)
        finally:
            go_on.set()
    assert ran == [event.pk]


def test_a_sweep_that_gave_up_on_a_lock_leaves_the_others_their_turn(site):
    swept = threading.Event()

    @sweeps.sweep("tests.locked_out")
    def locked_out(at) -> int:
        raise OperationalError("canceling statement due to statement timeout")

    @sweeps.sweep("tests.next")
    def following(at) -> int:
        swept.set()
        return 0

    with beating():
        assert swept.wait(10)


def test_acts_that_hang_hold_up_no_alarm(site, reactions):
    ran: list[int] = []
    hanging, go_on = threading.Semaphore(0), threading.Event()

    def hang(event_id: int) -> None:
        hanging.release()
        assert go_on.wait(30)

    reactions(hang, name="tests.call", kind="test.called", atomic=False, lease_s=60.0)
    reactions(ran.append, name="tests.alarm", kind="test.happened")
    for _ in range(6):
        happen(site, "test.called")
    with beating():
        try:
            assert all(hanging.acquire(timeout=10) for _ in range(4))
            event = happen(site)
            wait_for(lambda: ran == [event.pk])
        finally:
            go_on.set()
