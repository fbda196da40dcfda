"""What is wrong with a policy: where, and what, as codes. Sentences are made when they are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Problem:
    """path: where in the body, as in schedule.week.1.to; empty: the body itself. warning: it may be published all the same."""

    path: str
    code: str
    params: Mapping[str, Any] = field(default_factory=dict)
    warning: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"path": self.path, "code": self.code, "params": dict(self.params), "warning": self.warning}


class PolicyRefused(ValueError):
    """A policy that cannot be read. `problems`: all that were found, at least one."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(f"{one.path or 'policy'}: {one.code}" for one in self.problems))
