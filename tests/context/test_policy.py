"""A policy, asked: opening and closing in time, whose arm state it is, which dismissals still count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cameras.context.facts import Toggle
from cameras.context.policy import EMPTY, Policy, read, unreadable
from cameras.context.schedule import ALWAYS, NEVER

MONDAY = datetime(2026, 1, 19, tzinfo=UTC)
OPENING = {
    "open": [{"day": day, "from": "06:30", "to": "09:00"} for day in range(5)],
    "close": [{"day": day, "from": "22:00", "to": "00:30"} for day in range(5)],
    "grace_min": 15,
}


def policy(**body) -> Policy:
    return read(body, time_zone="UTC", version="1")


def at(clock: str, day: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("clock", "in_time"),
    [
        ("06:14", False),
        ("06:15", True),
        ("06:30", True),
        ("08:59", True),
        ("09:14", True),
        ("09:16", False),
        ("12:00", False),
    ],
)
def test_an_opening_is_in_time_within_its_window_and_its_grace(clock, in_time):
    assert policy(opening=OPENING).opening.in_time(at(clock), opening=True) is in_time


def test_a_closing_window_may_run_past_midnight():
    opening = policy(opening=OPENING).opening
    assert opening.in_time(at("00:40", day=1), opening=False)
    assert not opening.in_time(at("00:40", day=6), opening=False)
    assert not opening.in_time(at("22:30", day=6), opening=False)


def test_where_no_window_is_declared_every_time_is_in_time():
    only_open = policy(opening={"open": OPENING["open"]}).opening
    assert only_open.in_time(at("03:00"), opening=False)
    assert not only_open.in_time(at("03:00"), opening=True)
    assert policy().opening is None


def test_a_window_shorter_than_its_grace_is_not_missed():
    short = {"open": [{"day": 0, "from": "07:00", "to": "07:05"}], "grace_min": 60}
    opening = policy(opening=short).opening
    assert opening.in_time(at("06:30"), opening=True)
    assert opening.in_time(at("07:50"), opening=True)
    assert not opening.in_time(at("05:30"), opening=True)


def test_dismissals_count_until_somebody_has_had_two_looks():
    assert policy().remembers == timedelta(minutes=30)
    assert policy(runaway={"dismissed": 3, "within_min": 60, "look_min": 5}).remembers == timedelta(minutes=60)


def test_a_site_without_a_policy_is_never_armed_and_one_that_cannot_be_read_always():
    armed_by_hand = Toggle(True, MONDAY, None, "portal", "owner")
    assert EMPTY.arm(MONDAY, "", armed_by_hand) == NEVER
    disarmed_by_hand = Toggle(False, MONDAY, None, "portal", "owner")
    assert unreadable("1").arm(MONDAY, "", disarmed_by_hand) == ALWAYS


def test_without_one_of_its_rules_it_is_the_same_otherwise():
    rules = [{"category": "person", "decision": "raise"}, {"category": "vehicle", "decision": "watch"}]
    whole = policy(owner="customer", rules=rules)
    assert whole.without(0).body == {"owner": "customer", "rules": rules[1:]}
    assert whole.without(0).timezone == whole.timezone
    assert [rule.category for rule in whole.rules] == ["person", "vehicle"]
