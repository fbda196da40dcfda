"""What happens when nobody claims, decides or returns: each deadline acts once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions, deadlines
from incidents.errors import Refused
from incidents.models import Incident
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.together import together

TABLE = {1: (10, 20, 45, 30), 2: (30, 60, 120, 60), 3: (120, 300, 900, 300)}  # all, supervisor, on-call; verdict
UNCLAIMED = ("incident.offered_to_all", "incident.escalated")


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def told(incident: Incident, *kinds: str) -> list[tuple[str, object, object]]:
    rows = Event.objects.filter(subject_id=incident.pk, kind__in=kinds or UNCLAIMED).order_by("id")
    return [(row.kind.removeprefix("incident."), row.data.get("level"), row.data.get("why")) for row in rows]


@pytest.mark.parametrize("priority", [1, 2, 3])
def test_unclaimed_goes_to_all_then_the_supervisor_then_the_one_on_call(priority, site, alice, organisation):
    actions.start_shift(user=alice, organisation=organisation, at=NIGHT)
    incident = make.make_incident(site=site, priority=priority)
    since, (to_all, supervisor, on_call, _) = incident.queued_at, TABLE[priority]
    expected: list[tuple[str, object, object]] = []
    for after, level, event in (
        (to_all, 1, ("offered_to_all", None, None)),
        (supervisor, 2, ("escalated", 2, "unclaimed")),
        (on_call, 3, ("escalated", 3, "unclaimed")),
    ):
        deadlines.deadlines(since + seconds(after - 0.1))
        assert told(incident) == expected
        deadlines.deadlines(since + seconds(after))
        expected.append(event)
        assert told(incident) == expected
        incident.refresh_from_db()
        assert (incident.escalation, incident.offered_to) == (level, None)
    deadlines.deadlines(since + seconds(3600))
    assert told(incident) == expected


def test_a_spine_that_was_away_does_all_that_passed_in_order(site):
    incident = make.make_incident(site=site, priority=1)
    assert deadlines.deadlines(incident.queued_at + seconds(600)) == 3
    assert [event[:2] for event in told(incident)] == [("offered_to_all", None), ("escalated", 2), ("escalated", 3)]


def test_a_claim_ends_the_deadlines_of_the_unclaimed(site, alice):
    incident = make.make_incident(site=site, priority=2)
    actions.claim(incident.pk, by=alice, at=NIGHT + seconds(1))
    deadlines.deadlines(NIGHT + seconds(45))
    assert told(incident) == []


@pytest.mark.parametrize("priority", [1, 2, 3])
def test_a_claim_without_a_verdict_is_told_to_the_supervisor_once(priority, site, alice):
    incident = make.make_incident(site=site, priority=priority)
    actions.claim(incident.pk, by=alice, at=NIGHT + seconds(1))
    limit = TABLE[priority][3]
    deadlines.deadlines(NIGHT + seconds(1 + limit - 0.1))
    assert told(incident) == []
    deadlines.deadlines(NIGHT + seconds(1 + limit))
    deadlines.deadlines(NIGHT + seconds(3600))
    assert told(incident) == [("escalated", 2, "undecided")]
    incident.refresh_from_db()
    assert (incident.owner, incident.state) == (alice, "claimed")


def test_a_verdict_in_time_is_told_to_nobody(site, alice):
    incident = make.make_incident(site=site)
    held = actions.claim(incident.pk, by=alice, at=NIGHT + seconds(1))
    actions.decide(held.pk, verdict="cannot_tell", token=held.token, by=alice, at=NIGHT + seconds(9))
    deadlines.deadlines(NIGHT + seconds(3600))
    assert told(incident) == []


def test_a_parked_incident_returns_at_its_time_and_is_offered_anew(site, alice, dave, organisation):
    incident = make.make_incident(site=site, priority=2)
    held = actions.claim(incident.pk, by=alice, at=NIGHT + seconds(1))
    due = NIGHT + seconds(600)
    actions.park(held.pk, reason="guard looks", until=due, token=held.token, by=alice, at=NIGHT + seconds(2))
    actions.start_shift(user=dave, organisation=organisation, at=due)
    assert deadlines.deadlines(due - seconds(0.1)) == 0
    assert deadlines.deadlines(due) == 1
    incident.refresh_from_db()
    assert (incident.state, incident.offered_to, incident.owner, incident.due_at) == ("open", dave, None, None)
    assert incident.claim_by == due + seconds(30)
    assert told(incident, "incident.returned", "incident.offered")[-2:] == [
        ("returned", None, None),
        ("offered", None, None),
    ]


def test_a_waiting_incident_reminds_its_owner_once_and_stays_theirs(site, alice):
    incident = make.make_incident(site=site, priority=1)
    held = actions.claim(incident.pk, by=alice, at=NIGHT + seconds(1))
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=NIGHT + seconds(2))
    due = NIGHT + seconds(300)
    actions.wait(held.pk, reason="guard", until=due, token=held.token, by=alice, at=NIGHT + seconds(3))
    assert deadlines.deadlines(due) == 1
    assert deadlines.deadlines(due + seconds(60)) == 0
    assert told(incident, "incident.due") == [("due", None, None)]
    incident.refresh_from_db()
    assert (incident.state, incident.owner) == ("waiting", alice)


@pytest.mark.parametrize(
    ("priority", "minutes", "code"),
    [(1, 5, "urgent"), (2, 31, "until"), (3, 8 * 60 + 1, "until"), (2, 0, "until"), (2, 10, "reason")],
)
def test_parking_has_its_limits(priority, minutes, code, site, alice):
    held = actions.claim(make.make_incident(site=site, priority=priority).pk, by=alice, at=NIGHT)
    reason = "" if code == "reason" else "later"
    with pytest.raises(Refused) as refused:
        actions.park(held.pk, reason=reason, until=NIGHT + seconds(60 * minutes), token=held.token, by=alice, at=NIGHT)
    assert refused.value.code == code


def test_one_incident_that_cannot_go_on_does_not_hold_back_the_others(customer, monkeypatch):
    first, second = (make.make_incident(site=make.make_site(customer, name)) for name in ("North", "South"))
    original = deadlines.ACTS["claim_by"]

    def stumble(incident, at):
        if incident.pk == first.pk:
            raise ValueError("stumbled")
        original(incident, at)

    monkeypatch.setitem(deadlines.ACTS, "claim_by", stumble)
    with pytest.raises(ExceptionGroup):
        deadlines.deadlines(NIGHT + seconds(200))
    assert len(told(second)) == 3
    assert told(first) == []
    first.refresh_from_db()
    assert first.claim_by is not None


@pytest.mark.django_db(transaction=True)
def test_two_spines_act_on_a_deadline_once(customer):
    incidents = [make.make_incident(site=make.make_site(customer, f"Site {n}"), priority=1) for n in range(10)]
    with together(2) as threads:
        for after in (10, 20, 45):
            assert sum(threads.run(deadlines.deadlines, [incidents[-1].queued_at + seconds(after)] * 2)) == 10
    assert {len(told(incident)) for incident in incidents} == {3}
