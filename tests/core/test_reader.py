"""The reader hands every event to every audience exactly once, in order; a broken one fails the same check."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from soc.core import chain
from soc.core.clock import monotonic
from soc.core.feed import audiences
from soc.core.feed.audiences import Audience, Face, audiences_of
from soc.core.feed.reader import Reader
from soc.core.rights import Act
from tests import factories as make
from tests.core.conftest import happen, in_threads
from tests.core.follower import Follower

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def faces(monkeypatch):
    """Two faces of the test's own: one hears everything, the other one kind."""
    ops = Face("ops", Act.CONSOLE, None, lambda event: {"html": event.kind}, lambda user: {})
    portal = Face("portal", Act.PORTAL, frozenset({"test.told"}), lambda event: {"html": "told"}, lambda user: {})
    monkeypatch.setattr(audiences, "_faces", {"ops": ops, "portal": portal})


class Skipping(Reader):
    """Deliberately broken: forgets to push every third event."""

    def _hand_on(self, event):
        if event.seq % 3:
            super()._hand_on(event)
            return
        with self._lock:
            for audience in self._last:
                self._last[audience] = event.seq
            self._head = event.seq


class Overtaking(Reader):
    """Deliberately broken: looks only at the newest event when the doorbell rings."""

    def _drain(self):
        head = chain.head()[0]
        self._head = max(self._head, head - 1)
        super()._drain()


@pytest.fixture
def reading(request) -> Iterator:
    """Start readers that are stopped, with their connections, at the end."""
    started: list[Reader] = []

    def start(kind: type[Reader] = Reader) -> Reader:
        started.append(kind(poll_s=0.1))
        return started[-1]

    yield start
    for reader in started:
        reader.stop()
        if reader._thread is not None:
            reader._thread.join(5)


def wait_for(condition, seconds: float = 10) -> None:
    waiting, limit = threading.Event(), monotonic() + seconds
    while not condition():
        assert monotonic() < limit, "it did not happen"
        waiting.wait(0.02)


def follow(reader: Reader, audience: Audience) -> Follower:
    follower = Follower(audience.key)
    follower.last = reader.subscribe(audience, follower.push)
    return follower


def perfect(follower: Follower, expected: list[int]) -> bool:
    return follower.seen == expected and not follower.gaps


def test_each_audience_has_a_chain_of_its_own(site, other_site, organisation, customer, other_customer, reading):
    reader = reading()
    all_of_it = follow(reader, Audience("ops", "organisation", organisation.pk))
    carols = follow(reader, Audience("portal", "customer", customer.pk))
    bobs = follow(reader, Audience("portal", "customer", other_customer.pk))
    for number in range(12):
        happen([site, other_site][number % 2], "test.told" if number % 3 else "test.untold")
    chain.seal()
    wait_for(lambda: all_of_it.last == 12)
    assert perfect(all_of_it, list(range(1, 13)))
    assert perfect(carols, [3, 5, 9, 11])  # seq is number + 1; the first site's are odd
    assert perfect(bobs, [2, 6, 8, 12])


def test_nothing_crosses_to_another_organisation(site, other_organisation, reading):
    reader = reading()
    theirs = follow(reader, Audience("ops", "organisation", other_organisation.pk))
    own = follow(reader, Audience("ops", "organisation", site.organisation_id))
    happen(site)
    chain.seal()
    wait_for(lambda: own.seen == [1])
    assert theirs.seen == []


def storm(reader: Reader, site, organisation) -> tuple[Follower, list[int]]:
    """Writers, a sealing spine and a reader at once; the follower and what it should have seen."""
    follower = follow(reader, Audience("ops", "organisation", organisation.pk))

    def work(index: int) -> None:
        for _ in range(15):
            happen(site) if index else chain.seal(limit=4)

    in_threads(4, work)
    while chain.seal():
        pass
    wait_for(lambda: reader._head == 45)
    return follower, list(range(1, 46))


def test_under_load_nothing_is_missed_doubled_or_turned_round(site, organisation, reading):
    assert perfect(*storm(reading(), site, organisation))


@pytest.mark.parametrize("broken", [Skipping, Overtaking])
def test_a_broken_reader_fails_the_same_check(site, organisation, reading, broken):
    assert not perfect(*storm(reading(broken), site, organisation))


def test_a_page_notices_by_itself_that_a_push_was_lost(site, organisation, reading):
    follower, _ = storm(reading(Skipping), site, organisation)
    assert follower.gaps


def test_one_who_comes_later_starts_where_its_audience_stands(site, organisation, customer, reading):
    happen(site, "test.told")
    happen(site, "test.untold")
    chain.seal()
    reader = reading()
    late = follow(reader, Audience("portal", "customer", customer.pk))
    assert late.last == 1
    happen(site, "test.told")
    chain.seal()
    wait_for(lambda: late.last == 3)
    assert perfect(late, [3])


def test_one_who_leaves_hears_no_more_and_comes_back_without_a_gap(site, organisation, reading):
    reader, audience = reading(), Audience("ops", "organisation", organisation.pk)
    stays, leaves = follow(reader, audience), Follower(audience.key)
    reader.subscribe(audience, leaves.push)
    reader.unsubscribe(audience, leaves.push)
    happen(site)
    chain.seal()
    wait_for(lambda: stays.seen == [1])
    assert leaves.seen == []
    assert reader.subscribe(audience, leaves.push) == 1


def test_a_cut_connection_costs_no_event(site, organisation, reading):
    reader = reading()
    follower = follow(reader, Audience("ops", "organisation", organisation.pk))
    happen(site)
    chain.seal()
    wait_for(lambda: follower.last == 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
        )
        assert cursor.fetchone()[0] >= 1
    happen(site)
    chain.seal()
    wait_for(lambda: follower.last == 2)
    assert perfect(follower, [1, 2])


def test_a_row_that_cannot_be_rendered_becomes_the_word_to_look_again(site, organisation, reading, monkeypatch):
    def broken(event):
        raise ValueError("no template")

    monkeypatch.setattr(audiences, "_faces", {"ops": Face("ops", Act.CONSOLE, None, broken, lambda user: {})})
    heard: list[str] = []
    reading_it = reading()
    reading_it.subscribe(Audience("ops", "organisation", organisation.pk), heard.append)
    happen(site)
    chain.seal()
    wait_for(lambda: len(heard) == 1)
    assert '"stale": true' in heard[0]


def test_one_who_comes_while_others_rows_are_rendered_is_told_to_look(
    site, organisation, customer, reading, monkeypatch
):
    reader = reading()
    late: list[str] = []
    portal = Audience("portal", "customer", customer.pk)

    def rows(event):
        reader.subscribe(portal, late.append)
        return {"html": "x"}

    ops = Face("ops", Act.CONSOLE, None, rows, lambda user: {})
    monkeypatch.setitem(audiences._faces, "ops", ops)
    follower = follow(reader, Audience("ops", "organisation", organisation.pk))
    happen(site, "test.told")
    chain.seal()
    wait_for(lambda: follower.last == 1 and late)
    assert '"stale": true' in late[0]


def test_audiences_follow_memberships(organisation, customer, site, other_customer):
    user = make.make_user("dealer", "owner", customer)
    make.give(user, "viewer", other_customer)
    make.give(user, "operator", organisation)
    make.give(user, "guard", site)
    assert {(a.face, a.scope, a.id) for a in audiences_of(user)} == {
        ("portal", "customer", customer.pk),
        ("portal", "customer", other_customer.pk),
        ("ops", "organisation", organisation.pk),
    }
    user.is_active = False
    assert audiences_of(user) == frozenset()


def test_what_was_pushed_is_kept_for_those_who_come_back(site, organisation, reading):
    reader, audience = reading(), Audience("ops", "organisation", organisation.pk)
    heard: list[str] = []
    reader.subscribe(audience, heard.append)
    for _ in range(3):
        happen(site)
        chain.seal()
    wait_for(lambda: len(heard) == 3)
    assert reader.kept(audience, 3) == []
    assert reader.kept(audience, 1) == [(2, heard[1]), (3, heard[2])], "the very same messages"
    assert reader.kept(audience, 7) is None, "what was never sent is asked of the record"
    reader._kept[audience].popleft()
    assert reader.kept(audience, 0) is None, "what is not kept any more as well: never a gap"


def test_what_comes_together_is_rendered_together(site, organisation, reading, monkeypatch):
    asked: list[int] = []

    def many(events):
        asked.append(len(events))
        return [{"html": event.kind} for event in events]

    ops = Face("ops", Act.CONSOLE, None, lambda event: {"html": "alone"}, lambda user: {}, many=many)
    monkeypatch.setitem(audiences._faces, "ops", ops)
    reader = reading()
    follower = follow(reader, Audience("ops", "organisation", organisation.pk))
    with transaction.atomic():
        for _ in range(4):
            happen(site)
    chain.seal()
    wait_for(lambda: follower.last == 4)
    assert perfect(follower, [1, 2, 3, 4])
    assert asked == [4]
