"""The layering of the design holds, and a forbidden import is noticed."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from soc.ops.paths import CHECKOUT

PLANTED = [
    ("cameras", "incidents", "Imports point upstream"),
    ("soc.console", "soc.portal", "Imports point upstream"),
    ("incidents", "soc.urls", "Imports point upstream"),
    ("soc.core", "cameras", "The core imports nothing of ours"),
    ("cameras", "soc.demo", "Nothing of the line knows the demo"),
    ("soc.demo", "soc.core", "The demo knows nothing of the line"),
    ("incidents", "soc.seed", "Nothing imports the seed"),
    ("soc.ops", "django", "Operations stand alone"),
    ("responses", "soc.ops", "The product does not know how it is started"),
    ("cameras.vision", "django", "Vision and context are plain Python"),
]


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """Run the contracts on a copy of the sources in which every forbidden import of PLANTED was planted."""
    root = tmp_path_factory.mktemp("planted")
    for name in ("soc", "cameras", "incidents", "responses"):
        only_code = shutil.ignore_patterns("__pycache__", "weights", "*.onnx", "*.mp4", "*.mkv", "*.wav")
        shutil.copytree(CHECKOUT / name, root / name, ignore=only_code)
    shutil.copy(CHECKOUT / "pyproject.toml", root)
    for number, (package, forbidden, _) in enumerate(PLANTED):
        path = root.joinpath(*package.split("."))
        (path / f"planted{number}.py").write_text(f"import {forbidden}\n")
    return lint(root)


def lint(root):
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    done = subprocess.run(
        [sys.executable, "-c", program, "--no-cache"], cwd=root, capture_output=True, text=True, timeout=100
    )
    return done.returncode, done.stdout


def test_the_contracts_hold():
    code, text = lint(CHECKOUT)
    assert code == 0, text


@pytest.mark.parametrize("number", range(len(PLANTED)), ids=[f"{p} imports {f}" for p, f, _ in PLANTED])
def test_a_forbidden_import_breaks_its_contract(verdicts, number):
    package, forbidden, contract = PLANTED[number]
    code, text = verdicts
    assert code != 0
    assert f"{package}.planted{number} -> {forbidden}" in text
    lines = [line for line in text.splitlines() if line.startswith(contract)]
    assert any("BROKEN" in line for line in lines), lines
