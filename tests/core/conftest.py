"""What the tests of the kernel share: a record in a folder of its own, reactions that end with their test, threads."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from soc.core import events
from soc.core.models import Event
from tests import factories as make


@pytest.fixture(autouse=True)
def heads_in_a_folder_of_their_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture(autouse=True)
def no_hints(monkeypatch):
    """Workers hear of nothing: what runs, runs because of the rows."""
    monkeypatch.setattr(events, "_hint", lambda ids: None)


@pytest.fixture
def reactions(monkeypatch) -> Callable[..., None]:
    """Subscribe handlers for the length of a test."""
    monkeypatch.setattr(events, "_reactions", {})
    monkeypatch.setattr(events, "_subscribers", {})

    def subscribe(
        run: Callable[[int], None], *, name: str = "tests.it", kind: str = "test.happened", **how: Any
    ) -> None:
        events.reaction(kind, name=name, **how)(run)

    return subscribe


def happen(site: Any, kind: str = "test.happened", *, by: Any = None, **data: Any) -> Event:
    """One committed event."""
    with transaction.atomic():
        return events.record(kind, site, by=by, at=make.NIGHT, **data)


def in_threads(number: int, work: Callable[[int], Any]) -> list[Any]:
    """The results of `work(0) … work(number - 1)`, all let go at the same moment, each on a connection of its own."""
    gate = threading.Barrier(number)

    def run(index: int) -> Any:
        try:
            gate.wait(10)
            return work(index)
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(run, range(number)))


@pytest.fixture
def elsewhere() -> Iterator[Callable[[Callable[[], Any]], Any]]:
    """Run something on another connection, in another thread, to its end."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda work: pool.submit(work).result(30)
        pool.submit(lambda: connection.close()).result(10)  # looked up there: each thread has its own
