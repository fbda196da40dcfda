"""Public holidays by country and region, and a policy's body with them filled in."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from bench import happenings
from cameras.context.holidays import public_holidays, with_holidays
from cameras.context.policy import PolicyRefused, read


def test_a_region_has_holidays_of_its_own():
    england, scotland = public_holidays("GB", "ENG", [2026]), public_holidays("GB", "SCT", [2026])
    assert england[date(2026, 12, 25)] == scotland[date(2026, 12, 25)] == "Christmas Day"
    assert date(2026, 11, 30) in scotland  # St Andrew's Day
    assert date(2026, 11, 30) not in england
    assert list(england) == sorted(england)


@pytest.mark.parametrize(
    ("country", "subdiv", "code"),
    [
        ("ZZ", "", "unknown_country"),
        ("gb", "", "unknown_country"),
        ("", "", "unknown_country"),
        ("GB", "ZZ", "unknown_region"),
    ],
)
def test_a_country_or_region_that_is_not_known_is_refused(country, subdiv, code):
    with pytest.raises(PolicyRefused) as caught:
        public_holidays(country, subdiv, [2026])
    assert [one.code for one in caught.value.problems] == [code]


BODY = {
    "schedule": {"holidays": {"country": "GB", "subdiv": "ENG", "hours": [["00:00", "00:00"]]}},
    "zones": {"vault": {"schedule": {"holidays": {"country": "DE", "subdiv": "BY", "hours": []}}}},
}


def test_a_body_is_filled_from_the_year_before_to_ten_years_after_for_site_and_zones():
    body = with_holidays(BODY, around=2026)
    policy = read(body, time_zone="Europe/London", version="1")
    assert {day.year for day in policy.timeline.calendar.holidays} == set(range(2025, 2037))
    assert policy.timeline.on(date(2026, 12, 25))[:2] == ("holiday", "Christmas Day")
    assert policy.zones["vault"].on(date(2026, 10, 3))[0] == "holiday"
    assert "days" not in BODY["schedule"]["holidays"]


def test_what_cannot_be_filled_in_is_refused_at_its_place_or_left_for_the_reader():
    wrong = {"zones": {"vault": {"schedule": {"holidays": {"country": "DE", "subdiv": "XX"}}}}}
    with pytest.raises(PolicyRefused) as caught:
        with_holidays(wrong, around=2026)
    assert caught.value.problems[0].path == "zones.vault.schedule.holidays.subdiv"
    for seed in range(200):
        lot = Random(seed)
        spoilt = happenings.spoilt(lot, happenings.body(lot))
        try:
            with_holidays(spoilt, around=2026)
        except PolicyRefused:
            continue
