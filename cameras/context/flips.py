"""The nearest change of circumstances that would have turned a verdict, found by judging it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from cameras.context.facts import Context, Facts
from cameras.context.fold import Fold
from cameras.context.policy import Policy
from cameras.context.verdict import RAISE, Flip, Verdict

Judge = Callable[[Facts, Context, Policy, Fold], Verdict]
Change = tuple[str, dict[str, Any]]

MINUTE: Final = timedelta(minutes=1)
SMALLEST: Final = timedelta(milliseconds=1)


def applied(flip: Flip, facts: Facts, context: Context, policy: Policy) -> tuple[Facts, Context, Policy]:
    """The circumstances as they would have had to be."""
    return _made(flip.code, dict(flip.params), facts, context, policy)


def nearest(judge: Judge, facts: Facts, context: Context, policy: Policy, fold: Fold, verdict: Verdict) -> Flip | None:
    """The first change that turns the decision: such that would have it raised, or not, nearest in time first."""
    if policy.unreadable or (
        verdict.decision == RAISE and verdict.reasons[0].code == "threat" and not verdict.category
    ):
        return None
    for code, params in _changes(facts, context, verdict):
        changed = judge(*_made(code, params, facts, context, policy), fold)
        if changed.decision != verdict.decision:
            return Flip(code, params, changed.decision)
    return None


def _changes(facts: Facts, context: Context, verdict: Verdict) -> Iterator[Change]:
    """What might turn it, nearest first."""
    by_code = {reason.code: reason.params for reason in verdict.reasons}
    if "tampering" in by_code:
        yield "untampered", {}
        return
    if "muted" in by_code:
        yield "muting_ends", {"at": by_code["muted"]["until"]}
    if "cooling_down" in by_code:
        yield "cooled", {"at": by_code["cooling_down"]["until"]}
    for code in ("expected", "more_than_expected"):
        if code in by_code:
            more = 1 if code == "expected" else 0
            yield "people", {"people": by_code[code]["allowed"] + more}
    if "expected" in by_code:
        yield "window_ends", {"at": by_code["expected"]["until"]}
    changes = [*_longer(by_code), *_at_borders(facts, verdict)]
    changes.sort(key=_far)
    yield from (change for _, change in changes)
    if verdict.rule is not None:
        yield "rule", {"rule": verdict.rule}


def _far(change: tuple[float, Change]) -> float:
    return change[0]


def _longer(by_code: dict[str, Any]) -> Iterator[tuple[float, Change]]:
    """A longer or a shorter stay, to the tenth of a second."""
    if "short_stay" in by_code:
        seconds = round(max(by_code["short_stay"]["limit"] - by_code["short_stay"]["seconds"], 0.1), 1)
        yield seconds, ("dwell", {"seconds": seconds})
        yield seconds + 0.1, ("dwell", {"seconds": round(seconds + 0.1, 1)})
    elif "dwell" in by_code and by_code["dwell"]["limit"] > 0.1:
        seconds = round(by_code["dwell"]["seconds"] - by_code["dwell"]["limit"] + 0.1, 1)
        yield seconds, ("dwell", {"seconds": -seconds})
        yield seconds + 0.1, ("dwell", {"seconds": -round(seconds + 0.1, 1)})


def _at_borders(facts: Facts, verdict: Verdict) -> Iterator[tuple[float, Change]]:
    arm, at = verdict.arm, facts.at
    if arm.until is not None:
        yield _seconds(at, arm.until), ("at", {"at": arm.until})
    if arm.since is not None:
        for before in (MINUTE, SMALLEST):  # as a clock shows it; but a stretch may be shorter than that
            yield _seconds(at, arm.since), ("at", {"at": arm.since - before})


def _seconds(a: datetime, b: datetime) -> float:
    return abs((a - b).total_seconds())


def _made(
    code: str, params: dict[str, Any], facts: Facts, context: Context, policy: Policy
) -> tuple[Facts, Context, Policy]:
    if code in ("at", "window_ends", "muting_ends", "cooled"):
        at = params["at"]
        return replace(facts, at=datetime.fromisoformat(at) if isinstance(at, str) else at), context, policy
    if code == "dwell":
        return replace(facts, dwell_s=max(0.0, facts.dwell_s + params["seconds"])), context, policy
    if code == "people":
        return replace(facts, people=params["people"]), context, policy
    if code == "untampered":
        return facts, replace(context, tampered_at=None, tamper_kind=""), policy
    if code == "rule":
        return facts, context, policy.without(params["rule"])
    raise ValueError(f"there is no change called {code}")
