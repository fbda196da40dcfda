"""`make lint`: every check of the source, each run to its end, with one line for each.

Templates are checked once there are any.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from soc.ops import secrets
from soc.ops.paths import CHECKOUT
from soc.ops.untranslated import template_files

PACKAGES = ("soc", "cameras", "incidents", "responses", "bench", "tests")


def checks() -> Iterator[tuple[str, list[str]]]:
    """The name and the command of each check that has something to look at."""
    python = [sys.executable, "-m"]
    yield "ruff check", [*python, "ruff", "check", "--quiet", "."]
    yield "ruff format", [*python, "ruff", "format", "--check", "--quiet", "."]
    packages = [name for name in PACKAGES if any((CHECKOUT / name).rglob("*.py"))]
    yield "mypy", [*python, "mypy", "--no-error-summary", "manage.py", *packages]
    yield "imports", [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    templates = [str(path.relative_to(CHECKOUT)) for path in template_files(CHECKOUT)]
    if templates:
        pages = [name for name in templates if name.endswith(".html")]
        yield "djlint", [*python, "djlint", "--lint", "--quiet", *pages]
        yield "untranslated text", [*python, "soc.ops.untranslated"]
    yield "types of scripts", [*python, "soc.ops.script_types"]


def main() -> int:
    """Run them all; 0 when all are clean. What a check says is printed only where it fails."""
    secrets.load()  # mypy's Django plugin loads the settings
    failed = 0
    for name, command in checks():
        started = time.monotonic()
        done = subprocess.run(
            command,
            cwd=CHECKOUT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        took = time.monotonic() - started
        print(f"lint: {name:18} {'ok' if done.returncode == 0 else 'FAILED':6} {took:5.1f} s", flush=True)
        if done.returncode != 0:
            failed += 1
            print(done.stdout, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
