"""Sites shared out over processes. For commands, which have one thread and no transaction open: processes are forked."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeVar

from django.db import connections

Item = TypeVar("Item")
Made = TypeVar("Made")
# What one process does with one site: it tells its progress as (done, of) and gives what is sent back.
Work = Callable[[Item, Callable[[int, int], None]], Made]

LOOK_S: Final = 0.2

_inherited: dict[str, Any] = {}  # what a forked process finds, and need not be sent


def shared(
    items: Sequence[Item], work: Work[Item, Made], *, processes: int, on_done: Callable[[int], None] | None = None
) -> Iterator[Made]:
    """`work` on each item, over so many processes; what each made, as it comes. Give the largest items first.

    With one process, or for one item, all is done in this one. on_done(rows) is told some times a second how many rows are
    done over all. Raises what `work` raised.
    """
    if min(processes, len(items)) <= 1:
        yield from _here(items, work, on_done)
        return
    connections.close_all()  # none may be used by two processes
    context = multiprocessing.get_context("fork")
    done = context.Value("q", 0)
    _inherited.update(work=work, done=done)
    try:
        with context.Pool(min(processes, len(items))) as pool:
            made = pool.imap_unordered(_one, items)
            for _ in items:
                yield _next(made, lambda: on_done(done.value) if on_done else None)
    finally:
        _inherited.clear()
    if on_done:
        on_done(done.value)


def _here(items: Sequence[Item], work: Work[Item, Made], on_done: Callable[[int], None] | None) -> Iterator[Made]:
    before = 0
    for item in items:
        last = 0

        def told(done: int, _of: int) -> None:
            nonlocal last
            last = done
            if on_done:
                on_done(before + done)  # noqa: B023  called while this item is worked on

        yield work(item, told)
        before += last


def _next(made: Any, meanwhile: Callable[[], None]) -> Any:
    while True:
        try:
            return made.next(LOOK_S)
        except multiprocessing.TimeoutError:
            meanwhile()


def _one(item: Any) -> Any:
    before = 0

    def told(done: int, _of: int) -> None:
        nonlocal before
        counter = _inherited["done"]
        with counter.get_lock():
            counter.value += done - before
        before = done

    return _inherited["work"](item, told)
