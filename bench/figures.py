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

    A figure without a goal is stated and holds. `note` says how many were measured, and how.
    """

    figure: str
    value: float
    unit: str
    baseline: float | None = None
    against: str = ""
    goal: float | None = None
    note: str = ""

    @property
    def holds(self) -> bool:
        return self.goal is None or self.value <= self.goal

    def as_json(self) -> dict[str, Any]:
        return {
            "figure": self.figure,
            "value": round(self.value, 3),
            "unit": self.unit,
            "baseline": None if self.baseline is None else round(self.baseline, 3),
            "against": self.against,
            "goal": self.goal,
            "holds": self.holds,
            "note": self.note,
        }


def p95(values: Sequence[float]) -> float:
    """The value that 95 of 100 do not exceed (nearest rank: of fewer than twenty, the largest)."""
    ordered = sorted(values)
    return ordered[math.ceil(0.95 * len(ordered)) - 1]


def spread(values: Sequence[float]) -> str:
    """“n 24, median 180, largest 410”."""
    return f"n {len(values)}, median {statistics.median(values):.0f}, largest {max(values):.0f}"


HEAD = ("figure", "value", "baseline", "goal", "holds", "how")


def _cells(row: Row) -> tuple[str, ...]:
    baseline = "" if row.baseline is None else f"{_number(row.baseline)} {row.unit} ({row.against})"
    goal = "none" if row.goal is None else f"≤ {_number(row.goal)} {row.unit}"
    verdict = "stated" if row.goal is None else "yes" if row.holds else "NO"
    return (row.figure, f"{_number(row.value)} {row.unit}", baseline, goal, verdict, row.note)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:,.1f}"


def table(rows: Sequence[Row]) -> str:
    """For a terminal."""
    lines = [HEAD, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)


def markdown(rows: Sequence[Row]) -> str:
    """For a document."""
    lines = [HEAD, ("---",) * len(HEAD), *map(_cells, rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
