"""The socket: resumes without a gap, looks at rights again while it is open, and closes with a reason."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest
import pytest_asyncio
from django.db import OperationalError

from soc.core import chain
from soc.core.deliveries import Place
from soc.core.feed import audiences, consumer
from soc.core.feed.audiences import Audience, Face
from soc.core.feed.reader import reader
from soc.core.models import Membership, User
from soc.core.rights import Act
from tests import factories as make
from tests.core.conftest import happen
from tests.core.follower import Follower, at_rest, cookie_of, hang_up, socket_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def faces(monkeypatch):
    beats: list = []
    ops = Face(
        "ops",
        Act.CONSOLE,
        None,
        lambda event: {"html": "row"},
        lambda user: {"rows": ["all"]},
        lambda user_id, said: beats.append((user_id, dict(said))),
    )
    portal = Face(
        "portal", Act.PORTAL, frozenset({"test.told"}), lambda event: {"html": "row"}, lambda user: {"rows": ["all"]}
    )
    monkeypatch.setattr(audiences, "_faces", {"ops": ops, "portal": portal})
    monkeypatch.setattr(consumer, "BEAT_S", 0.1)
    return beats


@pytest_asyncio.fixture(autouse=True)
async def reader_ends_with_the_test():
    yield
    await hang_up()
    reader.stop()
    if reader._thread is not None:
        await asyncio.to_thread(reader._thread.join, 5)
    reader._thread = None
    reader._push.clear()


@pytest.fixture
def carols(carol) -> str:
    return cookie_of(carol)


@pytest.fixture
def alices(alice) -> str:
    return cookie_of(alice)


def told(site, number: int = 1) -> int:
    """`number` sealed events; the head after them."""
    for _ in range(number):
        happen(site, "test.told")
    while chain.seal():
        pass
    return chain.head()[0]


async def test_a_page_that_starts_gets_a_snapshot_with_positions(carols, customer, site):
    await at_rest(lambda: told(site, 3))
    async with socket_of(carols) as socket:
        assert (await socket.hear("hello"))["heads"] == {f"portal:customer:{customer.pk}": 3}
        await socket.resume()
        snapshot = await socket.hear("snapshot")
    assert snapshot["rows"] == ["all"]
    assert snapshot["heads"] == {f"portal:customer:{customer.pk}": 3}


async def test_a_page_that_comes_back_gets_exactly_what_it_missed(carols, customer, site, other_site):
    key = f"portal:customer:{customer.pk}"
    await at_rest(lambda: (told(site, 2), told(other_site, 2), happen(site, "test.untold"), told(site, 3)))
    follower = Follower(key, last=1)
    async with socket_of(carols) as socket:
        await socket.resume(**{key: 1})
        for _ in range(4):
            follower.hear(await socket.hear("event"))
        await at_rest(lambda: told(site))
        follower.hear(await socket.hear("event"))
        heads = (await socket.hear("beat"))["heads"]
    assert follower.seen == [2, 6, 7, 8, 9]
    assert follower.gaps == []
    assert heads == {key: 9}


async def test_what_a_page_missed_is_rendered_together_or_all_other_sockets_would_wait_for_it(
    carols, customer, site, monkeypatch
):
    rendered: list[int] = []

    def many(events):
        rendered.append(len(events))
        return [{"html": f"row {event.seq}"} for event in events]

    known = audiences._faces["portal"]
    monkeypatch.setitem(audiences._faces, "portal", replace(known, many=many))
    await at_rest(lambda: told(site, 6))
    key = f"portal:customer:{customer.pk}"
    async with socket_of(carols) as socket:
        await socket.resume(**{key: 1})
        assert [(await socket.hear("event"))["html"] for _ in range(5)] == [f"row {seq}" for seq in range(2, 7)]
    assert rendered == [5]


async def test_a_page_that_missed_nothing_is_sent_nothing(carols, customer, site):
    await at_rest(lambda: told(site, 2))
    async with socket_of(carols) as socket:
        await socket.resume(**{f"portal:customer:{customer.pk}": 2})
        kinds = {(await socket.hear(kind))["type"] for kind in ("hello", "beat")}
        await socket.say(type="ping", t=7)
        assert (await socket.hear("pong"))["t"] == 7
    assert kinds == {"hello", "beat"}


async def test_a_page_that_missed_too_much_gets_a_snapshot(carols, customer, site, monkeypatch):
    monkeypatch.setattr(consumer, "REPLAY", 3)
    await at_rest(lambda: told(site, 5))
    key = f"portal:customer:{customer.pk}"
    async with socket_of(carols) as socket:
        await socket.resume(**{key: 1})
        assert (await socket.hear("snapshot"))["heads"] == {key: 5}
        await socket.resume(**{key: 2})
        assert [(await socket.hear("event"))["seq"] for _ in range(3)] == [3, 4, 5]


async def test_a_dealer_hears_each_customer_on_its_own_chain(organisation, customer, other_customer, site, other_site):
    def make_dealer() -> str:
        user = make.make_user("dealer", "owner", customer)
        make.give(user, "owner", other_customer)
        return cookie_of(user)

    session = await at_rest(make_dealer)
    keys = [f"portal:customer:{c.pk}" for c in (customer, other_customer)]
    followers = [Follower(key) for key in keys]
    async with socket_of(session) as socket:
        await socket.resume(**dict.fromkeys(keys, 0))
        await socket.hear("beat")
        await at_rest(lambda: [told(place) for place in (site, other_site, site, other_site)])
        for _ in range(4):
            said = await socket.hear("event")
            for follower in followers:
                follower.hear(said)
    assert [follower.seen for follower in followers] == [[1, 3], [2, 4]]
    assert not any(follower.gaps for follower in followers)


async def test_a_page_is_told_how_far_the_spine_is_behind_and_the_centre_what_is_stuck(
    alices, carols, organisation, monkeypatch
):
    elsewhere = Place(uuid4(), None, None)
    told = consumer.pulse.Pulse(lag_s=6.5, places={Place(organisation.pk, None, uuid4()): 2, elsewhere: 5})
    monkeypatch.setattr(consumer.pulse, "latest", lambda: told)
    async with socket_of(alices, face="ops") as socket:
        await socket.resume()
        for kind in ("snapshot", "beat"):
            said = await socket.hear(kind)
            assert (said["lag_s"], said["stuck"]) == (6.5, 2)
    async with socket_of(carols) as socket:
        said = await socket.hear("beat")
    assert said["lag_s"] == 6.5
    assert "stuck" not in said


async def test_the_pages_life_is_told_to_its_face(alices, alice, organisation, faces):
    async with socket_of(alices, face="ops") as socket:
        await socket.hear("beat")
    assert faces[0] == (alice.pk, {}), "a socket that was just opened has said nothing"


async def test_what_the_page_says_of_itself_is_told_to_its_face(alices, alice, faces):
    async with socket_of(alices, face="ops") as socket:
        await socket.say(type="ping", t=7, visible=False, open="nonsense")
        await socket.hear("beat")
        await socket.hear("beat")
    assert (alice.pk, {"type": "ping", "t": 7, "visible": False, "open": "nonsense"}) in faces


async def test_a_page_that_hangs_is_not_told_to_be_alive(alices, alice, organisation, faces, monkeypatch):
    """Its socket is open, and nobody sees anything: only what the page itself sends counts."""
    monkeypatch.setattr(consumer, "BEAT_S", 0.05)
    async with socket_of(alices, face="ops") as socket:
        for _silent in range(4):
            await socket.hear("beat")
        alive = len(faces)
        await socket.say(type="ping")
        for _silent in range(3):
            await socket.hear("beat")
    assert alive <= 2, "opening it counts, and the beat after"
    assert len(faces) == alive + 1


async def test_rights_that_are_taken_away_close_the_socket(carols, carol, customer, site):
    async with socket_of(carols) as socket:
        await socket.hear("beat")
        await at_rest(lambda: Membership.objects.filter(user=carol).delete())
        assert await socket.closed() == 4403
    assert Audience("portal", "customer", customer.pk) not in reader._push


async def test_a_page_that_does_not_even_take_its_end_keeps_nobody_waiting(carols, alices, carol, monkeypatch):
    released, close = asyncio.Event(), consumer.FeedConsumer.close

    async def stuck(self, code=None, reason=None) -> None:
        await released.wait()
        await close(self, code, reason)

    async with socket_of(carols) as hung, socket_of(alices, face="ops") as other:
        await hung.hear("beat")
        monkeypatch.setattr(consumer.FeedConsumer, "close", stuck)
        await at_rest(lambda: Membership.objects.filter(user=carol).delete())
        for _beat in range(5):
            await other.hear("beat", seconds=2)
        released.set()
        assert await hung.closed() == 4403


async def test_rights_that_are_added_close_the_socket_so_that_the_page_starts_anew(carols, carol, other_customer):
    async with socket_of(carols) as socket:
        await socket.hear("beat")
        await at_rest(lambda: make.give(carol, "viewer", other_customer))
        assert await socket.closed() == 4403


async def test_logging_out_closes_the_socket(carols, client):
    def log_out() -> None:
        client.cookies["sessionid"] = carols
        client.post("/logout/")

    async with socket_of(carols) as socket:
        await socket.hear("beat")
        await at_rest(log_out)
        assert await socket.closed() == 4401


async def test_a_deactivated_user_is_closed_out(carols, carol):
    async with socket_of(carols) as socket:
        await socket.hear("beat")
        await at_rest(lambda: User.objects.filter(pk=carol.pk).update(is_active=False))
        assert await socket.closed() == 4401


async def test_a_new_password_closes_the_sockets_of_the_old_one(carols, carol):
    def change() -> None:
        carol.set_password("another-correct-horse")
        carol.save()

    async with socket_of(carols) as socket:
        await socket.hear("beat")
        await at_rest(change)
        assert await socket.closed() == 4401


@pytest.mark.parametrize("session", [None, "", "no-such-session"])
async def test_nobody_is_told_to_log_in(session, db):
    async with socket_of(session) as socket:
        assert await socket.closed() == 4401


async def test_an_operator_has_nothing_to_see_in_the_portal(alices):
    async with socket_of(alices) as socket:
        assert await socket.closed() == 4403


async def test_a_customer_has_nothing_to_see_among_the_operators_and_is_nobody_at_a_desk(carols, faces):
    async with socket_of(carols, face="ops") as socket:
        assert await socket.closed() == 4403
    assert faces == []


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        "no json",
        "[1, 2]",
        "7",
        "null",
        '"resume"',
        "{}",
        '{"type": "shout"}',
        '{"type": "resume", "last": 5}',
        '{"type": "resume", "last": {"a": "b"}}',
        '{"type": "resume", "last": {"a": 1e999}}',
        '{"type": "resume", "last": {"a": null}}',
        '{"type": ["resume"]}',
        "[" * 100_000,
    ],
    ids=range(14),
)
async def test_garbage_closes_the_socket(carols, garbage):
    async with socket_of(carols) as socket:
        await socket.send(text=garbage)
        assert await socket.closed() == 4400


async def test_bytes_are_garbage_too(carols):
    async with socket_of(carols) as socket:
        await socket.send(data=b"\x00\xff")
        assert await socket.closed() == 4400


async def test_a_position_beyond_every_number_is_survived(carols, customer, site):
    await at_rest(lambda: told(site))
    key = f"portal:customer:{customer.pk}"
    async with socket_of(carols) as socket:
        await socket.resume(**{key: 10**30})
        await socket.resume(**{key: -(10**30)})
        assert (await socket.hear("event"))["seq"] == 1


async def test_a_client_too_slow_to_keep_up_is_closed_once_and_never_gets_a_gap(carols, customer, site, monkeypatch):
    monkeypatch.setattr(consumer, "OUTBOX", 5)

    async def stuck(self) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(consumer.FeedConsumer, "_send_out", stuck)
    async with socket_of(carols) as socket:
        await at_rest(lambda: told(site, 20))
        assert await socket.closed() == 4408
        assert await socket.silent()
    assert Audience("portal", "customer", customer.pk) not in reader._push


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:9"])
async def test_another_sites_page_gets_no_socket(carols, origin):
    with pytest.raises(ConnectionRefusedError):
        async with socket_of(carols, origin=origin):
            pass


async def test_a_database_lost_while_resuming_leaves_nobody_at_the_desk(carols, customer, monkeypatch):
    """The page comes back; what served the old socket neither listens nor says any more that somebody is there."""

    def lost(self, last):
        raise OperationalError("server closed the connection unexpectedly")

    before = asyncio.all_tasks()
    async with socket_of(carols) as socket:
        await socket.hear("beat")
        monkeypatch.setattr(consumer.FeedConsumer, "_missed", lost)
        await socket.resume()
        assert await socket.closed() == 1013
        assert not [task for task in asyncio.all_tasks() - before if "_beat" in repr(task.get_coro())]
    assert Audience("portal", "customer", customer.pk) not in reader._push
