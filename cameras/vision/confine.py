"""Makes a process that touches a camera's bytes as harmless as an ordinary user can be."""

from __future__ import annotations

import encodings.idna  # noqa: F401  Python's own, loaded on first use: out of reach once root is gone
import os
import pwd
import resource
from pathlib import Path
from typing import Final

NOBODY: Final = "nobody"


def drop_root(user: str = NOBODY) -> bool:
    """Become an ordinary user for good, if started as root; gives whether anything changed.

    A root whose every capability was taken away before is none: it may not even become somebody else.

    Import first what the process needs: afterwards folders of root may be out of reach.
    """
    if os.geteuid() != 0 or _is_powerless():
        return False
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid)
    os.setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid)
    return True


def _is_powerless() -> bool:
    lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    kept = [line.split()[1] for line in lines if line.startswith(("CapPrm:", "CapEff:"))]
    return bool(kept) and all(int(mask, 16) == 0 for mask in kept)


def limit(*, memory_bytes: int, cpu_s: int, files: int = 64) -> None:
    """Bound this process for good: address space, processor seconds, open files; no core dumps, no new files."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
