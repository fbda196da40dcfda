"""How fast the verdict is, and how sure: against a clock walked by the minute, and over policies and circumstances by lot."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any, Final

from bench import happenings
from bench.armed_minutes import MINUTE, armed_minutes, transitions
from bench.figures import Row
from cameras.categories import CATEGORIES
from cameras.context.facts import CALM, Context, Facts
from cameras.context.flips import applied
from cameras.context.fold import Fold
from cameras.context.judge import flip, judge
from cameras.context.policy import Policy, PolicyRefused, problems, read
from cameras.context.rules import THREATS
from cameras.context.schedule import Timeline
from cameras.context.verdict import Verdict

SITES: Final = 20
MIX: Final = 5_000  # sightings of each site
ROUNDS: Final = 3  # of which the fastest counts: the others were disturbed
PER_SECOND: Final = 50_000
ANEW: Final = 200
POLICIES: Final = 10_000
CASES: Final = 20_000
BY_LOT: Final = 500  # policies that the cases are judged by
FLIPS: Final = 5_000
HISTORIES: Final = 200
YEAR: Final = 2026

Judge = Callable[[Facts, Context, Policy, Fold], Verdict]
Say = Callable[[str], None]


def measure(say: Say) -> list[Row]:
    say(f"verdicts: {SITES} sites, {SITES * MIX:,} sightings")
    rows = [*speed()]
    say(f"{POLICIES:,} policies by lot, {CASES:,} cases")
    rows += [*policies(), threats(), flips(), folds()]
    say(
        f"every minute of {YEAR} in {len(happenings.ZONES)} time zones, by schedules by lot, against a clock walked by the minute"
    )
    return [*rows, minutes()]


# --- speed


@dataclass(frozen=True)
class Site:
    """A policy of an ordinary kind and what is seen there, in order."""

    body: dict[str, Any]
    policy: Policy
    seen: list[tuple[Facts, Context]]


def ordinary(lot: Random) -> dict[str, Any]:
    """Nights and week-ends, a few rules, holidays: what most sites have."""
    week = [{"day": day, "from": "19:00", "to": "07:00"} for day in range(5)]
    week += [{"day": day, "from": "00:00", "to": "00:00"} for day in (5, 6)]
    week[4]["to"] = "00:00"
    days = {f"{YEAR}-12-25": "Christmas Day", f"{YEAR}-01-01": "New Year's Day"}
    return {
        "owner": lot.choice(("schedule", "customer")),
        "schedule": {"week": week, "holidays": {"country": "GB", "hours": [["00:00", "00:00"]], "days": days}},
        "rules": [
            {"zone": "yard", "category": "vehicle", "decision": "watch"},
            {
                "zone": "hall",
                "category": "person",
                "when": "armed",
                "decision": "raise",
                "priority": 1,
                "cooldown_s": 60,
            },
            {"category": "loitering", "when": "always", "decision": "raise"},
            {"category": "drift", "decision": "watch"},
        ],
    }


def site(number: int) -> Site:
    """Mostly people in a few zones, seldom anything going on; one in twenty things is the trouble of a camera or a panel."""
    lot = Random(number)
    body = ordinary(lot)
    policy = read(body, time_zone=happenings.ZONES[number % 3], version="1")
    at, seen = happenings.BEGAN, []
    context = CALM
    for _ in range(MIX):
        at += timedelta(seconds=lot.expovariate(1 / 500))
        category = lot.choice(happenings.SEEN) if lot.random() < 0.95 else lot.choice(sorted(CATEGORIES))
        fact = happenings.facts(lot, at=at, category=category)
        if lot.random() < 0.02:  # circumstances last for a while
            context = happenings.context(lot, at, near=fact) if lot.random() < 0.3 else CALM
        seen.append((fact, replace(context, tampered_at=None, tamper_kind="")))
    return Site(body, policy, seen)


def speed() -> list[Row]:
    sites = [site(number) for number in range(SITES)]
    fastest = min(_all(sites) for _ in range(ROUNDS))
    count = SITES * MIX
    began = time.perf_counter()
    for fact, context in sites[0].seen[:ANEW]:
        timeline = Timeline(sites[0].policy.timeline.calendar)
        timeline.state(fact.at)
        judge(fact, context, sites[0].policy, Fold())
    anew = ANEW / (time.perf_counter() - began)
    stored = [(json.dumps(fact.as_json()), json.dumps(context.as_json())) for fact, context in sites[0].seen]
    began = time.perf_counter()
    for one, two in stored:
        json.loads(one)
        json.loads(two)
    parsed = len(stored) / (time.perf_counter() - began)
    again = len(stored) / min(_stored(sites[0].policy, stored) for _ in range(ROUNDS))
    return [
        Row(
            "verdicts a second, one process",
            count / fastest,
            "",
            anew,
            "with the schedule worked out anew for each",
            goal=PER_SECOND,
            at_least=True,
            note=f"{count:,} sightings of {SITES} sites, folded; fastest of {ROUNDS} rounds",
        ),
        Row(
            "the same from stored JSON, a second",
            again,
            "",
            parsed,
            "parsed only",
            note=f"{len(stored):,} candidates of a site",
        ),
    ]


def _all(sites: list[Site]) -> float:
    began = time.perf_counter()
    for one in sites:
        fold, policy = Fold(), one.policy
        for ordinal, (fact, context) in enumerate(one.seen):
            fold = fold.after(fact, context, judge(fact, context, policy, fold), ordinal)
    return time.perf_counter() - began


def _stored(policy: Policy, stored: list[tuple[str, str]]) -> float:
    began, fold = time.perf_counter(), Fold()
    for ordinal, (one, two) in enumerate(stored):
        fact, context = Facts.from_json(json.loads(one)), Context.from_text(two)
        fold = fold.after(fact, context, judge(fact, context, policy, fold), ordinal)
    return time.perf_counter() - began


# --- what must never be


def policies() -> list[Row]:
    """Half of them with anything in one place: read or refused, and judged by."""
    raised, refused, wrong = 0, 0, 0
    for seed in range(POLICIES):
        lot = Random(seed)
        body: Any = happenings.body(lot)
        if seed % 2:
            body = happenings.spoilt(lot, body)
        try:
            problems(body, time_zone="Europe/London", zones={"yard": "Yard"})
            policy = read(body, time_zone=lot.choice(happenings.ZONES), version="1")
            for _ in range(5):
                fact = happenings.facts(lot)
                judge(fact, happenings.context(lot, fact.at, near=fact), policy, Fold())
        except PolicyRefused as error:
            refused += 1
            wrong += not all(one.code for one in error.problems) or not error.problems
        except Exception:
            raised += 1
    note = f"{POLICIES:,} by lot, every second one spoilt in one place; {refused:,} were refused, with field and reason"
    return [
        Row("policies that raised an error", raised, "", goal=0, note=note),
        Row("refusals without a reason", wrong, "", goal=0, note=f"of {refused:,}"),
    ]


@lru_cache(maxsize=BY_LOT)
def by_lot(number: int) -> Policy:
    lot = Random(number)
    while True:
        try:
            return read(happenings.body(lot), time_zone=lot.choice(happenings.ZONES), version="1")
        except PolicyRefused:
            continue


def threats() -> Row:
    def muting_first(facts: Facts, context: Context, policy: Policy, fold: Fold) -> Verdict:
        if any(facts.category in one.categories and facts.at < one.until for one in context.muted):
            return Verdict("watch", 3, ())
        return judge(facts, context, policy, fold)

    hidden, by_broken = 0, 0
    for seed in range(CASES):
        lot = Random(seed)
        fact = happenings.facts(lot, category=sorted(THREATS)[seed % len(THREATS)])
        context, policy = happenings.context(lot, fact.at, near=fact), by_lot(seed % BY_LOT)
        hidden += not _raised(judge, fact, context, policy)
        by_broken += not _raised(muting_first, fact, context, policy)
    note = f"{CASES:,} cases by lot, {BY_LOT} policies, mutings, windows, toggles, storms, dismissals"
    return Row("threats hidden", hidden, "", by_broken, "by a judge that mutes first", goal=0, note=note)


def _raised(by: Judge, facts: Facts, context: Context, policy: Policy) -> bool:
    verdict = by(facts, context, policy, Fold())
    return (verdict.decision, verdict.priority) == ("raise", 1)


def flips() -> Row:
    wrong, found = 0, 0
    for seed in range(FLIPS):
        lot = Random(seed)
        fact = happenings.facts(lot)
        context, policy, fold = happenings.context(lot, fact.at, near=fact), by_lot(seed % BY_LOT), Fold()
        verdict = judge(fact, context, policy, fold)
        nearest = flip(fact, context, policy, fold, verdict)
        if nearest is not None:
            found += 1
            after = judge(*applied(nearest, fact, context, policy), fold)
            wrong += after.decision == verdict.decision or after.decision != nearest.decision
    return Row("flips that turn nothing", wrong, "", goal=0, note=f"{found:,} flips of {FLIPS:,} cases by lot, applied")


def folds() -> Row:
    differ = 0
    for seed in range(HISTORIES):
        lot = Random(seed)
        policy, fact = by_lot(seed % BY_LOT), happenings.facts(lot, category="person")
        at, carried, again = fact.at, Fold(), Fold()
        for ordinal in range(50):
            at += timedelta(seconds=lot.uniform(-10, 120))
            seen = replace(fact, at=at)
            context = happenings.context(lot, at, near=seen)
            carried = Fold.from_json(
                json.loads(
                    json.dumps(carried.after(seen, context, judge(seen, context, policy, carried), ordinal).as_json())
                )
            )
            seen = Facts.from_json(json.loads(json.dumps(seen.as_json())))
            context = Context.from_json(json.loads(json.dumps(context.as_json())))
            again = again.after(seen, context, judge(seen, context, policy, again), ordinal)
        differ += carried != again
    return Row(
        "folds that come out otherwise", differ, "", goal=0, note=f"{HISTORIES} histories of 50, made again from JSON"
    )


# --- the clock on the wall


def minutes() -> Row:
    """Each minute of the year once in each zone, by a schedule by lot with the hours around the changes of clocks in it."""
    wrong, count, changes = 0, 0, 0
    first, last = datetime(YEAR, 1, 1, tzinfo=UTC), datetime(YEAR + 1, 1, 1, tzinfo=UTC)
    for number, zone in enumerate(happenings.ZONES):
        body = happenings.schedule(Random(number))
        body["week"] = [
            {"day": day, "from": "21:00", "to": "00:30"} if day % 2 else {"day": day, "from": "23:00", "to": "00:00"}
            for day in range(7)
        ] + [{"day": day, "from": "01:30", "to": "02:15"} for day in range(7)]
        line = read({"schedule": body}, time_zone=zone, version="1").timeline
        for place, armed in enumerate(armed_minutes(line.calendar, first, last)):
            count += 1
            wrong += line.state(first + place * MINUTE).armed != armed
        changes += sum(1 for _ in transitions(zone, YEAR))
    note = f"{count:,} minutes, {len(happenings.ZONES)} time zones, {changes} changes of clocks"
    return Row("minutes of a year armed otherwise than the wall clock says", wrong, "", goal=0, note=note)
