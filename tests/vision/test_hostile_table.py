"""The table of hostile cameras names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

from soc.demo.cameras.faults import KINDS

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "hostile-cameras.md").read_text()


def test_every_test_of_the_table_exists():
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TABLE)
    assert len(named) > 25
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / file).read_text()]
    assert missing == []


def test_every_fault_of_the_simulated_cameras_is_done_to_a_reader_somewhere():
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py") if path != Path(__file__))
    assert [
        kind for kind in KINDS if f"faults.{kind.upper().replace('-', '_')}" not in tests.replace("HALF", "HALF_FRAME")
    ] == []
