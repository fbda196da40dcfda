"""Names and times as typed at a command line."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from soc.core.lookup import NotOne, moment, one
from soc.core.models import Site
from tests import factories as make

LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def depots(customer, other_customer):
    return [make.make_site(owner, "Depot") for owner in (customer, other_customer)]


def test_a_whole_name_wins_over_a_part_of_another(customer):
    yard = make.make_site(customer, "Yard")
    make.make_site(customer, "Yard east")
    assert one(Site.objects.all(), "yard") == yard


def test_a_part_of_a_name_is_enough_when_it_is_one(site):
    assert one(Site.objects.all(), "pinewick dep") == site


def test_an_ambiguous_name_is_refused_with_the_candidates(depots):
    with pytest.raises(NotOne) as refused:
        one(Site.objects.all(), "Depot")
    for depot in depots:
        assert str(depot.pk) in str(refused.value)
        assert depot.customer.name in str(refused.value)


def test_an_id_is_never_ambiguous(depots):
    assert one(Site.objects.all(), str(depots[1].pk)) == depots[1]


def test_a_name_of_nobody_lists_who_there_is(site):
    with pytest.raises(NotOne, match="Pinewick Depot"):
        one(Site.objects.all(), "Elsewhere")
    with pytest.raises(NotOne, match="Pinewick Depot"):
        one(Site.objects.all(), "  ")
    with pytest.raises(NotOne, match="no site with the id"):
        one(Site.objects.all(), str(uuid.uuid4()))


def test_only_the_given_rows_are_looked_at(depots, customer):
    assert one(Site.objects.filter(customer=customer), "Depot") == depots[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-07-01T02:13", datetime(2026, 7, 1, 1, 13, tzinfo=UTC)),
        ("2026-01-01 02:13", datetime(2026, 1, 1, 2, 13, tzinfo=UTC)),
        ("2026-07-01T02:13Z", datetime(2026, 7, 1, 2, 13, tzinfo=UTC)),
        ("2026-07-01T02:13+05:30", datetime(2026, 6, 30, 20, 43, tzinfo=UTC)),
        ("2026-10-25T01:30+01:00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_the_sites_own(text, expected):
    assert moment(text, LONDON) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-03-29T01:30", "skip"),
        ("2026-10-25T01:30", "twice"),
        ("soon", "not a time"),
        ("2026-02-30T01:00", "not a time"),
        ("9999-12-31T23:59-05:00", "of the year 9999"),
        ("0001-01-01T00:00", "of the year 1:"),
    ],
)
def test_a_time_that_is_none_or_two_is_refused(text, words):
    with pytest.raises(NotOne, match=words):
        moment(text, LONDON)
