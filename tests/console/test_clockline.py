"""The response clock's line: what is on it, in which order, and what each stop says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions
from soc.console import clockline
from tests import factories as make


def names(incident, *, screen="narrow"):
    """The stops as that screen shows them; those to come in brackets."""
    incident.refresh_from_db()
    found = [stop for stop in clockline.stops(incident) if stop.screen in {"", screen}]
    return [f"({stop.name})" if stop.state in {"todo", "next"} else stop.name for stop in found]


@pytest.fixture
def incident(zone):
    return make.make_incident(zone=zone)


@pytest.fixture
def held(incident, alice):
    at = incident.queued_at
    actions.painted(incident.pk, painted_by="browser", by=alice, at=at + timedelta(seconds=1))
    actions.evidence_shown(incident.pk, by=alice, at=at + timedelta(seconds=2))
    incident = actions.claim(incident.pk, by=alice, at=at + timedelta(seconds=3))
    return actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=at + timedelta(seconds=9))


def test_what_is_to_come_stands_in_the_order_it_usually_happens(incident):
    coming = names(incident)
    assert coming[:2] == ["captured", "queue"]
    assert coming[2:] == [
        "(painted)", "(claimed)", "(evidence_shown)", "(verdict)", "(audio_sent)", "(call_placed)", "(call_answered)",
        "(responder_accepted)", "(on_site)", "(closed)",
    ]  # fmt: skip


def test_a_wide_screen_has_the_machines_stamps_one_by_one(incident):
    assert names(incident, screen="wide")[:4] == ["captured", "received", "judged", "queued"]


def test_a_challenge_is_a_stop_of_its_own_and_heard_stands_there_only_when_proven(held):
    assert "(audio_heard)" not in names(held)
    actions.stamp(held.pk, "audio_sent", at=held.verdict_at + timedelta(seconds=5))
    line = names(held)
    assert line[6:8] == ["audio_sent", "(call_placed)"]
    assert not any("audio_heard" in name for name in line)
    actions.stamp(held.pk, "audio_heard", at=held.verdict_at + timedelta(seconds=6))
    assert names(held)[6:9] == ["audio_sent", "audio_heard", "(call_placed)"]


def test_what_was_passed_over_keeps_its_place(held):
    before = names(held)
    actions.stamp(held.pk, "call_placed", at=held.verdict_at + timedelta(seconds=5))
    after = names(held)
    assert [name.strip("()") for name in before] == [name.strip("()") for name in after]
    assert after[5:9] == ["verdict", "(audio_sent)", "call_placed", "(call_answered)"]
    states = {stop.name: stop.state for stop in clockline.stops(held)}
    assert (states["audio_sent"], states["call_placed"], states["call_answered"]) == ("todo", "now", "next")


def test_a_quiet_incident_and_a_fault_have_no_voice_and_a_fault_no_call(site, zone):
    hold_up = make.make_incident(make.make_candidate(site=site, category="hold_up"))
    assert "(audio_sent)" not in names(hold_up)
    assert "(call_placed)" in names(hold_up)
    assert "(evidence_shown)" not in names(hold_up)
    fault = names(make.make_incident(make.make_candidate(camera=zone.camera, category="offline")))
    assert not {"(audio_sent)", "(call_placed)", "(on_site)"} & set(fault)


def test_nobody_is_sent_to_what_was_dismissed(held, alice):
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=held.verdict_at)
    assert names(held)[-2:] == ["verdict", "(closed)"]


def test_the_gaps_that_a_narrow_screen_shows_sum_to_the_total(held):
    incident = held
    for screen in ("narrow", "wide"):
        line = [
            stop for stop in clockline.stops(incident) if stop.screen in {"", screen} and stop.state in {"done", "now"}
        ]
        gaps = [float(stop.text.removeprefix("+ ").removesuffix(" s")) for stop in line[1:]]
        assert sum(gaps) == pytest.approx((incident.verdict_at - incident.captured_at).total_seconds(), abs=0.5)
