"""A watch process inside the test: real keeper, threads, slots, outbox and evidence; only the detect worker is played."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from cameras.models import Camera
from cameras.vision.slots import SlotGone, SlotRef, attach
from cameras.vision.types import Box, Detection
from cameras.watching import watcher
from cameras.watching.evidence import EvidenceDesk
from cameras.watching.keeper import Keeper
from cameras.watching.outbox import Outbox
from cameras.watching.watcher import Desk
from soc.core import events
from soc.core.clock import db_now
from tests import factories as make
from tests.vision.world import LOOPBACK, World

WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]


@pytest.fixture(autouse=True)
def cameras_on_this_machine(settings, monkeypatch) -> None:
    settings.CAMERA_NETWORKS = list(LOOPBACK)
    monkeypatch.setattr(events, "_hint", lambda ids: None)  # no worker is to hear of it


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """The simulated cameras, without a log-in."""
    with World() as running:
        yield running


def add_camera(site: Any, name: str, address: str, *, looked_at: bool = True, **fields: Any) -> Camera:
    """A camera that was never watched; its address was looked at before, unless told otherwise."""
    fields.setdefault("health", Camera.Health.UNKNOWN)
    camera = make.make_camera(site, name, address=address, **fields)
    make.make_zone(camera, polygon=WHOLE, dwell_s=0.3)
    if looked_at:
        Camera.objects.filter(pk=camera.pk).update(probed=camera.digest())
    return camera


class People:
    """Answers every request at once: somebody stands there, and every twenty frames it is somebody else. Unless `nobody`."""

    nobody = False

    def __init__(self) -> None:
        self._asked = itertools.count()

    def ask(self, ref: SlotRef) -> None:
        try:
            reader = attach(ref.name)
        except SlotGone:
            return
        with reader:
            frame = reader.read()
            if frame is None:
                return
            left = 0.1 if next(self._asked) // 20 % 2 else 0.7
            found = [] if self.nobody else [Detection("person", 0.9, Box(left, 0.3, left + 0.1, 0.8))]
            reader.post(frame, found, inference_ms=1.0, model="m")


class Watch:
    """One watch process: its rounds are made by the test, on the test's own connection."""

    def __init__(self, space: str, folder: Path, **keeper: Any) -> None:
        self.outbox, self.evidence = Outbox(folder), EvidenceDesk()
        self.desk = Desk(self.outbox, self.evidence, People().ask, space)
        self.keeper = Keeper(self.desk, "127.0.0.1:1", **keeper)
        self.outbox.start()
        self.evidence.start()

    def until(self, wanted: Callable[[], Any], *, within_s: float = 30.0, says: str = "") -> None:
        """Make rounds until it is so; fails where that takes too long."""
        limit = time.monotonic() + within_s
        while True:
            self.keeper.round(db_now())
            if wanted():
                return
            assert time.monotonic() < limit, says or "it did not come to that"
            threading.Event().wait(0.1)

    def captured(self, camera_id: UUID) -> int:
        watched = self.keeper.cameras.get(camera_id)
        return watched.watcher.totals()["captured"] if watched else 0

    def end(self) -> None:
        self.keeper.stop()
        self.outbox.stop()
        self.evidence.stop(1.0)
        self.keeper.release()


@pytest.fixture
def watches(transactional_db, tmp_path) -> Iterator[Callable[..., Watch]]:
    """make() → Watch; all are ended with the test."""
    made: list[Watch] = []

    def make_watch(**keeper: Any) -> Watch:
        made.append(Watch(f"test{os.getpid()}", tmp_path / "outbox", **keeper))
        return made[-1]

    yield make_watch
    for watch in made:
        watch.end()


@pytest.fixture
def watch(watches) -> Watch:
    return watches()


@pytest.fixture
def quick(monkeypatch) -> None:
    """Tries again at once, waits briefly for what does not answer."""
    monkeypatch.setattr(watcher, "Backoff", lambda **_: Patience())


class Patience:
    def next(self) -> float:
        return 0.3

    def opened(self) -> None:
        return


def health(camera: Camera) -> tuple[str, str]:
    row = Camera.objects.get(pk=camera.pk)
    return row.health, row.trouble


def in_a_thread(work: Callable[[], Any]) -> Any:
    """The result of `work`, run on a connection of its own."""
    results: list[Any] = []

    def run() -> None:
        try:
            results.append(work())
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return results[0]
