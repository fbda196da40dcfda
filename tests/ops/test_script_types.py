"""Scripts keep to their types, and one that does not is named with its line."""

from __future__ import annotations

import shutil

import pytest

from soc.ops import lint
from soc.ops.paths import CHECKOUT
from soc.ops.script_types import complaints

PLANTED = {
    "a number where a sentence is wanted": ("say(1);", "not assignable to parameter of type 'string'"),
    "what may be missing": ('document.querySelector("b").textContent = "";', "possibly 'null'"),
    "a misspelt name": ('const desk = document.getElementByID("desk"); desk;', "Did you mean 'getElementById'?"),
    "a parameter without a type": ("export const twice = (n) => 2 * n;", "implicitly has an 'any' type"),
    "what nobody uses": ("const left = 1;", "never read"),
}


@pytest.fixture
def copy(tmp_path):
    """The scripts as they are, in a folder of their own."""
    shutil.copy(CHECKOUT / "tsconfig.json", tmp_path)
    shutil.copytree(CHECKOUT / "static" / "js", tmp_path / "static" / "js")
    return tmp_path


def test_lint_checks_the_types_of_scripts():
    assert "types of scripts" in dict(lint.checks())


def test_the_scripts_keep_to_their_types(copy):
    assert complaints(copy) == ""


def test_what_breaks_a_type_is_named_with_its_line(copy):
    path = copy / "static" / "js" / "words.js"
    written = path.read_text()
    above = written.count("\n")
    path.write_text(written + "".join(f"{line}\n" for line, _ in PLANTED.values()))
    found = complaints(copy).splitlines()
    for number, (name, (_, said)) in enumerate(PLANTED.items(), start=above + 1):
        named = [line for line in found if line.startswith(f"static/js/words.js({number},")]
        assert any(said in line for line in named), (name, found)
