"""A camera whose bytes bring the decoder down takes a watch process with it once; after that only one of its own.

`Marks` is a small file in shared memory in which every thread says whose bytes it has in native code. It outlives a
crash, and Python's fault handler writes beside it which thread crashed. `Quarantine` finds the marks of the dead, makes
their cameras suspects, and runs `manage.py watch --camera` for each until it has proven harmless.
"""

from __future__ import annotations

import faulthandler
import logging
import mmap
import os
import re
import signal
import struct
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

from cameras.actions import suspect_camera
from cameras.models import Camera
from cameras.vision import slots
from cameras.vision.slot_layout import PREFIX, born, create, default_directory
from cameras.watching.shares import free_at
from soc.core import clock

log = logging.getLogger(__name__)

MOST_CHILDREN: Final = 8
PROOF_S, LONGEST_PROOF_S = 60.0, 3600.0

_ROW: Final = struct.Struct("=Q16s?7x")  # thread, camera, in native code just now
_ROWS: Final = 1024
_NAME: Final = re.compile(rf"{PREFIX}-marks\.(?P<space>[\w-]+)\.(?P<pid>\d+)\.(?P<born>\d+)\Z")
_CURRENT: Final = re.compile(r"^Current thread 0x([0-9a-fA-F]+)", re.MULTILINE)
_STOPPED: Final = {0, -signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}


class _Inside:
    """Marks a row while entered; of a thread beyond the last row, nothing. A class, since it is entered for every packet."""

    __slots__ = ("_camera", "_map", "_row")

    def __init__(self, memory: mmap.mmap, row: int, camera: bytes) -> None:
        self._map, self._row, self._camera = memory, row, camera

    def __enter__(self) -> None:
        if self._row >= 0:
            _ROW.pack_into(self._map, self._row, threading.get_ident(), self._camera, True)

    def __exit__(self, *error: object) -> None:
        if self._row >= 0:
            self._map[self._row + 24] = 0


class Marks:
    """This process's marks. One row a thread; a thread beyond the last row goes unmarked."""

    def __init__(self, space: str, *, directory: Path | None = None) -> None:
        """Raises OSError where the memory cannot be had."""
        pid = os.getpid()
        self.path = (directory or default_directory()) / f"{PREFIX}-marks.{space}.{pid}.{born(pid)}"
        self._map = create(self.path, _ROW.size * _ROWS)
        self._dump = _dump_of(self.path).open("w")
        faulthandler.enable(self._dump)
        self._mine = threading.local()
        self._free = list(range(0, _ROW.size * _ROWS, _ROW.size))

    def inside(self, camera_id: UUID) -> _Inside:
        """While entered, this thread has the camera's bytes in native code."""
        row = getattr(self._mine, "row", None)
        if row is None:
            row = self._mine.row = self._free.pop() if self._free else -1
        return _Inside(self._map, row, camera_id.bytes)

    def leave(self) -> None:
        """This thread ends: its row is another's."""
        row = getattr(self._mine, "row", None)
        if row is not None and row >= 0:
            _ROW.pack_into(self._map, row, 0, bytes(16), False)
            self._mine.row = None
            self._free.append(row)

    def close(self) -> None:
        """A clean end: nobody is suspected of it. Threads still inside keep the memory until the process goes."""
        _forget(self.path)


def find_dead(space: str, *, directory: Path | None = None) -> list[tuple[Path, set[UUID]]]:
    """The marks of processes that live no more, with the cameras to suspect: the crashed thread's, where it is known;
    else (the process was killed from outside, or for its memory) all that were in native code.
    """
    found = []
    for path in (directory or default_directory()).glob(f"{PREFIX}-marks.{space}.*"):
        name = _NAME.match(path.name)
        if name is None or born(int(name["pid"])) == int(name["born"]):
            continue
        try:
            rows = [row for row in _ROW.iter_unpack(path.read_bytes()) if row[0]]
            dump = _dump_of(path).read_text(errors="replace")
        except FileNotFoundError:
            continue  # another process was faster
        if dump:
            log.error("a watch process crashed:\n%s", "\n".join(dump.splitlines()[:40]))
        crashed = {int(ident, 16) for ident in _CURRENT.findall(dump)}
        guilty = {row[1] for row in rows if row[0] in crashed} or {row[1] for row in rows if row[2]}
        found.append((path, {UUID(bytes=raw) for raw in guilty}))
    return found


def _dump_of(path: Path) -> Path:
    return path.with_name(path.name + ".crash")


def _forget(path: Path) -> None:
    path.unlink(missing_ok=True)
    _dump_of(path).unlink(missing_ok=True)


def proof_s(crashes: int) -> float:
    """Seconds of decoding that prove a camera harmless: more for one that was suspected before."""
    return float(min(LONGEST_PROOF_S, PROOF_S * 2 ** min(max(crashes - 1, 0), 10)))


class Quarantine:
    """Suspects of one installation on this host, and the processes that watch them, started and reaped here."""

    def __init__(self, space: str) -> None:
        self.space = space
        self.children: dict[UUID, subprocess.Popen[bytes]] = {}

    def round(self, at: datetime) -> None:
        """1. Suspect the cameras of the dead. 2. Reap our own processes. 3. Start those that are wanted."""
        for path, cameras in find_dead(self.space):
            for camera_id in cameras:
                suspect_camera(camera_id, at=at)
            _forget(path)  # only now: while the database is away they stay known
        for camera_id, child in list(self.children.items()):
            if (code := child.poll()) is not None:
                if code < 0 and code not in _STOPPED:
                    log.error("the process watching camera %s was ended by signal %d", camera_id, -code)
                    suspect_camera(camera_id, at=at)
                    slots.sweep(space=self.space)  # its picture is left behind
                elif code:
                    log.error("the process watching camera %s ended with code %d", camera_id, code)
                self._let_go(camera_id)
        room = MOST_CHILDREN - len(self.children)
        for camera_id in self._wanted(at)[: max(room, 0)]:
            self._start(camera_id)

    def _wanted(self, at: datetime) -> list[UUID]:
        suspects = Camera.objects.filter(free_at(at), enabled=True, suspect_since__isnull=False, retry_at__lte=at)
        return list(suspects.exclude(pk__in=self.children).order_by("retry_at").values_list("pk", flat=True))

    def _start(self, camera_id: UUID) -> None:
        log.warning("camera %s is watched in a process of its own", camera_id)
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "watch", "--camera", str(camera_id)]
        # It reads its end of the pipe: when we are gone, however we went, so is it.
        self.children[camera_id] = subprocess.Popen(command, stdin=subprocess.PIPE)

    def _let_go(self, camera_id: UUID) -> None:
        child = self.children.pop(camera_id)
        if child.stdin is not None:
            child.stdin.close()

    def stop(self) -> None:
        for child in self.children.values():
            child.terminate()

    def join(self, timeout_s: float) -> None:
        """Wait for those that were stopped, `timeout_s` for all together; what does not end is killed."""
        until = clock.monotonic() + timeout_s
        for camera_id in list(self.children):
            child = self.children[camera_id]
            try:
                child.wait(max(until - clock.monotonic(), 0.0))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
            self._let_go(camera_id)
