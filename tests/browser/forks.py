"""Web and spine as processes of their own, forked from one that has imported everything: a start costs a moment.

What they read from the environment (the database, the address, the folder of evidence) is the same for all tests of one
pytest process, and is set when the first of them is made.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

from soc.ops import lower

_context = multiprocessing.get_context("forkserver")


def prepare(env: Mapping[str, str]) -> None:
    """Start the process that the others are forked from, with `env` added to this one's environment. Once is enough."""
    before = dict(os.environ)
    os.environ.update(env)
    try:
        _context.set_forkserver_preload(["tests.browser.loaded"])
        forkserver.ensure_running()
    finally:
        os.environ.clear()
        os.environ.update(before)


def start(name: str, port: int, log: Path) -> BaseProcess:
    """A running `web` (on `port`) or `spine`, writing to `log`. It ends with this process at the latest."""
    process = _context.Process(target=_become, args=(name, port, str(log)), name=name, daemon=True)
    process.start()
    return process


def _end_with_the_tests() -> None:
    """The process that we are forked from waits for its forks: it does not end first where the tests were killed."""
    tests = multiprocessing.parent_process()
    if tests is not None:
        tests.join()
        os.kill(os.getpid(), signal.SIGKILL)


def _become(name: str, port: int, log: str) -> None:
    lower.die_with_parent(signal.SIGKILL, os.getppid())
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(handle, stream)
    os.close(handle)
    if name == "web":
        import uvicorn

        uvicorn.run("soc.asgi:application", port=port, timeout_graceful_shutdown=1)
    else:
        from django.core.management import execute_from_command_line

        sys.argv = ["manage.py", name, "--skip-checks"]
        execute_from_command_line(sys.argv)
