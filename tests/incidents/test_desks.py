"""Who sits at a console, awake, and on whose screens an incident is open."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions
from incidents.actions.watching import watch
from incidents.models import Desk, Looking, Shift
from soc.console import strip
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT


def after(seconds: float):
    return NIGHT + timedelta(seconds=seconds)


@pytest.fixture
def shift(alice, organisation):
    return actions.start_shift(user=alice, organisation=organisation, at=NIGHT)


@pytest.fixture
def incident(site):
    return make.make_incident(site=site)


def times(shift: Shift) -> list[float]:
    """Seconds into the night: seen, awake, active."""
    shift.refresh_from_db()
    return [(at - NIGHT).total_seconds() for at in (shift.seen_at, shift.awake_at, shift.active_at) if at]


def test_a_page_in_sight_is_awake_and_a_key_makes_it_active(shift, alice):
    actions.seen(alice.pk, at=after(4))
    assert times(shift) == [4, 4, 0]
    actions.seen(alice.pk, at=after(8), visible=False)
    assert times(shift) == [8, 4, 0]
    actions.seen(alice.pk, at=after(12), active=True)
    assert times(shift) == [12, 12, 12]


def test_one_page_in_sight_of_two_is_enough_however_they_take_turns(shift, alice):
    for second in range(2, 30, 2):
        actions.seen(alice.pk, at=after(second), visible=False)
        actions.seen(alice.pk, at=after(second + 0.5), visible=True)
    assert times(shift)[1] == 28.5


def test_a_beat_within_two_seconds_writes_nothing(shift, alice, django_assert_num_queries):
    actions.seen(alice.pk, at=after(2))
    actions.seen(alice.pk, at=after(3))
    assert times(shift)[:2] == [2, 2]
    with django_assert_num_queries(1):
        actions.seen(alice.pk, at=after(4))


def test_who_is_not_on_shift_is_seen_at_a_desk(alice):
    actions.seen(alice.pk, at=after(0), visible=False)
    assert Desk.objects.get().awake_at is None
    actions.seen(alice.pk, at=after(2), active=True)
    assert Desk.objects.get().awake_at == after(2)


def test_who_looks_is_named_for_eight_seconds_and_a_silent_watch_never(incident, alice, sam):
    actions.seen(alice.pk, at=after(0), looking=incident.pk)
    watch(incident.pk, by=sam, at=after(0))
    actions.seen(sam.pk, at=after(2), looking=incident.pk, silent=True)
    assert Looking.objects.get(user=sam).seen_at == after(2)
    assert actions.lookers(incident, after(7)) == [alice]
    assert actions.lookers(incident, after(9)) == []
    actions.seen(sam.pk, at=after(11), looking=incident.pk)
    assert actions.lookers(incident, after(11)) == [sam], "no longer silent"
    assert Looking.objects.get(user=sam).since == after(11), "they had looked away"


def test_nobody_looks_unseen_because_their_page_says_so(incident, alice):
    actions.seen(alice.pk, at=after(0), looking=incident.pk)
    actions.seen(alice.pk, at=after(2), looking=incident.pk, silent=True)
    assert actions.lookers(incident, after(3)) == [alice]
    assert not Event.objects.filter(kind="incident.watched").exists()


def test_nor_because_it_said_so_from_the_first(incident, alice, oscar):
    for user in (alice, oscar):
        actions.seen(user.pk, at=after(0), looking=incident.pk, silent=True)
    assert actions.lookers(incident, after(1)) == [alice]
    assert Looking.objects.count() == 1, "whoever may not see it is nowhere"


def test_a_page_that_says_it_watches_does_not_keep_the_watch_from_the_record(incident, sam):
    watched = Event.objects.filter(kind="incident.watched", by=sam)
    actions.seen(sam.pk, at=after(0), looking=incident.pk, silent=True)
    assert watched.count() == 1, "whoever may watch, and whose page never asked to"
    watch(incident.pk, by=sam, at=after(1))
    for second in range(2, 60, 2):
        actions.seen(sam.pk, at=after(second), looking=incident.pk, silent=True)
    assert watched.count() == 1
    actions.seen(sam.pk, at=after(600), looking=incident.pk, silent=True)
    watch(incident.pk, by=sam, at=after(601))
    assert watched.count() == 2, "they had looked away for long"
    assert actions.lookers(incident, after(601)) == []


def test_a_page_out_of_sight_looks_at_nothing(incident, alice):
    actions.seen(alice.pk, at=after(0), looking=incident.pk, visible=False)
    assert actions.lookers(incident, after(0)) == []


def test_a_foreign_incident_is_not_looked_at_whatever_the_page_says(incident, oscar):
    actions.seen(oscar.pk, at=after(0), looking=incident.pk)
    assert not Looking.objects.exists()


@pytest.mark.parametrize(
    "said", [{"type": "ping", "open": "../x"}, {"type": "ping", "open": 7, "visible": "x"}, {"type": "ping"}, {}]
)
def test_nonsense_of_a_page_is_a_page_that_is_there(shift, alice, said):
    strip.beat(alice.pk, said)
    shift.refresh_from_db()
    assert shift.seen_at > NIGHT
    assert (shift.awake_at > NIGHT) == bool(said), "a socket that was just opened has said nothing of being in sight"
