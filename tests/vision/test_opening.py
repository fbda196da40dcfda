"""What opening many cameras at once costs the others."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cameras.vision import opening

THREADS = 6


def test_of_many_threads_one_at_a_time_looks_through_the_descriptors(monkeypatch: pytest.MonkeyPatch):
    """Each question gives Python's lock away: all at once they would hand it round instead of asking."""
    there: set[int] = set()
    most = 0
    readlink = os.readlink

    def asked(path: str) -> str:
        nonlocal most
        there.add(threading.get_ident())
        most = max(most, len(there))
        time.sleep(0)
        return readlink(path)

    listdir = os.listdir

    def listed(path: str) -> list[str]:
        there.clear()  # the one before is done
        return listdir(path)

    monkeypatch.setattr(opening.os, "readlink", asked)
    monkeypatch.setattr(opening.os, "listdir", listed)
    together = threading.Barrier(THREADS)
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda _: [together.wait(), *(opening.sockets() for _ in range(20))], range(THREADS)))
    assert most == 1
