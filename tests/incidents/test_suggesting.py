"""Suggestions are pure: each would leave out most of what was needless, and nobody who was real."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cameras.context.policy import problems, read
from cameras.context.rules import ANY, THREATS
from incidents.suggesting import Alarm, suggest, without

MONDAY = datetime(2026, 11, 2)
ZONE = "5a0f2f5e-0f3c-4c1e-9b1e-1d1f5a0f2f5e"
ALWAYS = {"owner": "schedule", "schedule": {"week": [{"day": day, "from": "00:00", "to": "00:00"} for day in range(7)]}}


def seen(*stays: float, hour: float = 12.0, spread_h: float = 1.7, score: float = 0.9) -> list[Alarm]:
    """One a day; hours apart, where they are many, so that no hour is suspicious."""
    return [
        Alarm(MONDAY + timedelta(days=n, hours=(hour + n * spread_h * 3) % 24), stay, score)
        for n, stay in enumerate(stays)
    ]


def kinds(*args, **more) -> list[str]:
    return [one.kind for one in suggest(*args, **{"zone": ZONE, "category": "person", **more})]


def test_a_longer_dwell_leaves_out_who_walked_past_and_keeps_who_was_real():
    found = suggest(seen(2.1, 3.4, 4.8, 2.9), seen(9.4, 12.0), ALWAYS, zone=ZONE, category="person")[0]
    assert (found.kind, found.params) == ("dwell", {"seconds": 5.0, "shortest_real": 9.4})
    assert found.body["rules"] == [
        {"zone": ZONE, "category": "person", "when": "armed", "priority": None, "cooldown_s": 0, "note": "", "decision": "raise",
         "dwell_s": 5.0}
    ]  # fmt: skip
    assert "rules" not in ALWAYS, "the policy in force is not touched"


def test_it_stays_below_the_shortest_stay_of_somebody_real():
    found = suggest(seen(2.1, 3.4, 4.8, 2.9), seen(4.0), ALWAYS, zone=ZONE, category="person")[0]
    assert found.params["seconds"] == 3.9
    assert kinds(seen(2.1, 3.4, 4.8, 2.9), seen(2.2), ALWAYS) == []


def test_a_rule_that_is_there_is_changed_not_doubled():
    rule = {
        "zone": ZONE,
        "category": "person",
        "when": "armed",
        "decision": "raise",
        "dwell_s": 4.0,
        "cooldown_s": 60,
        "note": "x",
    }
    found = suggest(seen(4.1, 4.4, 4.8, 4.9), seen(9.0), {**ALWAYS, "rules": [rule]}, zone=ZONE, category="person")[0]
    assert found.body["rules"] == [{**rule, "dwell_s": 5.0}]
    assert rule["dwell_s"] == 4.0
    assert kinds(seen(2.1, 2.4, 2.8), seen(9.0), {**ALWAYS, "rules": [rule]}) == [], "they are left out already"


def test_who_comes_every_morning_is_left_out_by_the_hour():
    early = [Alarm(MONDAY + timedelta(days=n + n // 5 * 2, hours=5, minutes=38 + n), 30.0, 0.9) for n in range(10)]
    found = suggest(early, seen(20.0), ALWAYS, zone=ZONE, category="person")
    assert [one.kind for one in found] == ["hours"]
    assert found[0].params == {"from": "05:30", "to": "06:00", "days": [0, 1, 2, 3, 4]}
    policy = read(found[0].body, time_zone="Europe/London", version="t")
    at = datetime.fromisoformat("2026-11-03T05:40:00+00:00")
    assert not policy.arm(at, ZONE).armed
    assert policy.arm(at).armed, "the rest of the site stays armed"
    assert policy.arm(at + timedelta(minutes=25), ZONE).armed
    assert policy.arm(datetime.fromisoformat("2026-11-07T05:40:00+00:00"), ZONE).armed, "nobody comes on a Saturday"


def test_a_least_score_is_a_hint_where_nobody_and_somebody_lie_apart():
    found = suggest(seen(30, 31, 32, score=0.5), seen(31, score=0.8), ALWAYS, zone=ZONE, category="person")
    assert [(one.kind, one.body, one.below) for one in found] == [("score", None, 0.51)]
    assert kinds(seen(30, 31, 32, score=0.79), seen(31, score=0.8), ALWAYS) == []


def test_vehicles_are_kept_and_not_raised():
    found = suggest(seen(30, 31, 32), [], ALWAYS, zone=ZONE, category="vehicle")
    assert found[0].kind == "vehicle"
    assert found[0].body["rules"][0]["decision"] == "watch"


def test_leaves_get_the_hint_of_an_area_where_nothing_else_helps():
    assert kinds(seen(30, 31, 32), seen(2.0), ALWAYS, outcome="false.weather") == ["area"]


@pytest.mark.parametrize("category", sorted(THREATS))
def test_about_a_threat_there_is_no_suggestion(category):
    assert suggest(seen(2.1, 2.2, 2.3, 2.4), [], ALWAYS, zone=ZONE, category=category) == []


alarms = st.lists(
    st.builds(
        Alarm,
        at=st.datetimes(min_value=datetime(2026, 10, 1), max_value=datetime(2026, 11, 30)),
        stayed_s=st.floats(0, 120).map(lambda s: round(s, 1)),
        score=st.none() | st.floats(0.3, 0.99).map(lambda s: round(s, 2)),
    ),
    max_size=25,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(alarms, alarms, st.sampled_from(sorted(ANY)), st.sampled_from([ZONE, ""]))
def test_every_suggestion_is_a_policy_and_no_dwell_or_score_hides_who_was_real(needless, real, category, zone):
    for one in suggest(needless, real, ALWAYS, zone=zone, category=category, outcome="false.weather"):
        assert one.kind in {"dwell", "vehicle", "hours", "score", "area"}, "a snooze is never suggested"
        if one.body is not None:
            found = problems(one.body, time_zone="Europe/London", zones={ZONE: "Yard"})
            assert [problem for problem in found if not problem.warning] == []
        if one.kind == "dwell":
            assert all(one.params["seconds"] < alarm.stayed_s for alarm in real)
        if one.kind == "score":
            assert all(alarm.score is None or alarm.score > one.params["score"] for alarm in real)


def minutes(week) -> set[int]:
    """Every armed minute of a week."""
    found: set[int] = set()
    for entry in week:
        start, end = (int(entry[name][:2]) * 60 + int(entry[name][3:]) for name in ("from", "to"))
        length = (end - start) % 1440 or 1440
        found |= {(entry["day"] * 1440 + start + minute) % 10080 for minute in range(length)}
    return found


STARTS, ENDS = ["00:00", "06:30", "19:00", "23:45"], ["00:00", "05:15", "22:00"]
entries = st.fixed_dictionaries(
    {"day": st.integers(0, 6), "from": st.sampled_from(STARTS), "to": st.sampled_from(ENDS)}
)


@settings(max_examples=60, deadline=None)
@given(st.lists(entries, max_size=4), st.integers(0, 95), st.integers(1, 12), st.sets(st.integers(0, 6)))
def test_hours_taken_out_of_a_week_are_exactly_those(week, begins, quarters, days):
    start = begins * 15
    end = (start + quarters * 15) % 1440
    cut = {(day * 1440 + start + minute) % 10080 for day in days for minute in range(quarters * 15)}
    assert minutes(without(week, start, end, sorted(days))) == minutes(week) - cut
