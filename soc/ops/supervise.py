"""supervisord: its configuration from the table of processes, and a line to it."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from soc.ops import drop
from soc.ops.paths import CHECKOUT, private_dir
from soc.ops.processes import Process

# Lower starts first and stops last.
PRIORITIES = {"postgres": 100, "valkey": 200, "app": 900}


def write_config(var: Path, control: Path, processes: Iterable[Process], mode: str) -> Path:
    """Write VAR/supervisor.conf and return it. `mode` is how our programs give up rights (soc.ops.drop)."""
    logs = private_dir(var / "log")
    sections: list[tuple[str, dict[str, object]]] = [
        ("unix_http_server", {"file": control, "chmod": "0700"}),
        ("rpcinterface:supervisor", {"supervisor.rpcinterface_factory": _FACTORY}),
        (
            "supervisord",
            {
                "nodaemon": "true",
                "logfile": logs / "supervisor.log",
                "logfile_maxbytes": "5MB",
                "logfile_backups": 2,
                "pidfile": var / "supervisor.pid",
                "directory": CHECKOUT,
                "silent": "true",
                "minfds": 1024,
                "minprocs": 64,
                # Said aloud, or it complains: it stays root to signal programs of other users.
                **({"user": "root"} if os.geteuid() == 0 else {}),
            },
        ),
    ]
    table = list(processes)
    sections += [(f"program:{process.name}", _program(process, logs, mode)) for process in table]
    for group, priority in PRIORITIES.items():
        names = [process.name for process in table if process.group == group]
        if names:
            sections.append((f"group:{group}", {"programs": ",".join(names), "priority": priority}))
    path = var / "supervisor.conf"
    text = "".join(
        f"[{name}]\n" + "".join(f"{key}={str(value).replace('%', '%%')}\n" for key, value in values.items()) + "\n"
        for name, values in sections
    )
    path.write_text(text.replace("%%(", "%("))
    return path


_FACTORY = "supervisor.rpcinterface:make_main_rpcinterface"


def _program(process: Process, logs: Path, mode: str) -> dict[str, object]:
    ours = process.group == "app"
    command = drop.wrapped(list(process.command), mode) if ours else list(process.command)
    return {
        "command": shlex.join(command),
        "process_name": "%(program_name)s" + ("_%(process_num)d" if process.count > 1 else ""),
        "numprocs": process.count,
        "autostart": "false" if ours else "true",  # ours start when the database is ready
        "autorestart": "true",
        "startsecs": 1,
        "startretries": 1000000,
        "stopsignal": process.stop_signal,
        "stopwaitsecs": process.stop_seconds,
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": logs / f"{process.name}.log",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 2,
    }


def spawn(config: Path, env: dict[str, str], *, parent: int, lock: int) -> subprocess.Popen[bytes]:
    """Start supervisord in a session of its own. It stops everything in order when `parent` ends.

    It holds the file descriptor `lock` until it has, so that nobody starts a second one over it.
    """
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(config)]
    out = config.with_name("log") / "supervisord.out"
    with out.open("wb") as log:
        return subprocess.Popen(
            drop.wrapped(command, "same-rights", parent=parent, last_signal="TERM"),
            cwd=CHECKOUT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock,),
        )


class NotAnswering(RuntimeError):
    """supervisord does not answer."""


class Supervisor:
    """supervisord's XML-RPC on a Unix socket. Every method may raise NotAnswering."""

    def __init__(self, control: Path) -> None:
        self._proxy = xmlrpc.client.ServerProxy("http://supervisor", transport=_Transport(control))

    def processes(self) -> list[dict[str, Any]]:
        """One row for each process: group, name, statename, pid and more, as supervisor names them."""
        rows: Any = self._proxy.supervisor.getAllProcessInfo()
        return list(rows)

    def start_group(self, name: str) -> None:
        """Start every process of a group, without waiting for them."""
        self._proxy.supervisor.startProcessGroup(name, False)

    def start(self, name: str) -> None:
        """Start one process (`group:name`) and wait until it is running."""
        self._proxy.supervisor.startProcess(name, True)

    def stop(self, name: str) -> None:
        """Stop one process (`group:name`) for good and wait until it has ended."""
        self._proxy.supervisor.stopProcess(name, True)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("supervisor", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def request(self, *arguments: Any, **more: Any) -> Any:
        try:
            return super().request(*arguments, **more)
        except (OSError, http.client.HTTPException) as error:
            raise NotAnswering(f"supervisord does not answer: {error}") from error

    def make_connection(self, host: Any) -> _Connection:
        # One connection for each request: supervisord closes them.
        return _Connection(self._path)
