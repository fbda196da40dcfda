"""`make test`: the suite on throw-away servers of its own.

Arguments go to pytest. Servers named by DATABASE_URL and REDIS_URL are used instead of the embedded ones; the user of
that PostgreSQL must be a superuser, since a transactional test is undone with the triggers off.
Everything is in a temporary VAR that is removed at the end, however the end comes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from soc.ops import browser, migrated, secrets
from soc.ops.paths import CHECKOUT
from soc.ops.servers import MIGRATED, Servers
from soc.ops.signals import Asked, raise_once

TESTS = CHECKOUT / "tests"
NOWHERE = "none"  # as SCREENSHOTS: no picture of a page is kept


def main(arguments: list[str]) -> int:
    """Run pytest with `arguments`; returns its exit code."""
    raise_once(signal.SIGTERM, signal.SIGHUP)
    keep_bytecode()
    var = Path(tempfile.mkdtemp(prefix="nightdesk-test-"))
    try:
        os.environ["NIGHTDESK_VAR"] = str(var)
        secrets.load(var)
        (var / "static").mkdir()  # else every request of every test is warned that it is not there
        with compiled(() if arguments else sorted(path for path in TESTS.iterdir() if path.is_dir())):
            prepare_browser()
            if not os.environ.get("DATABASE_URL"):
                os.environ[MIGRATED] = str(migrated.folder())
        with Servers(var, throwaway=True) as servers:
            os.environ.update(servers.urls())
            return run_all(arguments)
    except Asked as asked:
        return 128 + asked.number
    finally:
        shutil.rmtree(var, ignore_errors=True)


def run_all(arguments: list[str]) -> int:
    """The suite. Without arguments in two parts side by side, each on more processes than there are cores, since both wait
    as much as they work: most of it, in the order that tests/conftest.py gives, and what kills programs of whole running
    products, which is told when the first is over. With arguments they go to one plain pytest."""
    if arguments:
        return run_pytest(arguments)
    os.environ.setdefault("SCREENSHOTS", NOWHERE)
    by_file = ["--dist", "loadfile", "--no-loadscope-reorder"]
    with tempfile.TemporaryFile() as said:
        beside = start(["tests/fault", "-m", "fault", "-n", "2", "--durations", "12"], stdout=said)
        try:
            most = run_pytest(["-m", "not fault", "-n", "4", *by_file, "--durations", "12"])
            faults = end_of(beside)
        finally:
            if beside.poll() is None:
                beside.terminate()
                beside.wait()
            said.seek(0)
            sys.stdout.buffer.write(said.read())
            sys.stdout.flush()
    return most or faults


def keep_bytecode() -> None:
    """Where nothing may be compiled beside the sources, each of the hundred programs that tests start would compile all that it
    imports, for seconds each: what is compiled goes into the environment's folder."""
    if os.environ.get("PYTHONDONTWRITEBYTECODE") and os.access(sys.prefix, os.W_OK):
        del os.environ["PYTHONDONTWRITEBYTECODE"]
        os.environ.setdefault("PYTHONPYCACHEPREFIX", str(Path(sys.prefix) / "bytecode"))


@contextmanager
def compiled(folders: Sequence[Path]) -> Iterator[None]:
    """Beside what is done in the block, each module that the tests in `folders` import is compiled, once, on all cores: in a
    fresh checkout each of the processes that run them would do it for itself, at the same time, for a quarter of a minute."""
    cores = os.cpu_count() or 1
    parts = [folders[first::cores] for first in range(min(cores, len(folders)))]
    # What is wrong with a module is said by the run itself.
    children = [start(["--collect-only", *map(str, part)], stdout=subprocess.DEVNULL) for part in parts]
    try:
        yield
        for child in children:
            end_of(child)
    finally:
        for child in children:
            if child.poll() is None:
                child.terminate()
                child.wait()


def prepare_browser() -> None:
    """Fetch the browser before any test's clock runs. Without one the tests that need it fail and say so."""
    try:
        browser.launch_options()
    except browser.NoBrowser as error:
        print(error, file=sys.stderr, flush=True)


def run_pytest(arguments: list[str]) -> int:
    """pytest in a process of its own, so that whatever it breaks the servers are stopped after it; its exit code."""
    return end_of(start(arguments))


def start(arguments: list[str], *, stdout: IO[bytes] | int | None = None) -> subprocess.Popen[bytes]:
    """pytest that has begun; what it says goes to `stdout`, both streams, where that is given."""
    both = None if stdout is None else subprocess.STDOUT
    return subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=CHECKOUT, stdout=stdout, stderr=both)


def end_of(child: subprocess.Popen[bytes]) -> int:
    """Its exit code. Raises Asked, with the child ended, where this process is asked to end."""
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the terminal told pytest too: let it finish its report
        except Asked:
            child.terminate()
            child.wait()
            raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
