"""Rows of the past, many at a time: the events that the line would have recorded, with its deliveries done.

The line's own actions take a lock and several queries each; a month of them would be minutes of a first run. What is
written here must be what they would have written: a test lets the line handle one of these and compares.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Model

from soc.core import events
from soc.core.models import Delivery, Event, User

BATCH = 1000


@dataclass
class Past:
    """What is to be written, in any order; `keep` writes it in the order in which it happened."""

    rng: Random
    rows: list[Model] = field(default_factory=list)
    told: list[tuple[datetime, int, Event]] = field(default_factory=list)
    shared: dict[Any, Any] = field(default_factory=dict)  # rows that several others point to, by what they are

    def pk(self) -> UUID:
        return UUID(int=self.rng.getrandbits(128), version=4)

    def add(self, row: Model) -> None:
        """`site` or its organisation must be set; rows of one model are written in the order of adding."""
        site = getattr(row, "site", None)
        if site is not None:
            row.organisation_id = site.organisation_id  # type: ignore[attr-defined]
        self.rows.append(row)

    def record(self, kind: str, subject: Any, *, by: User | None, at: datetime, **data: Any) -> None:
        """As `events.record` would have. `subject`: a row of a site."""
        site = getattr(subject, "site", None)
        event = Event(
            kind=kind,
            subject_type=subject._meta.model_name,
            subject_id=subject.pk,
            organisation_id=site.organisation_id if site else subject.organisation_id,
            customer_id=site.customer_id if site else None,
            site_id=site.pk if site else None,
            by=by,
            at=at,
            data={key: str(value) if isinstance(value, UUID) else value for key, value in data.items()},
        )
        self.told.append((at, len(self.told), event))

    def keep(self) -> None:
        """Write it all: rows model by model in the order in which each first came, then the events by their time."""
        by_model: dict[type[Model], list[Model]] = {}
        for row in self.rows:
            by_model.setdefault(type(row), []).append(row)
        for model, rows in by_model.items():
            model._default_manager.bulk_create(rows, batch_size=BATCH)
        told = Event.objects.bulk_create([event for _, _, event in sorted(self.told, key=_time)], batch_size=BATCH)
        Delivery.objects.bulk_create(list(_done(told)), batch_size=BATCH)


def _time(told: tuple[datetime, int, Event]) -> tuple[datetime, int]:
    return told[0], told[1]


def _done(told: Iterable[Event]) -> Iterable[Delivery]:
    """What was owed for them, run soon after."""
    for event in told:
        for name in events.subscribers(event.kind):
            due_at = event.at + events.GRACE
            done_at = event.at + timedelta(milliseconds=40)
            yield Delivery(event=event, reaction=name, due_at=due_at, attempts=1, done_at=done_at)


def numbers(count: int) -> list[int]:
    """So many of the numbers that people say aloud, the next ones."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('incidents_number') FROM generate_series(1, %s)", [count])
        return [row[0] for row in cursor.fetchall()]
