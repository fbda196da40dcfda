"""The figures of the filter: how fast and how surely it judges, how soon a policy counts, what a replay takes.

Each file measures a part of it and gives its rows; a part is added to PARTS when its first figure is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bench import context_core, replays, taken_up
from bench.figures import Row

Measure = Callable[[Callable[[str], None]], list[Row]]

PARTS: Final[tuple[Measure, ...]] = (context_core.measure, replays.measure, taken_up.measure)


def measure(say: Callable[[str], None]) -> list[Row]:
    """All rows of the filter, part after part: they measure processor time, and must not disturb each other."""
    return [row for part in PARTS for row in part(say)]
