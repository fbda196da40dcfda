"""Which change of a policy, or of a camera, would have stopped needless alarms. Pure: it proposes; a replay weighs it.

A suggestion never mutes: a snooze hides what nobody has thought about. Nor is there one about a threat.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor
from typing import Any, Final

from cameras.context.rules import ANY, STAYS, THREATS

LEAST: Final = 3  # alarms of one cause: of fewer nothing follows
LEAST_HOURS: Final = 6  # and of fewer no hour of the day
PART: Final = 0.4  # of the alarms that a change must stop to be worth the thought
DWELL_MOST: Final = 60.0  # s: who stays longer is not passing
DWELL_UNKNOWN: Final = 10.0  # s: where nobody real was ever there to compare with
STEP_S: Final = 0.5
SPAN_MOST: Final = 180  # minutes of a day that are taken out of a schedule at most
ROUND: Final = 15  # minutes
DAY: Final = 1440
WEEK: Final = 7 * DAY
SCORE_GAP: Final = 0.02
NATURE: Final = frozenset({"false.weather", "false.light", "false.animal"})

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Alarm:
    """How one was seen. at: by the site's own clocks. stayed_s: in the zone in the end. score: 0..1, None: not from a picture."""

    at: datetime
    stayed_s: float
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """kind: dwell, vehicle, hours: changes of the policy, with the whole changed `body`. score, area: of the camera, without.

    params: codes and numbers for the sentence. below: of a score, what would not have been reported.
    """

    kind: str
    params: dict[str, Any]
    body: Body | None = None
    below: float | None = None


def suggest(
    needless: Sequence[Alarm], real: Sequence[Alarm], body: Body, *, zone: str, category: str, outcome: str = ""
) -> list[Suggestion]:
    """What might have stopped these alarms of one zone (an id, or empty) and category, and none of the real ones there.

    real: what was real in the same zone and of the same category. body: the policy in force. Nothing for a threat.
    """
    if category in THREATS or category not in ANY or len(needless) < LEAST:
        return []
    found = [
        _dwell(needless, real, body, zone, category),
        _vehicle(body, zone, category),
        _hours(needless, body, zone),
        _score(needless, real),
    ]
    made = [one for one in found if one is not None]
    if not made and outcome in NATURE:
        made.append(Suggestion("area", {}))
    return made


# --- a longer dwell


def _dwell(needless: Sequence[Alarm], real: Sequence[Alarm], body: Body, zone: str, category: str) -> Suggestion | None:
    """As long as it takes to leave out most of them, and shorter than whoever was real there stayed."""
    if category not in STAYS:
        return None
    stays = sorted(one.stayed_s for one in needless)
    shortest = min((one.stayed_s for one in real), default=None)
    cap = DWELL_UNKNOWN if shortest is None else floor((shortest - 0.1) * 10) / 10
    wanted = min(_above(stays[-1]), DWELL_MOST, cap)
    asked = rule_of(body, zone, category).get("dwell_s") or 0.0
    stopped = sum(stay < wanted - 0.05 for stay in stays)
    if wanted <= asked or stopped < PART * len(stays):
        return None
    params = {"seconds": wanted, "shortest_real": shortest}
    return Suggestion("dwell", params, _with_rule(body, zone, category, decision="raise", dwell_s=wanted))


def _above(stay: float) -> float:
    """The next half second that a stay of so long does not reach."""
    return ceil((stay + 0.1) / STEP_S) * STEP_S


# --- no vehicles


def _vehicle(body: Body, zone: str, category: str) -> Suggestion | None:
    if category != "vehicle" or not zone or rule_of(body, zone, category).get("decision") == "watch":
        return None
    return Suggestion("vehicle", {}, _with_rule(body, zone, category, decision="watch", dwell_s=None))


def rule_of(body: Body, zone: str, category: str) -> dict[str, Any]:
    """The rule of exactly this zone and category while armed; empty where there is none."""
    return next((one for one in reversed(body.get("rules") or []) if _is_of(one, zone, category)), {})


def _is_of(rule: dict[str, Any], zone: str, category: str) -> bool:
    same = (rule.get("zone") or "") == zone and rule.get("category") == category
    return same and rule.get("when", "armed") in ("armed", "always")


def _with_rule(body: Body, zone: str, category: str, **changed: Any) -> Body:
    """The body with the rule of this zone and category changed, or with one more."""
    found = copy.deepcopy(body)
    rules = found.setdefault("rules", [])
    for number in range(len(rules) - 1, -1, -1):
        if _is_of(rules[number], zone, category):
            rules[number] |= changed
            return found
    rules.append(
        {
            "zone": zone or None,
            "category": category,
            "when": "armed",
            "priority": None,
            "cooldown_s": 0,
            "note": "",
            **changed,
        }
    )
    return found


# --- other hours


def _hours(needless: Sequence[Alarm], body: Body, zone: str) -> Suggestion | None:
    """Where most of them come within a few hours of the day, on some days of the week: not armed then."""
    span = _crowded([one.at.hour * 60 + one.at.minute for one in needless])
    if span is None or body.get("owner", "schedule") != "schedule":
        return None
    begins, ends = span
    inside = [one for one in needless if (one.at.hour * 60 + one.at.minute - begins) % DAY < (ends - begins) % DAY]
    days = sorted({one.at.weekday() for one in inside})
    if len(inside) < PART * len(needless):
        return None
    changed = copy.deepcopy(body)
    own = changed.setdefault("zones", {}).setdefault(zone, {}) if zone else changed
    schedule = copy.deepcopy(own.get("schedule") or body.get("schedule") or {})
    week = without(schedule.get("week") or [], begins, ends, days)
    if week == (schedule.get("week") or []):
        return None
    own["schedule"] = {**schedule, "week": week}
    return Suggestion("hours", {"from": clock(begins), "to": clock(ends), "days": days}, changed)


def _crowded(minutes: Sequence[int]) -> tuple[int, int] | None:
    """The shortest span of the day, in quarters of an hour, with most of these minutes in it; None where they are spread."""
    need = max(LEAST_HOURS, ceil(0.7 * len(minutes)))
    if len(minutes) < need:
        return None
    around = sorted(minutes) + [minute + DAY for minute in sorted(minutes)]
    spans = [(around[place + need - 1] - around[place], around[place]) for place in range(len(minutes))]
    _length, first = min(spans)
    # What lies just outside belongs to it.
    inside = [minute for minute in around if first - ROUND <= minute <= first + _length + ROUND]
    begins, ends = floor(min(inside) / ROUND) * ROUND, (floor(max(inside) / ROUND) + 1) * ROUND
    return (begins % DAY, ends % DAY) if ends - begins <= SPAN_MOST else None


def without(week: Sequence[dict[str, Any]], begins: int, ends: int, days: Sequence[int]) -> list[dict[str, Any]]:
    """The armed hours of a week without the minutes from `begins` to `ends` of these days."""
    length = (ends - begins) % DAY
    cuts = [(day * DAY + begins, day * DAY + begins + length) for day in days]
    found: list[dict[str, Any]] = []
    for entry in week:
        pieces = [_minutes(entry)]
        for cut in cuts:
            for turn in (-WEEK, 0, WEEK):
                pieces = [rest for piece in pieces for rest in _less(piece, (cut[0] + turn, cut[1] + turn))]
        found += [_entry(piece) for piece in pieces]
    return found


def _minutes(entry: dict[str, Any]) -> tuple[int, int]:
    start, end = (_minute(entry[name]) for name in ("from", "to"))
    begins = entry["day"] * DAY + start
    return begins, entry["day"] * DAY + end + (DAY if end <= start else 0)


def _minute(text: str) -> int:
    hours, minutes = text.split(":")[:2]
    return int(hours) * 60 + int(minutes)


def _less(piece: tuple[int, int], cut: tuple[int, int]) -> Iterator[tuple[int, int]]:
    begins, ends = piece
    if cut[1] <= begins or cut[0] >= ends:
        yield piece
        return
    if begins < cut[0]:
        yield begins, cut[0]
    if cut[1] < ends:
        yield cut[1], ends


def _entry(piece: tuple[int, int]) -> dict[str, Any]:
    begins, ends = piece
    return {"day": begins // DAY % 7, "from": clock(begins % DAY), "to": clock(ends % DAY)}


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


# --- the camera's


def _score(needless: Sequence[Alarm], real: Sequence[Alarm]) -> Suggestion | None:
    """A least score between what was nobody and what was real, where they lie apart."""
    false = sorted(one.score for one in needless if one.score is not None)
    true = [one.score for one in real if one.score is not None]
    if len(false) < max(LEAST, PART * len(needless)) or not true:
        return None
    bar = round(false[-1] + 0.01, 2)
    if bar > min(true) - SCORE_GAP:
        return None
    return Suggestion("score", {"score": bar, "least_real": min(true)}, below=bar)


def usual_hour(alarms: Sequence[Alarm]) -> int | None:
    """The hour of the day in which a third of them came, or more."""
    counted = Counter(one.at.hour for one in alarms).most_common(1)
    return counted[0][0] if counted and counted[0][1] * 3 >= len(alarms) else None
