"""The verdict of context: a pure function of what was seen, what people did, the policy, and what earlier verdicts left."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from cameras.categories import CATEGORIES, MUTABLE, Category, Family
from cameras.context.facts import Context, Expected, Facts
from cameras.context.flips import nearest
from cameras.context.fold import Fold, Runaway
from cameras.context.place import same_place
from cameras.context.policy import Fired, Policy
from cameras.context.rules import ANY, CONDITIONS, PROTECTED, REPORTS, SOMEBODY, TAMPERING, UNSEEN
from cameras.context.schedule import ArmState
from cameras.context.verdict import IGNORE, RAISE, WATCH, Flip, Reason, Verdict

__all__ = ["SOMEBODY", "Flip", "Reason", "Verdict", "flip", "judge", "priority_of"]

ROUNDED_OFF_S: Final = 0.05001  # at most, of a figure that is kept to a tenth
STORM_DISMISSED: Final = 2  # in a storm, so many called false in one place are a runaway, unless of people
RUNAWAY_PRIORITY: Final = 3
STORM_PRIORITY: Final = 3

_CODES: Final = {
    name: {code: Reason(name, {"category": code}) for code in CATEGORIES}
    for name in ("threat", "technical", "condition", "report", "signal")
}
_NOBODY_LOOKED: Final = Reason("nobody_looked")
_CROSSED: Final = Reason("crossed")
_UNREADABLE: Final = Reason("policy_unreadable")
# What goes on in a storm as ever: people, and what may be them.
_PEOPLE: Final = SOMEBODY | UNSEEN | TAMPERING


def priority_of(facts: Facts) -> int:
    """The table's priority, but a person inside is 1 and in the perimeter 2."""
    if facts.category in {"person", "group"}:
        return 1 if facts.zone_kind == "inside" else 2
    return CATEGORIES[facts.category].priority


def judge(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Verdict:
    """Decide in this order:

    1. A threat is always raised; and somebody at a site whose cameras were tampered with shortly before is one.
    2. Under a policy that cannot be read, everything is raised.
    3. Trouble of cameras and alarms of panels are raised, armed or not; a panel's mere reports are watched.
    4. What was muted, by a snooze or a test, is watched.
    5. The policy's rule, if one counts, says watch or ignore, or that it is raised though disarmed.
    6. Disarmed, an intrusion is ignored.
    7. People who are expected are watched, as many as were said; too short a stay is watched.
    8. What was raised just before and cools down is watched. Where nothing but false alarms come from, it is raised as one
       that counts them. Everything else is raised.

    Raises KeyError for a category that is not in the table.
    """
    category = facts.category
    entry = CATEGORIES[category]
    if entry.threat:
        arm = policy.arm(facts.at, facts.zone, context.toggle)
        return Verdict(RAISE, entry.priority, (_CODES["threat"][category],), "", None, arm)
    if category in SOMEBODY and context.tampered_at is not None:
        return _after_tampering(facts, context.tampered_at, context, policy)
    arm = policy.arm(facts.at, facts.zone, context.toggle)
    if policy.unreadable:
        return Verdict(RAISE, priority_of(facts), (_UNREADABLE, _seen(facts)), "", None, arm)
    if entry.family is Family.INTRUSION:
        return _intrusion(facts, context, policy, fold, arm)
    return _signal(facts, context, policy, fold, arm, entry)


def flip(facts: Facts, context: Context, policy: Policy, fold: Fold, verdict: Verdict) -> Flip | None:
    """The nearest change of circumstances that would have turned the decision; None where none would, as with a threat."""
    return nearest(judge, facts, context, policy, fold, verdict)


def _after_tampering(facts: Facts, tampered_at: datetime, context: Context, policy: Policy) -> Verdict:
    seconds = round(max((facts.at - tampered_at).total_seconds(), 0.0))
    tampering = Reason("tampering", {"kind": context.tamper_kind, "at": tampered_at, "seconds": seconds})
    reasons = (_CODES["threat"]["tamper_person"], tampering, _seen(facts))
    arm = policy.arm(facts.at, facts.zone, context.toggle)
    return Verdict(RAISE, CATEGORIES["tamper_person"].priority, reasons, "tamper_person", None, arm)


def _seen(facts: Facts) -> Reason:
    return Reason("seen", {"category": facts.category, "score": facts.score})


def _armed(arm: ArmState) -> Reason:
    return Reason("armed" if arm.armed else "disarmed", {"until": arm.until, "owner": arm.owner})


def _intrusion(facts: Facts, context: Context, policy: Policy, fold: Fold, arm: ArmState) -> Verdict:
    category, priority, armed, seen = facts.category, priority_of(facts), _armed(arm), _seen(facts)
    if category in PROTECTED:
        fired = policy.rule_for(facts.zone, category, armed=arm.armed)
        if not arm.armed and fired is None:
            return Verdict(IGNORE, priority, (armed, seen), "", None, arm)
        return _protected(priority, [armed, _NOBODY_LOOKED if category in UNSEEN else seen], fired, arm)
    if context.muted and (muted := _muted(facts, context)) is not None:
        return Verdict(WATCH, priority, (armed, muted, seen), "", None, arm)
    fired = policy.rule_for(facts.zone, category, armed=arm.armed)
    reasons, number = [armed], None
    if fired is not None:
        rule, number = fired.rule, fired.number
        priority = rule.priority or priority
        reasons.append(fired.reason)
        if rule.decision != RAISE:
            reasons.append(seen)
            return Verdict(rule.decision, priority, tuple(reasons), "", number, arm)
    elif not arm.armed:
        return Verdict(IGNORE, priority, (armed, seen), "", None, arm)
    reasons.append(seen)
    if context.expected and (expected := _expected(facts, context)) is not None:
        reasons.append(expected)
        if expected.code == "expected":
            return Verdict(WATCH, priority, tuple(reasons), "", number, arm)
    if category == "line_crossing":
        reasons.append(_CROSSED)
    else:
        # Judged by the figure that is kept, so that the verdict can be replayed and "2.0 of 2.0" is never too short. Nor is
        # it where rounding took something off: who stayed for 1.25 s of 1.25 s stayed long enough, and is seen only once.
        limit = policy.dwell_of(facts.zone, category, armed=arm.armed, own=facts.dwell_limit_s)
        seconds = round(facts.dwell_s, 1)
        dwell = {"seconds": seconds, "limit": limit}
        if seconds + ROUNDED_OFF_S < limit:
            reasons.append(Reason("short_stay", dwell))
            return Verdict(WATCH, priority, tuple(reasons), "", number, arm)
        reasons.append(Reason("dwell", dwell))
    return _raised(facts, context, policy, fold, priority, reasons, fired, arm)


def _signal(facts: Facts, context: Context, policy: Policy, fold: Fold, arm: ArmState, entry: Category) -> Verdict:
    """Trouble of cameras, and what panels say."""
    category, priority, decision = facts.category, entry.priority, RAISE
    if arm.armed and category in CONDITIONS:
        reasons = [_armed(arm), _CODES["condition"][category]]
    elif category == "armed_impaired" and facts.cameras:
        priority = 2 if facts.unseen else priority
        reasons = [Reason("impaired", {"blind": facts.blind, "cameras": facts.cameras, "unseen": facts.unseen})]
    elif entry.family is Family.TECHNICAL:
        reasons = [_CODES["technical"][category]]
    elif category in REPORTS:
        reasons, decision = [_CODES["report"][category]], WATCH
    else:
        reasons = [_CODES["signal"][category]]
    fired = policy.rule_for(facts.zone, category, armed=arm.armed)
    if category in PROTECTED:
        return _protected(priority, reasons, fired, arm)
    if context.muted and category in MUTABLE and (muted := _muted(facts, context)) is not None:
        return Verdict(WATCH, priority, (muted, *reasons), "", None, arm)
    if fired is not None:
        rule = fired.rule
        decision, priority = rule.decision, rule.priority or priority
        reasons.append(fired.reason)
    if decision != RAISE:
        return Verdict(decision, priority, tuple(reasons), "", fired.number if fired else None, arm)
    return _raised(facts, context, policy, fold, priority, reasons, fired, arm)


def _protected(priority: int, reasons: list[Reason], fired: Fired | None, arm: ArmState) -> Verdict:
    """What nothing mutes: a rule may give it another priority."""
    if fired is None:
        return Verdict(RAISE, priority, tuple(reasons), "", None, arm)
    return Verdict(RAISE, fired.rule.priority or priority, (*reasons, fired.reason), "", fired.number, arm)


def _raised(
    facts: Facts,
    context: Context,
    policy: Policy,
    fold: Fold,
    priority: int,
    reasons: list[Reason],
    fired: Fired | None,
    arm: ArmState,
) -> Verdict:
    """Raised, unless it cools down; behind the others in a storm or from a place that alarms for nothing."""
    number, cools_s, at = None, 0.0, facts.at
    if fired is not None:
        number, cools_s = fired.number, fired.rule.cooldown_s if facts.camera else 0.0
        if cools_s and (span := fold.cooling.get((facts.camera, facts.zone, facts.category))) is not None:
            until = min(span[1], span[0] + timedelta(seconds=cools_s))
            if span[0] <= at < until:
                reasons.append(Reason("cooling_down", {"since": span[0], "until": until}))
                return Verdict(WATCH, priority, tuple(reasons), "", number, arm)
    storm = context.storm_until is not None and at < context.storm_until
    if storm and facts.category not in _PEOPLE:
        priority = STORM_PRIORITY
        reasons.append(Reason("storm", {"until": context.storm_until}))
    runaway = None
    if (context.dismissed or fold.runaways) and facts.camera:
        runaway = _runaway(facts, context, policy, fold, storm=storm)
        if runaway is not None:
            priority = RUNAWAY_PRIORITY
            look = runaway.looked == at
            reasons.append(Reason("runaway", {"count": runaway.count, "since": runaway.since, "look": look}))
    return Verdict(RAISE, priority, tuple(reasons), "", number, arm, cools_s, runaway)


def _muted(facts: Facts, context: Context) -> Reason | None:
    for one in context.muted:
        if (
            facts.category in one.categories
            and facts.at < one.until
            and (not one.camera or one.camera == facts.camera)
            and (not one.zone or one.zone == facts.zone)
        ):
            return Reason("muted", {"kind": one.kind, "until": one.until, "id": one.id})
    return None


def _expected(facts: Facts, context: Context) -> Reason | None:
    """Windows that overlap add up: each of them brings its people."""
    vehicle = facts.category == "vehicle"
    found: list[Expected] = [
        one
        for one in context.expected
        if facts.at < one.until and (not one.zones or facts.zone in one.zones) and (one.vehicles or not vehicle)
    ]
    if not found:
        return None
    first = found[0]
    allowed = sum(one.people for one in found)
    # A group is more than one, whatever was counted.
    people = max(facts.people, 2) if facts.category == "group" else facts.people
    params = {"kind": first.kind, "id": first.id, "people": people, "allowed": allowed, "until": first.until}
    return Reason("expected" if vehicle or people <= allowed else "more_than_expected", params)


def _runaway(facts: Facts, context: Context, policy: Policy, fold: Fold, *, storm: bool) -> Runaway | None:
    """The place that this belongs to, counting it. It begins with enough dismissals there, and is over when nothing comes or
    nobody calls it false any more.
    """
    at, limits = facts.at, policy.runaways
    if facts.box is None and facts.category in ANY:
        return None  # somebody whose place is not known may be anybody
    here = [
        one.at
        for one in context.dismissed
        if one.camera == facts.camera
        and one.zone == facts.zone
        and one.category == facts.category
        and same_place(one.box, facts.box)
    ]
    known = fold.runaway_of(facts)
    if known is not None:
        if not any(at - one < policy.remembers for one in here):
            return None
        looked = at if at - known.looked >= limits.look else known.looked
        quiet = max(known.quiet, at + max(limits.within, limits.look))
        return Runaway(
            *(known.camera, known.zone, known.category, known.box, known.since),
            *(max(known.last, at), looked, quiet, known.count + 1),
        )
    need = STORM_DISMISSED if storm and facts.category not in _PEOPLE else limits.dismissed
    if sum(at - one < limits.within for one in here) < min(need, limits.dismissed):
        return None
    place = (facts.camera, facts.zone, facts.category, facts.box)
    return Runaway(*place, at, at, at, at + max(limits.within, limits.look), 1)
