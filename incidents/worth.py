"""What the filter is worth: its reduction, and beside it, always, its recall as the blind audit found it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import floor
from uuid import UUID

from incidents.audit.recall import Recall, by_site, estimate, together
from soc.core.models import Site


@dataclass(frozen=True, slots=True)
class Worth:
    """Both as percents, as they are printed: neither is ever shown alone. Empty text: there is nothing to say."""

    recall: Recall

    @property
    def reduction(self) -> str:
        """Of what cameras noticed, the part that reached nobody."""
        return percent(self.recall.reduction)

    @property
    def value(self) -> str:
        return percent(self.recall.value)

    @property
    def low(self) -> str:
        return percent(self.recall.low)

    @property
    def high(self) -> str:
        return percent(self.recall.high)

    @property
    def known(self) -> bool:
        """Enough was judged to quote it."""
        return self.recall.enough

    @property
    def judged(self) -> int:
        return self.recall.n


def worth(sites: Sequence[Site], *, since: datetime, until: datetime) -> tuple[Worth, dict[UUID, Worth]]:
    """Of all these sites together, and of each."""
    found = by_site(sites, since, until)
    return Worth(together(found)), {pk: Worth(estimate(one)) for pk, one in found.items()}


def percent(part: float | None) -> str:
    """Whole percents, tenths from 99 on: 99.96 is not 100. Rounded down, so that it is never said too well."""
    if part is None:
        return ""
    found = 100 * part
    return f"{floor(found * 10) / 10:.1f}" if 99 <= found < 100 else f"{floor(found)}"
