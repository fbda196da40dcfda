"""No path hides a threat, whatever policy, circumstances and earlier verdicts are; and judges that would are caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import happenings
from cameras.categories import CATEGORIES
from cameras.context.facts import Context, Facts
from cameras.context.fold import Fold
from cameras.context.judge import judge
from cameras.context.policy import Policy, PolicyRefused, read, unreadable
from cameras.context.rules import PROTECTED, SOMEBODY, THREATS, Rule
from cameras.context.verdict import IGNORE, RAISE, WATCH, Verdict

Judge = Callable[[Facts, Context, Policy, Fold], Verdict]
CASES = 300


def policy_of(lot: Random) -> Policy:
    if lot.random() < 0.05:
        return unreadable("1")
    while True:
        try:
            return read(happenings.body(lot), time_zone=lot.choice(happenings.ZONES), version="1")
        except PolicyRefused:
            continue  # it hid everything: the next one


def case(seed: int, category: str) -> tuple[Facts, Context, Policy, Fold]:
    """By lot, what earlier verdicts left behind included."""
    lot = Random(seed)
    fact = happenings.facts(lot, category=category)
    context, policy, fold = happenings.context(lot, fact.at, near=fact), policy_of(lot), Fold()
    for ordinal in range(lot.randrange(4)):
        fold = fold.after(fact, context, judge(fact, context, policy, fold), ordinal)
    return fact, context, policy, fold


def hidden(by: Judge, seeds: range) -> list[tuple[int, str]]:
    """Threats that a judge does not raise with priority 1."""
    found = []
    for seed in seeds:
        category = sorted(THREATS)[seed % len(THREATS)]
        verdict = by(*case(seed, category))
        if (verdict.decision, verdict.priority) != (RAISE, 1):
            found.append((seed, category))
    return found


def test_no_path_hides_a_threat():
    assert hidden(judge, range(CASES)) == []


def muting_first(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Verdict:
    for one in context.muted:
        if facts.category in one.categories and facts.at < one.until:
            return Verdict(WATCH, 3, ())
    return judge(facts, context, policy, fold)


def disarmed_first(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Verdict:
    if not policy.arm(facts.at, facts.zone, context.toggle).armed:
        return Verdict(IGNORE, 3, ())
    return judge(facts, context, policy, fold)


def expecting_first(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Verdict:
    if any(facts.at < one.until and facts.people <= one.people for one in context.expected):
        return Verdict(WATCH, 3, ())
    return judge(facts, context, policy, fold)


def runaways_of_everything(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Verdict:
    verdict = judge(facts, context, policy, fold)
    return replace(verdict, priority=3) if len(context.dismissed) >= policy.runaways.dismissed else verdict


@pytest.mark.parametrize("broken", [muting_first, disarmed_first, expecting_first, runaways_of_everything])
def test_a_judge_that_would_hide_one_is_caught(broken):
    assert hidden(broken, range(CASES))


@given(st.integers(0, 10**9))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_somebody_after_tampering_is_never_hidden_either(seed):
    lot = Random(seed)
    fact, context, policy, fold = case(seed, lot.choice(sorted(SOMEBODY)))
    verdict = judge(fact, replace(context, tampered_at=fact.at, tamper_kind="moved"), policy, fold)
    assert (verdict.decision, verdict.priority, verdict.category) == (RAISE, 1, "tamper_person")


@given(st.integers(0, 10**9))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_what_is_protected_is_raised_whatever_people_did(seed):
    lot = Random(seed)
    category = lot.choice(sorted(PROTECTED - THREATS))
    fact, context, policy, fold = case(seed, category)
    verdict = judge(fact, context, policy, fold)
    disarmed = not verdict.arm.armed and category == "unfiltered_motion"
    assert verdict.decision == RAISE or disarmed
    assert disarmed or not {reason.code for reason in verdict.reasons} & {
        "muted",
        "expected",
        "cooling_down",
        "runaway",
    }


@given(st.integers(0, 10**9))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_no_policy_and_no_circumstances_raise_an_error(seed):
    lot = Random(seed)
    fact, context, policy, fold = case(seed, lot.choice(sorted(CATEGORIES)))
    verdict = judge(fact, context, policy, fold)
    assert verdict.decision in {RAISE, WATCH, IGNORE}
    assert verdict.priority in {1, 2, 3}
    assert verdict.reasons
    assert judge(fact, context, policy, fold) == verdict


def test_a_rule_that_got_past_the_reader_hides_no_threat_all_the_same():
    """Were a version written by hand: what the reader refuses, the judge does not obey."""
    policy = read({}, time_zone="UTC", version="by hand")
    policy.rules = tuple(Rule("", code, "always", IGNORE) for code in sorted(CATEGORIES))
    for code in sorted(PROTECTED - {"unfiltered_motion"}):
        assert judge(Facts(code, happenings.BEGAN), Context(), policy, Fold()).decision == RAISE
