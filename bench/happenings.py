"""Policies, sightings and circumstances by lot: the same seed gives the same ones."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final

from cameras.categories import CATEGORIES, MUTABLE, Family
from cameras.context.facts import Box, Context, Dismissed, Expected, Facts, Muted, Toggle
from cameras.context.rules import IGNORABLE, PROTECTED, THREATS

# Ten in which clocks are changed in different ways, or not at all: by half an hour, at midnight, on other continents' days.
ZONES: Final = (
    "Europe/London",
    "America/New_York",
    "America/Santiago",
    "America/Havana",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Atlantic/Azores",
    "UTC",
)
PLACES: Final = ("", "yard", "hall", "vault")
CAMERAS: Final = ("", "north", "south")
SEEN: Final = ("person", "person", "person", "group", "vehicle", "loitering", "line_crossing")
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
YEAR: Final = timedelta(days=365)


def moment(lot: Random) -> datetime:
    return BEGAN + timedelta(seconds=round(lot.uniform(0, YEAR.total_seconds()), 3))


def box(lot: Random) -> Box:
    left, top = lot.uniform(0, 0.7), lot.uniform(0, 0.7)
    return (left, top, left + lot.uniform(0.05, 0.3), top + lot.uniform(0.05, 0.3))


def facts(lot: Random, *, at: datetime | None = None, category: str = "") -> Facts:
    """What a sensor might report, mostly somebody."""
    category = category or (lot.choice(SEEN) if lot.random() < 0.7 else lot.choice(sorted(CATEGORIES)))
    return Facts(
        category,
        at or moment(lot),
        lot.choice(PLACES),
        lot.choice(("inside", "perimeter", "")),
        lot.choice(CAMERAS),
        round(lot.uniform(0, 20), 2) if lot.random() < 0.8 else 0.0,
        lot.choice((0.0, 2.0, 2.0, 10.0)),
        None if lot.random() < 0.2 else lot.random(),
        lot.choice((1, 1, 1, 2, 5)),
        None if lot.random() < 0.3 else box(lot),
        lot.choice((0, 2)),
        lot.choice((0, 6)),
        lot.random() < 0.2,
    )


def context(lot: Random, at: datetime, *, near: Facts | None = None) -> Context:
    """What people might have done by `at`. near: some of what was dismissed was in its place."""

    def soon() -> datetime:
        return at + timedelta(minutes=lot.uniform(-30, 300))

    toggle = None
    if lot.random() < 0.4:
        until = soon() if lot.random() < 0.5 else None
        toggle = Toggle(
            lot.random() < 0.5,
            at - timedelta(hours=lot.uniform(-1, 40)),
            until,
            lot.choice(("portal", "phone", "panel")),
            "owner",
        )
    expected = tuple(
        Expected(
            f"w{number}",
            lot.choice(("cleaner", "delivery")),
            lot.randint(1, 4),
            soon(),
            _some(lot, PLACES[1:]) if lot.random() < 0.5 else frozenset(),
            lot.random() < 0.5,
        )
        for number in range(lot.choice((0, 0, 0, 1, 2)))
    )
    muted = tuple(
        Muted(
            f"m{number}",
            lot.choice(("snooze", "test")),
            soon(),
            lot.choice(CAMERAS),
            lot.choice(PLACES),
            _some(lot, tuple(sorted(CATEGORIES))),
        )
        for number in range(lot.choice((0, 0, 0, 1, 2)))
    )
    dismissed = tuple(
        Dismissed(
            number,
            at - timedelta(minutes=lot.uniform(-1, 40)),
            near.camera if near else lot.choice(CAMERAS),
            near.zone if near else lot.choice(PLACES),
            near.category if near else lot.choice(SEEN),
            near.box if near else box(lot),
        )
        for number in range(lot.choice((0, 0, 2, 6)))
    )
    tampered_at = at - timedelta(minutes=lot.uniform(0, 15)) if lot.random() < 0.1 else None
    return Context(
        toggle,
        expected,
        muted,
        soon() if lot.random() < 0.2 else None,
        tampered_at,
        "blinded" if tampered_at else "",
        dismissed,
    )


def _some(lot: Random, of: tuple[str, ...]) -> frozenset[str]:
    return frozenset(lot.sample(of, lot.randint(1, len(of))))


# --- policies


def clock(lot: Random) -> str:
    return f"{lot.randrange(24):02}:{lot.choice((0, 0, 30, 45, lot.randrange(60))):02}"


def schedule(lot: Random) -> dict[str, Any]:
    """One that holds together: no hours overlap."""
    found: dict[str, Any] = {}
    start, end = f"{lot.randint(12, 23):02}:{lot.choice((0, 30)):02}", f"{lot.randint(1, 11):02}:15"
    found["week"] = [
        {"day": day, "from": start, "to": end} if lot.random() < 0.8 else {"day": day, "from": "12:30", "to": "12:45"}
        for day in range(7)
        if lot.random() < 0.9
    ]
    if lot.random() < 0.4:
        first = date(2026, 1, 1) + timedelta(days=lot.randrange(330))
        found["specials"] = [
            {
                "name": "closed",
                "first": first.isoformat(),
                "last": (first + timedelta(days=lot.randrange(30))).isoformat(),
                "hours": lot.choice(([], [["00:00", "00:00"]], [["01:30", "02:30"], ["20:00", "04:00"]])),
            }
        ]
    if lot.random() < 0.4:
        days = {date(2026, 1, 1) + timedelta(days=lot.randrange(365)) for _ in range(lot.randrange(6))}
        found["dates"] = [
            {"date": day.isoformat(), "hours": lot.choice(([], [["14:00", "00:00"]]))} for day in sorted(days)
        ]
    if lot.random() < 0.4:
        found["holidays"] = {
            "country": "GB",
            "hours": lot.choice((None, [["00:00", "00:00"]], [])),
            "days": {"2026-12-25": "Christmas Day", "2026-04-06": "Easter Monday"},
        }
    return found


def rule(lot: Random) -> dict[str, Any]:
    category = lot.choice((*sorted(CATEGORIES), *SEEN, "*"))
    decision = lot.choice(("raise", "watch", "ignore"))
    if category in PROTECTED:
        decision = "raise"
    elif decision == "ignore" and category != "*" and category not in IGNORABLE:
        decision = "watch"
    mutable = category == "*" or (category in MUTABLE and CATEGORIES[category].family != Family.PANEL)
    return {
        "zone": lot.choice((None, *PLACES[1:])),
        "category": category,
        "when": lot.choice(("armed", "disarmed", "always")),
        "decision": decision,
        "priority": None if category in THREATS else lot.choice((None, 1, 2, 3)),
        "dwell_s": lot.choice((None, 0, 4.0, 30)),
        "cooldown_s": lot.choice((0, 60, 600)) if mutable else 0,
    }


def body(lot: Random) -> dict[str, Any]:
    """A policy that is mostly accepted: it may still hide everything, which is refused."""
    found: dict[str, Any] = {"owner": lot.choice(("schedule", "customer", "panel")), "schedule": schedule(lot)}
    if lot.random() < 0.5:
        found["zones"] = {lot.choice(PLACES[1:]): {"schedule": schedule(lot)}}
    if lot.random() < 0.4:
        found["opening"] = {
            "open": [{"day": day, "from": "06:30", "to": "09:00"} for day in range(5)],
            "close": [{"day": day, "from": "17:00", "to": "20:00"} for day in range(5)],
            "grace_min": lot.randrange(60),
        }
    found["rules"] = [rule(lot) for _ in range(lot.randrange(8))]
    if lot.random() < 0.3:
        found["runaway"] = {"dismissed": lot.randint(2, 6), "within_min": lot.randint(1, 30), "look_min": 15}
    return found


def anything(lot: Random, deep: int = 3) -> Any:
    """Any JSON at all."""
    kind = lot.randrange(9 if deep else 7)
    if kind == 7:
        return [anything(lot, deep - 1) for _ in range(lot.randrange(4))]
    if kind == 8:
        keys = ("week", "day", "from", "to", "rules", "zone", "hours", "holidays", "x", "")
        return {lot.choice(keys): anything(lot, deep - 1) for _ in range(lot.randrange(4))}
    return (
        None,
        lot.random() < 0.5,
        lot.choice((0, -1, 7, 10**30)),
        lot.choice((0.5, -1e308)),
        lot.choice(("", "07:30", "25:00", "2026-02-30", "person", "raise", "\x00", "x" * 500)),
        clock(lot),
        "GB",
    )[kind]


def spoilt(lot: Random, whole: dict[str, Any]) -> Any:
    """A policy in which one thing somewhere is anything at all."""
    changed = json.loads(json.dumps(whole))
    holder: Any = changed
    while True:
        keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            return changed
        key = lot.choice(keys)
        below = holder[key]
        if isinstance(below, dict | list) and below and lot.random() < 0.8:
            holder = below
            continue
        holder[key] = anything(lot)
        return changed
