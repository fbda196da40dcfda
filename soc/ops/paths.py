"""Where things lie: the checkout, VAR and the socket folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
NOBODY = 65534


class UnsafeFolder(RuntimeError):
    """A folder that somebody else could write to, or that is not ours; the message says what to do."""


def var_dir() -> Path:
    """Everything the product keeps on this machine: NIGHTDESK_VAR, else `var` in the checkout."""
    return Path(os.environ.get("NIGHTDESK_VAR") or CHECKOUT / "var").resolve()


def socket_dir_path(var: Path) -> Path:
    """The folder of VAR's Unix sockets, which may not exist yet.

    Not under VAR, since a socket's path ends at 107 bytes and a checkout may lie deep.
    """
    digest = hashlib.sha256(str(var.resolve()).encode()).hexdigest()[:12]
    return Path("/tmp") / f"nightdesk-{os.getuid()}-{digest}"  # noqa: S108 - made and verified by socket_dir


def socket_dir(var: Path) -> Path:
    """Make (if need be) and verify the socket folder: a real folder, ours, closed to everybody else.

    Raises UnsafeFolder when somebody else made it first: /tmp is everybody's.
    """
    path = socket_dir_path(var)
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode=0o700)
    found = path.lstat()
    # Root may have handed the folder to `nobody` or let its group in: see soc.ops.drop.
    ours = {os.getuid()} | ({NOBODY} if os.getuid() == 0 else set())
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in ours:
        raise UnsafeFolder(f"{path} is not a folder of this user: remove it and start again")
    if found.st_mode & stat.S_IRWXO:
        raise UnsafeFolder(f"{path} is open to other users: remove it and start again")
    return path


def private_dir(path: Path) -> Path:
    """Make a folder (and its parents) that its owner alone may enter."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
