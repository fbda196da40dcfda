"""What a person types at a command line: a name is one row or refused with the candidates; a time is the site's own."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.management import CommandError
from django.db.models import Model, QuerySet
from django.utils.dateparse import parse_datetime

Row = TypeVar("Row", bound=Model)
LISTED: Final = 12
YEARS: Final = range(1970, 2200)


class NotOne(CommandError):
    """A name that is nobody's or several rows', or a time that is none or two. The message lists what it could be."""


def one(queryset: QuerySet[Row], name: str, *, field: str = "name") -> Row:
    """The one row of `queryset` called `name`: by id, else by its whole name, else by a part of it; case is ignored.

    Raises NotOne when there is none or more than one; nothing is guessed.
    """
    name = name.strip()
    what = str(queryset.model._meta.verbose_name)
    if not name:
        raise NotOne(f"Name a {what}: {_listed(queryset)}")
    with suppress(ValueError):
        found = queryset.filter(pk=UUID(name)).first()
        if found is None:
            raise NotOne(f"There is no {what} with the id {name}.")
        return found
    for how in ("iexact", "icontains"):
        rows = queryset.filter(**{f"{field}__{how}": name})
        count = rows.count()
        if count == 1:
            return rows.get()
        if count > 1:
            raise NotOne(f"“{name}” could be any of {count}; use the id: {_listed(rows)}")
    raise NotOne(f"There is no {what} called “{name}”. There are: {_listed(queryset)}")


def _listed(rows: QuerySet[Any]) -> str:
    lines = [f"\n  {row.pk}  {described(row)}" for row in rows.order_by("pk")[: LISTED + 1]]
    if not lines:
        return "none"
    return "".join([*lines[:LISTED], "\n  …"] if len(lines) > LISTED else lines)


def described(row: Model) -> str:
    """A row with what it belongs to, since two customers may each have a “Depot”."""
    words = [str(row)]
    for parent in ("camera", "site", "customer", "organisation"):
        owner = getattr(row, parent, None)
        if isinstance(owner, Model) and str(owner) not in words[0]:
            words.append(str(owner))
    return ", ".join(words)


def moment(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 time as UTC; without an offset it is the local time of `zone`.

    Raises NotOne for what is no time or of no year that cameras have seen, and for a local time that the clocks skip or that
    happens twice.
    """
    try:
        said = parse_datetime(text.strip())
    except ValueError:
        said = None
    if said is None:
        raise NotOne(f"“{text}” is not a time: write 2026-01-31T02:13 or 2026-01-31T02:13+01:00.")
    if said.year not in YEARS:
        raise NotOne(f"“{text}” is of the year {said.year}: give one from {YEARS.start} to {YEARS.stop - 1}.")
    if said.utcoffset() is not None:
        return said.astimezone(UTC)
    first, second = (said.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first == second:
        return first
    if first.astimezone(zone).replace(tzinfo=None) != said:
        raise NotOne(f"The clocks of {zone.key} skip {said.isoformat()}: give the time with its offset.")
    both = " or ".join(at.astimezone(zone).isoformat() for at in (first, second))
    raise NotOne(f"{said.isoformat()} happens twice in {zone.key}: write {both}.")
