"""`make bench [ONLY=area]`: figures against goals, each with a baseline of the same run.

Prints a table and, as the last line, one JSON object. Exit codes: 0 every goal holds, 1 one is missed, 2 there is nothing
to measure. A run of all areas is kept in bench/RESULTS.md.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.areas import AREAS
from bench.figures import Row, markdown, table
from bench.machine import machine

RESULTS = Path(__file__).with_name("RESULTS.md")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default=os.environ.get("ONLY", ""), help="one area, or several with commas")
    only = [name.strip() for name in parser.parse_args(arguments).only.split(",") if name.strip()]
    if unknown := [name for name in only if name not in AREAS]:
        print(f"There is no area {', '.join(unknown)}. There are {', '.join(AREAS)}.")
        return 2
    wanted = {name: measure for name, measure in AREAS.items() if measure is not None and (not only or name in only)}
    if empty := [name for name in only or AREAS if name not in wanted]:
        print(f"No figures yet for {', '.join(empty)}.")
    if not wanted:
        return 2
    command = f"make bench ONLY={','.join(only)}" if only else "make bench"
    facts = machine()
    print(f"{command}\n{said(facts)}", flush=True)
    began = time.monotonic()

    def say(words: str) -> None:
        print(f"[{time.monotonic() - began:6.1f} s] {words}", flush=True)

    rows = [row for measure in wanted.values() for row in measure(say)]
    facts |= {"load_after": [round(value, 2) for value in os.getloadavg()], "took_s": round(time.monotonic() - began)}
    print(f"\n{table(rows)}\n")
    if not only:
        keep(command, facts, rows)
    print(json.dumps({"rows": [row.as_json() for row in rows], "machine": facts}), flush=True)
    return 0 if all(row.holds for row in rows) else 1


def said(facts: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {number}" for name, number in facts["packages"].items())
    load = " ".join(map(str, facts["load_before"]))
    return (
        f"{facts['cores']} cores of {facts['processor']}, {facts['memory_gib']} GiB, load before {load}\n"
        f"{facts['system']}, Python {facts['python']}, {packages}; commit {facts['commit'] or 'unknown'}"
    )


def keep(command: str, facts: dict[str, Any], rows: list[Row]) -> None:
    """Replace the last full run."""
    load = " ".join(map(str, facts["load_after"]))
    RESULTS.write_text(
        "# Figures\n\n"
        f"The last full run, written by `{command}` at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC in {facts['took_s']} s.\n\n"
        f"{said(facts)}; load after {load}.\n\n{markdown(rows)}\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
