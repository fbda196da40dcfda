"""What runs: one table, one line of reason each. `make run`, smoke, bench and the fault tests all start from
it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PYTHON = sys.executable


@dataclass(frozen=True)
class Process:
    """A supervised program: `count` copies of `command`, stopped by `stop_signal` within `stop_seconds`.

    `group` is "app" for ours; servers have groups of their own, since they start before and stop after us.
    """

    name: str
    command: tuple[str, ...]
    group: str = "app"
    count: int = 1
    stop_signal: str = "TERM"
    stop_seconds: int = 6


def servers(var: Path, env: Mapping[str, str], *, throwaway: bool = False) -> list[Process]:
    """The embedded servers that the environment does not replace; `throwaway` ones do not wait for the disk."""
    table = [
        Process("postgres", (), "postgres", stop_signal="INT", stop_seconds=20),  # the truth
        Process("valkey", (), "valkey"),  # hints: doorbell and task queue
    ]
    given = {"postgres": env.get("DATABASE_URL"), "valkey": env.get("REDIS_URL")}
    command = (PYTHON, "-m", "soc.ops.servers")
    options = ("--var", str(var), "--parent", "0", *(("--throwaway",) if throwaway else ()))
    return [
        Process(p.name, (*command, p.name, *options), p.group, 1, p.stop_signal, 20) for p in table if not given[p.name]
    ]


def programs(env: Mapping[str, str], *, demo: bool, certificate: tuple[str, str] | None = None) -> list[Process]:
    """Our programs. Reads WEB_PORT, HOST, WATCH_HOST, DETECT_WORKERS, SPINES and the demo's from `env`.

    `certificate` is (certificate file, key file) for https.
    """
    manage = (PYTHON, "manage.py")
    celery = (PYTHON, "-m", "celery", "-A", "soc.celery")
    worker = ("-P", "prefork", "--prefetch-multiplier", "1", "--without-gossip", "--without-mingle", "-l", "INFO")
    queue = f"detect.{env.get('WATCH_HOST') or 'local'}"
    cores = env.get("DETECT_WORKERS") or str(len(os.sched_getaffinity(0)))
    schedule = str(Path(env["NIGHTDESK_VAR"]) / "beat")
    table = [
        # pages, live feed, media, the phone network's callbacks
        Process("web", web(env, certificate)),
        # seals events, re-offers what is owed, sees deadlines pass; needs PostgreSQL only; two may run
        Process("spine", (*manage, "spine"), count=int(env.get("SPINES") or 1)),
        # reads cameras, gates, tracks, judges; long enough to end its threads and then to keep what the database did not take
        Process("watch", (*manage, "watch"), stop_seconds=16),
        # finds people in frames: the one user of a lot of processor time, never in a queue with responses
        Process("detect", (*celery, "worker", "-n", "detect@%h", "-Q", queue, "-c", cores, *worker)),
        # calls, texts and talks
        Process("respond", (*celery, "worker", "-n", "respond@%h", "-Q", "respond", "-c", "2", *worker)),
        # housekeeping by the clock
        Process("scheduler", (*celery, "beat", "-s", f"{schedule}/schedule", "-l", "INFO")),
    ]
    if demo:
        # cameras and a phone network, reached as real ones are
        table.append(Process("demo", (PYTHON, "-m", "soc.demo", *demo_options(env)), stop_seconds=3))
    return table


def demo_options(env: Mapping[str, str]) -> list[str]:
    """Where the simulated world listens and whom it tells; DEMO_ARGS (a JSON list) says how it is to behave."""
    options = ["--rtsp-port", env["DEMO_RTSP_PORT"], "--phone-port", env["DEMO_PHONE_PORT"]]
    if env.get("PUBLIC_URL"):
        options += ["--panel-url", env["PUBLIC_URL"]]
    if env.get("DEMO_CA_FILE"):
        options += ["--callback-ca", env["DEMO_CA_FILE"]]
    return options + json.loads(env.get("DEMO_ARGS") or "[]")


def web(env: Mapping[str, str], certificate: tuple[str, str] | None) -> tuple[str, ...]:
    """The web server's command. Proxies are believed only where TRUSTED_PROXIES names them."""
    command = [PYTHON, "-m", "uvicorn", "soc.asgi:application", "--host", env["HOST"], "--port", env["WEB_PORT"]]
    # Without a limit an open websocket holds up the end for as long as it likes.
    command += ["--timeout-graceful-shutdown", "2", "--no-access-log", "--lifespan", "off"]
    command += ["--no-server-header", "--ws-max-size", str(1 << 20)]
    if proxies := env.get("TRUSTED_PROXIES"):
        command += ["--proxy-headers", "--forwarded-allow-ips", proxies]
    else:
        command += ["--no-proxy-headers"]
    if certificate:
        command += ["--ssl-certfile", certificate[0], "--ssl-keyfile", certificate[1]]
    return tuple(command)
