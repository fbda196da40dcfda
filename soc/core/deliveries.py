"""Running what is owed: any process may try, one gets the lease, and a lost one is offered again."""

import json
import logging
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Count, DateTimeField, Func, Min, Q
from django.db.models.functions import Greatest

from soc.core import events
from soc.core.clock import db_now
from soc.core.models import Delivery

log = logging.getLogger(__name__)

BACKOFF_S = (1, 2, 5, 15, 60, 300)
# After so many failures it is no passing trouble: people are told, and a handler may take a simpler way.
PATIENCE = 3


class ClockTimestamp(Func):
    """PostgreSQL's wall clock in the statement that writes it (NOW() is that of the transaction's begin)."""

    function = "CLOCK_TIMESTAMP"
    output_field = DateTimeField()


class Place(NamedTuple):
    """Where an event belongs, by ids; the scopes of memberships by the same names."""

    organisation: UUID
    customer: UUID | None
    site: UUID | None


class LeaseLost(Exception):
    """The lease ran out while the handler ran, and somebody else has taken the delivery."""


# By PostgreSQL's clock, and for as long as its reaction is given.
_TAKE: Final = f"""
UPDATE {Delivery._meta.db_table}
SET attempts = attempts + 1,
    leased_until = %(at)s::timestamptz + make_interval(secs => COALESCE((%(leases)s::jsonb ->> reaction)::float, %(usual)s))
WHERE id = %(pk)s AND done_at IS NULL AND (leased_until IS NULL OR leased_until < %(at)s)
RETURNING *
"""  # noqa: S608  our own name


def take(pk: int, *, at: datetime) -> Delivery | None:
    """Lease one delivery by compare-and-set, or None: done, or held by somebody whose lease runs.

    `attempts` is the fence: it grows with every lease, so that whoever lost one can tell.
    """
    values = {"pk": pk, "at": at, "leases": json.dumps(events.leases()), "usual": events.LEASE_S}
    return next(iter(Delivery.objects.raw(_TAKE, values)), None)


def run(pk: int) -> bool:
    """Take and run one delivery; False when there was nothing to do. A failure is kept in the row and tried again.

    An atomic handler whose lease was lost is rolled back: its effect stands once, the new holder's. One that acts on
    the outside cannot be taken back; it only leaves the new holder's lease alone.
    """
    delivery = take(pk, at=db_now())
    if delivery is None:
        return False
    try:
        reaction = events.find(delivery.reaction)
        with transaction.atomic() if reaction.atomic else nullcontext():
            reaction.run(delivery.event_id)
            still_ours = Delivery.objects.filter(pk=pk, attempts=delivery.attempts, done_at__isnull=True)
            if not still_ours.update(done_at=ClockTimestamp(), leased_until=None, error="") and reaction.atomic:
                raise LeaseLost
    except LeaseLost:
        log.warning("delivery %s of %s took longer than its lease: rolled back", pk, delivery.reaction)
    except Exception as error:  # whatever a handler raises is kept and shown, and must not stop the others
        wait = BACKOFF_S[min(delivery.attempts, len(BACKOFF_S)) - 1]
        at = db_now()
        Delivery.objects.filter(pk=pk, attempts=delivery.attempts, done_at__isnull=True).update(
            due_at=at + timedelta(seconds=wait),
            leased_until=None,
            error=f"{type(error).__name__}: {error}"[:500],
        )
        log.exception("delivery %s of %s failed, again in %s s", pk, delivery.reaction, wait)
    return True


def failed(event_id: int, reaction: str) -> int:
    """How often running this has failed before; asked by the handler itself, whose own run does not count."""
    attempts = Delivery.objects.filter(event=event_id, reaction=reaction).values_list("attempts", flat=True).first()
    return max(0, (attempts or 0) - 1)


def stuck(at: datetime) -> int:
    """Deliveries that are owed and have failed PATIENCE times or more; an attempt that runs now has not failed yet."""
    return sum(stuck_by_place(at).values())


def stuck_by_place(at: datetime) -> dict[Place, int]:
    """`stuck` for each place of the events that are owed to: whose affair it is."""
    running = Q(attempts=PATIENCE, leased_until__gte=at)
    rows = Delivery.objects.filter(done_at__isnull=True, attempts__gte=PATIENCE).exclude(running)
    places = rows.values_list("event__organisation", "event__customer", "event__site").annotate(Count("pk"))
    return {Place(*place): count for *place, count in places.order_by()}


def owed(subject_id: UUID, reaction: str) -> bool:
    """Whether this reaction to something about that subject has still to be run, now or after its next wait."""
    return Delivery.objects.filter(event__subject_id=subject_id, reaction=reaction, done_at__isnull=True).exists()


def overdue_since(at: datetime) -> datetime | None:
    """Since when the oldest delivery that anybody could run now has waited for somebody to do so; None without one.

    Those that act on the outside are not looked at: what a telephone network holds up says nothing of the spine.
    """
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=at)
    rows = Delivery.objects.filter(free, done_at__isnull=True, due_at__lte=at).exclude(reaction__in=events.acting())
    return rows.aggregate(since=Min(Greatest("due_at", "leased_until")))["since"]  # GREATEST passes over NULL


def due(*, at: datetime, limit: int = 100, acting: bool | None = None) -> list[int]:
    """Deliveries whose time has come and that nobody holds, oldest first; only those that act on the outside world, or
    only the others, where `acting` says so.
    """
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=at)
    rows = Delivery.objects.filter(free, done_at__isnull=True, due_at__lte=at).order_by("due_at")
    if acting is not None:
        outward = Q(reaction__in=events.acting())
        rows = rows.filter(outward if acting else ~outward)
    return list(rows.values_list("pk", flat=True)[:limit])
