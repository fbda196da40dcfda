"""What a camera's frames came to: on its row, and by the hour; each counted once, whatever becomes of the database meanwhile."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import OperationalError, transaction

from cameras.models import CameraHour
from cameras.watching import keeper as module
from cameras.watching.keeper import Keeper, Watched
from tests.factories import NIGHT

pytestmark = pytest.mark.django_db


class Thread:
    """Stands for the thread of a camera: `saw` adds to what it counted."""

    last_frame = sight = None

    def __init__(self) -> None:
        self.counted: Counter[str] = Counter()

    def saw(self, gated: int, inferred: int, dropped: int) -> None:
        self.counted.update(
            {"captured": gated + inferred + dropped, "gated": gated, "inferred": inferred, "dropped": dropped}
        )

    def totals(self) -> Counter[str]:
        return Counter(self.counted)

    def measured(self, monotonic: float) -> None:
        return None


@pytest.fixture
def thread() -> Thread:
    return Thread()


@pytest.fixture
def count(camera, thread, monkeypatch):
    """Write what was counted, `after` so many minutes."""
    watched = Watched(thread, SimpleNamespace(), 1)
    keeper = object.__new__(Keeper)

    def write(after: float = 0.0) -> None:
        monkeypatch.setattr(module.clock, "now", lambda: NIGHT + timedelta(minutes=after))
        keeper._count(camera.pk, watched)

    return write


def hours(camera) -> list[tuple[int, int, int, int]]:
    rows = CameraHour.objects.filter(camera=camera).order_by("hour")
    return [(row.hour.hour, row.captured, row.moved, row.inferred) for row in rows]


def test_each_hour_has_its_own_figures_and_adds_up(camera, thread, count):
    thread.saw(10, 3, 2)
    count()
    count()
    thread.saw(5, 1, 0)
    count(after=10)
    thread.saw(7, 0, 1)
    count(after=60)
    assert hours(camera) == [(2, 21, 6, 4), (3, 8, 1, 0)]
    camera.refresh_from_db()
    assert camera.frames["captured"] == 29


def test_what_could_not_be_written_is_written_later_and_once(camera, thread, count, monkeypatch):
    thread.saw(10, 3, 2)
    with monkeypatch.context() as broken:
        broken.setattr(module, "_add_to_hour", _away)
        with pytest.raises(OperationalError), transaction.atomic():
            count()
    thread.saw(1, 1, 1)
    count()
    assert hours(camera) == [(2, 18, 7, 4)]


def test_what_was_written_while_nobody_could_say_so_is_not_written_again(camera, thread, count, monkeypatch):
    thread.saw(10, 3, 2)
    with monkeypatch.context() as broken:
        broken.setattr(module, "transaction", SimpleNamespace(atomic=_lost_after_commit))
        with pytest.raises(OperationalError):
            count()
    assert hours(camera) == [(2, 15, 5, 3)]
    thread.saw(1, 0, 0)
    count()
    assert hours(camera) == [(2, 16, 5, 3)]
    camera.refresh_from_db()
    assert camera.frames["captured"] == 16


def _away(*_: object) -> None:
    raise OperationalError("the database is away")


class _lost_after_commit:
    """A transaction whose commit arrives, and whose answer does not."""

    def __enter__(self) -> None:
        self.inner = transaction.atomic()
        self.inner.__enter__()

    def __exit__(self, *error: object) -> None:
        self.inner.__exit__(*error)
        raise OperationalError("connection lost during commit")
