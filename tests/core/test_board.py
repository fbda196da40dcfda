"""The sockets of one loop: told once for all of them, and looked at together."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from django.db import OperationalError

from soc.core.feed import board as boards
from soc.core.feed.audiences import Audience
from soc.core.feed.board import Board
from soc.core.sessions import users_now
from tests.core.follower import at_rest, cookie_of
from tests.queries import at_most


class Desk:
    """Stands for the reader: who has subscribed."""

    def __init__(self) -> None:
        self.pushes: dict[Audience, set] = {}

    def subscribe(self, audience, push) -> None:
        self.pushes.setdefault(audience, set()).add(push)

    def unsubscribe(self, audience, push) -> None:
        self.pushes.get(audience, set()).discard(push)


@pytest.fixture
def desk(monkeypatch) -> Desk:
    found = Desk()
    monkeypatch.setattr(boards, "reader", found)
    return found


@pytest.mark.django_db(transaction=True)
async def test_the_reader_tells_a_loop_once_and_everybody_in_it_hears(desk):
    audience, board = Audience("ops", "organisation", uuid4()), Board(asyncio.get_running_loop())
    heard: list[str] = []
    takers = [lambda text, n=n: heard.append(f"{n} {text}") for n in range(3)]
    for take in takers:
        await board.join([audience], take)
    (tell,) = desk.pushes[audience]
    tell("hello")
    await asyncio.sleep(0)
    assert sorted(heard) == ["0 hello", "1 hello", "2 hello"]
    await board.leave([audience], takers[0])
    tell("again")
    await asyncio.sleep(0)
    assert sorted(heard[3:]) == ["1 again", "2 again"]
    assert desk.pushes[audience], "somebody listens still"
    for take in takers[1:]:
        await board.leave([audience], take)
    assert not desk.pushes[audience]


@pytest.mark.django_db(transaction=True)
async def test_whose_sessions_they_are_is_asked_for_all_at_once(alice, dave, carol):
    def ask() -> None:
        keys = [cookie_of(person) for person in (alice, dave, carol)]
        with at_most(3):
            found = users_now([*keys, "nobodys"])
        assert [found[key] for key in keys] == [alice, dave, carol]
        assert "nobodys" not in found

    await at_rest(ask)


@pytest.mark.django_db(transaction=True)
async def test_a_reader_that_fails_once_leaves_nobody_deaf(desk, monkeypatch):
    """The database goes in the moment in which two pages come: the one that waited its turn must not take the other's word."""
    audiences, board = [Audience("ops", "organisation", uuid4()) for _ in range(2)], Board(asyncio.get_running_loop())
    subscribe, failed = desk.subscribe, []

    def once(audience, push) -> None:
        if desk.pushes and not failed:  # the first of the two is subscribed already
            failed.append(audience)
            raise OperationalError("the connection is lost")
        subscribe(audience, push)

    monkeypatch.setattr(desk, "subscribe", once)
    heard: list[str] = []
    first, second = await asyncio.gather(
        board.join(audiences, lambda text: None), board.join(audiences, heard.append), return_exceptions=True
    )
    assert isinstance(first, OperationalError)
    assert second is None
    for audience in audiences:
        (tell,) = desk.pushes[audience]
        tell("an alarm")
    await asyncio.sleep(0)
    assert heard == ["an alarm", "an alarm"]
