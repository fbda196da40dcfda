"""Imports point upstream: the contracts of pyproject.toml hold, and each catches what it is there for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("soc", "cameras", "incidents", "responses")

# Where a forbidden import is planted, and what it imports. Each has a module of its own.
PLANTED = [
    ("incidents", "responses.models"),
    ("cameras", "incidents.models"),
    ("cameras", "responses.models"),
    ("soc.core", "cameras.models"),
    ("soc.core", "incidents.models"),
    ("soc.core", "responses.models"),
    ("soc.core", "soc.console"),
    ("soc.core", "soc.celery"),
    ("soc.core", "soc.settings"),
    ("soc.portal", "soc.console"),
    ("soc.console", "soc.portal"),
    ("soc.api", "soc.console"),
    ("responses", "soc.console"),
    ("cameras", "soc.api"),
    ("cameras", "soc.urls"),
    ("responses", "soc.demo"),
    ("incidents", "soc.demo"),
    ("cameras", "soc.demo"),
    ("soc.core", "soc.demo"),
    ("soc.console", "soc.demo"),
    ("soc.portal", "soc.demo"),
    ("soc.demo", "cameras.vision"),
    ("soc.demo", "incidents.models"),
    ("soc.demo", "soc.core.models"),
    ("soc.demo", "django.conf"),
    ("soc.demo", "soc.seed"),
    ("soc.demo", "soc.ops"),
    ("soc.core", "soc.seed"),
    ("cameras", "soc.seed"),
    ("incidents", "soc.seed"),
    ("responses", "soc.seed"),
    ("soc.console", "soc.seed"),
    ("soc.portal", "soc.seed"),
    ("soc.api", "soc.seed"),
    ("soc.ops", "soc.seed"),
    ("soc.ops", "soc.core.models"),
    ("soc.ops", "django.conf"),
    ("soc.core", "soc.ops"),
    ("soc.console", "soc.ops"),
    ("responses", "soc.ops"),
    ("incidents", "soc.urls"),
    ("cameras.vision", "django.conf"),
    ("cameras.vision", "celery"),
    ("cameras.vision", "soc.core.clock"),
    ("cameras.vision", "cameras.models"),
    ("cameras.context", "django.conf"),
    ("cameras.context", "cameras.models"),
    ("cameras.context", "incidents.models"),
]


def lint(tree: Path) -> tuple[int, str]:
    """Run the contracts over `tree`; its exit code and what it says, the lists of imports on single lines."""
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c(['--no-cache'])"]
    environment = {**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "1000"}
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, timeout=100)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "footage", "*.onnx", "static", "templates")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_contracts_hold(copy):
    code, said = lint(copy)
    assert code == 0, said
    assert re.search(r"Contracts: [1-9]\d* kept, 0 broken", said), said


def test_every_forbidden_import_is_caught_when_planted(copy):
    for number, (package, imported) in enumerate(PLANTED):
        (copy / package.replace(".", "/") / f"planted_{number}.py").write_text(f"import {imported}\n")
    code, said = lint(copy)
    assert code == 1, said
    missed = [
        f"{package} importing {imported}"
        for number, (package, imported) in enumerate(PLANTED)
        if not re.search(rf"{re.escape(package)}\.planted_{number} -> {re.escape(imported.split('.')[0])}", said)
    ]
    assert not missed, f"{missed}\n{said}"


@pytest.mark.parametrize(
    ("module", "hidden"),
    [
        ("incidents", "def later():\n    from responses.models import Attempt\n    return Attempt\n"),
        ("cameras", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from incidents.models import Incident\n"),
    ],
)
def test_an_import_inside_a_function_or_for_types_only_is_an_import(copy, module, hidden):
    (copy / module / "planted.py").write_text(hidden)
    code, said = lint(copy)
    assert code == 1
    assert f"{module}.planted ->" in said, said
