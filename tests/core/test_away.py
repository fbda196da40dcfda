"""A database that goes away in the middle of a statement is a matter of waiting; a bad statement is not."""

from __future__ import annotations

import os
import socket
import threading

import psycopg2
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, ProgrammingError, connection

from soc.core.away import LOST


@pytest.fixture
def own_connection(transactional_db):
    """A connection that a test may break: the next query opens another."""
    yield connection
    connection.close()


def test_a_connection_that_is_cut_in_the_middle_of_a_statement_is_lost(own_connection):
    with own_connection.cursor() as cursor:
        wire = socket.socket(fileno=os.dup(own_connection.connection.fileno()))
        cut = threading.Timer(0.1, wire.shutdown, [socket.SHUT_RDWR])
        cut.start()
        with pytest.raises(DatabaseError) as told:
            cursor.execute("SELECT pg_sleep(0.8)")
        cut.join()
        wire.close()
    assert isinstance(told.value, LOST)


def test_a_server_that_ends_the_connection_is_lost(own_connection):
    with own_connection.cursor() as cursor, pytest.raises(LOST):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_lost_connection_is_replaced(own_connection):
    with own_connection.cursor() as cursor, pytest.raises(LOST):
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    own_connection.close_if_unusable_or_obsolete()
    with own_connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


def test_what_psycopg2_leaves_nameless_is_a_loss(db):
    with pytest.raises(OperationalError, match="closed the connection"), connection.wrap_database_errors:
        raise psycopg2.DatabaseError("server closed the connection unexpectedly")
    assert connection.errors_occurred, "looked at before it is used again"
    connection.errors_occurred = False


@pytest.mark.parametrize("name", ["IntegrityError", "OperationalError", "ProgrammingError", "DataError"])
def test_what_is_named_keeps_its_name(db, name):
    with pytest.raises(DatabaseError) as told, connection.wrap_database_errors:
        raise getattr(psycopg2, name)("as it is")
    assert type(told.value).__name__ == name
    connection.errors_occurred = False


def test_a_fault_of_a_statement_is_no_loss(db):
    with pytest.raises(ProgrammingError), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_column FROM core_site")
    assert not issubclass(ProgrammingError, LOST)
    assert not issubclass(IntegrityError, LOST)
