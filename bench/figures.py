"""What a measurement says: a figure, what it is compared with, its goal, and whether it holds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure. `baseline` was measured in the same run and `against` says what it is; less than or equal to `goal` holds.

    A figure without a goal is stated and holds. at_least: more than or equal to `goal` holds instead. `note` says how many
    were measured, and how.
    """

    figure: str
    value: float
    unit: str
    baseline: float | None = None
    against: str = ""
    goal: float | None = None
    note: str = ""
    at_least: bool = False

    @property
    def holds(self) -> bool:
        if self.goal is None:
            return True
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        return {
            "figure": self.figure,
            "value": round(self.value, 3),
            "unit": self.unit,
            "baseline": None if self.baseline is None else round(self.baseline, 3),
            "against": self.against,
            "goal": self.goal,
            "at_least": self.at_least,
            "holds": self.holds,
            "note": self.note,
        }


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed (nearest rank: of fewer than twenty, the largest)."""
    return rank(values, 0.95)


def p99(values: Sequence[float]) -> float:
    """The value that 99 of 100 do not exceed (nearest rank: of fewer than a hundred, the largest)."""
    return rank(values, 0.99)


def rank(values: Sequence[float], share: float) -> float:
    """The value that this share of all do not exceed, by nearest rank."""
    ordered = sorted(values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def spread(values: Sequence[float]) -> str:
    """“n 24, median 180, largest 410”."""
    return f"n {len(values)}, median {statistics.median(values):.0f}, largest {max(values):.0f}"


HEAD = ("figure", "value", "baseline", "goal", "holds", "how")


def _cells(row: Row) -> tuple[str, ...]:
    baseline = "" if row.baseline is None else f"{_measured(row.baseline, row.unit)} ({row.against})"
    goal = "none" if row.goal is None else f"{'≥' if row.at_least else '≤'} {_measured(row.goal, row.unit)}"
    verdict = "stated" if row.goal is None else "yes" if row.holds else "NO"
    return (row.figure, _measured(row.value, row.unit), baseline, goal, verdict, row.note)


def _measured(value: float, unit: str) -> str:
    return f"{_number(value)} {unit}".rstrip()


def _number(value: float) -> str:
    """As many digits as matter: a ratio is judged by its second decimal."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 or f"{value:.2f}".endswith("0") else f"{value:.2f}"


def table(rows: Sequence[Row]) -> str:
    """For a terminal."""
    lines = [HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def markdown(rows: Sequence[Row]) -> str:
    """For a document."""
    lines = [HEAD, ("---",) * len(HEAD), *map(_cells, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
