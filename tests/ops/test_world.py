"""The whole product under supervision: programs come back, everything stops, nothing is left behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg2
import pytest

from soc.ops import ports, processes
from soc.ops.paths import CHECKOUT
from soc.ops.servers import running, urls
from soc.ops.world import World, WorldFailed, free_ports


@pytest.fixture
def var(monkeypatch):
    """A VAR of its own, with embedded servers of its own."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("REDIS_URL", raising=False)
    path = Path(tempfile.mkdtemp(prefix="nightdesk-world-"))
    yield path
    World(path).remove()


def wait(condition, seconds=60.0):
    limit = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < limit, "waited in vain"
        time.sleep(0.05)
    return found


STARTER = """
import pathlib, sys
from soc.ops.world import World, free_ports
world = World(pathlib.Path(sys.argv[1]), ports=free_ports(), demo=False, only={"web", "spine"}, throwaway=True)
world.start()
world.wait_healthy(120)
print("well", flush=True)
sys.stdin.read()
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_killed_program_comes_back_and_a_clean_stop_leaves_the_data_and_nothing_else(var):
    said: list[str] = []
    with World(var, ports=free_ports(), demo=False, only={"web", "spine"}, throwaway=True, say=said.append) as world:
        world.wait_healthy(120)
        (web,) = world.pids("web")
        os.kill(web, signal.SIGKILL)
        wait(lambda: world.pids("web") not in ([], [web]))
        world.wait_healthy(120)
        connection = psycopg2.connect(urls(var)["DATABASE_URL"])
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept AS SELECT 7 AS n")
        connection.close()
        with pytest.raises(WorldFailed, match="running already"):
            World(var).start()
        alive = [psutil.Process(pid) for name in world.states() for pid in world.pids(name)]
        assert len(alive) == 4
    assert not [process for process in alive if process.is_running()]
    assert running(var) == {}
    assert "starting the programs" in said

    # When whoever started it is killed, everything stops by itself; and the data was kept.
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(var)], cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert starter.stdout is not None
    assert starter.stdout.readline() == b"well\n"
    family = psutil.Process(starter.pid).children(recursive=True)
    assert len(family) >= 5
    connection = psycopg2.connect(urls(var)["DATABASE_URL"])
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT n FROM kept")
        assert cursor.fetchone() == (7,)
    connection.close()
    starter.kill()
    starter.communicate()
    assert psutil.wait_procs(family, timeout=60)[1] == []


def test_a_taken_port_is_said_and_another_is_picked(var):
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        picked = ports.pick(port)
        assert picked != port
        assert picked not in ports.EPHEMERAL
        world = World(var, env={"WEB_PORT": str(port)}, say=said.append)
        assert world._port({"WEB_PORT": str(port)}, "WEB_PORT", 8000) != port
    assert f"port {port} is taken" in said[0]


def test_free_ports_are_outside_the_range_of_outgoing_connections():
    found = {ports.free_port() for _ in range(20)}
    assert len(found) == 20
    assert not found & set(ports.EPHEMERAL)


def test_the_table_has_every_program_with_its_own_queue():
    env = {"NIGHTDESK_VAR": "/v", "HOST": "h", "WEB_PORT": "1", "DEMO_RTSP_PORT": "2", "DEMO_PHONE_PORT": "3"}
    table = {process.name: process for process in processes.programs(env, demo=True)}
    assert set(table) == {"web", "spine", "watch", "detect", "respond", "scheduler", "demo"}
    assert "detect.local" in table["detect"].command
    assert "respond" in table["respond"].command
    assert "demo" not in {process.name for process in processes.programs(env, demo=False)}
    assert processes.servers(Path("/v"), {"DATABASE_URL": "x", "REDIS_URL": "y"}) == []
