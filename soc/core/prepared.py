"""Reads that are asked many times a second: their SQL is made once, and planned once by each connection, for that costs more than
the answer.

@prepared
def notes_of(incident: UUID) -> QuerySet[Note]:
    return Note.objects.filter(incident=incident).select_related("by")

notes_of(incident.pk)  # a list, as of now: nothing that was answered is kept
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import copy
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Lookup, Model, QuerySet, UUIDField
from django.db.transaction import TransactionManagementError
from psycopg2.extensions import AsIs

from soc.core.models import User


class Given(str):
    """Text that may differ from call to call, as ids do; any other makes a question of its own."""

    __slots__ = ()


@UUIDField.register_lookup
class Among(Lookup):
    """`pk__among=(…)`: what `pk__in` finds, by the same SQL however many ids there are."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::uuid[])", (*values, list(self.rhs))


MOST: Final = 256  # kinds of questions kept of one read: it is others for people of other rights
LONG_AGO: Final = datetime(1971, 1, 1, tzinfo=UTC)

P = ParamSpec("P")
Row = TypeVar("Row")
Answer = Callable[[Sequence[Any]], list[Any]]  # the rows, of the arguments

_made: list[dict[tuple[Any, ...], Answer]] = []


def prepared(make: Callable[P, QuerySet[Any, Row]]) -> Callable[P, list[Row]]:
    """Answers what `make` would, as a list. Of its arguments ids (UUID), tuples of them, instants, `Given` text and users may
    differ from call to call; anything else, and what a user may, makes a question of its own.

    `make` puts ids, instants and text into the question as they are, tuples by `__among`, and looks at nothing of a user but its
    id and memberships: ValueError where it did something else with them, TypeError for an argument of another kind.
    What locks rows raises TransactionManagementError outside a transaction, as it would unprepared.
    """
    made: dict[tuple[Any, ...], Answer] = {}
    _made.append(made)

    @wraps(make)
    def ask(*values: Any) -> list[Any]:
        key = tuple(map(_shape, values))
        answer = made.get(key)  # in one look: another thread may clear it between two
        if answer is None:
            answer = _answer(make, values)
            if len(made) >= MOST:
                made.clear()
            made[key] = answer
        return answer(values)

    return cast(Callable[P, list[Row]], ask)  # by position: a name is refused when it is called


def forget() -> None:
    """Make every question anew: for tests that change what they are made of."""
    for made in _made:
        made.clear()


def keep(instance: Model, name: str, rows: Sequence[Model]) -> None:
    """Take `rows` for all of a reverse relation's, as prefetch_related would have read them."""
    manager = getattr(instance, name)
    known = manager.all()
    known._result_cache, known._prefetch_done = list(rows), True
    # The instance itself, where a lazy one was given.
    cache: dict[str, Any] = manager.instance.__dict__.setdefault("_prefetched_objects_cache", {})
    cache[name] = known


class _Question:
    """A statement with what is the same each time in it. given: the numbers of the arguments that it takes, in its order."""

    def __init__(self, rows: QuerySet[Any], compiler: Any, statement: str, given: list[int]):
        self.rows, self.compiler, self.statement, self.given = rows, compiler, statement, given
        self.execute = f" ({', '.join(['%s'] * len(given))})" if given else ""
        self.locks = compiler.query.select_for_update
        self.converters = compiler.get_converters([column[0] for column in compiler.select])

    def answer(self, arguments: Sequence[Any]) -> list[Any]:
        values = tuple(_plain(arguments[number]) for number in self.given)
        compiler = copy(self.compiler)
        compiler.connection = connections[DEFAULT_DB_ALIAS]  # this thread's
        if self.locks and not compiler.connection.in_atomic_block:
            raise TransactionManagementError("rows are locked in a transaction only")
        compiler.as_sql = lambda: (f"EXECUTE {compiler.connection.plan(self.statement)}{self.execute}", values)
        compiler.get_converters = lambda _columns: self.converters
        rows = type(self.rows)(model=self.rows.model, query=_Ready(compiler))  # type: ignore[arg-type]
        for name in ("_iterable_class", "_fields", "_prefetch_related_lookups"):
            setattr(rows, name, getattr(self.rows, name))
        return list(rows)


class _Ready:
    """In place of a query: what reads rows asks it for nothing else."""

    def __init__(self, compiler: Any) -> None:
        self._compiler = compiler

    def get_compiler(self, using: str | None = None, **_other: Any) -> Any:
        return self._compiler


def _answer(make: Callable[..., QuerySet[Any]], values: Sequence[Any]) -> Answer:
    """Asked twice of marks in place of the arguments: what differs are the arguments. Where nothing can be found nothing is
    asked."""
    marks = [[_mark(value, n, turn) for n, value in enumerate(values)] for turn in (1, 2)]
    try:
        (rows, compiler, sql, first), (_rows, _compiler, again, second) = (_compiled(make(*one)) for one in marks)
    except EmptyResultSet:
        return lambda _arguments: []
    if sql != again or len(first) != len(second):
        raise ValueError(f"{make.__qualname__} asks something else each time")
    seen = [[_plain(mark) for mark in one] for one in marks]
    places = [_place(one, other, *seen, name=make.__qualname__) for one, other in zip(first, second, strict=True)]
    given = sorted({place for place in places if place is not None})
    types = f"({', '.join(_type(values[number]) for number in given)}) " if given else ""
    names = {number: AsIs(f"${turn}") for turn, number in enumerate(given, 1)}
    said = [value if place is None else names[place] for place, value in zip(places, first, strict=True)]
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        statement = cursor.mogrify(sql, said).decode()
    return _Question(rows, compiler, f"{types}AS {statement}", given).answer


def _compiled(rows: QuerySet[Any]) -> tuple[QuerySet[Any], Any, str, Sequence[Any]]:
    compiler = rows.query.get_compiler(using=DEFAULT_DB_ALIAS)
    sql, values = compiler.as_sql()
    return rows, compiler, sql, values


def _place(one: Any, other: Any, first: list[Any], second: list[Any], *, name: str) -> int | None:
    """Which argument a value is: the one whose mark it was both times."""
    for place, marks in enumerate(zip(first, second, strict=True)):
        if marks[0] != marks[1] and (one, other) == marks:
            return place
    if one != other:
        raise ValueError(f"{name} asks for something that it made of its arguments")
    return None


def _type(value: Any) -> str:
    """Of an argument, as PostgreSQL is to be told it."""
    if isinstance(value, tuple):
        return "uuid[]"
    return "text" if isinstance(value, str) else "timestamptz" if isinstance(value, datetime) else "uuid"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)  # an array
    return value.pk if isinstance(value, User) else value


def _mark(value: Any, number: int, turn: int) -> Any:
    """Stands for an argument, and is nobody's id and no time of ours."""
    name = UUID(int=(turn << 64) + number + 1)
    if isinstance(value, User):
        mark = copy(value)
        mark.__dict__["_prefetched_objects_cache"] = {}
        mark.pk = name
        keep(mark, "memberships", list(value.memberships.all()))
        return mark
    if isinstance(value, UUID):
        return name
    if isinstance(value, tuple):
        return (name,)
    if isinstance(value, Given):
        return Given(f"{turn}.{number}.{name}")
    return LONG_AGO + timedelta(days=turn, hours=number) if isinstance(value, datetime) else value


def _shape(value: Any) -> Any:
    if isinstance(value, UUID | datetime | Given | tuple):
        return type(value)
    if isinstance(value, User):
        return User, value.is_active, frozenset(_held(value))
    if value is None or isinstance(value, str | int | frozenset):
        return type(value), value
    raise TypeError(f"a prepared read takes no {type(value).__name__}")


def _held(user: User) -> Iterable[tuple[Any, ...]]:
    return ((membership.role, *membership.scope()) for membership in user.memberships.all())
