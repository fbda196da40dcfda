"""Candidates wait for the database and keep their order; what it has not taken by the end is in a file, and not lost."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone

from cameras.models import Camera, Candidate
from cameras.watching import outbox as module
from cameras.watching import pending as pending_module
from cameras.watching import spill
from cameras.watching.outbox import Outbox
from cameras.watching.pending import PendingCandidate
from tests import factories as make
from tests.watching.conftest import in_a_thread

database = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def quick(monkeypatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.01)
    monkeypatch.setattr(module, "LOOK_S", 0.05)


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "outbox"


@pytest.fixture
def box(folder) -> Iterator[Callable[[], Outbox]]:
    """box() → an outbox on the same folder as all others; all are stopped with the test."""
    made: list[Outbox] = []

    def make_box() -> Outbox:
        made.append(Outbox(folder))
        return made[-1]

    yield make_box
    for one in made:
        one.stop()


class Gate:
    """Stands before `commit_candidate`: notes who comes, and while `away` the database does not answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tries: list[str] = []
        self.away: Callable[[], bool] = lambda: False
        self._real = pending_module.commit_candidate
        monkeypatch.setattr(pending_module, "commit_candidate", self._commit)

    def _commit(self, **fields) -> None:
        self.tries.append(fields["dedup"])
        if self.away():
            raise OperationalError("the database system is starting up")
        self._real(**fields)


@pytest.fixture
def gate(monkeypatch) -> Gate:
    return Gate(monkeypatch)


def candidate(camera: Camera | None, dedup: str) -> PendingCandidate:
    at = timezone.now()
    return PendingCandidate(
        camera.pk if camera else uuid4(),
        "camera",
        "person",
        at,
        at,
        at,
        dedup,
        evidence={"box": [0.1, 0.2, 0.3, 0.4]},
        score=0.9,
    )


def wait_for(wanted: Callable[[], bool], within_s: float = 10.0) -> bool:
    limit, pause = time.monotonic() + within_s, threading.Event()
    while not wanted():
        if time.monotonic() > limit:
            return False
        pause.wait(0.02)
    return True


def committed() -> list[str]:
    return sorted(Candidate.objects.values_list("dedup", flat=True))


def left(folder: Path) -> list[str]:
    return sorted(path.suffix for path in folder.glob("*"))


def criticals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.CRITICAL]


# --- while it runs


@database
def test_candidates_wait_for_the_database_and_are_committed_once_and_in_order(box, gate, camera):
    outbox, names = box(), [f"box-{number}" for number in range(8)]
    gate.away = lambda: len(gate.tries) <= 5
    assert all(outbox.put(candidate(camera, name)) for name in names)
    outbox.start()
    assert wait_for(outbox.drained)
    assert gate.tries == [names[0]] * 6 + names[1:]
    assert committed() == names


@database
def test_what_can_never_be_written_holds_up_nobody(box, camera, caplog):
    outbox = box()
    outbox.put(candidate(None, "of a camera that is gone"))
    outbox.put(candidate(camera, "after"))
    outbox.start()
    assert wait_for(outbox.drained)
    assert committed() == ["after"]
    assert "could not be written" in caplog.text


@database
def test_what_does_not_fit_is_kept_aloud_and_committed_by_the_same_process(
    box, gate, camera, folder, monkeypatch, caplog
):
    monkeypatch.setattr(module, "ROOM", 3)
    outbox = box()
    gate.away = lambda: True
    outbox.start()
    assert all(outbox.put(candidate(camera, f"box-{number}")) for number in range(5))
    assert len(criticals(caplog)) == 2
    gate.away = lambda: False
    assert wait_for(lambda: outbox.drained() and not left(folder))
    assert committed() == [f"box-{number}" for number in range(5)]


def test_a_candidate_that_neither_database_nor_disk_can_take_is_called_lost(folder, monkeypatch, caplog):
    monkeypatch.setattr(module, "ROOM", 0)
    folder.write_text("a file where the folder should be")
    assert not Outbox(folder).put(candidate(None, "lost"))
    assert "LOST" in criticals(caplog)[0]


# --- over the end of a process


def stopped_while_away(outbox: Outbox, gate: Gate, camera: Camera) -> None:
    """Three candidates noticed while the database is away, and then the process is told to end."""
    gate.away = lambda: True
    outbox.start()
    for number in range(3):
        outbox.put(candidate(camera, f"box-{number}"))
    assert wait_for(lambda: bool(gate.tries))
    outbox.stop(timeout_s=0.1)
    outbox._thread.join(10)  # a process would be gone now
    gate.away = lambda: False


def next_commits(outbox: Outbox) -> list[str]:
    """What is committed once another process has started, and has come to a candidate of its own."""
    camera = Camera.objects.get()
    outbox.put(candidate(camera, "its own"))
    outbox.start()
    assert wait_for(outbox.drained)
    return committed()


@database
def test_what_waits_at_the_end_is_committed_once_by_the_next_process_and_first(box, gate, camera, folder, caplog):
    stopped_while_away(box(), gate, camera)
    (file,) = folder.glob("*.jsonl")
    assert file.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert criticals(caplog) == [f"3 candidates wait in {folder}: is the database away?"]
    assert committed() == []
    gate.tries.clear()

    assert next_commits(box()) == ["box-0", "box-1", "box-2", "its own"]
    assert gate.tries == ["box-0", "box-1", "box-2", "its own"]
    assert left(folder) == []


@database
def test_without_a_file_the_same_end_loses_them(box, gate, camera, monkeypatch):
    monkeypatch.setattr(spill, "spill", lambda candidates, folder: None)
    stopped_while_away(box(), gate, camera)
    assert next_commits(box()) == ["its own"]


@database
def test_what_is_put_after_the_end_is_kept_too(box, gate, camera, folder):
    outbox = box()
    stopped_while_away(outbox, gate, camera)
    assert outbox.put(candidate(camera, "late"))
    assert left(folder) == [".jsonl"] * 2
    assert "late" in next_commits(box())


@database
def test_a_file_outlasts_processes_that_start_and_end_while_the_database_is_away(box, gate, camera, folder):
    stopped_while_away(box(), gate, camera)
    gate.tries.clear()
    gate.away = lambda: True
    second = box()
    second.start()
    assert wait_for(lambda: bool(gate.tries))
    second.stop(timeout_s=0.1)
    second._thread.join(10)
    assert left(folder) == [".jsonl"]
    gate.away = lambda: False
    assert next_commits(box()) == ["box-0", "box-1", "box-2", "its own"]


@database
def test_two_processes_that_start_at_once_commit_each_candidate_once(gate, camera, folder):
    for number in range(20):
        spill.spill([candidate(camera, f"box-{number:02}")], folder)
    together = threading.Barrier(2)

    def start() -> None:
        together.wait(10)
        spill.replay(folder)

    threads = [threading.Thread(target=in_a_thread, args=(start,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    names = [f"box-{number:02}" for number in range(20)]
    assert committed() == sorted(gate.tries) == names
    assert left(folder) == []


@database
def test_a_damaged_file_is_set_aside_aloud_and_its_whole_lines_are_committed(box, camera, folder, caplog):
    spill.spill([candidate(camera, "whole"), candidate(camera, "torn")], folder)
    (file,) = folder.glob("*.jsonl")
    file.write_bytes(file.read_bytes()[:-40])
    (folder / "noise.jsonl").write_bytes(b"\xff\xfe[]\nnull\n[1]\n{}\n")
    (folder / "folder.jsonl").mkdir()
    spill.spill([candidate(camera, "beside")], folder)

    assert next_commits(box()) == ["beside", "its own", "whole"]
    assert left(folder) == [".damaged"] * 3
    assert len(criticals(caplog)) == 3


@database
def test_what_a_dead_process_had_taken_or_begun_is_anybodys_after_a_minute(camera, folder):
    for number, suffix in enumerate((".dead.taken", ".part", ".alive.taken")):
        spill.spill([candidate(camera, f"box-{number}")], folder)
        (file,) = folder.glob("*.jsonl")
        os.utime(file, (then := time.time() - (0 if "alive" in suffix else 61), then))
        file.rename(folder / f"{file.stem}{suffix}")
    spill.replay(folder)
    assert committed() == ["box-0", "box-1"]
    assert left(folder) == [".taken"]


def test_a_candidate_is_the_same_after_its_file():
    one = replace(candidate(None, "zoë"), zone_id=str(uuid4()), clock_offset_s=-0.25, score=None)
    assert PendingCandidate.from_line(one.as_line()) == one
    with pytest.raises(ValueError, match="offset"):
        PendingCandidate.from_line(one.as_line().replace("+00:00", ""))


@database
def test_the_zone_and_all_else_arrive_in_the_row(camera, folder):
    zone = make.make_zone(camera)
    one = replace(candidate(camera, "all"), zone_id=str(zone.pk), dwell_s=2.5, model_sha256="m", clock_source="rtcp")
    spill.spill([one], folder)
    spill.replay(folder)
    row = Candidate.objects.get()
    assert (row.camera, row.zone, row.site) == (camera, zone, camera.site)
    assert (row.captured_at, row.judged_at, row.evidence) == (one.captured_at, one.judged_at, one.evidence)
    assert (row.model_sha256, row.clock_source) == ("m", "rtcp")
