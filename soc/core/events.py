"""Recording what happened: `record()` inside the action's transaction, once, for audit, outbox, feed and reports alike."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, models, transaction

from soc.core.models import Customer, Delivery, Event, Organisation, Site, User

log = logging.getLogger(__name__)

# A delivery nobody took by then is run by the spine itself.
GRACE = timedelta(milliseconds=500)
LEASE_S: Final = 15.0  # of one run, where a reaction says nothing else


@dataclass(frozen=True)
class Reaction:
    """`run(event_id)` may run twice and on any process; `lease_s` bounds one run.

    An `atomic` one runs in one transaction with the mark that it is done. One that acts on the outside world is not:
    it commits what it is about to do first, and looks at what it finds when it runs again.
    """

    name: str
    run: Callable[[int], None]
    lease_s: float
    atomic: bool


_reactions: dict[str, Reaction] = {}
_subscribers: dict[str, list[str]] = {}


def reaction(
    *kinds: str, name: str, lease_s: float = LEASE_S, atomic: bool = True
) -> Callable[[Callable[[int], None]], Callable[[int], None]]:
    """Subscribe a function of an event id to kinds of events. Names are stored in rows: never rename one in use."""

    def register(run: Callable[[int], None]) -> Callable[[int], None]:
        if name in _reactions and _reactions[name].run is not run:
            raise ValueError(f"two reactions are called {name}")
        _reactions[name] = Reaction(name, run, lease_s, atomic)
        for kind in kinds:
            _subscribers.setdefault(kind, []).append(name)
        return run

    return register


def find(name: str) -> Reaction:
    """Raises KeyError for a name no code answers to."""
    return _reactions[name]


def subscribers(kind: str) -> tuple[str, ...]:
    """The names of the reactions to this kind of event."""
    return tuple(_subscribers.get(kind, ()))


def acting() -> list[str]:
    """The names of the reactions that act on the outside world, and may take as long as that takes."""
    return [reaction.name for reaction in _reactions.values() if not reaction.atomic]


def leases() -> dict[str, float]:
    """Seconds that one run of each reaction is given; a name no code answers to fails at once: LEASE_S will do."""
    return {reaction.name: reaction.lease_s for reaction in _reactions.values()}


def record(kind: str, subject: models.Model, *, by: User | None, at: datetime, **data: Any) -> Event:
    """Write one Event and a Delivery per subscribed reaction, in the caller's transaction.

    `subject` is a row of the product; organisation, customer and site are taken from it. `data` takes ids, codes,
    numbers and hashes only. Raises RuntimeError outside a transaction: what is recorded must stand or fall with what
    was done.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError(f"{kind} recorded outside a transaction")
    site = subject if isinstance(subject, Site) else getattr(subject, "site", None)
    if site is not None:
        organisation_id, customer_id, site_id = site.organisation_id, site.customer_id, site.pk
    elif isinstance(subject, Customer):
        organisation_id, customer_id, site_id = subject.organisation_id, subject.pk, None
    elif isinstance(subject, Organisation):
        organisation_id, customer_id, site_id = subject.pk, None, None
    else:
        organisation_id, customer_id, site_id = subject.organisation_id, None, None  # type: ignore[attr-defined]
    event = Event(
        kind=kind,
        subject_type=subject._meta.model_name or "",
        subject_id=subject.pk,
        organisation_id=organisation_id,
        customer_id=customer_id,
        site_id=site_id,
        by=by,
        at=at,
        data={key: str(value) if isinstance(value, UUID) else value for key, value in data.items()},
    )
    names = subscribers(kind)
    if not names:
        event.save(force_insert=True)
        return event
    ids = _write(event, names)
    transaction.on_commit(lambda: _hint(ids))
    return event


# The event and what is owed for it, in one statement. Due by PostgreSQL's clock, which the spine compares with: a host whose
# clock is ahead must not make its alarms wait.
_WRITE: Final = f"""
WITH event AS (
    INSERT INTO {Event._meta.db_table}
        (kind, subject_type, subject_id, organisation_id, customer_id, site_id, by_id, at, data)
    VALUES (%(kind)s, %(subject_type)s, %(subject_id)s, %(organisation)s, %(customer)s, %(site)s, %(by)s, %(at)s, %(data)s)
    RETURNING id
), owed AS (
    INSERT INTO {Delivery._meta.db_table} (event_id, reaction, due_at, attempts, error)
    SELECT event.id, reaction, LEAST(%(at)s::timestamptz, STATEMENT_TIMESTAMP()) + %(grace)s, 0, ''
    FROM event, unnest(%(names)s) AS reaction
    RETURNING id
)
SELECT (SELECT id FROM event), ARRAY(SELECT id FROM owed ORDER BY id)
"""  # noqa: S608  our own names


def _write(event: Event, names: tuple[str, ...]) -> list[int]:
    """Insert the event with a delivery for each reaction; the deliveries' ids."""
    values: dict[str, Any] = {
        "kind": event.kind,
        "subject_type": event.subject_type,
        "subject_id": event.subject_id,
        "organisation": event.organisation_id,
        "customer": event.customer_id,
        "site": event.site_id,
        "by": event.by_id,
        "at": event.at,
        "data": json.dumps(event.data, cls=DjangoJSONEncoder),
        "names": list(names),
        "grace": GRACE,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
        event.pk, ids = cursor.fetchone()
    event._state.adding, event._state.db = False, connection.alias
    return list(ids)


def _hint(delivery_ids: list[int]) -> None:
    """Tell the workers. Only an accelerator: if it fails, the spine runs the rows half a second later."""
    from soc.core.tasks import (
        deliver,  # the task module needs the app registry, which is loading when this one is
    )

    for pk in delivery_ids:
        try:
            deliver.apply_async((pk,), retry=False)
        except Exception as error:
            log.warning("no hint for delivery %s, the spine will run it: %s", pk, type(error).__name__)
            return
