"""The figures of the eyes: what it costs to read, to notice, to infer and to follow, and how well it is done.

Each file measures a part of it and gives its rows; a part is added to PARTS when its first figure is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bench import eyes_accuracy, eyes_conditions, eyes_detect, eyes_evidence, eyes_ingest, eyes_tracks
from bench.figures import Row

Measure = Callable[[Callable[[str], None]], list[Row]]

PARTS: Final[tuple[Measure, ...]] = (
    eyes_ingest.measure,
    eyes_evidence.measure,
    eyes_conditions.measure,
    eyes_detect.measure,
    eyes_accuracy.measure,
    eyes_tracks.measure,
)


def measure(say: Callable[[str], None]) -> list[Row]:
    """All rows of the eyes, part after part: they measure processor time, and must not disturb each other."""
    return [row for part in PARTS for row in part(say)]
