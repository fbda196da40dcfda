"""Histories of sites as they come about: one candidate after the other, each judged by the version in force and stored as
JSON. Made by a seed. Without a database: what is stored is what the database would give back."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cameras.categories import CATEGORIES, MUTABLE
from cameras.context.facts import Context, Dismissed, Expected, Facts, Muted, Toggle
from cameras.context.fold import Fold
from cameras.context.judge import judge
from cameras.context.policy import Policy, PolicyRefused, read
from cameras.context.rules import STAYS, UNSEEN
from cameras.replaying.again import Row

START = datetime(2026, 10, 23, 18, 0, tzinfo=UTC)  # two nights before the clocks change in London
ZONE = "Europe/London"
ZONES = {"yard": ("inside", "north"), "fence": ("perimeter", "north"), "dock": ("inside", "south")}
SEEN = ("person", "person", "person", "group", "vehicle", "loitering", "line_crossing", "unfiltered_motion")


@dataclass
class History:
    """`rows` as they are stored, `codes` the reason codes of each, `reasons` of all, `versions` what each was judged by."""

    rows: list[Row] = field(default_factory=list)
    codes: list[tuple[str, ...]] = field(default_factory=list)
    reasons: list[dict[str, Any]] = field(default_factory=list)
    versions: dict[str, Policy] = field(default_factory=dict)

    def version_of(self, row: Row) -> Policy:
        return self.versions[str(row[6])]


@cache
def policy(number: int) -> Policy:
    """One of some dozens: half armed always, so that much is raised; short cool-downs, runaways after few."""
    draw = random.Random(number)
    body: dict[str, Any] = {"owner": draw.choice(["schedule", "customer", "panel", "customer"])}
    starts = draw.choice(["00:00", "00:00", "00:00", "17:00", "01:15"])
    ends = "00:00" if starts == "00:00" else draw.choice(["00:45", "01:15"] if starts != "01:15" else ["06:30"])
    week = [{"day": day, "from": starts, "to": ends} for day in range(7) if starts == "00:00" or draw.random() < 0.8]
    body["schedule"] = {"week": week}
    rules = []
    for _ in range(draw.randrange(5)):
        category = draw.choice([*SEEN, "*", "offline", "alarm"])
        hides = category not in ("offline", "alarm", "unfiltered_motion")
        rules.append(
            {
                "zone": draw.choice([None, *ZONES]),
                "category": category,
                "when": draw.choice(["armed", "always", "always", "always"]),
                "decision": draw.choice(["raise", "raise", "raise", "watch", "ignore"]) if hides else "raise",
                "priority": draw.choice([None, 1, 2, 3]),
                "dwell_s": draw.choice([None, 1.0, 4.0, 9.5]) if category in STAYS or category == "*" else None,
                "cooldown_s": draw.choice([0, 30, 90, 600]) if category not in UNSEEN else 0,
                "note": "",
            }
        )
    body["rules"] = rules
    body["runaway"] = {"dismissed": draw.choice([2, 3, 5]), "within_min": draw.choice([5, 10]), "look_min": 15}
    while True:
        try:
            return read(body, time_zone=ZONE, version=f"{number}-test")
        except PolicyRefused:
            rules.pop()  # one that hides everything


def history(seed: int, *, length: int = 20, policies: int = 40) -> History:
    """One site's: bursts of the same, gaps, late arrivals, a policy that changes now and then, people who arm and dismiss."""
    draw = random.Random(seed)
    begins = random.Random(seed // 2).randrange(3 * 24 * 60)  # two neighbours at the same time
    made, fold, at = History(), Fold(), START + timedelta(minutes=begins)
    seen: Facts | None = None
    number = draw.randrange(policies)
    raised: list[Dismissed] = []
    toggle: Toggle | None = None
    for ordinal in range(1, length + 1):
        if draw.random() < 0.12:
            number = draw.randrange(policies)
        at += timedelta(seconds=draw.choice([3, 20, 20, 45, 45, 70, 240, 4000]) * draw.random())
        if draw.random() < 0.1:
            toggle = Toggle(
                draw.random() < 0.5,
                at,
                draw.choice([None, at + timedelta(hours=2)]),
                draw.choice(["portal", "panel"]),
                "customer",
            )
        captured = at - timedelta(seconds=draw.choice([0, 0, 0, 30, 90]))
        seen = replace(seen, at=captured) if seen and draw.random() < 0.6 else facts(draw, captured)
        near = tuple(one for one in raised if one.camera == seen.camera and one.category == seen.category)[-8:]
        around = context(draw, seen, toggle, near)
        in_force = policy(number)
        verdict = judge(seen, around, in_force, fold)
        made.codes.append(tuple(reason.code for reason in verdict.reasons))
        made.reasons += [reason.as_json() for reason in verdict.reasons]
        stayed = round(seen.dwell_s + draw.choice([0, 0, 2.5, 30]), 1) if seen.camera else None
        stored = (json.dumps(seen.as_json(), sort_keys=True), json.dumps(around.as_json(), sort_keys=True))
        made.rows.append(
            (f"{seed}-{ordinal}", ordinal, verdict.decision, verdict.priority, *stored, in_force.version, stayed)
        )
        made.versions[in_force.version] = in_force
        fold = Fold.from_json(json.loads(json.dumps(fold.after(seen, around, verdict, ordinal).as_json())))
        if verdict.decision == "raise" and draw.random() < 0.8:
            raised.append(Dismissed(ordinal, at, seen.camera, seen.zone, seen.category, seen.box))
    return made


def facts(draw: random.Random, at: datetime) -> Facts:
    """Mostly the same few things at the same few places, as it is."""
    if draw.random() < 0.12:
        return Facts(draw.choice(sorted(CATEGORIES)), at)
    zone = draw.choice(["yard", "yard", "yard", "fence", "dock"])
    kind, camera = ZONES[zone]
    left = draw.choice([0.1, 0.1, 0.15, 0.6])
    category = draw.choice(SEEN)
    dwell_limit = 0.0 if category == "line_crossing" else 2.0
    dwell = round(draw.choice([0.4, 2.0, 2.0, 3.1, 5.0]), 1)
    return Facts(
        category,
        at,
        zone,
        kind,
        camera,
        dwell,
        dwell_limit,
        round(draw.random(), 3),
        draw.choice([1, 1, 2]),
        (left, 0.2, left + 0.2, 0.7),
    )


def context(draw: random.Random, seen: Facts, toggle: Toggle | None, near: tuple[Dismissed, ...]) -> Context:
    at = seen.at
    until = at + timedelta(minutes=30)
    people = draw.choice([1, 3])
    everywhere = draw.choice([frozenset(), frozenset({"yard"})])
    expected = (
        (Expected("w1", "cleaner", people, until, everywhere, draw.random() < 0.5),) if draw.random() < 0.1 else ()
    )
    muted = (
        (Muted("m1", "snooze", until, "", draw.choice(["", "yard"]), frozenset(MUTABLE)),)
        if draw.random() < 0.06
        else ()
    )
    tampered = at - timedelta(minutes=9) if draw.random() < 0.03 else None
    return Context(
        toggle, expected, muted, until if draw.random() < 0.05 else None, tampered, "blinded" if tampered else "", near
    )
