"""How many alarms one web process takes in, and whether more of them ever take in fewer.

Starts servers of its own and web processes as the product has them; a thousand sites' panels send as fast as they are answered.
Nothing else runs: what becomes of an accepted alarm is measured elsewhere.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import psycopg2

from bench.console_page import Http
from bench.figures import Row
from soc.ops import secrets
from soc.ops.paths import CHECKOUT
from soc.ops.ports import free_port
from soc.ops.processes import web
from soc.ops.servers import Servers

SITES: Final = 1000
AT_ONCE: Final = 16  # panels that send at the same moment
SECONDS: Final = 4.0
RUNS: Final = 3
PROCESSES: Final = (1, 2, 4)
GOAL: Final = 200.0
QUERIES: Final = 6
LONGEST_S: Final = 240


def measure(say: Callable[[str], None]) -> list[Row]:
    """Three rows."""
    var = Path(tempfile.mkdtemp(prefix="nightdesk-intake-"))
    try:
        with Servers(var) as servers:
            secrets.load(var)
            env = {
                **os.environ, **servers.urls(), "NIGHTDESK_VAR": str(var), "LOG_LEVEL": "WARNING", "HOST": "127.0.0.1",
                "ALLOWED_HOSTS": "127.0.0.1",
            }  # fmt: skip
            made = prepared(env)
            rates: dict[int, list[float]] = {count: [] for count in PROCESSES}
            for number in range(RUNS):
                for count in PROCESSES:
                    rates[count].append(measured(env, made["panels"], count))
                say(f"intake, run {number + 1}: " + ", ".join(f"{n} web: {rates[n][-1]:.0f}/s" for n in PROCESSES))
            bare = by_hand(servers.urls()["DATABASE_URL"])
    finally:
        shutil.rmtree(var, ignore_errors=True)
    worst = min(rates[1])
    medians = {count: statistics.median(found) for count, found in rates.items()}
    ratio = min(medians[more] / medians[fewer] for fewer, more in itertools.pairwise(PROCESSES))
    note = ", ".join(f"{count} processes: {rate:.0f}/s" for count, rate in medians.items())
    return [
        Row(
            "alarms taken in by one web process", worst, "/s", bare, "its rows written by hand, one connection", GOAL,
            f"worst of {RUNS} runs of {SECONDS:g} s; {SITES:,} sites, {AT_ONCE} at once over HTTP", at_least=True,
        ),
        Row("queries of one alarm", made["queries"], "", None, "", QUERIES, "without the words around transactions"),
        Row("alarms of more web processes over those of fewer, least", ratio, "", None, "", 1.0, note, at_least=True),
    ]  # fmt: skip


def prepared(env: dict[str, str]) -> dict[str, Any]:
    """A thousand panels' keys and the number of queries of one alarm."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.console_intake"], cwd=CHECKOUT, env=env, timeout=LONGEST_S, stdout=subprocess.PIPE,
        text=True, check=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def processes(env: dict[str, str], count: int) -> Iterator[list[str]]:
    """So many web processes; their addresses."""
    ports = [free_port() for _ in range(count)]
    running = [
        subprocess.Popen(web({**env, "WEB_PORT": str(port)}, None), cwd=CHECKOUT, env=env, stdout=subprocess.DEVNULL)
        for port in ports
    ]
    try:
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        asyncio.run(_up(urls))
        yield urls
    finally:
        for process in running:
            process.send_signal(signal.SIGTERM)
        for process in running:
            process.wait(20)


async def _up(urls: Sequence[str]) -> None:
    async with asyncio.timeout(90):
        for url in urls:
            while True:
                try:
                    if (await Http(url).ask("GET", "/healthz")).status == 200:
                        break
                except OSError:
                    await asyncio.sleep(0.2)


def measured(env: dict[str, str], panels: list[list[str]], count: int) -> float:
    """Alarms accepted a second."""
    with processes(env, count) as urls:
        asyncio.run(_pour(urls, panels, 1.5))  # the first ones load code
        return asyncio.run(_pour(urls, panels, SECONDS))


async def _pour(urls: Sequence[str], panels: list[list[str]], seconds: float) -> float:
    began, accepted = time.monotonic(), 0

    async def one(number: int) -> None:
        nonlocal accepted
        http, mine = Http(urls[number % len(urls)]), panels[number::AT_ONCE]
        turn = 0
        while time.monotonic() - began < seconds:
            _site, key = mine[turn % len(mine)]
            turn += 1
            body = {"kind": "alarm", "dedup": f"{time.monotonic_ns()}-{number}", "at": datetime.now(UTC).isoformat()}
            headers = {"Authorization": f"Key {key}", "Content-Type": "application/json"}
            answer = await http.ask("POST", "/api/signals", json.dumps(body).encode(), headers)
            if answer.status != 201:
                raise RuntimeError(f"an alarm was answered {answer.status}: {answer.body[:200]!r}")
            accepted += 1
        http.close()

    await asyncio.gather(*(one(number) for number in range(AT_ONCE)))
    return accepted / (time.monotonic() - began)


def by_hand(url: str, seconds: float = 3.0) -> float:
    """Transactions a second that write a row of an alarm's size and wait for the disk, one after the other."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_bare (id bigserial PRIMARY KEY, said jsonb, at timestamptz DEFAULT now())")
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds:
        with connection, connection.cursor() as cursor:
            for _ in range(3):  # candidate, event, delivery
                cursor.execute("INSERT INTO bench_bare (said) VALUES (%s)", [json.dumps({"said": "x" * 600})])
        count += 1
    connection.close()
    return count / (time.monotonic() - began)


# --- in a process of its own, with Django


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "soc.settings"
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    from bench import console_cast
    from soc.core.models import Organisation

    Organisation.objects.get_or_create(name=console_cast.CENTRE)
    panels = console_cast.sites(SITES)
    print(json.dumps({"panels": panels, "queries": queries(panels[0][1])}))


def queries(key: str) -> int:
    """Of the second alarm of a site."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    around = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
    for number in range(2):
        body = {"kind": "alarm", "dedup": f"counted-{number}", "at": datetime.now(UTC).isoformat()}
        with CaptureQueriesContext(connection) as asked:
            answer = Client(headers={"Authorization": f"Key {key}"}, SERVER_NAME="127.0.0.1").post(
                "/api/signals", json.dumps(body), content_type="application/json"
            )
        assert answer.status_code == 201, answer.content
    told = [query["sql"].rpartition("; ")[2] if "pghistory" in query["sql"] else query["sql"] for query in asked]
    return sum(not sql.startswith(around) for sql in told)


if __name__ == "__main__":
    main()
