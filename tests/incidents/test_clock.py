"""The response clock: in order, and its gaps sum to the total."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from incidents import actions
from incidents.models import Incident
from incidents.models.incident import MAIN_PATH, OFFSETS
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT


def after(seconds: float):
    return NIGHT + timedelta(seconds=seconds)


def handled(incident: Incident, by, *, painted: float, claimed: float, verdict: float, closed: float) -> Incident:
    actions.painted(incident.pk, painted_by="browser", by=by, at=after(painted))
    held = actions.claim(incident.pk, by=by, at=after(claimed))
    actions.decide(held.pk, verdict="real", token=held.token, by=by, at=after(verdict))
    done = {"outcome": "genuine.attempt_only", "site_state": "secure", "summary": "Left by the gate."}
    actions.close(held.pk, **done, token=held.token, by=by, at=after(closed))
    incident.refresh_from_db()
    return incident


def main_path(incident: Incident) -> list:
    stamps = [incident.clock()[name] for name in MAIN_PATH]
    assert None not in stamps
    return stamps


def test_the_main_path_is_in_order_and_its_gaps_sum_to_the_total(zone, alice):
    incident = handled(make.make_incident(zone=zone), alice, painted=0.6, claimed=4, verdict=11, closed=95)
    stamps = main_path(incident)
    assert stamps == sorted(stamps)
    gaps = [later - earlier for earlier, later in pairwise(stamps)]
    assert sum(gaps, timedelta()) == stamps[-1] - stamps[0] == timedelta(seconds=95)


@pytest.mark.parametrize("behind", [0.5, 5, 3600])
def test_a_machine_whose_clock_is_behind_cannot_turn_the_order_round(behind, zone, alice):
    times = {"painted": 0.6 - behind, "claimed": 4 - behind, "verdict": 11 - behind, "closed": 95 - behind}
    stamps = main_path(handled(make.make_incident(zone=zone), alice, **times))
    assert stamps == sorted(stamps)


def test_painted_lies_between_queued_and_claimed_whatever_the_browser_says(zone, alice):
    incident = make.make_incident(zone=zone)
    actions.claim(incident.pk, by=alice, at=after(4))
    actions.painted(incident.pk, painted_by="browser", by=alice, at=after(60))
    incident.refresh_from_db()
    assert incident.painted_at == incident.claimed_at == after(4)
    actions.painted(incident.pk, painted_by="script", by=alice, at=after(1))
    incident.refresh_from_db()
    assert (incident.painted_at, incident.painted_by) == (after(4), "browser")
    assert Event.objects.filter(kind="incident.painted").count() == 1


def test_only_who_has_the_console_can_say_that_it_was_painted(zone, carol, oscar):
    incident = make.make_incident(zone=zone)
    for stranger in (carol, oscar):
        with pytest.raises(Incident.DoesNotExist):
            actions.painted(incident.pk, painted_by="browser", by=stranger, at=after(1))
        with pytest.raises(Incident.DoesNotExist):
            actions.evidence_shown(incident.pk, by=stranger, at=after(1))


@pytest.mark.parametrize("name", OFFSETS)
def test_an_offset_is_null_until_it_happens_and_set_once(name, zone):
    incident = make.make_incident(zone=zone)
    assert incident.clock()[name] is None
    actions.stamp(incident.pk, name, at=after(12))
    actions.stamp(incident.pk, name, at=after(3))
    incident.refresh_from_db()
    assert incident.clock()[name] == after(12)
    assert Event.objects.filter(kind="incident.stamped", data__stamp=name).count() == 1


def test_an_offset_never_lies_before_the_capture(zone):
    incident = make.make_incident(zone=zone)
    actions.stamp(incident.pk, "audio_sent", at=after(-60))
    incident.refresh_from_db()
    assert incident.audio_sent_at == incident.captured_at


@pytest.mark.parametrize("name", ["claimed", "painted", "closed", "nonsense"])
def test_the_main_path_cannot_be_stamped_from_outside(name, zone):
    with pytest.raises(ValueError):
        actions.stamp(make.make_incident(zone=zone).pk, name, at=NIGHT)


def test_the_first_claim_and_the_first_verdict_count(zone, alice, dave):
    incident = make.make_incident(zone=zone)
    first = actions.claim(incident.pk, by=alice, at=after(4))
    actions.decide(first.pk, verdict="suspicious", token=first.token, by=alice, at=after(9))
    actions.release(first.pk, token=first.token, by=alice, at=after(10))
    second = actions.claim(incident.pk, by=dave, at=after(15))
    actions.decide(second.pk, verdict="real", token=second.token, by=dave, at=after(20))
    incident.refresh_from_db()
    assert (incident.claimed_at, incident.verdict_at) == (after(4), after(9))
    assert [change.verdict for change in incident.verdicts.order_by("at")] == ["suspicious", "real"]


def test_folding_leaves_the_clock_of_the_first_alert(zone):
    incident = make.make_incident(zone=zone)
    before = incident.clock()
    make.make_incident(make.make_candidate(zone=zone, at=after(30)))
    incident.refresh_from_db()
    assert incident.alert_count == 2
    assert incident.clock() == before
