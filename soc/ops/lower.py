"""Giving up rights before a program starts, by plain system calls.

Nothing here needs a tool on PATH: `unshare` and `setpriv` may be missing on a small machine. Every function
acts on the calling process, so call them in a fresh, single-threaded process that is about to exec.
"""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from soc.ops.paths import NOBODY

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
PR_CAPBSET_DROP = 24
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
# NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE, each locked: uid 0 then brings no rights back at exec.
SECUREBITS = 0b11001111
_CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def die_with_parent(signal_number: int, parent: int) -> None:
    """Have the kernel send this process `signal_number` when its parent ends.

    Call it last before exec, since every change of credentials clears it. `parent` is the parent's pid as it
    was at the start: if it is gone already, the process leaves at once.
    """
    _check(_libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


def enter_user_namespace(inside: int = NOBODY) -> None:
    """Become `inside` in a user namespace of its own, which outside stays the present user without any
    capability.

    Raises OSError where user namespaces are blocked.
    """
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc.unshare(CLONE_NEWUSER), "unshare(CLONE_NEWUSER)")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{inside} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{inside} {gid} 1")


def user_namespaces_work() -> bool:
    """Try in a forked child whether this process may enter a user namespace."""
    child = os.fork()
    if child == 0:
        try:
            enter_user_namespace()
        except OSError:
            os._exit(1)
        os._exit(0 if os.geteuid() == NOBODY else 1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0


def become(uid: int, gid: int) -> None:
    """Become an ordinary user for good: groups, ids, and no way back through a setuid program."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    no_new_privileges()


def no_new_privileges() -> None:
    """No program started from here gains rights by exec."""
    _check(_libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(PR_SET_NO_NEW_PRIVS)")


def drop_capabilities() -> None:
    """Keep the uid but give up every capability for good, in this program and whatever it execs.

    1. empty the bounding set; 2. lock the secure bits, so that uid 0 means nothing at exec; 3. no new
    privileges; 4. clear the ambient, inheritable, permitted and effective sets.
    """
    last = int(Path("/proc/sys/kernel/cap_last_cap").read_text())
    for capability in range(last + 1):
        _check(_libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), f"prctl(PR_CAPBSET_DROP, {capability})")
    _check(_libc.prctl(PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0), "prctl(PR_SET_SECUREBITS)")
    no_new_privileges()
    _check(_libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl(PR_CAP_AMBIENT)")
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")
