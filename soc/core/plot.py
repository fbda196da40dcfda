"""The geometry of plots that the pages draw themselves: columns in parts of the width and pixels of height. No library.

Nothing here knows what is counted. A page draws it as SVG (`core/plot.html`) with the same figures in a table beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final

HEIGHT: Final = 148  # px, of the columns
HEAD: Final = 22  # px above them, for marks
FOOT: Final = 24  # px below, for labels
SIDE: Final = 7.0  # % of the width on the left, for the scale's figures
GAP: Final = 0.28  # of a column's place


@dataclass(frozen=True, slots=True)
class Bar:
    """What one column counts: `raised` of `all` were passed on, `real` of them turned out to be real."""

    label: str
    title: str  # what it is in words, for a pointer
    all: int
    raised: int
    real: int = 0
    # Where what each figure counts is listed; empty: nowhere.
    all_href: str = ""
    raised_href: str = ""
    real_href: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column drawn: x and width in % of the picture, y and heights in px from its top."""

    bar: Bar
    x: float
    width: float
    y_all: float
    h_all: float
    y_raised: float
    h_raised: float
    y_mark: float
    centre: float
    labelled: bool


@dataclass(frozen=True, slots=True)
class Tick:
    value: int
    y: float


@dataclass(frozen=True, slots=True)
class Plot:
    columns: list[Column]
    ticks: list[Tick]
    height: int = HEAD + HEIGHT + FOOT
    base: int = HEAD + HEIGHT
    foot: int = HEAD + HEIGHT + 17
    side: float = SIDE
    figures: float = SIDE - 1  # where the scale's figures end, % of the width

    @property
    def empty(self) -> bool:
        return not any(column.bar.all for column in self.columns)


def nice(most: int) -> list[int]:
    """The scale's figures for values up to `most`: 0, a half and a whole of a round figure that is not below it."""
    if most <= 2:
        return [0, 1, 2]
    power = 10 ** floor(log10(most))
    top = next(int(step * power) for step in (1, 2, 4, 6, 8, 10) if step * power >= most)
    return [0, top // 2, top] if top % 2 == 0 else [0, top]


def plot(bars: Sequence[Bar], *, labels: int = 8) -> Plot:
    """Columns side by side, at most `labels` of them named below."""
    scale = nice(max((bar.all for bar in bars), default=0))
    top = scale[-1]
    place = (100 - SIDE) / len(bars) if bars else 0.0
    every = max(1, -(-len(bars) // labels))
    columns = []
    for number, bar in enumerate(bars):
        h_all, h_raised = (round(HEIGHT * value / top, 1) for value in (bar.all, bar.raised))
        if bar.raised and h_raised < 1.5:
            h_raised = 1.5  # few among many are still there
        left = SIDE + number * place
        columns.append(
            Column(
                bar,
                x=round(left + place * GAP / 2, 3),
                width=round(place * (1 - GAP), 3),
                y_all=round(HEAD + HEIGHT - h_all, 1),
                h_all=h_all,
                y_raised=round(HEAD + HEIGHT - h_raised, 1),
                h_raised=h_raised,
                y_mark=round(max(HEAD + HEIGHT - h_all - 12, 9.0), 1),
                centre=round(left + place / 2, 3),
                labelled=number % every == 0,
            )
        )
    return Plot(columns, [Tick(value, round(HEAD + HEIGHT * (1 - value / top), 1)) for value in scale])


def narrowing(counts: Sequence[int], *, least: float = 2.0, whole: float = 100.0) -> list[float]:
    """How wide each stage of a funnel is drawn, in % of the widest, by the logarithm of its count: a million and three are
    both to be seen. 0 for a stage that counts nothing."""
    top = log10(max(counts, default=0) + 1)
    if top == 0:
        return [0.0 for _ in counts]
    return [round(max(least, whole * log10(count + 1) / top), 2) if count else 0.0 for count in counts]
