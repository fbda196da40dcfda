"""Recording what happened: `record()` inside the action's transaction, once, for audit, outbox, feed and reports alike."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models.functions import Least, Now

from soc.core.models import Customer, Delivery, Event, Organisation, Site, User

log = logging.getLogger(__name__)

# A delivery nobody took by then is run by the spine itself.
GRACE = timedelta(milliseconds=500)


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
    *kinds: str, name: str, lease_s: float = 15.0, atomic: bool = True
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


def lease_s(name: str) -> float:
    """Seconds that one run of a reaction is given; a name no code answers to fails at once, so any will do."""
    return _reactions[name].lease_s if name in _reactions else 15.0


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
    event = Event.objects.create(
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
    names = _subscribers.get(kind, ())
    if names:
        # By PostgreSQL's clock, which the spine compares with: a host whose clock is ahead must not make its alarms wait.
        due_at = Least(models.Value(at), Now()) + GRACE
        owed = [Delivery(event=event, reaction=name, due_at=due_at) for name in names]
        Delivery.objects.bulk_create(owed)
        ids = [delivery.pk for delivery in owed]
        transaction.on_commit(lambda: _hint(ids))
    return event


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
