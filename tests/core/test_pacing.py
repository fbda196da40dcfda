"""Reports of machines wait for each other in a storm, nobody waits long, and what people press a button for does not wait."""

from __future__ import annotations

import asyncio
import threading
from datetime import timedelta

import pytest

from soc.core import clock, events, pacing
from soc.core.models import Delivery
from soc.core.pacing import ARRIVED, Paced


class Door:
    """An application that answers when it is told to; `owed` is what a look at the backlog finds."""

    def __init__(self, owed: int | None = 0, at_most_s: float = 5.0) -> None:
        self.owed, self.looks = owed, 0
        self.inside: list[dict] = []
        self.open = asyncio.Event()
        self.paced = Paced(self.app, path="/in", hurry=[b"hold_up"], most=3, at_most_s=at_most_s, owed=self.look)

    def look(self) -> int | None:
        self.looks += 1
        return self.owed

    async def app(self, scope, receive, send) -> None:
        self.inside.append(scope | {"body": (await receive())["body"]})
        await self.open.wait()

    def send(self, body: bytes = b"alarm", path: str = "/in") -> asyncio.Task[None]:
        async def receive() -> dict:
            return {"type": "http.request", "body": body}

        return asyncio.create_task(self.paced({"type": "http", "path": path}, receive, None))


async def until(good) -> None:
    async with asyncio.timeout(5):
        while not good():
            await asyncio.sleep(0.005)


@pytest.fixture
def storm(monkeypatch):
    """More than a few are in already: it is looked at what is owed."""
    monkeypatch.setattr(pacing, "UNCOUNTED", 0)


async def test_those_who_come_together_are_let_in_a_few_at_a_time(storm):
    door = Door()
    asked = [door.send() for _ in range(8)]
    await until(lambda: len(door.inside) == 3)
    await until(lambda: door.looks > 2)
    assert len(door.inside) == 3, "as many as are worked off in a moment"
    door.open.set()
    await asyncio.gather(*asked)
    assert len(door.inside) == 8
    assert [ARRIVED in scope for scope in door.inside] == [False] * 3 + [True] * 5
    assert door.inside[7][ARRIVED] < clock.now()
    assert {scope["body"] for scope in door.inside} == {b"alarm"}


async def test_while_much_is_owed_they_wait_and_go_on_when_it_is_worked_off(storm):
    door = Door(owed=50)
    door.open.set()
    asked = door.send()
    await until(lambda: door.looks > 1)
    assert not door.inside
    door.owed = 0
    await asked
    assert len(door.inside) == 1


async def test_where_nobody_works_off_anything_nobody_waits(storm):
    """They are only to be kept: as fast as they can be."""
    door = Door(owed=None)
    await door.paced._look()
    asked = [door.send() for _ in range(8)]
    await until(lambda: len(door.inside) == 8)
    door.open.set()
    await asyncio.gather(*asked)
    assert not any(ARRIVED in scope for scope in door.inside)


async def test_that_somebody_works_again_is_noticed(storm, monkeypatch):
    monkeypatch.setattr(pacing, "ALONE_S", 0.0)
    door = Door(owed=None)
    door.open.set()
    await door.send()
    door.owed = 50
    asked = door.send()
    await until(lambda: door.looks > 2)
    assert len(door.inside) == 1
    door.owed = 0
    await asked


async def test_nobody_waits_for_ever_and_nobody_is_refused(storm):
    door = Door(owed=50, at_most_s=0.2)
    door.open.set()
    await asyncio.gather(*(door.send() for _ in range(5)))
    assert len(door.inside) == 5


async def test_a_look_that_takes_for_ever_holds_up_nobody_for_ever(storm):
    door, over = Door(at_most_s=0.1), threading.Event()
    # As while all that needs the same thread waits, or the database hangs.
    door.paced.owed = lambda: over.wait(10) and 0
    asked = [door.send() for _ in range(2)]
    try:
        await until(lambda: len(door.inside) == 2)
    finally:
        over.set()
        door.open.set()
        await asyncio.gather(*asked)


async def test_a_hold_up_waits_for_nobody_nor_does_anything_else(storm):
    door = Door(owed=50)
    door.open.set()
    await asyncio.gather(door.send(b'{"kind": "hold_up"}'), door.send(path="/elsewhere"))
    assert (len(door.inside), door.looks) == (2, 0)


async def test_a_quiet_night_is_not_looked_at():
    door = Door(owed=50)
    door.open.set()
    for _ in range(2):
        await door.send()
    assert door.looks == 0


async def test_not_to_know_what_is_owed_holds_up_nobody(storm, caplog):
    door = Door()
    door.look = door.paced.owed = lambda: 1 / 0
    door.open.set()
    await door.send()
    assert len(door.inside) == 1
    assert "cannot be told" in caplog.text


@pytest.mark.django_db
def test_what_nobody_works_off_holds_up_nobody(site):
    """Where the workers are gone, to wait would help nobody."""
    from django.db import transaction

    Delivery.objects.all().delete()
    assert pacing.backlog() == 0
    with transaction.atomic():
        events.record("candidate.raised", site, by=None, at=clock.now())
    assert pacing.backlog() is None
    Delivery.objects.update(leased_until=clock.db_now() + timedelta(seconds=15))
    assert pacing.backlog() == 1
    Delivery.objects.update(done_at=clock.db_now())
    assert pacing.backlog() == 0
