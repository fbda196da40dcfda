"""Claiming on real PostgreSQL: one winner, and a stale hand changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from incidents import actions
from incidents.errors import Refused
from incidents.models import Incident
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT
from tests.incidents.together import together

LATER = NIGHT + timedelta(seconds=5)
RACES, RACERS = 100, 20


@pytest.mark.django_db(transaction=True)
def test_of_twenty_who_claim_at_once_exactly_one_wins_a_hundred_times(zone, organisation):
    people = [make.make_user(f"operator{n}", "operator", organisation) for n in range(RACERS)]
    with together(RACERS) as threads:
        for race in range(RACES):
            incident = make.make_incident(zone=zone)
            at = incident.queued_at + timedelta(seconds=3)

            def claim(person, incident=incident, at=at):
                return actions.claim(incident.pk, by=person, at=at)

            answers = threads.run(claim, people)
            winners = [answer for answer in answers if isinstance(answer, Incident)]
            losers = [answer for answer in answers if not isinstance(answer, Incident)]
            assert len(winners) == 1, f"race {race}: {answers}"
            assert {type(answer) for answer in losers} == {Refused}, f"race {race}: {losers}"
            assert {answer.code for answer in losers} == {"taken"}
            won = winners[0]
            assert all(won.owner.sign in str(answer) for answer in losers)
            assert Event.objects.filter(kind="incident.claimed", subject_id=incident.pk).count() == 1
            actions.decide(incident.pk, verdict="false", token=won.token, by=won.owner, at=at)
