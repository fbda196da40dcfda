"""What judging comes to: a decision, and why, as codes. Sentences are made when they are shown, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from cameras.context.fold import Runaway
from cameras.context.schedule import NEVER, ArmState

RAISE: Final = "raise"
WATCH: Final = "watch"
IGNORE: Final = "ignore"
DECISIONS: Final = frozenset({RAISE, WATCH, IGNORE})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a code with parameters: numbers, codes, ids and times. No parameter is called “code”. Never change `params`."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, **self.params}


@dataclass(frozen=True, slots=True)
class Flip:
    """The least change that turns a verdict, and the decision it turns into. `cameras.context.flips.applied` makes it.

    at {"at"}: had it been then. dwell {"seconds"}: had they stayed so much longer (below zero: less long). people {"people"}:
    had there been so many. window_ends, muting_ends, cooled {"at"}: once that is over. untampered {}: had no camera
    been tampered with. rule {"rule"}: without that rule, counted from 0.
    """

    code: str
    params: Mapping[str, Any]
    decision: str

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, **self.params, "decision": self.decision}


@dataclass(frozen=True, slots=True)
class Verdict:
    """raise, watch or ignore, with the priority 1..3 and the reasons in the order in which they counted.

    category: what it is in these circumstances; empty: what the sensor called it. rule: which rule of the policy fired,
    counted from 0. arm: the arm state it was judged by. cools_s: for so many seconds the same in the same zone is only
    watched, where this one is raised. runaway: the place it belongs to, with it counted in.
    """

    decision: str
    priority: int
    reasons: tuple[Reason, ...]
    category: str = ""
    rule: int | None = None
    arm: ArmState = NEVER
    cools_s: float = 0.0
    runaway: Runaway | None = None
