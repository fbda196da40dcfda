"""The hash chain over events: sealing in commit order, and the arithmetic that the verifier repeats."""

import hashlib
import json
from typing import Any

from django.db import connection, transaction

from soc.core.models import Event

GENESIS = "0" * 64
LOCK = 0x4E44_0001  # any constant of our own: advisory locks share one number space per database
CHANNEL = "nightdesk_feed"


def digest(prev: str, event: Event) -> str:
    """SHA-256 over the previous hash and every column that says what happened, hex."""
    content: list[Any] = [
        prev,
        event.seq,
        event.pk,
        event.kind,
        event.subject_type,
        str(event.subject_id),
        str(event.organisation_id),
        str(event.customer_id),
        str(event.site_id),
        str(event.by_id),
        event.at.isoformat(),
        event.data,
    ]
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def head() -> tuple[int, str]:
    """(seq, hash) of the last sealed event; (0, GENESIS) before the first."""
    row = Event.objects.filter(seq__isnull=False).order_by("-seq").values_list("seq", "hash").first()
    if row is None:
        return 0, GENESIS
    seq, digest = row
    assert seq is not None, "the filter asks for sealed events"
    assert digest is not None
    return seq, digest


def seal(limit: int = 500) -> int:
    """Give committed events their feed position and chain; the number sealed, 0 when another spine holds the lock.

    The time-out frees the lock of a spine that was stopped in the middle (SIGSTOP): its transaction is rolled back.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '2s'")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        rows = list(Event.objects.filter(seq__isnull=True).order_by("id")[:limit])
        if not rows:
            return 0
        seq, prev = head()
        values: list[Any] = []
        for event in rows:
            seq += 1
            event.seq, event.prev = seq, prev
            event.hash = prev = digest(prev, event)
            values += [event.pk, event.seq, event.prev, event.hash]
        marks = ", ".join(["(%s::bigint, %s::bigint, %s, %s)"] * len(rows))
        cursor.execute(
            "UPDATE core_event e SET seq = v.seq, prev = v.prev, hash = v.hash "  # noqa: S608  only placeholders are put in
            f"FROM (VALUES {marks}) AS v(id, seq, prev, hash) WHERE e.id = v.id",
            values,
        )
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, str(seq)])
    return len(rows)
