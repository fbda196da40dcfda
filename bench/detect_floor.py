"""A floor for the detect workers' figures: a throw-away broker, real Celery workers, and a watch process without cameras."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from soc.ops.servers import Servers, urls

ROOT: Final = Path(__file__).parents[1]
WORKERS: Final = 2
SPENDS_S: Final = 0.008  # of processor time, by the detector of `bench.detect_idle`
STOP_S: Final = 20.0
FIELD_KEY: Final = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Asked:
    """A process that answers questions, one JSON line each."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **question: Any) -> dict[str, Any]:
        self.tell(**question)
        return self.answer()

    def tell(self, **question: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a measuring process ended with {self._process.wait(STOP_S)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def asked(module: str, *arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[Asked]:
    """Ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        one = Asked(process)
        one.answer()
        yield one
    finally:
        assert process.stdin is not None
        process.stdin.close()
        _ended(process)


@contextmanager
def floor(app: str = "soc.celery", **settings: str) -> Iterator[Asked]:
    """The feeder of a floor whose workers run `app`. settings: more of their environment."""
    with tempfile.TemporaryDirectory(prefix="nightdesk-bench-") as folder:
        var = Path(folder)
        given = os.environ.pop("REDIS_URL", None)
        try:
            with Servers(var, throwaway=True, names=("valkey",)) as servers:
                environment = {
                    "NIGHTDESK_VAR": folder,
                    "DJANGO_SETTINGS_MODULE": "soc.settings",
                    "SECRET_KEY": secrets.token_hex(16),
                    "FIELD_KEY": FIELD_KEY,
                    "REDIS_URL": urls(var)["REDIS_URL"],
                    "WATCH_HOST": "bench",
                    "DETECT_WORKERS": str(WORKERS),
                    "LOG_LEVEL": "WARNING",
                    **settings,
                }
                broker = [child.pid for child in servers._children.values()]
                with workers(app, environment, var) as pid:
                    pids = [str(one) for one in (*broker, pid)]
                    space = f"bench{secrets.token_hex(3)}"
                    with asked("bench.detect_feed", space, str(WORKERS), *pids, environment=environment) as feeder:
                        yield feeder
        finally:
            if given is not None:
                os.environ["REDIS_URL"] = given


@contextmanager
def workers(app: str, environment: Mapping[str, str], folder: Path) -> Iterator[int]:
    """Real workers, started as the product starts its own; gives the pid of their parent."""
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-n", "bench@%h", "-Q", "detect.bench"]
    command += ["-c", str(WORKERS), "-P", "prefork", "--prefetch-multiplier", "1", "--without-gossip"]
    command += ["--without-mingle", "-l", "WARNING"]
    with (folder / "workers.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1", **environment}, stdout=log, stderr=log
        )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            _ended(process)


def _ended(process: subprocess.Popen[Any]) -> None:
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()
