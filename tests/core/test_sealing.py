"""Sealing: in the order of commits, once, by whoever holds the lock; and a record that only grows."""

from __future__ import annotations

import contextlib

import pytest
from django.db import DatabaseError, connection, transaction

from soc.core import chain, events
from soc.core.models import Event
from tests.core.conftest import happen, in_threads
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db(transaction=True)


def sealed() -> list[int]:
    return list(Event.objects.filter(seq__isnull=False).order_by("seq").values_list("pk", flat=True))


def test_positions_follow_the_order_of_commits_not_of_ids(site, elsewhere):
    with transaction.atomic():
        slow = events.record("test.slow", site, by=None, at=NIGHT)
        quick = elsewhere(lambda: happen(site, "test.quick"))
        assert slow.pk < quick.pk
        elsewhere(chain.seal)
    chain.seal()
    assert sealed() == [quick.pk, slow.pk]


def test_what_is_not_committed_is_not_sealed_and_leaves_no_hole(site, elsewhere):
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        events.record("test.undone", site, by=None, at=NIGHT)
        elsewhere(chain.seal)
        raise ZeroDivisionError
    happen(site)
    happen(site)
    chain.seal()
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == [1, 2]


def test_each_row_follows_the_one_before_it(site):
    for _ in range(3):
        happen(site)
    assert chain.seal(limit=2) == 2
    assert chain.seal() == 1
    rows = list(Event.objects.order_by("seq"))
    assert [row.prev for row in rows] == [chain.GENESIS, rows[0].hash, rows[1].hash]
    assert all(row.hash == chain.digest(row.prev or "", row) for row in rows)


def test_two_spines_at_once_give_every_event_one_position(site):
    def work(index: int) -> int:
        done = 0
        for _ in range(25):
            if index < 2:
                happen(site, writer=index)
            else:
                done += chain.seal(limit=7)
        return done

    by_spine = sum(in_threads(4, work))
    by_spine += chain.seal()
    assert by_spine == 50
    assert list(Event.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, 51))


def test_a_spine_that_finds_the_lock_taken_does_nothing(site, elsewhere):
    happen(site)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [chain.LOCK])
        assert elsewhere(chain.seal) == 0
    assert chain.seal() == 1


def test_sealing_rings_the_doorbell_with_the_new_head(site, elsewhere):
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute(f"LISTEN {chain.CHANNEL}")
        elsewhere(lambda: (happen(site), chain.seal()))
        cursor.execute("SELECT 1")
    raw = connection.connection
    raw.poll()
    heard = [note.payload for note in raw.notifies]
    raw.notifies.clear()
    with connection.cursor() as cursor:
        cursor.execute("UNLISTEN *")
    assert heard == ["1"]


@pytest.mark.parametrize("when", ["unsealed", "sealed"])
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM core_event",
        "UPDATE core_event SET kind = 'test.other'",
        "UPDATE core_event SET data = '{}'",
        "UPDATE core_event SET by_id = NULL, at = now()",
        "UPDATE core_event SET seq = 7, prev = 'a', hash = 'b', kind = 'test.other'",
        "UPDATE core_event SET hash = 'b'",
        "UPDATE core_event SET seq = 7",
        "TRUNCATE core_event CASCADE",
    ],
)
def test_the_database_itself_refuses_to_change_the_record(site, statement, when):
    happen(site, number=1)
    if when == "sealed":
        chain.seal()
    before = Event.objects.values().get()
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Event.objects.values().get() == before


def test_a_sealed_row_cannot_be_sealed_anew(site):
    happen(site)
    chain.seal()
    with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
        cursor.execute("UPDATE core_event SET seq = 9, prev = 'a', hash = 'b'")


def test_the_refusal_names_the_row(site):
    event = happen(site)
    with pytest.raises(DatabaseError, match=f"UPDATE of event {event.pk} refused"), connection.cursor() as cursor:
        cursor.execute("UPDATE core_event SET kind = 'x'")


def test_retention_passes_only_within_its_own_transaction(site):
    happen(site)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL nightdesk.retention = 'on'")
        cursor.execute("DELETE FROM core_event")
    happen(site)
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("DELETE FROM core_event")
