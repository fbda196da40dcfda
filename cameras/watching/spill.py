"""Candidates in files, for as long as no watch process can commit them: one per line, one file for each spill.

`<id>.jsonl` waits; `<id>.<claim>.taken` is being committed by a process; `<id>.part` is being written; `<id>.damaged`
has lines that could not be committed and is kept for a person. What was taken or begun by a process that is dead is
old, and anybody's. Two processes that commit the same line make one candidate, by its dedup key.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

from cameras.watching.pending import PendingCandidate
from soc.core.away import LOST

log = logging.getLogger(__name__)

ABANDONED_S = 60.0


def spill(candidates: Iterable[PendingCandidate], folder: Path) -> None:
    """Write them to a file of their own, on the disk when this returns. Raises OSError, and then leaves no file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = folder / f"{uuid4()}.part"
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.writelines(f"{candidate.as_line()}\n" for candidate in candidates)
            file.flush()
            os.fsync(file.fileno())
        part.rename(part.with_suffix(".jsonl"))
    except OSError:
        part.unlink(missing_ok=True)
        raise
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def replay(folder: Path) -> None:
    """Commit what waits in files and remove them. Raises OperationalError or InterfaceError while the database is away:
    the file is given back, and lines that were committed are harmless the next time.
    """
    for taken in _taken(folder):
        try:
            damaged = _commit(taken)
        except FileNotFoundError:
            continue  # we were slow, and another process has it now
        except OSError:
            log.exception("%s cannot be read", taken)
            damaged = 1
        except LOST:
            _rename(taken, folder / f"{_id(taken)}.jsonl")
            raise
        if damaged:
            log.critical("%d spilled candidates could not be committed: see %s", damaged, _damaged(taken))
            _rename(taken, _damaged(taken))
        else:
            taken.unlink(missing_ok=True)


def _taken(folder: Path) -> Iterator[Path]:
    """Each file that waits or was abandoned, once it is ours: a rename has one winner."""
    for path in sorted(folder.glob("*")):
        taken = folder / f"{_id(path)}.{uuid4().hex[:8]}.taken"
        try:
            left = path.suffix in (".part", ".taken") and time.time() - path.stat().st_mtime > ABANDONED_S
            if path.suffix != ".jsonl" and not left:
                continue
            os.utime(path)  # first, so that it is never seen as taken and old
            path.rename(taken)
        except FileNotFoundError:
            continue
        except PermissionError:
            log.critical("another user's candidates cannot be read: see %s", _damaged(path))
            _rename(path, _damaged(path))
            continue
        yield taken


def _commit(path: Path) -> int:
    """Commit the lines that are whole; how many could not be. Raises what says that the database is away."""
    damaged = 0
    for line in path.read_bytes().splitlines():
        try:
            PendingCandidate.from_line(line.decode()).commit()
        except LOST:
            raise
        except Exception:
            # Whatever is wrong with one, the others must not wait for it.
            log.exception("a spilled candidate could not be committed")
            damaged += 1
    return damaged


def _id(path: Path) -> str:
    return path.name.partition(".")[0]


def _damaged(path: Path) -> Path:
    return path.with_name(f"{_id(path)}.damaged")


def _rename(path: Path, to: Path) -> None:
    try:
        path.rename(to)
    except FileNotFoundError:
        log.warning("%s was taken by another process meanwhile", path)
