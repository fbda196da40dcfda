"""The verdict of context, row by row: what was seen, what people did, what the policy says, what earlier verdicts left."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import happenings
from cameras.categories import CATEGORIES, Family
from cameras.context.facts import Context, Dismissed, Expected, Facts, Muted, Toggle
from cameras.context.fold import Fold
from cameras.context.judge import Verdict, judge
from cameras.context.policy import EMPTY, Policy, read, unreadable
from cameras.context.rules import CONDITIONS, PROTECTED, TAMPERING, THREATS

AT = datetime(2026, 1, 16, 2, 3, tzinfo=UTC)
ALWAYS_ON = {"week": [{"day": day, "from": "00:00", "to": "00:00"} for day in range(7)]}
NIGHTS = {"week": [{"day": day, "from": "18:00", "to": "06:00"} for day in range(7)]}
CALM = Context()
BOX = (0.1, 0.1, 0.3, 0.5)


def policy(*rules: dict, schedule: dict = ALWAYS_ON, **body) -> Policy:
    return read({"schedule": schedule, "rules": list(rules), **body}, time_zone="UTC", version="1")


ARMED = policy()
DISARMED = EMPTY


def person(dwell_s: float = 2.5, **given) -> Facts:
    known = {"zone": "yard", "zone_kind": "inside", "camera": "north", "dwell_limit_s": 2.0, "score": 0.7, "box": BOX}
    return Facts("person", AT, **(known | {"dwell_s": dwell_s} | given))


def verdict(facts: Facts, context: Context = CALM, of: Policy = ARMED, fold: Fold = Fold()) -> Verdict:  # noqa: B008
    return judge(facts, context, of, fold)


def codes(found: Verdict) -> list[str]:
    return [reason.code for reason in found.reasons]


categories = st.sampled_from(sorted(CATEGORIES))
facts = st.builds(
    Facts,
    category=categories,
    at=st.just(AT),
    zone_kind=st.sampled_from(["inside", "perimeter", ""]),
    dwell_s=st.floats(0, 600),
    dwell_limit_s=st.floats(0, 600),
    score=st.none() | st.floats(0, 1),
)
either = st.sampled_from([ARMED, DISARMED])


# --- as it was before there were policies


@given(facts, either)
def test_every_verdict_is_one_of_three_with_a_priority_and_a_reason(fact, of):
    found = verdict(fact, CALM, of)
    assert found.decision in {"raise", "watch", "ignore"}
    assert found.priority in {1, 2, 3}
    assert found.reasons


@given(facts, either)
def test_only_an_intrusion_of_a_disarmed_site_is_ignored(fact, of):
    if verdict(fact, CALM, of).decision == "ignore":
        assert CATEGORIES[fact.category].family == Family.INTRUSION
        assert of is DISARMED


@given(st.floats(0, 30), st.floats(0, 30))
def test_the_figure_that_is_kept_gives_the_verdict_again(dwell, limit):
    found = verdict(person(dwell, dwell_limit_s=limit))
    kept = found.reasons[-1].params["seconds"]
    assert verdict(person(kept, dwell_limit_s=limit)) == found


@given(st.floats(0, 30), st.floats(0, 5))
def test_who_stayed_as_long_as_is_asked_for_is_raised_however_it_is_rounded(limit, longer):
    assert verdict(person(limit + longer, dwell_limit_s=limit)).decision == "raise"
    assert verdict(person(1.25, dwell_limit_s=1.25)).decision == "raise"


def test_a_person_inside_an_armed_site_is_priority_one():
    found = verdict(person())
    assert (found.decision, found.priority) == ("raise", 1)
    assert codes(found) == ["armed", "seen", "dwell"]
    assert found.arm.armed


def test_a_person_along_the_fence_is_priority_two():
    assert verdict(person(zone_kind="perimeter")).priority == 2


def test_a_short_stay_is_watched():
    found = verdict(person(1.2))
    assert found.decision == "watch"
    assert found.reasons[-1].as_json() == {"code": "short_stay", "seconds": 1.2, "limit": 2.0}


def test_a_person_on_a_disarmed_site_is_ignored_and_says_until_when():
    noon = replace(person(60), at=datetime(2026, 1, 16, 12, tzinfo=UTC))
    found = verdict(noon, CALM, policy(schedule=NIGHTS))
    assert found.decision == "ignore"
    until = datetime(2026, 1, 16, 18, tzinfo=UTC)
    assert found.reasons[0].as_json() == {"code": "disarmed", "until": until, "owner": "schedule"}


@pytest.mark.parametrize("code", [c.code for c in CATEGORIES.values() if c.family == Family.TECHNICAL])
def test_technical_trouble_is_raised_before_the_night_not_in_it(code):
    assert verdict(Facts(code, AT), CALM, DISARMED).decision == "raise"


@pytest.mark.parametrize("code", ["restore", "open", "close", "test"])
@pytest.mark.parametrize("of", [ARMED, DISARMED])
def test_a_report_of_a_panel_is_watched(code, of):
    assert verdict(Facts(code, AT), CALM, of).decision == "watch"


@pytest.mark.parametrize("code", ["alarm", "heartbeat_lost"])
@pytest.mark.parametrize("of", [ARMED, DISARMED])
def test_an_alarm_of_a_panel_is_raised_armed_or_not(code, of):
    assert verdict(Facts(code, AT), CALM, of).decision == "raise"


def test_motion_nobody_looked_at_is_raised_only_where_armed():
    assert codes(verdict(Facts("unfiltered_motion", AT))) == ["armed", "nobody_looked"]
    assert verdict(Facts("unfiltered_motion", AT), CALM, DISARMED).decision == "ignore"


def test_a_line_is_crossed_in_no_time():
    line = Facts("line_crossing", AT, zone_kind="perimeter", score=0.6)
    assert verdict(line).decision == "raise"
    assert codes(verdict(line)) == ["armed", "seen", "crossed"]
    assert verdict(line, CALM, DISARMED).decision == "ignore"


def test_a_category_that_is_not_in_the_table_is_an_error():
    with pytest.raises(KeyError):
        verdict(Facts("ghost", AT))


# --- what is wrong with cameras

TAMPERED = Context(tampered_at=AT, tamper_kind="blinded")


@pytest.mark.parametrize("code", ["person", "group", "loitering", "line_crossing"])
@pytest.mark.parametrize("of", [ARMED, DISARMED])
def test_somebody_after_tampering_is_a_threat_armed_or_not_and_however_briefly(code, of):
    seen = Facts(code, AT + timedelta(minutes=14), zone_kind="perimeter", dwell_s=0.1, score=0.6)
    found = verdict(seen, TAMPERED, of)
    assert (found.decision, found.priority, found.category) == ("raise", 1, "tamper_person")
    assert found.reasons[1].as_json() == {"code": "tampering", "kind": "blinded", "at": AT, "seconds": 840}


@given(facts, either)
def test_tampering_never_makes_a_verdict_milder(fact, of):
    before, after = verdict(fact, CALM, of), verdict(fact, TAMPERED, of)
    rank = {"raise": 0, "watch": 1, "ignore": 2}
    assert (rank[after.decision], after.priority) <= (rank[before.decision], before.priority)


@pytest.mark.parametrize(("unseen", "priority"), [(False, 3), (True, 2)])
def test_a_site_armed_with_blind_cameras_says_how_many_and_is_graver_with_an_unseen_zone(unseen, priority):
    found = verdict(Facts("armed_impaired", AT, blind=1, cameras=6, unseen=unseen))
    assert (found.decision, found.priority) == ("raise", priority)
    assert found.reasons[0].as_json() == {"code": "impaired", "blind": 1, "cameras": 6, "unseen": unseen}


@pytest.mark.parametrize("code", sorted(CONDITIONS))
def test_a_camera_that_does_not_see_while_armed_says_until_when_it_should(code):
    found = verdict(Facts(code, AT), CALM, policy(schedule=NIGHTS))
    assert found.decision == "raise"
    assert codes(found) == ["armed", "condition"]
    assert found.reasons[0].params["until"] == datetime(2026, 1, 16, 6, tzinfo=UTC)


# --- a policy that cannot be read


@pytest.mark.parametrize("code", sorted(set(CATEGORIES)))
def test_under_a_policy_that_cannot_be_read_everything_is_raised_and_says_so(code):
    found = verdict(Facts(code, AT), Context(muted=(everything_muted(),)), unreadable("7"))
    assert found.decision == "raise"
    assert CATEGORIES[code].threat or codes(found)[0] == "policy_unreadable"
    assert found.arm.armed


# --- rules


def test_the_most_specific_rule_counts_and_of_equals_the_last():
    any_, zone_any = {"category": "*", "decision": "watch"}, {"zone": "yard", "category": "*", "decision": "ignore"}
    named = {"category": "person", "decision": "raise", "priority": 3}
    both = {"zone": "yard", "category": "person", "decision": "raise", "priority": 2}
    assert verdict(person(), CALM, policy(any_, named)).rule == 1
    assert verdict(person(), CALM, policy(zone_any, named)).rule == 0
    assert verdict(person(zone="hall"), CALM, policy(zone_any, named)).rule == 1
    assert verdict(person(), CALM, policy(both, zone_any, named)).priority == 2
    assert verdict(person(), CALM, policy(named, named)).rule == 1


def test_a_rule_says_what_is_raised_though_disarmed():
    always = policy({"category": "vehicle", "when": "disarmed", "decision": "raise"}, schedule={})
    found = verdict(Facts("vehicle", AT, "yard", dwell_s=9.0), CALM, always)
    assert found.decision == "raise"
    assert codes(found) == ["disarmed", "rule", "seen", "dwell"]
    assert verdict(person(), CALM, always).decision == "ignore"


def test_a_rule_for_armed_hours_says_nothing_of_the_others():
    of = policy({"category": "person", "when": "armed", "decision": "raise"}, schedule={})
    assert verdict(person(), CALM, of).decision == "ignore"


def test_a_rule_asks_for_another_stay_but_one_for_everything_leaves_loitering_alone():
    longer = policy({"category": "*", "decision": "raise", "dwell_s": 10})
    assert codes(verdict(person(9.0), CALM, longer))[-1] == "short_stay"
    assert verdict(person(10.0), CALM, longer).decision == "raise"
    loitering = replace(person(9.0), category="loitering", dwell_limit_s=8.0)
    assert verdict(loitering, CALM, longer).decision == "raise"
    crossing = replace(person(0.0), category="line_crossing")
    assert verdict(crossing, CALM, longer).decision == "raise"


def test_a_rule_watches_a_vehicle_along_the_road_and_ignores_one_there():
    watching = policy({"zone": "road", "category": "vehicle", "decision": "watch"})
    ignoring = policy({"zone": "road", "category": "vehicle", "decision": "ignore"})
    car = Facts("vehicle", AT, "road", dwell_s=60.0)
    assert verdict(car, CALM, watching).decision == "watch"
    assert verdict(car, CALM, ignoring).decision == "ignore"
    assert verdict(replace(car, zone="yard"), CALM, ignoring).decision == "raise"


def test_a_rule_for_everything_says_nothing_of_panels_and_cameras():
    of = policy({"category": "*", "decision": "ignore"}, {"category": "person", "decision": "raise"})
    for code in ("alarm", "offline", "blinded", "unfiltered_motion", "heartbeat_lost"):
        assert verdict(Facts(code, AT), CALM, of).decision == "raise"


def test_a_named_trouble_may_be_watched_and_a_report_raised():
    of = policy({"category": "drift", "decision": "watch"}, {"category": "open", "decision": "raise", "priority": 2})
    assert verdict(Facts("drift", AT), CALM, of).decision == "watch"
    opened = verdict(Facts("open", AT), CALM, of)
    assert (opened.decision, opened.priority, codes(opened)) == ("raise", 2, ["report", "rule"])


# --- who owns the arm state


def toggled(armed: bool, *, how: str = "portal", hours: float = 1, until: datetime | None = None) -> Context:
    return Context(toggle=Toggle(armed, AT - timedelta(hours=hours), until, how, "owner"))


def test_a_site_of_its_schedule_takes_no_toggle():
    assert verdict(person(), toggled(False), policy(schedule=NIGHTS)).decision == "raise"


def test_a_customers_toggle_holds_until_the_schedules_next_border():
    of = policy(schedule=NIGHTS, owner="customer")
    found = verdict(person(), toggled(False), of)
    assert found.decision == "ignore"
    assert found.arm.owner == "customer"
    assert found.arm.until == datetime(2026, 1, 16, 6, tzinfo=UTC)
    later = replace(person(), at=AT + timedelta(days=1))  # the next night
    assert verdict(later, toggled(False), of).decision == "raise"


def test_a_customers_toggle_ends_when_it_said():
    until = AT + timedelta(minutes=5)
    of = policy(schedule=NIGHTS, owner="customer")
    assert verdict(person(), toggled(False, until=until), of).arm.until == until
    assert verdict(replace(person(), at=until), toggled(False, until=until), of).decision == "raise"


def test_a_site_that_is_always_armed_is_disarmed_for_a_day_at_most():
    of = policy(owner="customer")
    assert verdict(person(), toggled(False, hours=23.9), of).decision == "ignore"
    assert verdict(person(), toggled(False, hours=24), of).decision == "raise"


def test_a_panels_last_word_holds_and_the_customers_page_has_none():
    of = policy(schedule=NIGHTS, owner="panel")
    assert verdict(person(), toggled(False, how="panel", hours=200), of).decision == "ignore"
    assert verdict(person(), toggled(False, how="portal"), of).decision == "raise"
    assert verdict(person(), toggled(False, how="panel"), policy(schedule=NIGHTS, owner="customer")).decision == "raise"


def test_a_zone_with_a_schedule_of_its_own_is_armed_but_never_disarmed_by_hand():
    of = policy(schedule=NIGHTS, owner="customer", zones={"vault": {"schedule": ALWAYS_ON}})
    assert verdict(person(zone="vault"), toggled(False), of).decision == "raise"
    noon = replace(person(), at=datetime(2026, 1, 16, 12, tzinfo=UTC))
    at_noon = Context(toggle=Toggle(True, noon.at, None, "portal", "owner"))
    day = policy(schedule={}, owner="customer", zones={"yard": {"schedule": NIGHTS}})
    assert verdict(noon, at_noon, day).decision == "raise"
    assert verdict(noon, CALM, day).decision == "ignore"


# --- muted


def everything_muted(**given) -> Muted:
    known = {"kind": "snooze", "until": AT + timedelta(hours=1), "camera": "", "zone": ""}
    return Muted(**({"id": "m", "categories": frozenset(CATEGORIES)} | known | given))


@pytest.mark.parametrize("of", [ARMED, DISARMED])
def test_what_is_muted_is_watched_and_says_until_when(of):
    found = verdict(person(), Context(muted=(everything_muted(),)), of)
    assert found.decision == "watch"
    assert found.reasons[1].as_json() == {
        "code": "muted",
        "kind": "snooze",
        "until": AT + timedelta(hours=1),
        "id": "m",
    }


@pytest.mark.parametrize(
    "scope",
    [
        {"until": AT},
        {"camera": "south"},
        {"zone": "hall"},
        {"categories": frozenset({"vehicle"})},
        {"categories": frozenset()},
    ],
)
def test_what_a_muting_does_not_cover_is_raised(scope):
    assert verdict(person(), Context(muted=(everything_muted(**scope),))).decision == "raise"


def test_a_test_covers_the_panel_and_the_camera_under_test():
    of_north = Context(muted=(everything_muted(kind="test", camera="north"),))
    assert verdict(Facts("offline", AT, camera="north"), of_north).decision == "watch"
    assert verdict(Facts("offline", AT, camera="south"), of_north).decision == "raise"
    assert verdict(Facts("alarm", AT), Context(muted=(everything_muted(kind="test"),))).decision == "watch"


# --- who is expected


def window(people: int = 1, **given) -> Expected:
    known = {"kind": "cleaner", "until": AT + timedelta(hours=1), "zones": frozenset(), "vehicles": False}
    return Expected(**({"id": "w", "people": people} | known | given))


def test_people_who_are_expected_are_watched():
    found = verdict(person(), Context(expected=(window(),)))
    assert found.decision == "watch"
    assert codes(found)[-1] == "expected"


def test_more_than_are_expected_are_raised_and_it_says_so():
    found = verdict(person(people=3), Context(expected=(window(2),)))
    assert found.decision == "raise"
    assert "more_than_expected" in codes(found)


def test_windows_that_overlap_add_up_where_they_apply():
    both = Context(expected=(window(2), window(1, id="v", zones=frozenset({"yard"}))))
    assert verdict(person(people=3), both).decision == "watch"
    assert verdict(person(people=3, zone="hall"), both).decision == "raise"


def test_a_group_is_more_than_one_whatever_was_counted():
    group = replace(person(), category="group")
    assert verdict(group, Context(expected=(window(1),))).decision == "raise"
    assert verdict(group, Context(expected=(window(2),))).decision == "watch"


@pytest.mark.parametrize("scope", [{"until": AT}, {"zones": frozenset({"hall"})}])
def test_who_is_expected_elsewhere_or_until_before_is_raised(scope):
    assert verdict(person(), Context(expected=(window(**scope),))).decision == "raise"


def test_a_vehicle_is_expected_where_it_was_said():
    car = Facts("vehicle", AT, "yard", dwell_s=9.0)
    assert verdict(car, Context(expected=(window(),))).decision == "raise"
    assert verdict(car, Context(expected=(window(vehicles=True),))).decision == "watch"


# --- storm


def test_in_a_storm_what_is_nobody_waits_behind_what_is():
    storm = Context(storm_until=AT + timedelta(hours=1))
    car = verdict(Facts("vehicle", AT, dwell_s=9.0), storm)
    assert (car.decision, car.priority, codes(car)[-1]) == ("raise", 3, "storm")
    assert verdict(person(), storm) == verdict(person())
    for code in TAMPERING | {"perception_down", "unfiltered_motion"}:
        assert verdict(Facts(code, AT), storm) == verdict(Facts(code, AT))
    assert verdict(Facts("alarm", AT), storm).priority == 3
    assert verdict(Facts("alarm", AT), Context(storm_until=AT)).priority == 2


@given(st.integers(0, 10**6))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_storm_changes_no_decision(seed):
    lot = Random(seed)
    fact = happenings.facts(lot, at=AT)
    calm = replace(happenings.context(lot, AT), storm_until=None, dismissed=())
    storm = replace(calm, storm_until=AT + timedelta(hours=1))
    assert judge(fact, storm, ARMED, Fold()).decision == judge(fact, calm, ARMED, Fold()).decision


# --- one after another


def run(*seen: Facts, of: Policy = ARMED, context: Context = CALM) -> list[Verdict]:
    fold, found = Fold(), []
    for ordinal, fact in enumerate(seen):
        found.append(judge(fact, context, of, fold))
        fold = Fold.from_json(json.loads(json.dumps(fold.after(fact, context, found[-1], ordinal).as_json())))
    return found


def after(seconds: float, **given) -> Facts:
    return replace(person(**given), at=AT + timedelta(seconds=seconds))


COOLS = policy({"category": "person", "decision": "raise", "cooldown_s": 60})


def test_what_was_raised_cools_down_and_is_watched_meanwhile():
    found = run(after(0), after(30), after(59.9), after(60), after(90), of=COOLS)
    assert [one.decision for one in found] == ["raise", "watch", "watch", "raise", "watch"]
    assert found[1].reasons[-1].as_json() == {
        "code": "cooling_down",
        "since": AT,
        "until": AT + timedelta(seconds=60),
    }


def test_a_cool_down_is_of_one_camera_zone_and_category():
    group = replace(after(5), category="group")
    found = run(after(0), after(1, camera="south"), after(2, zone="hall"), group, of=COOLS)
    assert [one.decision for one in found] == ["raise"] * 4


def test_what_happened_before_but_was_told_later_does_not_cool_down():
    assert [one.decision for one in run(after(0), after(-5), of=COOLS)] == ["raise", "raise"]


def test_two_inputs_of_a_panel_are_no_one_place():
    """Were such a rule written by hand: the reader refuses it."""
    of = policy({"category": "person", "decision": "raise", "cooldown_s": 60})
    nowhere = replace(after(0), camera="", zone="")
    assert [one.decision for one in run(nowhere, replace(nowhere, at=AT + timedelta(seconds=1)), of=of)] == [
        "raise"
    ] * 2


@pytest.mark.parametrize(
    "at", [datetime(1, 1, 1, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)]
)
@pytest.mark.parametrize("code", sorted(CATEGORIES))
def test_a_camera_whose_clock_is_beyond_reason_is_judged_all_the_same(code, at):
    fact = replace(person(), category=code, at=at)
    found = verdict(fact, dismissed(9, category=code), COOLS)
    assert found.decision in {"raise", "watch"}
    assert Fold().after(fact, CALM, found, 1) is not None


def test_what_was_only_watched_starts_no_cool_down():
    assert [one.decision for one in run(after(0, dwell_s=0.5), after(1), of=COOLS)] == ["watch", "raise"]


def dismissed(count: int, *, box=BOX, minutes: float = 1, **given) -> Context:
    known = {"camera": "north", "zone": "yard", "category": "person"} | given
    said = AT - timedelta(minutes=minutes)
    return Context(dismissed=tuple(Dismissed(number, said, box=box, **known) for number in range(count)))


def test_a_place_from_which_only_false_alarms_come_is_a_runaway():
    assert "runaway" not in codes(verdict(person(), dismissed(4)))
    found = verdict(person(), dismissed(5))
    assert (found.decision, found.priority) == ("raise", 3)
    assert found.reasons[-1].as_json() == {"code": "runaway", "count": 1, "since": AT, "look": True}


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"camera": "south"},
        {"zone": "hall"},
        {"category": "group"},
        {"box": (0.5, 0.5, 0.9, 0.9)},
        {"box": (0.1, 0.1, 0.3, 0.25)},  # the same corner, under half of it
        {"box": None},
        {"minutes": 10},
    ],
)
def test_anybody_elsewhere_sounds_as_ever(elsewhere):
    assert "runaway" not in codes(verdict(person(), dismissed(9, **elsewhere)))


def test_somebody_whose_place_is_not_known_is_no_runaway():
    assert "runaway" not in codes(verdict(person(box=None), dismissed(9, box=None)))


def test_a_runaway_counts_and_comes_back_for_a_look_every_quarter_of_an_hour():
    every_two_minutes = [after(120 * number) for number in range(10)]
    found = run(*every_two_minutes, context=dismissed(5))
    assert [one.reasons[-1].params["count"] for one in found] == list(range(1, 11))
    assert [number for number, one in enumerate(found) if one.reasons[-1].params["look"]] == [0, 8]
    assert all(one.reasons[-1].params["since"] == AT for one in found)


def test_a_runaway_is_over_once_nothing_comes_or_nobody_calls_it_false_any_more():
    quiet = run(after(0), after(16 * 60), context=dismissed(5))
    assert "runaway" not in codes(quiet[1])  # and its five are long ago
    still_coming = run(*(after(300 * number) for number in range(9)), context=dismissed(5))
    assert ["runaway" in codes(one) for one in still_coming] == [True] * 6 + [False] * 3


def test_in_a_storm_two_are_enough_but_never_of_people():
    calm = Context(dismissed=tuple(replace(one, category="vehicle") for one in dismissed(2).dismissed))
    car = replace(person(), category="vehicle")
    assert "runaway" not in codes(verdict(car, calm))
    until = AT + timedelta(hours=1)
    assert codes(verdict(car, replace(calm, storm_until=until)))[-1] == "runaway"
    assert "runaway" not in codes(verdict(person(), replace(dismissed(2), storm_until=until)))


@pytest.mark.parametrize("code", sorted(PROTECTED - THREATS))
def test_what_is_protected_is_never_a_runaway_nor_muted(code):
    fact = Facts(code, AT, "yard", camera="north", box=BOX)
    often = replace(dismissed(9, category=code), muted=(everything_muted(),))
    assert verdict(fact, often) == verdict(fact)
