"""What a replay comes to: how many verdicts would be others, by day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID


class Change(NamedTuple):
    """A candidate whose verdict would be another one. `before` and `after` are decisions; `at`: when it was captured."""

    candidate: UUID
    site: UUID
    at: datetime
    category: str
    before: str
    after: str


@dataclass(slots=True)
class Counts:
    """raised: now raised, and was not. hidden: was raised, and is not now. watched: was ignored, now watched. ignored: was
    watched, now ignored. ranked: raised as before, with another priority."""

    raised: int = 0
    hidden: int = 0
    watched: int = 0
    ignored: int = 0
    ranked: int = 0

    def note(self, before: str, after: str) -> None:
        """Count one change. The same decision twice is one of priority."""
        if before == after:
            self.ranked += 1
        elif after == "raise":
            self.raised += 1
        elif before == "raise":
            self.hidden += 1
        elif after == "watch":
            self.watched += 1
        else:
            self.ignored += 1

    def add(self, other: Counts) -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def as_json(self) -> dict[str, int]:
        return {f"newly_{name}": getattr(self, name) for name in self.__slots__}


@dataclass
class Result:
    """Of one replay. `candidates` were judged again; `skipped` were not: they are from before policies had versions.

    `by_day`: by the site's own day; a day without a change has no entry. `seconds`: how long it took.
    """

    candidates: int = 0
    skipped: int = 0
    counts: Counts = field(default_factory=Counts)
    by_day: dict[date, Counts] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def newly_raised(self) -> int:
        return self.counts.raised

    @property
    def newly_hidden(self) -> int:
        return self.counts.hidden

    @property
    def newly_watched(self) -> int:
        return self.counts.watched

    def note(self, day: date, before: str, after: str) -> None:
        self.counts.note(before, after)
        self.by_day.setdefault(day, Counts()).note(before, after)

    def add(self, other: Result) -> None:
        """Join what another process counted; the time it took is not added: they ran side by side."""
        self.candidates += other.candidates
        self.skipped += other.skipped
        self.counts.add(other.counts)
        for day, counts in other.by_day.items():
            self.by_day.setdefault(day, Counts()).add(counts)

    def as_json(self) -> dict[str, Any]:
        """For `Policy.replayed`: counts and days, no ids."""
        return {
            "candidates": self.candidates,
            "skipped": self.skipped,
            **self.counts.as_json(),
            "by_day": {day.isoformat(): counts.as_json() for day, counts in sorted(self.by_day.items())},
            "seconds": round(self.seconds, 2),
        }
