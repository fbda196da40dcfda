"""Run a program with no more rights than it needs: `python -m soc.ops.drop --as MODE -- command …`.

What reads cameras and uploads must not be root. Started by an ordinary user nothing changes; started by root
it becomes `nobody`, or, where `nobody` cannot read the checkout or the environment, stays uid 0 without any
capability.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import sysconfig
from pathlib import Path

from soc.ops import lower
from soc.ops.paths import CHECKOUT, NOBODY

# "same-rights" is for programs that start others with fewer rights themselves.
MODES = ("same", "nobody", "powerless", "same-rights")


class NotReadable(RuntimeError):
    """Neither way of giving up rights leaves the programs readable; the message says what to do."""


def choose(var: Path) -> str:
    """The mode for our programs on this machine, having opened VAR to them. Raises NotReadable."""
    if os.geteuid() != 0:
        return "same"
    for mode in ("nobody", "powerless"):
        open_var(var, mode)
        if reads(mode, var):
            return mode
    raise NotReadable(
        f"run by root, our programs give up its rights, but then they cannot read {CHECKOUT}: "
        "start as the owner of that folder"
    )


def open_var(var: Path, mode: str) -> None:
    """Let `nobody` make files of its own in VAR without touching anybody else's, or take that back."""
    var.mkdir(mode=0o700, parents=True, exist_ok=True)
    if mode == "nobody":
        os.chown(var, 0, NOBODY)
        var.chmod(0o1771)
        give(var / "home", NOBODY)
    else:
        os.chown(var, 0, 0)
        var.chmod(0o711)


def give(path: Path, uid: int) -> None:
    """Make (as a folder) or hand over `path` with all that is in it. Only root can."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True) if not path.exists() else None
    if path.lstat().st_uid != uid:
        for name in [path, *(path.rglob("*") if path.is_dir() else ())]:
            os.chown(name, uid, uid, follow_symlinks=False)


def reads(mode: str, var: Path) -> bool:
    """Try in a child whether a program in `mode` can read the interpreter, its packages, the checkout and
    VAR."""
    paths = [Path(sys.executable).resolve(), Path(os.__file__), Path(sysconfig.get_path("purelib"))]
    paths += [CHECKOUT / "manage.py", CHECKOUT / "soc"]
    child = os.fork()
    if child == 0:
        try:
            lower_to(mode)
            for path in paths:
                if path.is_dir():
                    next(os.scandir(path))
                else:
                    path.open("rb").close()
            os._exit(0 if os.access(var, os.X_OK) and os.access(sys.executable, os.X_OK) else 1)
        except (OSError, StopIteration):
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def lower_to(mode: str) -> None:
    """Give up rights in this process, for good."""
    if mode == "nobody":
        lower.become(NOBODY, NOBODY)
    elif mode == "powerless":
        lower.drop_capabilities()
    elif mode == "same":
        lower.no_new_privileges()


def wrapped(command: list[str], mode: str, *, parent: int = 0, last_signal: str = "KILL") -> list[str]:
    """`command` behind this module: in `mode`, and sent `last_signal` when its parent ends."""
    options = ["--as", mode, "--parent", str(parent), "--signal", last_signal]
    return [sys.executable, "-m", "soc.ops.drop", *options, "--", *command]


def main() -> None:
    parser = argparse.ArgumentParser(description="Run a program with fewer rights.")
    parser.add_argument("--as", dest="mode", choices=MODES, default="same")
    parser.add_argument("--parent", type=int, default=0, help="0: whichever it is now")
    parser.add_argument("--signal", default="KILL", help="sent to the program when its parent ends")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args()
    parent = given.parent or os.getppid()
    if given.mode == "nobody":
        os.environ["HOME"] = str(Path(os.environ["NIGHTDESK_VAR"]) / "home")
    lower_to(given.mode)
    lower.die_with_parent(signal.Signals[f"SIG{given.signal}"], parent)
    os.execvp(given.command[0], given.command)


if __name__ == "__main__":
    main()
