"""Which measurements there are. An area is added here when its first figure is."""

from __future__ import annotations

from collections.abc import Callable

from bench import console, context, eyes, line
from bench.figures import Row

Measure = Callable[[Callable[[str], None]], list[Row]]

# The last three get figures with the work they measure.
AREAS: dict[str, Measure | None] = {
    "line": line.measure,
    "eyes": eyes.measure,
    "context": context.measure,
    "console": console.measure,
    "voice": None,
    "dispatch": None,
    "portal": None,
}
