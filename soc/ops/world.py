"""A whole running product on this machine: servers, programs and (if asked) the simulated world, supervised.

    with World(var, ports=free_ports(), env={"FOLD_WINDOW_S": "60"}) as world:
        world.wait_healthy()
        os.kill(world.pids("watch")[0], signal.SIGKILL)

`make run` is this with words; smoke, bench and the fault tests use it on free ports. Start it in the main
thread: what it starts ends with the thread that started it.
"""

from __future__ import annotations

import fcntl
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlsplit

from soc.ops import drop, processes, secrets, servers, supervise, tls
from soc.ops.paths import CHECKOUT, NOBODY, private_dir, socket_dir
from soc.ops.ports import free_port, pick

PRIVATE_NETWORKS = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7"
LOOPBACK_NETWORKS = "127.0.0.0/8"
STOP_SECONDS = 60.0
# In VAR, not for our programs: the servers' data, the logs, the supervisor's files, the secrets (handed on by us).
KEPT = {"postgres", "valkey", "log", "home", "secrets.env", "supervisor.conf", "supervisor.pid", "servers.users"}
KEPT |= {".lock", ".temporary"}
ANY_ADDRESS = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound


class WorldFailed(RuntimeError):
    """The product did not start; the message says which part and shows the end of its log."""


@dataclass(frozen=True)
class Ports:
    """Where the faces listen: the web, the simulated cameras and the simulated phone network."""

    web: int
    rtsp: int
    phone: int


def free_ports() -> Ports:
    """Ports that nobody uses, for tests."""
    return Ports(free_port(), free_port(), free_port())


class World:
    """The product on `var`. `env` overrides settings; `say` is told of progress, one sentence at a time.

    `only` names the programs to run, all where it is None. `throwaway` is for tests: the database survives a kill,
    but does not wait for the disk.
    """

    def __init__(
        self,
        var: Path,
        *,
        ports: Ports | None = None,
        demo: bool = True,
        only: Collection[str] | None = None,
        host: str = "127.0.0.1",
        https: bool = False,
        throwaway: bool = False,
        env: Mapping[str, str] | None = None,
        own_servers: bool = False,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.var = var.resolve()
        self.demo = demo
        self.only = only
        self.host = host
        self.https = https
        self.throwaway = throwaway
        self.say = say
        self.ports = ports
        self.mode = "same"
        self.authority: Path | None = None
        self.env: dict[str, str] = {}
        self._overrides = dict(env or {})
        self._ignored = set(servers.KEYS.values()) if own_servers else set()
        self._daemon: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    # Starting -----------------------------------------------------------------------------------------------

    def start(self) -> World:
        """Start everything; our programs are starting when this returns. Raises WorldFailed,
        servers.ServerFailed.

        1. secrets, ports, addresses; 2. servers; 3. schema and demonstration data; 4. our programs.
        """
        lock = self._take_lock()
        try:
            secrets.load(self.var)
            self.mode = drop.choose(self.var)
            if self.mode == "powerless":
                self.say(
                    f"RUNNING AS ROOT: `nobody` cannot read {CHECKOUT} and its environment, so the programs keep uid 0, "
                    "with every capability given up"
                )
            control = self._open_folders() / "supervisor.sock"
            self._choose_addresses()
            own = processes.servers(self.var, self._given(), throwaway=self.throwaway)
            table = [*own, *self._programs()]
            self._hand_over()
            config = supervise.write_config(self.var, control, table, self.mode)
            control.unlink(missing_ok=True)
            if own:
                self.say("starting " + " and ".join(process.name for process in own))
            self._daemon = supervise.spawn(config, self.env, parent=os.getpid(), lock=lock)
            self.supervisor = supervise.Supervisor(control)
            self._wait_for_servers(own)
            self._prepare()
            self.say("starting the programs")
            self.supervisor.start_group("app")
        except supervise.NotAnswering as error:
            self.stop()
            raise WorldFailed(str(error)) from error
        except BaseException:
            self.stop()
            raise
        return self

    def _programs(self) -> list[processes.Process]:
        certificate = None
        if self.https:
            files = self._certificate(self.env["PUBLIC_URL"])
            certificate = (str(files.certificate), str(files.key))
        table = processes.programs(self.env, demo=self.demo, certificate=certificate)
        return [process for process in table if self.only is None or process.name in self.only]

    def _own_address(self) -> str:
        return "" if self.host in ANY_ADDRESS else _bracketed(self.host)

    def _certificate(self, public: str) -> tls.Files:
        """For where we listen and for the name under which people come, which may be another."""
        return tls.ensure(self.var, self.host, urlsplit(public).hostname or self.host)

    def _take_lock(self) -> int:
        """Hold VAR/run.lock, which a supervisor that outlives its starter holds until it has stopped everything."""
        private_dir(self.var)
        self._lock = os.open(self.var / "run.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        limit = time.monotonic() + STOP_SECONDS
        while True:
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                holder = os.pread(self._lock, 20, 0).decode()
                if time.monotonic() > limit or (holder and Path("/proc", holder).exists()):
                    os.close(self._lock)
                    self._lock = None
                    raise WorldFailed(f"it is running already on {self.var} (process {holder})") from None
            time.sleep(0.1)
        os.truncate(self._lock, 0)
        os.pwrite(self._lock, str(os.getpid()).encode(), 0)
        return self._lock

    def _open_folders(self) -> Path:
        sockets = socket_dir(self.var)
        for name in ("media", "beat", "outbox", "scenes"):
            private_dir(self.var / name)
        if self.mode == "nobody" and sockets.stat().st_uid == 0:
            os.chown(sockets, 0, NOBODY)
            sockets.chmod(0o750)
        return sockets

    def _hand_over(self) -> None:
        """Give our programs everything in VAR but what root keeps, and the keys they use."""
        if self.mode == "same":
            return
        owner = NOBODY if self.mode == "nobody" else 0
        theirs = [path for path in self.var.iterdir() if path.name not in KEPT and path.suffix not in KEPT]
        for path in {*theirs, Path(self.env["HEAD_KEY_FILE"])}:
            if path.exists():
                drop.give(path, owner)

    def _given(self) -> dict[str, str]:
        """The environment and what was given for it, as far as this world listens to it."""
        return {key: value for key, value in (os.environ | self._overrides).items() if key not in self._ignored}

    def _choose_addresses(self) -> None:
        given = self._given()
        if self.ports is None:
            self.ports = Ports(
                self._port(given, "WEB_PORT", 8000, self.host),
                self._port(given, "RTSP_PORT", 8554),
                self._port(given, "PHONE_PORT", 8025),
            )
        scheme = "https" if self.https else "http"
        name = socket.gethostname() if self.host in ANY_ADDRESS else self.host
        public = given.get("PUBLIC_URL") or f"{scheme}://{_bracketed(name)}:{self.ports.web}"
        if self.https:
            self.authority = self._certificate(public).authority
        own = {
            "NIGHTDESK_VAR": str(self.var),
            "HOST": self.host,
            "WEB_PORT": str(self.ports.web),
            "DEMO_RTSP_PORT": str(self.ports.rtsp),
            "DEMO_PHONE_PORT": str(self.ports.phone),
            "PUBLIC_URL": public,
            # People may come by the address as well as by the public name.
            "ALLOWED_HOSTS": ",".join(filter(None, (given.get("ALLOWED_HOSTS"), self._own_address()))),
            "PYTHONUNBUFFERED": "1",
            # Frames are small; a picture that claims more is an attack.
            "OPENCV_IO_MAX_IMAGE_PIXELS": "33177600",
            "OMP_NUM_THREADS": "1",
        }
        if self.demo:
            own["TWILIO_BASE_URL"] = f"http://127.0.0.1:{self.ports.phone}"
            own["CAMERA_NETWORKS"] = f"{given.get('CAMERA_NETWORKS') or PRIVATE_NETWORKS},{LOOPBACK_NETWORKS}"
            if self.authority:
                own["DEMO_CA_FILE"] = str(self.authority)
        embedded = {k: v for k, v in servers.urls(self.var).items() if not given.get(k)}
        self.env = {**os.environ, **embedded, **own, **self._overrides}

    def _port(self, given: Mapping[str, str], key: str, default: int, host: str = "127.0.0.1") -> int:
        wanted = int(given.get(key) or default)
        port = pick(wanted, host)
        if port != wanted:
            self.say(f"port {wanted} is taken: using {port} (set {key} to choose)")
        return port

    def _wait_for_servers(self, own: list[processes.Process]) -> None:
        wanted = {servers.KEYS[process.name] for process in own}
        limit = time.monotonic() + servers.START_SECONDS
        while not wanted <= servers.running(self.var).keys():
            self.check()
            if time.monotonic() > limit:
                raise WorldFailed("the servers did not start:\n" + self._logs(*(p.name for p in own)))
            time.sleep(0.05)

    def _prepare(self) -> None:
        self.say("bringing the database's schema up to date")
        self.manage("migrate", "--verbosity", "0")
        if self.demo:
            self.say("demonstration data")
            self.manage(self.env.get("SEED") or "seed_demo")

    def manage(self, *arguments: str, timeout: float = 300) -> str:
        """Run a manage.py command in this world, with its programs' rights; returns what it printed."""
        command = drop.wrapped([processes.PYTHON, "manage.py", *arguments], self.mode, parent=os.getpid())
        done = subprocess.run(command, cwd=CHECKOUT, env=self.env, capture_output=True, text=True, timeout=timeout)
        if done.returncode != 0:
            raise WorldFailed(f"manage.py {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    # While it runs ------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The public address, without a slash at the end."""
        return self.env["PUBLIC_URL"].rstrip("/")

    def states(self) -> dict[str, str]:
        """Each process and supervisor's word for it: RUNNING, STARTING, BACKOFF …"""
        return {row["name"]: row["statename"] for row in self.supervisor.processes()}

    def pids(self, name: str) -> list[int]:
        """The process ids of all copies of `name` that live now (of Celery and PostgreSQL: the parent)."""
        rows = self.supervisor.processes()
        return [r["pid"] for r in rows if r["pid"] and (r["name"] == name or r["name"].startswith(f"{name}_"))]

    def is_healthy(self) -> bool:
        """Whether every program runs and the web server says that it is well."""
        return set(self.states().values()) == {"RUNNING"} and self._web_answers()

    def wait_healthy(self, timeout: float = 60) -> None:
        """Wait until `is_healthy`. Raises WorldFailed, with the logs of what is not."""
        limit = time.monotonic() + timeout
        while not self.is_healthy():
            self.check()
            if time.monotonic() > limit:
                ill = [name for name, state in self.states().items() if state != "RUNNING"] or ["web"]
                raise WorldFailed(f"not well after {timeout:.0f} s: {', '.join(ill)}\n{self._logs(*ill)}")
            time.sleep(0.1)

    def _web_answers(self) -> bool:
        assert self.ports is not None
        host = "127.0.0.1" if self.host in ANY_ADDRESS else self.host
        scheme, context = "http", None
        if self.https:
            scheme, context = "https", ssl.create_default_context(cafile=str(self.authority))
        address = f"{scheme}://{_bracketed(host)}:{self.ports.web}/healthz"
        handlers: list[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
        if context:
            handlers.append(urllib.request.HTTPSHandler(context=context))
        try:
            with urllib.request.build_opener(*handlers).open(address, timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError, http.client.HTTPException):
            return False

    def check(self) -> None:
        """Raise WorldFailed when the supervisor has ended."""
        if self._daemon is not None and self._daemon.poll() is not None:
            raise WorldFailed(
                "the supervisor has ended:\n" + self._logs("supervisor") + _end(self.var / "log" / "supervisord.out")
            )

    def _logs(self, *names: str) -> str:
        return "".join(_end(self.var / "log" / f"{name.split('_')[0]}.log") for name in names)

    # Stopping -----------------------------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop our programs, then Valkey, then PostgreSQL, and wait until all are gone."""
        daemon, self._daemon = self._daemon, None
        if daemon is not None:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                daemon.kill()  # its children end with it
                daemon.wait()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def remove(self) -> None:
        """Remove VAR and the sockets of a world that was made for a test. Stop it first."""
        shutil.rmtree(socket_dir(self.var), ignore_errors=True)
        shutil.rmtree(self.var, ignore_errors=True)

    def __enter__(self) -> World:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _end(path: Path, lines: int = 12) -> str:
    if not path.exists():
        return ""
    return f"--- {path}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) + "\n"
