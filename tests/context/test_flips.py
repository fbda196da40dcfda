"""The nearest flip, applied, really turns the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import happenings
from cameras.categories import CATEGORIES
from cameras.context.facts import Context, Expected, Facts, Muted, Toggle
from cameras.context.flips import applied
from cameras.context.fold import Fold
from cameras.context.judge import flip, judge
from cameras.context.policy import EMPTY, Policy, read, unreadable
from cameras.context.rules import THREATS
from cameras.context.verdict import Flip
from tests.context.test_threats import case

NIGHT = datetime(2026, 1, 16, 2, 3, tzinfo=UTC)
NOON = datetime(2026, 1, 16, 12, tzinfo=UTC)
START = Fold()
NIGHTS = {"week": [{"day": day, "from": "22:00", "to": "06:00"} for day in range(7)]}


def policy(*rules: dict, **body) -> Policy:
    return read({"schedule": NIGHTS, "rules": list(rules), **body}, time_zone="UTC", version="1")


def person(at: datetime = NIGHT, **given) -> Facts:
    known = {"zone": "yard", "zone_kind": "inside", "camera": "north", "dwell_s": 2.5, "dwell_limit_s": 2.0}
    return Facts("person", at, **(known | given))


def flipped(facts: Facts, context: Context = Context(), of: Policy | None = None, fold: Fold = START) -> Flip | None:  # noqa: B008
    of = of or policy()
    return flip(facts, context, of, fold, judge(facts, context, of, fold))


@given(st.integers(0, 10**9))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_flip_applied_turns_the_decision_into_what_it_says(seed):
    fact, context, of, fold = case(seed, Random(seed).choice([*happenings.SEEN * 3, *sorted(CATEGORIES)]))
    before = judge(fact, context, of, fold)
    found = flip(fact, context, of, fold, before)
    if found is not None:
        after = judge(*applied(found, fact, context, of), fold)
        assert after.decision == found.decision != before.decision


def test_the_property_would_notice_a_flip_that_turns_nothing():
    """A broken variant: half of the seconds that are missing."""
    short = person(dwell_s=1.0)
    right = flipped(short)
    wrong = replace(right, params={"seconds": right.params["seconds"] / 2})
    assert judge(*applied(wrong, short, Context(), policy()), START).decision != wrong.decision


def test_two_more_seconds_in_the_zone_would_have_raised():
    assert flipped(person(dwell_s=1.0, dwell_limit_s=3.0)) == Flip("dwell", {"seconds": 2.0}, "raise")


def test_at_ten_in_the_evening_it_would_have_been_raised():
    evening = datetime(2026, 1, 16, 22, tzinfo=UTC)
    assert flipped(person(datetime(2026, 1, 16, 20, tzinfo=UTC))) == Flip("at", {"at": evening}, "raise")


def test_the_nearer_border_counts_though_it_is_over():
    morning = datetime(2026, 1, 16, 7, tzinfo=UTC)
    assert flipped(person(morning)) == Flip("at", {"at": datetime(2026, 1, 16, 5, 59, tzinfo=UTC)}, "raise")


def test_a_moment_less_would_not_have_been_raised():
    assert flipped(person()) == Flip("dwell", {"seconds": -0.6}, "watch")


def test_one_more_than_expected_would_have_been_raised():
    expected = Expected("w", "cleaner", 2, NIGHT + timedelta(hours=1), frozenset(), False)
    assert flipped(person(), Context(expected=(expected,))) == Flip("people", {"people": 3}, "raise")
    assert flipped(person(people=3), Context(expected=(expected,))) == Flip("people", {"people": 2}, "watch")


def test_a_vehicle_that_is_expected_would_have_been_raised_after_the_window():
    until = NIGHT + timedelta(hours=1)
    expected = Expected("w", "delivery", 2, until, frozenset(), True)
    car = replace(person(), category="vehicle")
    assert flipped(car, Context(expected=(expected,))) == Flip("window_ends", {"at": until}, "raise")


def test_once_the_muting_is_over_it_would_have_been_raised():
    until = NIGHT + timedelta(hours=1)
    muted = Muted("m", "snooze", until, "", "", frozenset({"person"}))
    assert flipped(person(), Context(muted=(muted,))) == Flip("muting_ends", {"at": until}, "raise")


def test_once_it_has_cooled_down_it_would_have_been_raised():
    of = policy({"category": "person", "decision": "raise", "cooldown_s": 600})
    fold = START.after(person(), Context(), judge(person(), Context(), of, START), 1)
    again = person(NIGHT + timedelta(seconds=60))
    assert flipped(again, of=of, fold=fold) == Flip("cooled", {"at": NIGHT + timedelta(seconds=600)}, "raise")


def test_without_its_rule_it_would_have_been_raised():
    of = policy(
        {"category": "vehicle", "decision": "raise"}, {"zone": "yard", "category": "person", "decision": "ignore"}
    )
    assert flipped(person(), of=of) == Flip("rule", {"rule": 1}, "raise")


def test_a_disarming_by_hand_would_have_ended():
    toggle = Toggle(False, NIGHT - timedelta(minutes=5), NIGHT + timedelta(minutes=5), "portal", "owner")
    found = flipped(person(), Context(toggle=toggle), policy(owner="customer"))
    assert found == Flip("at", {"at": NIGHT + timedelta(minutes=5)}, "raise")


def test_without_the_tampering_it_would_have_been_ignored():
    context = Context(tampered_at=NOON, tamper_kind="blinded")
    assert flipped(person(NOON), context) == Flip("untampered", {}, "ignore")


@pytest.mark.parametrize("code", sorted(THREATS))
def test_nothing_turns_a_threat(code):
    assert flipped(Facts(code, NIGHT)) is None


def test_nothing_turns_what_no_policy_is_there_for():
    assert flipped(person(), of=unreadable("1")) is None
    assert flipped(person(), of=EMPTY) is None  # never armed
