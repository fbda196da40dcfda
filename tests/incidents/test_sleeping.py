"""A tab that sleeps loses a claim that nothing was done with, to somebody awake, within twenty seconds; no more is taken."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction

from cameras.health import Pauses
from cameras.viewing import record_viewing
from incidents import actions, desks
from incidents.actions.offering import offer_waiting
from incidents.errors import Stale
from incidents.models import Incident, Shift
from incidents.models.incident import State
from soc.core import events
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT


def after(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def sweeps_have_settled(monkeypatch):
    class Settled(Pauses):
        def settled(self, at: datetime) -> bool:
            return True

    monkeypatch.setattr(desks, "_pauses", Settled())


@pytest.fixture
def held(site, alice, dave, organisation) -> Incident:
    """Alice's, claimed and nothing else; Dave has come to a desk since."""
    actions.start_shift(user=alice, organisation=organisation, at=NIGHT)
    incident = actions.claim(make.make_incident(site=site).pk, by=alice, at=NIGHT)
    actions.start_shift(user=dave, organisation=organisation, at=NIGHT)
    return incident


def night(*, until: float, alice=None, dave=None, visible: bool = False) -> list[float]:
    """Two-second beats of both pages, Alice's `visible` or not; the seconds at which the sweep took something."""
    took = []
    for tick in range(1, round(until / 0.5) + 1):
        at = after(tick * 0.5)
        if tick % 4 == 0:
            if alice:
                actions.seen(alice.pk, at=at, visible=visible)
            if dave:
                actions.seen(dave.pk, at=at)
        if desks.asleep(at):
            took.append(tick * 0.5)
    return took


@pytest.mark.parametrize("why", ["hidden", "gone"])
def test_an_untouched_claim_goes_to_somebody_awake_within_twenty_seconds(why, held, alice, dave):
    assert night(until=20, alice=alice if why == "hidden" else None, dave=dave) == [15]
    held.refresh_from_db()
    assert (held.state, held.owner, held.offered_to, held.token) == (State.OPEN, None, dave, 2)
    assert Event.objects.get(kind="incident.left_lying").data == {"before": str(alice.pk), "token": 2}
    with pytest.raises(Stale):
        actions.decide(held.pk, verdict="false", token=1, by=alice, at=after(21))


def test_a_page_in_sight_keeps_it(held, alice, dave):
    assert night(until=30, alice=alice, dave=dave, visible=True) == []


@pytest.mark.parametrize("deed", ["verdict", "note", "numbers", "waits on the telephone"])
def test_whoever_did_anything_keeps_it(deed, held, alice, dave):
    if deed == "verdict":
        actions.decide(held.pk, verdict="real", token=1, by=alice, at=after(1))
    elif deed == "note":
        actions.add_note(held.pk, text="Two at the gate.", by=alice, at=after(1))
    elif deed == "numbers":
        actions.show_numbers(held.pk, token=1, by=alice, at=after(1))
    else:
        Event.objects.create(
            kind="attempt.planned", subject_type="attempt", subject_id=held.pk, organisation=held.organisation,
            customer=held.site.customer, site=held.site, by=alice, at=after(1),
        )  # fmt: skip
    assert night(until=25, alice=alice, dave=dave) == []
    held.refresh_from_db()
    assert held.owner == alice


def test_what_a_page_records_by_itself_is_no_deed(held, alice, dave):
    actions.painted(held.pk, painted_by="browser", by=alice, at=after(1))
    actions.evidence_shown(held.pk, by=alice, at=after(1))
    assert night(until=20, alice=alice, dave=dave) == [15]


def test_the_clip_and_the_live_picture_that_a_page_loads_by_itself_are_no_deed(held, zone, alice, dave):
    with transaction.atomic():
        events.record("media.viewed", make.make_media(held.site), by=alice, at=after(1), sha256="")
    record_viewing(zone.camera, by=alice, at=after(2))
    assert night(until=20, alice=alice, dave=dave) == [15]


def test_what_was_done_before_it_was_let_go_does_not_count(site, held, alice, dave):
    actions.add_note(held.pk, text="A fox?", by=alice, at=after(1))
    actions.release(held.pk, token=1, by=alice, at=after(2))
    again = actions.claim(held.pk, by=dave, at=after(3))
    assert again.owner == dave
    assert night(until=30, alice=alice, visible=True) == [18.0], "fifteen seconds after Dave claimed it and was gone"


@pytest.mark.parametrize("other", ["nobody", "asleep", "on a break", "of another customer"])
def test_it_stays_where_nobody_else_is_awake(other, held, alice, dave, other_customer):
    if other == "nobody":
        actions.end_shift(user=dave, at=after(1))
    elif other == "on a break":
        Shift.objects.filter(user=dave).update(break_until=after(600))
    elif other == "of another customer":
        dave.memberships.all().delete()
        make.give(dave, "operator", other_customer)
    assert night(until=25, alice=alice, dave=None if other == "asleep" else dave) == []
    held.refresh_from_db()
    assert held.owner == alice


@pytest.mark.parametrize("touched", [False, True])
def test_what_the_only_operator_left_lying_goes_up_by_its_deadlines(touched, held, alice, dave):
    actions.end_shift(user=dave, at=after(1))
    if touched:
        actions.add_note(held.pk, text="Two at the gate.", by=alice, at=after(1))
    Incident.objects.filter(pk=held.pk).update(absent_since=after(60))
    assert desks.asleep(after(61)) == (0 if touched else 1)
    held.refresh_from_db()
    assert (held.owner, held.oncall_by is None) == ((alice, True) if touched else (None, False))


def test_somebody_busy_and_awake_gets_the_row_though_no_offer(held, other_site, alice, dave):
    actions.claim(make.make_incident(site=other_site).pk, by=dave, at=NIGHT)
    assert night(until=20, alice=alice, dave=dave) == [15]
    held.refresh_from_db()
    assert held.offered_to is None, "not to the one who sleeps"
    assert offer_waiting(after(20)) == 0
    assert actions.claim(held.pk, by=dave, at=after(21)).owner == dave


def test_two_sweeps_at_once_take_it_once(held, alice, dave):
    actions.seen(dave.pk, at=after(16))
    assert desks._wake(held.pk, after(16)) == 1
    assert desks._wake(held.pk, after(16)) == 0


def test_a_supervisor_without_a_shift_is_awake_while_their_page_is_in_sight(site, sam, dave, organisation):
    incident = actions.claim(make.make_incident(site=site).pk, by=sam, at=NIGHT)
    actions.start_shift(user=dave, organisation=organisation, at=NIGHT)
    for second in range(0, 30, 2):
        actions.seen(sam.pk, at=after(second))
        actions.seen(dave.pk, at=after(second))
    assert desks.asleep(after(30)) == 0
    for second in range(30, 48, 2):
        actions.seen(sam.pk, at=after(second), visible=False)
        actions.seen(dave.pk, at=after(second))
    assert desks.asleep(after(47)) == 1
    incident.refresh_from_db()
    assert incident.offered_to == dave
