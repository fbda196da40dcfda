"""One process of the table by its name, in the foreground: what a container runs.

python -m soc.ops.process web          one program of the table in soc/ops/processes.py
python -m soc.ops.process all          everything, supervised, with embedded servers where none are named
python -m soc.ops.process migrate …    any other word is a manage.py command
"""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from soc.ops import processes, run, secrets
from soc.ops.paths import var_dir
from soc.ops.servers import urls


def main(words: list[str]) -> int:
    """Run everything or become one process; returns only for `all`."""
    word, *rest = words or ["all"]
    return run.main() if word == "all" else become(word, rest)


def become(word: str, rest: list[str]) -> NoReturn:
    """Replace this process by the program `word` of the table, or by that manage.py command."""
    env = os.environ
    for key, value in {"HOST": "0.0.0.0", "WEB_PORT": "8000", "DEMO_RTSP_PORT": "8554"}.items():  # noqa: S104
        env.setdefault(key, value)
    env.setdefault("DEMO_PHONE_PORT", "8025")
    var = var_dir()
    env.setdefault("NIGHTDESK_VAR", str(var))
    for key, value in urls(var).items():
        env.setdefault(key, value)
    secrets.load(var)
    (var / "beat").mkdir(mode=0o700, parents=True, exist_ok=True)
    table = {process.name: process.command for process in processes.programs(env, demo=True)}
    command = [*table[word], *rest] if word in table else [processes.PYTHON, "manage.py", word, *rest]
    os.execv(command[0], command)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
