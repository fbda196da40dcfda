"""The harness of the figures: what it prints, what it keeps, and how it ends."""

from __future__ import annotations

import json

import pytest

from bench import __main__ as bench
from bench.figures import Row, p95


@pytest.fixture
def areas(monkeypatch, tmp_path):
    """Areas with figures of the test's own; results go to a folder of its own."""
    known = {"line": lambda say: [Row("soon", 120.4, "ms", 3.0, "bare", goal=500)], "eyes": None}
    monkeypatch.setattr(bench, "AREAS", known)
    monkeypatch.setattr(bench, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.delenv("ONLY", raising=False)
    return known


def last_line(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_full_run_is_printed_kept_and_ends_well_when_every_goal_holds(areas, capsys):
    assert bench.main([]) == 0
    said = last_line(capsys)
    row = {
        "figure": "soon",
        "value": 120.4,
        "unit": "ms",
        "baseline": 3.0,
        "against": "bare",
        "goal": 500,
        "at_least": False,
    }
    assert said["rows"] == [row | {"holds": True, "note": ""}]
    assert said["machine"]["cores"] >= 1
    assert "| soon | 120 ms | 3.0 ms (bare) | ≤ 500 ms | yes |" in bench.RESULTS.read_text()


def test_a_missed_goal_is_said_and_ends_ill(areas, capsys):
    areas["line"] = lambda say: [Row("soon", 501, "ms", goal=500), Row("memory", 9000, "MiB")]
    assert bench.main([]) == 1
    assert [row["holds"] for row in last_line(capsys)["rows"]] == [False, True]


def test_of_some_figures_more_is_better(areas, capsys):
    areas["line"] = lambda say: [Row("seen", 0.91, "", 1.0, "bare", goal=0.9, at_least=True)]
    assert bench.main([]) == 0
    assert "| seen | 0.91 | 1.0 (bare) | ≥ 0.9 | yes |" in bench.RESULTS.read_text()
    areas["line"] = lambda say: [Row("seen", 0.89, "", goal=0.9, at_least=True)]
    assert bench.main([]) == 1


def test_a_run_of_one_area_is_not_kept(areas, monkeypatch, capsys):
    monkeypatch.setenv("ONLY", "line")
    assert bench.main([]) == 0
    assert not bench.RESULTS.exists()


@pytest.mark.parametrize("only", ["eyes", "elbows"])
def test_an_area_without_figures_says_so(areas, capsys, only):
    assert bench.main(["--only", only]) == 2
    assert only in capsys.readouterr().out


def test_of_few_values_the_95th_percentile_is_the_largest():
    assert p95([3, 1, 2]) == 3
    assert p95(list(range(1, 101))) == 95
