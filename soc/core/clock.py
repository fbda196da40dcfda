"""The only module that knows the time. Stages, policies and actions are given `at`."""

import time
from datetime import UTC, datetime

from django.db import connection


def now() -> datetime:
    """This process's wall clock: for the edge of the system (a request comes in, a frame arrives)."""
    return datetime.now(UTC)


def db_now() -> datetime:
    """PostgreSQL's wall clock: for sweeps, so that every process compares deadlines with the same clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def monotonic() -> float:
    """Seconds that never jump: for time-outs."""
    return time.monotonic()
