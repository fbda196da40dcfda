"""How the product speaks to PostgreSQL: nothing that was stopped or cut off keeps rows from the others for ever."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection, connections
from django.db.utils import OperationalError

from soc.core.postgresql import base


@pytest.mark.django_db
@pytest.mark.parametrize("limit", ["idle_in_transaction_session_timeout", "statement_timeout"])
def test_a_forgotten_transaction_and_an_endless_statement_are_ended(limit):
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {limit}")
        assert cursor.fetchone() == ("15s",)


def test_a_connection_whose_other_end_has_gone_is_noticed():
    options = settings.DATABASES["default"]["OPTIONS"]
    assert options["keepalives_idle"] + options["keepalives_interval"] * options["keepalives_count"] <= 30
    assert options["tcp_user_timeout"] <= 30_000


@pytest.fixture
def line(transactional_db) -> Iterator[base.DatabaseWrapper]:
    """A connection of its own, as a thread of the web server keeps one, with a count of how often its server is asked."""
    line = connections["default"].copy()
    yield line
    line.close()


def begin(line: base.DatabaseWrapper) -> int:
    """As at a request's beginning and first question: who serves the connection."""
    line.close_if_unusable_or_obsolete()
    with line.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


@pytest.fixture
def asked(monkeypatch) -> list[base.DatabaseWrapper]:
    """Whoever asked its server whether it is there."""
    found: list[base.DatabaseWrapper] = []
    ask = base.base.DatabaseWrapper.is_usable
    monkeypatch.setattr(base.base.DatabaseWrapper, "is_usable", lambda self: (found.append(self), ask(self))[1])
    return found


def test_a_line_in_constant_use_is_asked_once_whether_it_works(line, asked):
    assert len({begin(line) for _ in range(5)}) == 1
    assert asked == [line]


def test_one_that_was_not_used_for_a_while_is_asked_each_time(line, asked, monkeypatch):
    monkeypatch.setattr(base, "ASKED_S", 0.0)
    assert len({begin(line) for _ in range(3)}) == 1
    assert asked == [line] * 2  # the first was new


def end(pid: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_whose_server_has_gone_meanwhile_is_made_anew_before_it_is_used(line):
    first = begin(line)
    assert begin(line) == first
    end(first)
    assert begin(line) != first


def test_without_a_look_at_the_line_the_loss_would_meet_a_request(line, monkeypatch):
    monkeypatch.setattr(base, "_still", lambda _line: True)
    first = begin(line)
    assert begin(line) == first
    end(first)
    with pytest.raises(OperationalError):
        begin(line)


def planned(line: base.DatabaseWrapper) -> int:
    with line.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements")
        return int(cursor.fetchone()[0])


def answer(line: base.DatabaseWrapper, number: int) -> int:
    name = line.plan(f"(uuid) AS SELECT {number} WHERE $1 IS NOT NULL")
    with line.cursor() as cursor:
        cursor.execute(f"EXECUTE {name} (%s)", [uuid4()])
        return int(cursor.fetchone()[0])


def test_a_statement_is_planned_once_by_each_connection_and_again_by_one_that_is_made_anew(line):
    assert [answer(line, 7) for _ in range(3)] == [7, 7, 7]
    assert planned(line) == 1
    end(begin(line))
    line.close_if_unusable_or_obsolete()  # the next request
    assert (answer(line, 7), planned(line)) == (7, 1)


def test_a_connection_keeps_so_many_and_no_more(line, monkeypatch):
    monkeypatch.setattr(base, "MOST", 3)
    found = []
    for number in (1, 2, 3, 4, 1, 4):
        assert answer(line, number) == number
        found.append(planned(line))
    assert found == [1, 2, 3, 1, 2, 2]
