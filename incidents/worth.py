"""What the filter is worth: its reduction, and beside it, always, its recall as the blind audit found it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from typing import Protocol

from incidents.funnel import Count
from soc.core.models import Site


class Recalled(Protocol):
    """The blind audit's answer. value, low, high: 0..1 (a Wilson interval); n: cases judged; enough: it may be quoted."""

    value: float
    low: float
    high: float
    n: int
    enough: bool


@dataclass(frozen=True, slots=True)
class Worth:
    """`reduction`, 0..1: of what cameras noticed, the part that reached nobody. Never shown without `recall`."""

    reduction: float | None
    recall: Recalled | None

    @property
    def reduction_percent(self) -> str:
        return percent(self.reduction)

    @property
    def recall_percent(self) -> str:
        return percent(self.recall.value if self.recall else None)

    @property
    def low_percent(self) -> str:
        return percent(self.recall.low if self.recall else None)

    @property
    def high_percent(self) -> str:
        return percent(self.recall.high if self.recall else None)


def percent(part: float | None) -> str:
    """Whole percents, tenths from 99 on: 99.96 is not 100. Rounded down, so that it is never said too well."""
    if part is None:
        return ""
    found = 100 * part
    return f"{floor(found * 10) / 10:.1f}" if 99 <= found < 100 else f"{floor(found)}"


def worth(sites: Sequence[Site], count: Count, *, since: datetime, until: datetime) -> Worth:
    return Worth(count.reduction, None)
