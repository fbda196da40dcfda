"""An owner who vanishes is noticed once, and anybody who handles may take over; a pause of the sweeps accuses nobody."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cameras.health import Pauses
from incidents import actions, deadlines
from incidents.errors import Stale
from incidents.models import Incident
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.fixture(autouse=True)
def sweeps_have_settled(monkeypatch):
    class Settled(Pauses):
        def settled(self, at: datetime) -> bool:
            return True

    monkeypatch.setattr(deadlines, "_pauses", Settled())


@pytest.fixture
def held(site, alice, organisation):
    actions.start_shift(user=alice, organisation=organisation, at=NIGHT)
    return actions.claim(make.make_incident(site=site).pk, by=alice, at=NIGHT)


def absences(incident: Incident) -> list[dict]:
    rows = Event.objects.filter(subject_id=incident.pk, kind="incident.escalated").order_by("id")
    return [row.data for row in rows if row.data["why"] == "absent"]


def test_an_owner_not_seen_for_a_minute_is_away_and_that_is_told_once(held):
    assert deadlines.absent(NIGHT + seconds(59)) == 0
    assert deadlines.absent(NIGHT + seconds(60)) == 1
    assert deadlines.absent(NIGHT + seconds(61)) == 0
    held.refresh_from_db()
    assert held.absent_since == NIGHT + seconds(60)
    assert held.oncall_by == NIGHT + seconds(60 + 60), (
        "supervisors alone know of it for as long as of what nobody claims"
    )
    assert absences(held) == [{"level": 2, "why": "absent"}]


def test_an_owner_who_is_heard_of_is_not_away(held, alice):
    actions.seen(alice.pk, at=NIGHT + seconds(58))
    assert deadlines.absent(NIGHT + seconds(100)) == 0


def test_an_owner_whose_page_is_hidden_is_away_though_it_speaks(held, alice):
    actions.add_note(held.pk, text="Two at the gate.", by=alice, at=NIGHT + seconds(1))
    for second in range(2, 61, 2):
        actions.seen(alice.pk, at=NIGHT + seconds(second), visible=False)
    assert deadlines.absent(NIGHT + seconds(61)) == 1
    actions.seen(alice.pk, at=NIGHT + seconds(62))
    assert deadlines.absent(NIGHT + seconds(63)) == 1, "back"


def test_an_owner_without_a_shift_is_away_a_minute_after_their_last_act(site, dave):
    held = actions.claim(make.make_incident(site=site).pk, by=dave, at=NIGHT)
    assert deadlines.absent(NIGHT + seconds(59)) == 0
    actions.decide(held.pk, verdict="real", token=held.token, by=dave, at=NIGHT + seconds(50))
    assert deadlines.absent(NIGHT + seconds(109)) == 0
    assert deadlines.absent(NIGHT + seconds(110)) == 1


def test_an_owner_without_a_shift_is_there_while_their_console_is_heard_of(site, dave):
    actions.claim(make.make_incident(site=site).pk, by=dave, at=NIGHT)
    for second in range(2, 71, 2):
        actions.seen(dave.pk, at=NIGHT + seconds(second))
    assert deadlines.absent(NIGHT + seconds(129)) == 0
    assert deadlines.absent(NIGHT + seconds(130)) == 1
    actions.seen(dave.pk, at=NIGHT + seconds(131))
    assert deadlines.absent(NIGHT + seconds(132)) == 1, "back"


def test_an_owner_who_is_back_is_no_longer_away_and_the_screens_are_told(held, alice):
    deadlines.absent(NIGHT + seconds(60))
    actions.seen(alice.pk, at=NIGHT + seconds(70))
    assert deadlines.absent(NIGHT + seconds(71)) == 1
    assert deadlines.absent(NIGHT + seconds(72)) == 0
    held.refresh_from_db()
    assert (held.absent_since, held.owner) == (None, alice)
    assert Event.objects.filter(subject_id=held.pk, kind="incident.owner_back").count() == 1


def test_any_operator_takes_over_from_one_who_is_away_with_a_new_token(held, alice, dave):
    with pytest.raises(Incident.DoesNotExist):
        actions.take_over(held.pk, by=dave, at=NIGHT + seconds(30))
    deadlines.absent(NIGHT + seconds(60))
    taken = actions.take_over(held.pk, by=dave, at=NIGHT + seconds(65))
    assert (taken.owner, taken.token, taken.absent_since) == (dave, held.token + 1, None)
    told = Event.objects.get(kind="incident.taken_over")
    assert (told.by, told.data["before"]) == (dave, str(alice.pk))
    with pytest.raises(Stale):
        actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=NIGHT + seconds(70))
    assert deadlines.absent(NIGHT + seconds(71)) == 0


def test_whoever_may_not_handle_takes_over_nothing_from_one_who_is_away(held, customer, oscar, carol):
    deadlines.absent(NIGHT + seconds(60))
    for user in (carol, oscar, make.make_user("vera", "qa", held.site.organisation)):
        with pytest.raises(Incident.DoesNotExist):
            actions.take_over(held.pk, by=user, at=NIGHT + seconds(65))


@pytest.mark.parametrize("verb", ["release", "close"])
def test_what_is_let_go_has_no_absent_owner(verb, held, alice):
    deadlines.absent(NIGHT + seconds(60))
    if verb == "release":
        after = actions.release(held.pk, token=held.token, by=alice, at=NIGHT + seconds(61))
    else:
        actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=NIGHT + seconds(61))
        form = {"outcome": "false.animal", "site_state": "secure", "summary": ""}
        after = actions.close(held.pk, **form, token=held.token, by=alice, at=NIGHT + seconds(62))
    assert after.absent_since is None
    assert (after.oncall_by is None) == (verb == "close"), "handed back it goes up by its own deadlines"


def test_after_a_pause_of_the_sweeps_nobody_is_away_for_twenty_seconds(held, monkeypatch):
    monkeypatch.setattr(deadlines, "_pauses", Pauses())
    start = NIGHT + seconds(600)
    assert [deadlines.absent(start + seconds(n)) for n in range(0, 24, 4)] == [0, 0, 0, 0, 0, 1]


def test_a_sweep_that_finds_nobody_away_asks_once(held, django_assert_num_queries):
    with django_assert_num_queries(1):
        deadlines.absent(NIGHT + seconds(10))
