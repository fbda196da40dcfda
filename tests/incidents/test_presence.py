"""Somebody at the desk, and not only a page: who presses nothing is asked, who does not answer is told of, a break ends."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from incidents import actions, desks, staff
from incidents.actions.offering import offer_waiting
from incidents.errors import Refused
from incidents.models import Credential, HandOver, Incident, Shift
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT


def after(minutes: float, seconds: float = 0) -> datetime:
    return NIGHT + timedelta(minutes=minutes, seconds=seconds)


def sits(user, organisation, at: datetime = NIGHT) -> Shift:
    return actions.start_shift(user=user, organisation=organisation, at=at)


def told(kind: str) -> list[str]:
    return [row.data["user"] for row in Event.objects.filter(kind=f"shift.{kind}").order_by("id")]


def beats(user, at: datetime, *, active: bool = False) -> None:
    actions.seen(user.pk, at=at, active=active)


@pytest.fixture
def two(alice, dave, organisation) -> Shift:
    sits(dave, organisation)
    return sits(alice, organisation)


def test_one_of_two_is_asked_after_ten_minutes_and_told_of_a_minute_later(two, alice, dave):
    beats(dave, after(10), active=True)
    beats(alice, after(9, 58))
    assert desks.presence(after(9, 59)) == 0
    assert desks.presence(after(10)) == 1
    assert desks.presence(after(10, 1)) == 0, "once"
    assert told("asked") == [str(alice.pk)]
    assert desks.presence(after(10, 59)) == 0
    assert desks.presence(after(11)) == 1
    assert desks.presence(after(11, 1)) == 0
    assert told("silent") == [str(alice.pk)]


def test_who_is_alone_is_asked_after_five(alice, dave, organisation):
    sits(alice, organisation)
    assert desks.presence(after(4, 59)) == 0
    assert desks.presence(after(5)) == 1
    assert told("asked") == [str(alice.pk)]


@pytest.mark.parametrize("other", ["gone", "on a break", "silent"])
def test_a_colleague_who_is_not_there_is_no_company(other, two, alice, dave):
    if other != "gone":
        Shift.objects.filter(user=dave).update(
            **{"on a break": {"break_until": after(30)}, "silent": {"silent_at": NIGHT, "asked_at": NIGHT}}[other]
        )
        beats(dave, after(5))
    desks.presence(after(5))
    assert str(alice.pk) in told("asked")


def test_a_key_answers_and_incidents_come_again(two, site, alice, dave):
    desks.presence(after(10))
    desks.presence(after(11))
    actions.end_shift(user=dave, at=after(11))
    beats(alice, after(12))
    waiting = make.make_incident(site=site, at=after(12))
    assert waiting.offered_to is None, "nothing is offered to who is silent"
    beats(alice, after(12, 4), active=True)
    assert desks.presence(after(12, 4.25)) == 1
    assert told("answered") == [str(alice.pk)]
    assert offer_waiting(after(12, 5)) == 1
    assert desks.presence(after(17, 3)) == 0, "and the time begins anew"


def test_a_page_in_sight_that_nobody_touches_answers_nothing(two, alice):
    desks.presence(after(10))
    beats(alice, after(10, 30))
    assert desks.presence(after(11)) == 2
    assert str(alice.pk) in told("silent")


def test_on_a_break_nothing_is_offered_nor_asked_and_its_end_asks(two, site, alice, dave):
    actions.begin_break(user=alice, until=after(20), by=alice, at=after(0, 30))
    actions.end_shift(user=dave, at=after(2))
    beats(alice, after(2))
    assert make.make_incident(site=site, at=after(2)).offered_to is None
    assert desks.presence(after(19, 59)) == 0
    assert desks.presence(after(20)) == 1
    assert told("break_over") == [str(alice.pk)]
    beats(alice, after(20, 10))
    assert offer_waiting(after(20, 10)) == 0, "they are not back yet"
    beats(alice, after(20, 20), active=True)
    assert desks.presence(after(20, 21)) == 1
    assert told("back") == [str(alice.pk)]
    assert offer_waiting(after(20, 21)) == 1


def test_who_does_not_come_back_from_a_break_is_told_of(two, alice, dave):
    actions.begin_break(user=alice, until=after(4), by=alice, at=NIGHT)
    assert [desks.presence(at) for at in (after(4), after(4, 59))] == [1, 0]
    Shift.objects.filter(user=dave).update(active_at=after(4))
    assert desks.presence(after(5)) == 1
    assert told("silent") == [str(alice.pk)]


def test_who_claims_something_on_a_break_is_back_from_it(two, site, alice, dave):
    actions.begin_break(user=alice, until=after(9), by=alice, at=NIGHT)
    actions.end_shift(user=dave, at=NIGHT)
    actions.claim(make.make_incident(site=site).pk, by=alice, at=after(1))
    shift = Shift.objects.get(user=alice)
    assert (shift.break_until, shift.active_at) == (None, after(1))


def test_a_sign_of_life_is_not_taken_back_by_an_older_one(two, site, alice):
    Shift.objects.filter(user=alice).update(active_at=after(9))
    actions.claim(make.make_incident(site=site).pk, by=alice, at=after(1))
    assert Shift.objects.get(user=alice).active_at == after(9)


def test_so_is_who_takes_over_or_takes_back_what_they_handed_back(two, site, alice, dave):
    actions.begin_break(user=alice, until=after(9), by=alice, at=NIGHT)
    held = actions.claim(make.make_incident(site=site).pk, by=dave, at=NIGHT)
    Incident.objects.filter(pk=held.pk).update(absent_since=after(1))
    taken = actions.take_over(held.pk, by=alice, at=after(2))
    assert Shift.objects.get(user=alice).break_until is None
    actions.release(taken.pk, token=taken.token, by=alice, at=after(3))
    beats(dave, after(3))
    actions.begin_break(user=alice, until=after(9), by=alice, at=after(3))
    actions.undo(taken.pk, token=taken.token + 1, by=alice, at=after(3) + timedelta(seconds=4))
    shift = Shift.objects.get(user=alice)
    assert (shift.break_until, shift.break_from) == (None, None)


def test_who_comes_back_early_is_back(two, alice):
    actions.begin_break(user=alice, until=after(9), by=alice, at=NIGHT)
    actions.come_back(user=alice, by=alice, at=after(5))
    actions.come_back(user=alice, by=alice, at=after(5))
    assert told("back") == [str(alice.pk)]
    assert Shift.objects.get(user=alice).break_until is None


@pytest.mark.parametrize("why", ["holding", "alone", "until", "no_shift", "role"])
def test_a_break_is_refused_in_words(why, two, site, alice, dave, carol):
    until, by = after(10), alice
    if why == "holding":
        actions.claim(make.make_incident(site=site).pk, by=alice, at=NIGHT)
    elif why == "alone":
        actions.end_shift(user=dave, at=NIGHT)
    elif why == "until":
        until = after(61)
    elif why == "no_shift":
        actions.end_shift(user=alice, at=NIGHT)
    else:
        by = dave
    with pytest.raises(Refused) as refused:
        actions.begin_break(user=alice, until=until, by=by, at=NIGHT)
    assert refused.value.code == why


def test_a_supervisor_may_send_whoever_is_alone(alice, sam, organisation):
    sits(alice, organisation)
    assert actions.begin_break(user=alice, until=after(15), by=sam, at=NIGHT).break_until == after(15)


# --- sitting down


def test_the_hand_over_is_kept_as_it_was_worded_and_taken_on(alice, dave, organisation):
    sits(dave, organisation)
    items = [
        {"key": "incident:1", "group": "incidents", "words": "ND-7 waits for a guard", "accepted_at": "2026-11-22"}
    ]
    shift = actions.start_shift(
        user=alice, organisation=organisation, at=after(1), items=items, sound_heard=True, microphone="none"
    )
    kept = HandOver.objects.get(shift=shift)
    assert (kept.items, list(kept.outgoing.all())) == (items, [dave])
    assert (shift.sound_heard_at, shift.microphone) == (after(1), "none")


def test_what_is_not_taken_on_holds_the_shift_up(alice, organisation):
    item = {"key": "site:1", "group": "sites", "words": "Pinewick Depot is on test", "accepted_at": ""}
    with pytest.raises(Refused) as refused:
        actions.start_shift(user=alice, organisation=organisation, at=NIGHT, items=[item])
    assert "Pinewick Depot is on test" in str(refused.value.message)
    assert not Shift.objects.exists()


@pytest.mark.parametrize(("valid_until", "starts"), [(NIGHT.date(), True), (NIGHT.date() - timedelta(days=1), False)])
def test_a_paper_out_of_force_begins_no_shift_and_ends_none(valid_until: date, starts, alice, organisation):
    paper = Credential.objects.create(
        organisation=organisation, user=alice, kind="licence", valid_until=valid_until, reference="SIA 1"
    )
    if starts:
        sits(alice, organisation)
        paper.valid_until = NIGHT.date() - timedelta(days=30)
        paper.save()
        assert sits(alice, organisation).ended_at is None
        return
    with pytest.raises(Refused) as refused:
        sits(alice, organisation)
    assert refused.value.code == "papers"
    assert "licence was valid until 21 November 2026" in str(refused.value.message)


def test_a_paper_that_everybody_needs_and_that_is_not_there_begins_none(alice, organisation, settings):
    settings.SHIFT_NEEDS = ["vetting"]
    with pytest.raises(Refused) as refused:
        sits(alice, organisation)
    assert "No vetting of yours is on record" in str(refused.value.message)


def test_the_last_words_are_for_whoever_sits_down_next(alice, dave, organisation):
    sits(alice, organisation)
    actions.end_shift(user=alice, at=after(60), last_words=" The gate at Pinewick sticks. ")
    assert [one.last_words for one in staff.before(dave, organisation, at=after(61))] == [
        "The gate at Pinewick sticks."
    ]
    assert len(staff.before(dave, organisation, at=after(600))) == 1, "the last one, however long ago"
