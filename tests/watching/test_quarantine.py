"""A camera that brings the decoder down takes a watch with it once; after that only a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid4

import pytest
from django.db import connection

from cameras.actions import FIRST_RETRY_S, LONGEST_RETRY_S, clear_camera, suspect_camera
from cameras.models import Camera
from cameras.vision.slot_layout import default_directory
from cameras.watching import quarantine
from cameras.watching.quarantine import Marks, Quarantine, find_dead, proof_s
from soc.core.clock import db_now
from soc.core.models import Event
from tests.factories import NIGHT
from tests.vision.world import World
from tests.watching.conftest import add_camera, health

ROOT = Path(__file__).parents[2]
GUILTY, INNOCENT = UUID(int=1), UUID(int=2)

CRASHING = """
import ctypes, os, signal, sys, threading
from pathlib import Path
from uuid import UUID
import django
django.setup()
from cameras.watching.quarantine import Marks
marks = Marks("t", directory=Path(sys.argv[1]))
how, guilty, innocent = sys.argv[2], UUID(sys.argv[3]), UUID(sys.argv[4])
held, end = threading.Event(), threading.Event()
def hold():
    with marks.inside(innocent):
        held.set()
        end.wait(20)
def crash():
    with marks.inside(guilty):
        if how == "aborts":
            os.abort()
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
    ctypes.string_at(0)
threading.Thread(target=hold, daemon=True).start()
held.wait(20)
thread = threading.Thread(target=crash)
thread.start()
thread.join()
"""


@pytest.mark.parametrize(
    ("how", "suspects"),
    [
        ("aborts", {GUILTY}),
        ("between packets", {GUILTY}),  # in nobody's decoder, but the thread is known
        ("killed", {GUILTY, INNOCENT}),  # from outside, perhaps for its memory: it may have been either
    ],
)
def test_the_marks_of_the_dead_say_whose_bytes_it_was(tmp_path, how: str, suspects: set[UUID]):
    done = subprocess.run(
        [sys.executable, "-c", CRASHING, str(tmp_path), how, str(GUILTY), str(INNOCENT)],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "soc.settings", "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode < 0
    ((_, found),) = find_dead("t", directory=tmp_path)
    assert found == suspects
    assert find_dead("another", directory=tmp_path) == []


def test_the_living_and_the_properly_ended_are_no_dead(tmp_path):
    marks = Marks("t", directory=tmp_path)
    with marks.inside(GUILTY):
        assert find_dead("t", directory=tmp_path) == []
    marks.close()
    assert list(tmp_path.iterdir()) == []


def test_a_row_is_used_again_when_its_thread_has_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(quarantine, "_ROWS", 1)
    marks = Marks("t", directory=tmp_path)
    for _ in range(3):
        with marks.inside(GUILTY):
            pass
        marks.leave()
    assert len(marks._free) == 1
    marks.close()


# -- suspects ---------------------------------------------------------------------------------------------------------


def test_the_first_crash_waits_for_nothing_and_each_further_one_twice_as_long(camera):
    suspect_camera(camera.pk, at=NIGHT)
    camera.refresh_from_db()
    assert (camera.suspect_since, camera.retry_at, camera.health) == (NIGHT, NIGHT, "online")
    waits = []
    for _ in range(7):
        suspect_camera(camera.pk, at=NIGHT)
        camera.refresh_from_db()
        waits.append((camera.retry_at - NIGHT).total_seconds())
    assert waits == [FIRST_RETRY_S, 60, 120, 240, 480, LONGEST_RETRY_S, LONGEST_RETRY_S]
    assert camera.health == "offline"
    assert "makes the decoder crash" in camera.trouble
    assert Event.objects.filter(kind="camera.suspected").count() == 8


def test_a_proven_camera_is_anybodys_again_but_must_prove_longer_next_time(camera):
    suspect_camera(camera.pk, at=NIGHT)
    clear_camera(camera.pk, at=NIGHT + timedelta(minutes=1))
    camera.refresh_from_db()
    assert (camera.suspect_since, camera.crashes) == (None, 1)
    assert [proof_s(n) for n in (1, 2, 3, 60)] == [60, 120, 240, 3600]
    assert Event.objects.filter(kind="camera.cleared").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_suspect_is_left_to_its_own_process_and_taken_back_when_proven(watches, site, world: World, monkeypatch):
    monkeypatch.setattr(quarantine, "PROOF_S", 1.0)
    camera = add_camera(site, "quiet", f"rtsp://127.0.0.1:{world.port}/quiet")
    suspect_camera(camera.pk, at=db_now())
    main, own = watches(), watches(only=camera.pk)
    main.keeper.round(db_now())
    assert not main.keeper.cameras
    own.until(lambda: camera.pk in own.keeper.cameras)
    own.until(lambda: own.keeper._finished(), within_s=20)
    assert Camera.objects.get(pk=camera.pk).suspect_since is None
    main.until(lambda: main.captured(camera.pk))


class Child:
    def __init__(self, code: int | None) -> None:
        self.code, self.stdin = code, None

    def poll(self) -> int | None:
        return self.code


@pytest.mark.parametrize(("code", "crashes"), [(0, 0), (1, 0), (-15, 0), (-6, 1), (-9, 1), (-11, 1), (None, 0)])
def test_only_an_end_by_a_crash_counts_as_one(camera, monkeypatch, code: int | None, crashes: int):
    monkeypatch.setattr(Quarantine, "_start", lambda self, camera_id: None)
    watched: Any = Child(code)
    one = Quarantine("nowhere")
    one.children[camera.pk] = watched
    one.round(NIGHT)
    assert Camera.objects.get(pk=camera.pk).crashes == crashes
    assert (camera.pk in one.children) == (code is None)


# -- the whole of it --------------------------------------------------------------------------------------------------


@pytest.fixture
def watch_process(transactional_db, tmp_path) -> Iterator[Any]:
    """start() → `manage.py watch` in a product whose decoder dies of one camera; this test restarts it, as a supervisor."""
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.watching.poisoned",
        "POISONED_PATH": "/foliage",
        "WORKERS_WAIT_S": "0.1",  # no detect worker answers here
        "DATABASE_URL": urlunsplit(database),
        "CAMERA_NETWORKS": "127.0.0.0/8",
        "NIGHTDESK_VAR": str(tmp_path),
        "WATCH_HOST": f"test-{uuid4().hex[:6]}",
    }
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, str(ROOT / "manage.py"), "watch"]
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_poisonous_camera_takes_the_watch_down_once_and_then_only_its_own_process(watch_process, site, world: World):
    poison = add_camera(site, "poison", f"rtsp://127.0.0.1:{world.port}/foliage")
    good = add_camera(site, "good", f"rtsp://127.0.0.1:{world.port}/quiet")

    def until(wanted, within_s: float = 120.0) -> None:
        limit = time.monotonic() + within_s
        while not wanted():
            assert time.monotonic() < limit
            time.sleep(0.2)

    def row(camera: Camera) -> Camera:
        return Camera.objects.get(pk=camera.pk)

    first = watch_process()
    assert first.wait(120) == -signal.SIGABRT
    second = watch_process()
    until(lambda: row(poison).crashes >= 2)
    assert row(poison).suspect_since is not None
    assert row(good).suspect_since is None
    until(lambda: health(poison)[0] == "offline")
    assert "makes the decoder crash" in health(poison)[1]
    before = row(good).frames.get("captured", 0)
    until(lambda: row(good).frames.get("captured", 0) > before + 10)
    assert second.poll() is None
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    assert not [path for path in default_directory().iterdir() if str(poison.pk) in path.name], (
        "a picture was left behind"
    )
