"""How much each operator was given, in windows of ten minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions, load
from tests import factories as make
from tests.factories import NIGHT

END = NIGHT + timedelta(minutes=60)


def minutes(count: float):
    return NIGHT + timedelta(minutes=count)


@pytest.fixture
def claims(site, organisation, alice):
    actions.start_shift(user=alice, organisation=organisation, at=NIGHT)

    def claim(*when: float) -> None:
        for minute in when:
            elsewhere = make.make_site(site.customer, f"Depot {minute}")
            actions.claim(make.make_incident(site=elsewhere).pk, by=alice, at=minutes(minute))

    return claim


def test_windows_count_what_came_to_everyone_on_shift_oldest_first(claims, organisation, alice, dave):
    claims(0, 9, 11, 41, 59, 60)
    actions.start_shift(user=dave, organisation=organisation, at=END)
    assert load.windows(organisation, END) == {alice.pk: [1, 1, 0, 0, 1, 2], dave.pk: [0] * 6}


def test_above_the_line_in_one_window_is_too_much(claims, organisation, alice, settings):
    settings.LOAD_LINE = 2
    claims(52, 55)
    assert load.over(load.windows(organisation, END)) == set()
    claims(58)
    assert load.over(load.windows(organisation, END)) == {alice.pk}
    assert load.over(load.windows(organisation, END + timedelta(minutes=10))) == set()


def test_at_the_line_one_more_would_be_too_much(claims, organisation, alice, settings):
    settings.LOAD_LINE = 2
    claims(42, 43, 55)
    assert load.full(organisation.pk, {alice.pk}, END) == set()
    claims(58)
    assert load.full(organisation.pk, {alice.pk}, END) == {alice.pk}
    assert load.over(load.windows(organisation, END)) == set(), "and nothing was too much yet"


def test_at_the_line_three_windows_long_is_too_much(claims, organisation, alice, settings):
    settings.LOAD_LINE = 2
    claims(32, 33, 42, 43, 52)
    assert load.over(load.windows(organisation, END)) == set()
    claims(53)
    assert load.over(load.windows(organisation, END)) == {alice.pk}


def test_nobody_asked_about_costs_nothing(organisation, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert load.full(organisation.pk, set(), END) == set()
