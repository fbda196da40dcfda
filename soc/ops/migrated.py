"""A database that is migrated already, kept as a folder: tests begin with a copy instead of with every migration again.

The migrations take half a minute of processor time, and each test process, each product that a test starts, would pay it.
The folder is made anew whenever a migration, a pinned package or the server's settings differ. What it lacks all the same
(somebody migrates between two runs) is added where it is used: every user still runs `migrate`, which finds little to do.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from soc.ops.paths import CHECKOUT
from soc.ops.servers import Servers

KEPT = Path(sys.prefix) / "migrated"
TEMPLATE = "migrated"  # the database in it that those of tests are copied from
APPS = ("soc", "cameras", "incidents", "responses")
OTHERS = 2  # folders of other versions that stay: another run may still begin with one
OWN = ("servers.py", "migrated.py")


class MigrationFailed(RuntimeError):
    """The database could not be migrated; the message is what migrate said."""


def folder() -> Path:
    """PostgreSQL's data with the migrated databases `nightdesk` and TEMPLATE, stopped cleanly. Made when it is not there,
    which takes half a minute. Raises MigrationFailed."""
    ready = KEPT / _version()
    KEPT.mkdir(exist_ok=True)
    with (KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            _make(ready)
    return ready


def _version() -> str:
    """Names all that decides what is in the folder."""
    digest = hashlib.sha256()
    found = [path for app in APPS for path in (CHECKOUT / app).rglob("migrations/*.py")]
    for path in [*sorted(found), CHECKOUT / "requirements.txt", *(CHECKOUT / "soc" / "ops" / name for name in OWN)]:
        digest.update(f"{path.relative_to(CHECKOUT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _twice(url: str) -> None:
    """A second one under a name that no product uses: what is copied from must have nobody connected to it."""
    import psycopg2

    connection = psycopg2.connect(url, dbname="postgres")
    try:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {TEMPLATE} TEMPLATE nightdesk")
    finally:
        connection.close()


def _make(ready: Path) -> None:
    var = Path(tempfile.mkdtemp(prefix="nightdesk-migrated-"))
    try:
        env = dict(os.environ)
        with Servers(var, names=("postgres",)) as server:  # not a throwaway one: those are stopped as if by a crash
            env |= {"NIGHTDESK_VAR": str(var), **server.urls()}
            command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=600)
            if done.returncode != 0:
                raise MigrationFailed(done.stdout + done.stderr)
            _twice(server.urls()["DATABASE_URL"])
        for old in sorted(filter(Path.is_dir, KEPT.iterdir()), key=lambda path: path.stat().st_mtime)[:-OTHERS]:
            shutil.rmtree(old)
        shutil.move(var / "postgres" / "data", KEPT / "part")
        (KEPT / "part").rename(ready)
    finally:
        shutil.rmtree(var, ignore_errors=True)
