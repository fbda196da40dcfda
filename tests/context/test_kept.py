"""What is stored with a candidate comes back as it was, and the fold made again is the fold carried along."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import happenings
from cameras.context.facts import CALM, Context, Facts
from cameras.context.fold import COOLING_KNOWN, RUNAWAYS_KNOWN, Fold
from cameras.context.judge import Verdict, judge
from cameras.context.policy import Policy, PolicyRefused, read

seeds = st.integers(0, 10**9)


def as_text(value) -> str:
    return json.dumps(value.as_json(), allow_nan=False)


@given(seeds)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_facts_and_circumstances_come_back_from_json_text_as_they_were(seed):
    lot = Random(seed)
    fact = happenings.facts(lot)
    context = happenings.context(lot, fact.at, near=fact)
    assert Facts.from_json(json.loads(as_text(fact))) == fact
    assert Context.from_json(json.loads(as_text(context))) == context
    assert Context.from_text(as_text(context)) == context


def test_json_text_in_another_order_and_spacing_is_read_all_the_same():
    lot = Random(7)
    fact = happenings.facts(lot)
    shuffled = json.dumps(dict(sorted(fact.as_json().items(), reverse=True)), indent=1)
    assert Facts.from_json(json.loads(shuffled)) == fact


def test_what_is_empty_is_left_out():
    fact = Facts("person", happenings.BEGAN)
    assert fact.as_json() == {"category": "person", "at": "2026-01-01T00:00:00+00:00"}
    assert Context().as_json() == {}
    assert Context.from_json({}) is CALM
    assert Fold().as_json() == {}


@pytest.mark.parametrize("fold", [0, 1])
def test_a_time_of_another_zone_comes_back_as_the_same_instant(fold):
    at = datetime(2026, 10, 25, 1, 30, tzinfo=ZoneInfo("Europe/London"), fold=fold)
    fact = Facts("person", at)
    assert fact.at.tzinfo is UTC
    assert fact.at.hour == fold
    assert Facts.from_json(json.loads(as_text(fact))) == fact
    east = Facts("person", datetime(2026, 1, 1, 5, tzinfo=timezone(timedelta(hours=5))))
    assert east == Facts("person", happenings.BEGAN)


def test_a_time_without_an_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        Facts("person", datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="offset"):
        Facts.from_json({"category": "person", "at": "2026-01-01T00:00:00"})


# --- the fold


def policy_of(lot: Random) -> Policy:
    """One that cools down and calls things runaways soon."""
    while True:
        body = happenings.body(lot) | {"runaway": {"dismissed": 2, "within_min": 20, "look_min": 5}}
        body["rules"].append({"category": "person", "decision": "raise", "cooldown_s": 120})
        try:
            return read(body, time_zone="Europe/London", version="1")
        except PolicyRefused:
            continue


History = list[tuple[Facts, Context]]


def history(lot: Random, length: int = 40) -> History:
    """Mostly close together and in few places, not always in order."""
    at, found = happenings.moment(lot), []
    spots = [happenings.facts(lot) for _ in range(3)]
    for _ in range(length):
        at += timedelta(seconds=lot.uniform(-20, 200))
        fact = replace(lot.choice(spots), at=at) if lot.random() < 0.8 else happenings.facts(lot, at=at)
        found.append((fact, happenings.context(lot, at, near=fact)))
    return found


Carry = Callable[[Fold], Fold]


def through_json(fold: Fold) -> Fold:
    return Fold.from_json(json.loads(as_text(fold)))


def judged(past: History, policy: Policy, carry: Carry) -> tuple[list[Verdict], Fold]:
    fold, found = Fold(), []
    for ordinal, (fact, context) in enumerate(past, 1):
        found.append(judge(fact, context, policy, fold))
        fold = carry(fold.after(fact, context, found[-1], ordinal))
    return found, fold


@given(seeds)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_the_fold_made_again_is_the_fold_carried_along_and_gives_the_same_verdicts(seed):
    lot = Random(seed)
    policy, past = policy_of(lot), history(lot)
    again = [(Facts.from_json(json.loads(as_text(a))), Context.from_text(as_text(b))) for a, b in past]
    assert judged(past, policy, through_json) == judged(again, policy, lambda fold: fold)


def forgets_runaways(fold: Fold) -> Fold:
    return Fold(fold.cooling)


def forgets_cooling(fold: Fold) -> Fold:
    return Fold({}, fold.runaways)


@pytest.mark.parametrize("broken", [forgets_runaways, forgets_cooling])
def test_a_fold_that_loses_something_on_the_way_is_caught(broken):
    def differs(seed: int) -> bool:
        lot = Random(seed)
        policy, past = policy_of(lot), history(lot)
        return judged(past, policy, broken)[0] != judged(past, policy, through_json)[0]

    assert any(differs(seed) for seed in range(30))


def test_the_fold_stays_small_and_forgets_what_is_over():
    lot = Random(3)
    policy = policy_of(lot)
    fold, at = Fold(), happenings.BEGAN
    for number in range(600):
        at += timedelta(milliseconds=100)
        fact = Facts(
            "person", at, f"zone {number}", "inside", f"camera {number}", 60.0, 2.0, 0.8, 1, happenings.box(lot)
        )
        context = happenings.context(Random(number), at, near=fact)
        verdict = judge(fact, context, policy, fold)
        fold = fold.after(fact, context, verdict, number)
    assert len(fold.cooling) <= COOLING_KNOWN
    assert len(fold.runaways) <= RUNAWAYS_KNOWN
    later = Facts("vehicle", at + timedelta(days=1))
    assert fold.after(later, CALM, judge(later, CALM, policy, fold), 601) == Fold()
