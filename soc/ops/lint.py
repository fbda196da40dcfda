"""`make lint`: every check of the source, each run to its end, with one line for each; as many at a time as there are cores.

Templates are checked once there are any.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from soc.ops import secrets
from soc.ops.paths import CHECKOUT
from soc.ops.untranslated import template_files

PACKAGES = ("soc", "cameras", "incidents", "responses", "bench", "tests")


def checks() -> Iterator[tuple[str, list[str]]]:
    """The name and the command of each check that has something to look at; the one that takes longest comes first."""
    python = [sys.executable, "-m"]
    packages = [name for name in PACKAGES if any((CHECKOUT / name).rglob("*.py"))]
    yield "mypy", [*python, "mypy", "--no-error-summary", "manage.py", *packages]
    yield "ruff check", [*python, "ruff", "check", "--quiet", "."]
    yield "ruff format", [*python, "ruff", "format", "--check", "--quiet", "."]
    yield "imports", [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    templates = [str(path.relative_to(CHECKOUT)) for path in template_files(CHECKOUT)]
    if templates:
        pages = [name for name in templates if name.endswith(".html")]
        yield "djlint", [*python, "djlint", "--lint", "--quiet", *pages]
        yield "untranslated text", [*python, "soc.ops.untranslated"]
    yield "types of scripts", [*python, "soc.ops.script_types"]


def passes(name: str, command: list[str]) -> bool:
    """Run one check and print its line; what it says only where it fails."""
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    clean, took = done.returncode == 0, time.monotonic() - started
    said = "" if clean else f"{done.stdout}\n"
    print(f"lint: {name:18} {'ok' if clean else 'FAILED':6} {took:5.1f} s\n{said}", end="", flush=True)
    return clean


def main() -> int:
    """Run them all; 0 when all are clean."""
    secrets.load()  # mypy's Django plugin loads the settings
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return 0 if all(list(pool.map(lambda check: passes(*check), checks()))) else 1


if __name__ == "__main__":
    sys.exit(main())
