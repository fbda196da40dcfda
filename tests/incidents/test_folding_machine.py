"""Whatever the night brings, no raised person is hidden: random candidates and verbs, one checker.

A raised person always has an alert, in an incident that was, when it took the alert, neither closed nor parked nor
dismissed; and when the person was new to it, it sounded.
"""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from incidents import actions
from incidents.actions import folding
from incidents.models import Alert, Incident
from incidents.models.incident import State
from incidents.outcomes import Outcome, SiteState, Verdict
from soc.core.models import User
from tests import factories as make
from tests.factories import NIGHT

_names = itertools.count(1)
PERSONS = ("person", "group", "weapon", "person_down")
OTHERS = ("vehicle", "unfiltered_motion", "offline", "perception_down", "alarm", "hold_up", "test")
OUTCOME = {
    Verdict.REAL: Outcome.ATTEMPT,
    Verdict.SUSPICIOUS: Outcome.NOTHING_SEEN,
    Verdict.CANNOT_TELL: Outcome.NOTHING_SEEN,
    Verdict.AUTHORISED: Outcome.STAFF,
    Verdict.FALSE: Outcome.ANIMAL,
}


SIGHTING = st.tuples(
    st.just("person"), st.sampled_from(PERSONS), st.integers(0, 1), st.integers(1, 3), st.integers(1, 400)
)
OTHER = st.tuples(st.just("something_else"), st.sampled_from(OTHERS), st.integers(1, 100))
CLAIM = st.tuples(st.just("claim_and_decide"), st.integers(0, 9), st.sampled_from(Verdict.values))
VERB = st.tuples(
    st.just("go_on"), st.integers(0, 9), st.sampled_from(["park", "release", "close", "wait", "false", "reopen"])
)


class Night(RuleBasedStateMachine):
    """One site with two zones, one operator, and a clock that only goes on."""

    @initialize()
    def begin(self) -> None:
        number = next(_names)
        organisation = make.make_organisation(f"Watch {number}")
        self.site = make.make_site(make.make_customer(organisation))
        camera = make.make_camera(self.site)
        self.zones = [make.make_zone(camera, "Yard"), make.make_zone(camera, "Fence", kind="perimeter")]
        self.by = User.objects.create(
            username=f"operator-{number}"
        )  # no password: hashing one takes longer than a night
        make.give(self.by, "operator", organisation)
        self.now = NIGHT
        self.seen: set[tuple[object, int]] = set()  # (incident, track) that has sounded
        self.hidden: list[str] = []

    def _pass(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _incidents(self, *states: str) -> list[Incident]:
        return list(Incident.objects.filter(site=self.site, state__in=states).order_by("number"))

    def person(self, category: str, zone: int, track: int, gap: int) -> None:
        self._pass(gap)
        candidate = make.make_candidate(
            zone=self.zones[zone], category=category, at=self.now, evidence={"track": track, "label": "person"}
        )
        before = {
            row.pk: row for row in Incident.objects.filter(site=self.site)
        }  # as they were when the person was seen
        alert = actions.raise_alert(candidate.pk, at=self.now)
        into = before.get(alert.incident_id)
        if into is not None and into.state in (State.CLOSED, State.PARKED):
            self.hidden.append(f"{category} folded into one that was {into.state}")
        if into is not None and into.verdict in (Verdict.FALSE, Verdict.AUTHORISED):
            self.hidden.append(f"{category} folded into one that was dismissed as {into.verdict}")
        if (alert.incident_id, track) not in self.seen and not alert.sounded:
            self.hidden.append(f"{category} was new to the incident and did not sound")
        self.seen.add((alert.incident_id, track))

    def something_else(self, category: str, gap: int) -> None:
        self._pass(gap)
        camera = self.zones[0].camera if category in {"vehicle", "unfiltered_motion", "offline"} else None
        candidate = make.make_candidate(site=self.site, camera=camera, category=category, at=self.now)
        actions.raise_alert(candidate.pk, at=self.now)

    def claim_and_decide(self, which: int, verdict: str) -> None:
        self._pass(2)
        rows = self._incidents(State.OPEN, State.PARKED)
        if not rows:
            return
        incident = actions.claim(rows[which % len(rows)].pk, by=self.by, at=self.now)
        actions.decide(incident.pk, verdict=verdict, token=incident.token, by=self.by, at=self.now)

    def go_on(self, which: int, verb: str) -> None:
        self._pass(2)
        from_states = [State.CLOSED] if verb == "reopen" else [State.CLAIMED, State.WORKING, State.WAITING]
        rows = self._incidents(*from_states)
        if not rows:
            return
        incident = rows[which % len(rows)]
        hand: dict[str, Any] = {"token": incident.token, "by": self.by, "at": self.now}
        until = self.now + timedelta(minutes=5)
        if verb == "park" and incident.state != State.WAITING and incident.priority > 1:
            actions.park(incident.pk, reason="later", until=until, **hand)
        elif verb == "wait" and incident.state == State.WORKING:
            actions.wait(incident.pk, reason="guard", until=until, **hand)
        elif verb == "false":
            actions.decide(incident.pk, verdict="false", **hand)
        elif verb == "close" and incident.verdict:
            outcome = OUTCOME[Verdict(incident.verdict)]
            actions.close(incident.pk, outcome=outcome, site_state=SiteState.SECURE, summary="", **hand)
        elif verb == "release":
            actions.release(incident.pk, **hand)
        elif verb == "reopen":
            actions.reopen(incident.pk, by=self.by, at=self.now)

    # One rule: with several, Hypothesis leaves some out of a whole night, and most nights would be quiet.
    @rule(what=st.one_of(SIGHTING, SIGHTING, OTHER, CLAIM, VERB))
    def something_happens(self, what: tuple[Any, ...]) -> None:
        getattr(self, what[0])(*what[1:])

    @invariant()
    def nobody_is_hidden(self) -> None:
        assert not getattr(self, "hidden", []), self.hidden

    def teardown(self) -> None:
        if not hasattr(self, "site"):
            return
        raised = self.site.candidates.filter(decision="raise")
        assert not raised.filter(alert__isnull=True).exists()
        for incident in Incident.objects.filter(site=self.site):
            assert incident.alert_count == incident.alerts.count()
            assert incident.priority == min(incident.alerts.values_list("priority", flat=True))


def play(nights: int, **more: Any) -> None:
    unhurried = settings(
        max_examples=nights,
        stateful_step_count=20,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        **more,
    )
    run_state_machine_as_test(Night, settings=unhurried)


def test_no_sequence_of_sightings_and_verbs_hides_a_person(db):
    play(20)
    assert Alert.objects.filter(sounded=False).exists()  # the nights had repeats, too


@pytest.mark.parametrize(
    ("name", "broken"), [("DISMISSED", ("nothing",)), ("PEOPLE", frozenset()), ("fold_target", None)]
)
def test_folding_that_forgets_a_rule_is_caught(db, monkeypatch, name, broken):
    """The checker is worth something: without the dismissals, the persons, or any rule but the family, it fails."""
    if name == "fold_target":

        def broken(candidate):
            family = folding.category(candidate.category).family
            return Incident.objects.filter(site=candidate.site_id, family=family).order_by("-last_alert_at").first()

    monkeypatch.setattr(folding, name, broken)
    with pytest.raises(AssertionError, match=r"folded into one that was|did not sound"):
        play(40, phases=[Phase.generate])  # found is enough: no search for the shortest night
