"""The roster: who is on call now, where the gaps are, and who may write it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions, roster
from incidents.errors import Refused
from incidents.models import RosterEntry
from soc.core.models import Event, Organisation
from tests import factories as make
from tests.factories import NIGHT

HOUR = timedelta(hours=1)


def put(organisation, user, sam, *, duty="on_call", starts=NIGHT - HOUR, ends=NIGHT + HOUR, at=NIGHT) -> RosterEntry:
    return actions.add_to_roster(organisation, user=user.pk, duty=duty, starts_at=starts, ends_at=ends, by=sam, at=at)


def test_whoever_is_on_the_roster_is_on_call_for_so_long(organisation, sam):
    entry = put(organisation, sam, sam)
    assert roster.on_call(organisation, NIGHT) == [sam]
    assert roster.on_call(organisation, entry.ends_at) == []
    sam.is_active = False
    sam.save()
    assert roster.on_call(organisation, NIGHT) == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"duty": "cook"}, "duty"),
        ({"starts": NIGHT + HOUR, "ends": NIGHT + HOUR}, "span"),
        ({"starts": NIGHT - 3 * HOUR, "ends": NIGHT - HOUR}, "span"),
        ({"starts": NIGHT, "ends": NIGHT + 20 * HOUR, "duty": "lead"}, "span"),
        ({"starts": NIGHT, "ends": NIGHT + 20 * 24 * HOUR}, "span"),
    ],
)
def test_what_makes_no_sense_is_refused(organisation, sam, fields, code):
    with pytest.raises(Refused) as refused:
        put(organisation, sam, sam, **fields)
    assert refused.value.code == code


def test_a_duty_is_for_whose_role_fits(organisation, alice, oscar, sam):
    put(organisation, alice, sam, duty="operator")
    for user, duty in ((alice, "lead"), (alice, "on_call"), (oscar, "operator")):
        with pytest.raises(Refused) as refused:
            put(organisation, user, sam, duty=duty)
        assert refused.value.code == "user"


def test_nobody_has_the_same_duty_twice_at_once(organisation, sam):
    put(organisation, sam, sam)
    with pytest.raises(Refused, match="already"):
        put(organisation, sam, sam, starts=NIGHT, ends=NIGHT + 2 * HOUR)
    put(organisation, sam, sam, starts=NIGHT + HOUR, ends=NIGHT + 2 * HOUR)


def test_what_has_begun_ends_now_and_what_is_to_come_is_gone(organisation, sam):
    begun, coming = put(organisation, sam, sam), put(organisation, sam, sam, starts=NIGHT + HOUR, ends=NIGHT + 2 * HOUR)
    for entry in (begun, coming):
        actions.strike_off_roster(entry.pk, by=sam, at=NIGHT)
    begun.refresh_from_db()
    assert begun.ends_at == NIGHT
    assert not RosterEntry.objects.filter(pk=coming.pk).exists()
    assert Event.objects.filter(kind="roster.struck").count() == 2
    with pytest.raises(Refused, match="over"):
        actions.strike_off_roster(begun.pk, by=sam, at=NIGHT)


def test_only_whoever_may_assign_writes_it(organisation, customer, alice, sam):
    lena = make.make_user("lena", "supervisor", make.make_organisation("Elsewhere"))
    kept = make.make_user("kim", "supervisor", customer)
    entry = put(organisation, sam, sam)
    for user in (alice, lena, kept):
        with pytest.raises(Organisation.DoesNotExist):
            put(organisation, sam, user, duty="lead")
        with pytest.raises(RosterEntry.DoesNotExist):
            actions.strike_off_roster(entry.pk, by=user, at=NIGHT)


def test_gaps_are_what_nobody_covers(organisation, sam, alice):
    since, until = NIGHT, NIGHT + 8 * HOUR
    put(organisation, sam, sam, starts=NIGHT + HOUR, ends=NIGHT + 3 * HOUR)
    put(organisation, sam, sam, starts=NIGHT + 5 * HOUR, ends=NIGHT + 12 * HOUR)
    found = roster.gaps(roster.entries(organisation, since, until), "on_call", since, until)
    assert [(gap.since - NIGHT, gap.until - NIGHT) for gap in found] == [(0 * HOUR, HOUR), (3 * HOUR, 5 * HOUR)]
    whole = roster.gaps([], "lead", since, until)
    assert [(gap.since, gap.until) for gap in whole] == [(since, until)]
