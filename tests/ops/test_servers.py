"""The embedded servers: on Unix sockets, durable, and back after a crash."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg2
import pytest
import redis

from soc.ops.paths import CHECKOUT, UnsafeFolder, socket_dir, socket_dir_path
from soc.ops.servers import MIGRATED, ServerFailed, Servers, running, urls


@pytest.fixture(autouse=True)
def _embedded(monkeypatch):
    """The suite's own servers must not be used here."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)


@pytest.fixture
def var(tmp_path: Path):
    yield tmp_path
    folder = socket_dir_path(tmp_path)
    for left in folder.glob("*"):
        left.unlink()
    if folder.exists():
        folder.rmdir()


def ask(url: str, sql: str):
    connection = psycopg2.connect(url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def postmaster(var: Path) -> psutil.Process:
    return psutil.Process(int((var / "postgres" / "data" / "postmaster.pid").read_text().split()[0]))


def test_servers_answer_on_sockets_only_and_data_survives_a_restart(var):
    with Servers(var) as servers:
        url = servers.urls()["DATABASE_URL"]
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        assert ask(url, "SELECT current_user || '/' || current_database()") == "nightdesk/nightdesk"
        assert ask(url, "SHOW server_encoding") == "UTF8"
        assert ask(url, "SHOW fsync") == "on"
        assert redis.Redis.from_url(servers.urls()["REDIS_URL"]).ping()
        assert running(var) == servers.urls()
        postgres = postmaster(var)
        assert not [c for c in postgres.net_connections() if c.status == psutil.CONN_LISTEN]
        assert stat.S_IMODE(socket_dir(var).stat().st_mode) & 0o007 == 0
    assert running(var) == {}
    assert not postgres.is_running()
    with Servers(var, names=("postgres",)) as servers:
        assert ask(url, "SELECT n FROM kept") == 7


def test_postgres_recovers_from_a_kill_and_from_a_stale_pid_file(var):
    with Servers(var, names=("postgres",)) as servers:
        url = servers.urls()["DATABASE_URL"]
        ask(url, "CREATE TABLE kept AS SELECT 7 AS n")
        killed = postmaster(var)
        killed.kill()
        killed.wait(10)
    # The pid in the file may belong to somebody else by the time of the next start: to us, say.
    pid_file = var / "postgres" / "data" / "postmaster.pid"
    pid_file.write_text(pid_file.read_text().replace(str(killed.pid), str(os.getpid()), 1))
    with Servers(var, names=("postgres",)):
        assert ask(url, "SELECT n FROM kept") == 7


def test_a_second_command_uses_the_first_ones_server_and_the_last_one_stops_it(var):
    first, second = Servers(var, names=("postgres",)), Servers(var, names=("postgres",))
    first.start()
    second.start()
    assert (first.started, second.started) == (["postgres"], [])
    first.stop()
    assert "DATABASE_URL" in running(var)
    second.stop()
    assert running(var) == {}


def test_throwaway_servers_end_with_the_program_that_started_them(var):
    program = (
        "import os, sys, pathlib; from soc.ops.servers import Servers;"
        f"Servers(pathlib.Path({str(var)!r}), throwaway=True, names=('postgres',)).start();"
        "print('up', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"up\n"
    server = postmaster(var)
    child.send_signal(signal.SIGKILL)
    child.communicate()
    _, alive = psutil.wait_procs([server], timeout=10)
    assert alive == []


def test_servers_of_the_environment_are_used_instead(var, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://somewhere/else")
    monkeypatch.setenv("REDIS_URL", "redis://somewhere/0")
    with Servers(var) as servers:
        assert servers.started == []
        assert servers.urls() == {
            "DATABASE_URL": "postgres://somewhere/else",
            "REDIS_URL": "redis://somewhere/0",
        }


def test_a_server_that_cannot_start_says_why(var):
    (var / "postgres" / "data").mkdir(parents=True)
    (var / "postgres" / "data" / "PG_VERSION").write_text("9.0\n")
    with pytest.raises(ServerFailed, match=r"postgres did not start.*log"):
        Servers(var, names=("postgres",)).start()


def test_a_socket_folder_made_by_somebody_else_is_refused(var):
    socket_dir_path(var).mkdir(mode=0o755)
    socket_dir_path(var).chmod(0o755)
    with pytest.raises(UnsafeFolder, match="open to other users"):
        socket_dir(var)
    assert len(urls(var)["REDIS_URL"].removeprefix("unix://").encode()) < 107


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to fall back to")
def test_where_user_namespaces_are_blocked_postgres_runs_as_nobody(monkeypatch):
    import shutil
    import tempfile

    monkeypatch.setenv("NIGHTDESK_POSTGRES_AS", "nobody")
    var = Path(tempfile.mkdtemp())  # pytest's own folder is closed to others on purpose
    try:
        with Servers(var, names=("postgres",)) as servers:
            assert ask(servers.urls()["DATABASE_URL"], "SELECT 1") == 1
            assert postmaster(var).uids().real == 65534
    finally:
        shutil.rmtree(var)
        shutil.rmtree(socket_dir_path(var))


def test_a_throwaway_server_begins_with_a_copy_of_the_data_it_is_given_and_no_other_does(var, monkeypatch, tmp_path):
    given = tmp_path / "given"
    with Servers(given, names=("postgres",)) as servers:
        ask(servers.urls()["DATABASE_URL"], "CREATE TABLE kept AS SELECT 7 AS n")
    monkeypatch.setenv(MIGRATED, str(given / "postgres" / "data"))
    with Servers(var / "tests", throwaway=True, names=("postgres",)) as servers:
        ask(servers.urls()["DATABASE_URL"], "UPDATE kept SET n = n + 1")
        assert ask(servers.urls()["DATABASE_URL"], "SELECT n FROM kept") == 8
    with Servers(given, names=("postgres",)) as servers:
        assert ask(servers.urls()["DATABASE_URL"], "SELECT n FROM kept") == 7
    with Servers(var / "product", names=("postgres",)) as servers:
        assert ask(servers.urls()["DATABASE_URL"], "SELECT to_regclass('kept')") is None
