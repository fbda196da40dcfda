"""Policies that cannot be used are refused with the field and the reason, and nothing else ever comes of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import happenings
from cameras.context.policy import EMPTY, Policy, PolicyRefused, problems, read

ZONES = {"yard": "Yard", "hall": "Hall"}
TWICE = [["14:00", "16:00"], ["15:00", "17:00"]]
MON_NIGHT = {"day": 0, "from": "19:00", "to": "07:00"}


def refused(body: Any, time_zone: Any = "Europe/London") -> list[tuple[str, str]]:
    with pytest.raises(PolicyRefused) as caught:
        read(body, time_zone=time_zone, version="1")
    assert str(caught.value)
    found = [(one.path, one.code) for one in caught.value.problems]
    listed = problems(body, time_zone=time_zone, zones={})
    assert [(one.path, one.code) for one in listed if not one.warning] == found
    return found


def watched(category: str) -> dict[str, Any]:
    return {"category": category, "decision": "watch"}


def special(**given: Any) -> dict[str, Any]:
    return {"first": "2026-07-01", "last": "2026-07-31"} | given


def schedule(**given: Any) -> dict[str, Any]:
    return {"schedule": given}


def week(*entries: Any) -> dict[str, Any]:
    return {"schedule": {"week": list(entries)}}


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        (week({"day": 0, "from": "19:00"}), "schedule.week.0.to", "no_end"),
        (week({"day": 0, "to": "19:00"}), "schedule.week.0.from", "missing"),
        (week({"from": "18:00", "to": "19:00"}), "schedule.week.0.day", "missing"),
        (week(MON_NIGHT | {"day": 7}), "schedule.week.0.day", "out_of_range"),
        (week(MON_NIGHT | {"day": True}), "schedule.week.0.day", "not_a_whole_number"),
        (week(MON_NIGHT | {"to": "24:00"}), "schedule.week.0.to", "not_a_time"),
        (week(MON_NIGHT | {"to": "7:00"}), "schedule.week.0.to", "not_a_time"),
        (week(MON_NIGHT | {"until": "07:00"}), "schedule.week.0.until", "unknown_key"),
        (week(MON_NIGHT, {"day": 1, "from": "06:00", "to": "08:00"}), "schedule.week.1", "overlap"),
        (week(MON_NIGHT, {"day": 0, "from": "18:00", "to": "19:30"}), "schedule.week.1", "overlap"),
        (week({"day": 6, "from": "22:00", "to": "20:00"}, MON_NIGHT), "schedule.week.1", "overlap"),
        (week("monday"), "schedule.week.0", "not_an_object"),
        ({"schedule": {"week": "always"}}, "schedule.week", "not_a_list"),
        ({"schedule": {"specials": [{"first": "2026-07-31", "last": "2026-07-01"}]}}, "schedule.specials.0.last", "inverted"),
        ({"schedule": {"specials": [{"first": "2026-07-31"}]}}, "schedule.specials.0.last", "no_end"),
        (schedule(specials=[special(), special(first="2026-07-31", last="2026-08-01")]), "schedule.specials.1", "overlap"),
        ({"schedule": {"dates": [{"date": "2026-02-30", "hours": []}]}}, "schedule.dates.0.date", "not_a_date"),
        ({"schedule": {"dates": [{"date": "2026-02-20"}, {"date": "2026-02-20"}]}}, "schedule.dates.1.date", "date_twice"),
        ({"schedule": {"dates": [{"date": "2026-02-20", "hours": [["14:00"]]}]}}, "schedule.dates.0.hours.0.1", "no_end"),
        (schedule(dates=[{"date": "2026-02-20", "hours": TWICE}]), "schedule.dates.0.hours.1", "overlap"),
        ({"schedule": {"holidays": {"country": "Atlantis"}}}, "schedule.holidays.country", "unknown_country"),
        ({"schedule": {"holidays": {"country": "GB", "subdiv": "XX"}}}, "schedule.holidays.subdiv", "unknown_region"),
        ({"schedule": {"holidays": {"hours": []}}}, "schedule.holidays.country", "missing"),
        (schedule(holidays={"country": "GB", "days": {"Christmas": "x"}}), "schedule.holidays.days.Christmas", "not_a_date"),
        ({"zones": {"yard": week(MON_NIGHT | {"from": "x"})}}, "zones.yard.schedule.week.0.from", "not_a_time"),
        ({"owner": "everybody"}, "owner", "not_one_of"),
        ({"opening": {"open": [{"day": 0, "from": "07:00", "to": "07:00"}]}}, "opening.open.0.to", "inverted"),
        ({"opening": {"grace_min": -1}}, "opening.grace_min", "out_of_range"),
        ({"rules": [{"decision": "raise"}]}, "rules.0.category", "missing"),
        ({"rules": [{"category": "person"}]}, "rules.0.decision", "missing"),
        ({"rules": [{"category": "ghost", "decision": "raise"}]}, "rules.0.category", "not_one_of"),
        ({"rules": [{"category": "person", "decision": "raise", "dwell_s": float("1e9")}]}, "rules.0.dwell_s", "out_of_range"),
        ({"rules": [{"category": "person", "decision": "raise", "priority": 2.5}]}, "rules.0.priority", "not_a_whole_number"),
        ({"rules": [{"category": "duress", "decision": "watch"}]}, "rules.0.decision", "threat_must_raise"),
        ({"rules": [{"category": "fire", "decision": "raise", "priority": 3}]}, "rules.0.priority", "threat_must_raise"),
        ({"rules": [{"category": "panic", "decision": "raise", "cooldown_s": 60}]}, "rules.0.cooldown_s", "never_cools"),
        ({"rules": [{"category": "alarm", "decision": "raise", "cooldown_s": 60}]}, "rules.0.cooldown_s", "never_cools"),
        ({"rules": [{"category": "person", "decision": "raise", "cooldown_s": 9999}]}, "rules.0.cooldown_s", "out_of_range"),
        ({"rules": [{"category": "*", "decision": "raise", "dwell_s": 601}]}, "rules.0.dwell_s", "out_of_range"),
        ({"rules": [{"category": "blinded", "decision": "watch"}]}, "rules.0.decision", "protected_must_raise"),
        ({"rules": [{"category": "offline", "decision": "ignore"}]}, "rules.0.decision", "at_least_watched"),
        ({"rules": [{"category": "*", "decision": "ignore"}]}, "rules.0.decision", "hides_everything"),
        ({"rules": [watched("person"), watched("group")]}, "rules.1.decision", "hides_everything"),
        ({"runaway": {"dismissed": 1}}, "runaway.dismissed", "out_of_range"),
        ({"rule": []}, "rule", "unknown_key"),
        ([], "", "not_an_object"),
        (None, "", "not_an_object"),
        ("armed", "", "not_an_object"),
        (7, "", "not_an_object"),
        (True, "", "not_an_object"),
        ({"rules": {1, 2}}, "", "not_json"),
        ({"runaway": {"within_min": float("nan")}}, "", "not_json"),
    ],
)  # fmt: skip
def test_it_is_refused_with_the_field_and_the_reason(body, path, code):
    assert (path, code) in refused(body)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", None, 3, "../etc/passwd", "Europe/London\x00", "europe/london"])
def test_a_time_zone_that_is_none_is_refused(zone):
    assert refused({}, zone) == [("time_zone", "unknown_zone")]
    if zone is not None:
        assert refused({"time_zone": zone}) == [("time_zone", "unknown_zone")]
    assert refused({"time_zone": "Europe/London"}, zone) == [("time_zone", "unknown_zone")]


def test_a_body_is_read_in_the_time_zone_that_it_holds_and_else_in_the_site_s():
    body = {"schedule": {"week": [MON_NIGHT]}}
    at = datetime(2026, 11, 23, 22, tzinfo=UTC)  # Monday 22:00 in London, 17:00 in New York
    armed = {
        zone: read(given, time_zone="Europe/London", version="1").arm(at).armed
        for zone, given in {
            "": body,
            "none": body | {"time_zone": None},
            "there": body | {"time_zone": "America/New_York"},
            "of a zone": {"zones": {"yard": body}, "time_zone": "America/New_York"},
        }.items()
    }
    assert armed == {"": True, "none": True, "there": False, "of a zone": False}
    there = read(body | {"time_zone": "America/New_York"}, time_zone="Europe/London", version="1")
    assert there.timezone == "America/New_York"
    assert there.without(0).timezone == "America/New_York"


def test_all_that_is_wrong_is_said_at_once():
    body = week({"day": 9, "from": "x", "to": "07:00"}) | {
        "owner": 3,
        "rules": [{"category": "duress", "decision": "ignore"}],
    }
    assert {path for path, _ in refused(body)} == {
        "schedule.week.0.day", "schedule.week.0.from", "owner", "rules.0.decision",
    }  # fmt: skip


def test_a_policy_that_hides_every_zone_it_names_is_refused_once_the_zones_are_known():
    hide = [{"zone": zone, "category": "*", "decision": "watch"} for zone in ZONES]
    assert isinstance(read({"rules": hide}, time_zone="UTC", version="1"), Policy)  # elsewhere somebody is raised
    found = problems({"rules": hide}, time_zone="UTC", zones=ZONES)
    assert [one.code for one in found if not one.warning] == ["hides_everything"]
    one = problems({"rules": hide[:1]}, time_zone="UTC", zones=ZONES)
    assert [(this.code, this.params) for this in one if this.code == "zone_hidden"] == [
        ("zone_hidden", {"zone": "yard"})
    ]


def test_people_may_be_watched_where_crossing_a_line_raises():
    rules = [watched("person"), watched("group"), {"category": "line_crossing", "decision": "raise"}]
    assert read({"rules": rules}, time_zone="UTC", version="1").rules


def test_a_body_without_anything_is_the_policy_of_a_site_without_one():
    policy = read({}, time_zone="UTC", version="1")
    assert policy.arm(happenings.BEGAN) == EMPTY.arm(happenings.BEGAN)
    assert not policy.rules


def test_the_same_body_is_read_once():
    body = happenings.body(Random(4))
    again = dict(reversed(list(json.loads(json.dumps(body)).items())))
    assert read(body, time_zone="UTC", version="1") is read(again, time_zone="UTC", version="1")


def test_what_was_published_stays_readable_whatever_becomes_of_a_country():
    body = {"schedule": {"holidays": {"country": "Yugoslavia"[:2], "hours": [], "days": {"1991-11-29": "Dan"}}}}
    assert read(body, time_zone="UTC", version="1").timeline.calendar.holidays


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.binary(max_size=3),
    lambda inside: (
        st.lists(inside, max_size=3)
        | st.dictionaries(
            st.sampled_from(["owner", "schedule", "week", "day", "from", "to", "rules", "zones", "holidays", "hours"])
            | st.text(max_size=3)
            | st.integers(),
            inside,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def read_or_refused(body: Any, time_zone: Any = "UTC") -> None:
    try:
        read(body, time_zone=time_zone, version="1")
    except PolicyRefused as error:
        if not error.problems:
            raise AssertionError("refused for no reason") from error
    assert isinstance(problems(body, time_zone=time_zone, zones=ZONES), list)


@given(anything, st.just("UTC") | st.text(max_size=5) | st.none())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_anything_at_all_is_read_or_refused(body, zone):
    read_or_refused(body, zone)


@given(st.integers(0, 10**9))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_policy_with_anything_in_one_place_is_read_or_refused(seed):
    lot = Random(seed)
    read_or_refused(happenings.spoilt(lot, happenings.body(lot)))


def test_a_body_that_is_too_deep_is_refused():
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert refused({"rules": deep}) == [("", "not_json")]


# --- what is worth thinking about


def warned(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = problems(body, time_zone="Europe/London", zones=ZONES)
    assert all(one.warning for one in found)
    return {one.code: dict(one.params) for one in found}


def test_a_weekend_that_nobody_covers_is_said():
    found = warned(week(*({"day": day, "from": "19:00", "to": "07:00"} for day in range(5))))
    assert found["uncovered"] == {"day": 5, "from": "07:00", "to_day": 0, "to": "19:00", "hours": 60.0}


def test_hours_between_closing_and_arming_are_said():
    days = range(7)
    body = week(*({"day": day, "from": "21:00", "to": "07:00"} for day in days)) | {
        "owner": "customer",
        "opening": {
            "open": [{"day": day, "from": "06:30", "to": "09:00"} for day in days],
            "close": [{"day": day, "from": "17:00", "to": "20:00"} for day in days],
        },
    }
    found = [one for one in problems(body, time_zone="UTC", zones=ZONES) if one.code == "uncovered"]
    assert [(one.params["day"], one.params["from"], one.params["to"]) for one in found] == [
        (day, "20:00", "21:00") for day in days
    ]


def test_rules_that_contradict_or_never_count_are_said():
    person = {"category": "person", "decision": "raise"}
    nights = week(*({"day": day, "from": "19:00", "to": "07:00"} for day in range(7)))
    assert warned(nights | {"rules": [person, person | {"decision": "watch"}]})["contradicts"] == {
        "rule": 0,
        "other": 1,
    }
    assert warned(nights | {"rules": [person | {"when": "armed"}, person]})["never_counts"] == {"rule": 0, "other": 1}
    apart = [person | {"when": "armed"}, person | {"when": "disarmed", "decision": "watch"}]
    assert not warned(nights | {"rules": apart}).keys() & {"contradicts", "never_counts"}


def test_what_says_nothing_is_said():
    assert "never_armed" in warned({})
    nights = week(*({"day": day, "from": "19:00", "to": "07:00"} for day in range(7)))
    assert warned(nights) == {}
    never = {"zones": {"yard": {"schedule": {"week": []}}}}
    assert warned(nights | never)["zone_never_armed"] == {"zone": "yard"}
    gone = {"rules": [{"zone": "cellar", "category": "person", "decision": "watch"}]}
    assert "no_such_zone" in warned(nights | gone)
    line = {"rules": [{"category": "line_crossing", "decision": "raise", "dwell_s": 3}]}
    assert "dwell_without_effect" in warned(nights | line)
