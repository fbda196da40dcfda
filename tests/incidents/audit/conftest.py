"""A quiet night with two operators at their desks, and things of earlier nights that can be shown again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from cameras.models import Candidate
from incidents import actions
from incidents.audit.rounds import cases
from incidents.models import AuditCase, Incident, KnownIntrusion, Shift
from tests import factories as make
from tests.factories import NIGHT

AT = NIGHT + timedelta(days=7)  # the same hour, a week later


@pytest.fixture
def site(site):
    make.arm_always(site)
    return site


@pytest.fixture
def desks(alice, dave, organisation) -> Callable[[datetime], None]:
    """Alice and Dave on shift, heard of at any time one asks for."""

    def heard(at: datetime) -> None:
        Shift.objects.filter(ended_at=None).update(seen_at=at)

    for user in (alice, dave):
        actions.start_shift(user=user, organisation=organisation, at=AT - timedelta(hours=1))
    heard(AT)
    return heard


def filmed(zone, *, at: datetime = NIGHT, **fields) -> Candidate:
    """A candidate with a picture and fourteen seconds of clip, six of them before it."""
    began = at - timedelta(seconds=6)
    clip = make.make_media(zone.site, kind="clip", content=b"film", started_at=began, at=at, duration_s=14.0)
    picture = make.make_media(zone.site, started_at=at, at=at)
    return make.make_candidate(zone=zone, at=at, clip=clip, snapshot=picture, **fields)


def short_stay(seconds: float = 1.2) -> list[dict]:
    return [
        {"code": "armed", "until": None, "owner": "schedule"},
        {"code": "seen", "category": "person", "score": 0.91},
        {"code": "short_stay", "seconds": seconds, "limit": 2.0},
    ]


def sampled(zone, *, at: datetime = NIGHT, due_at: datetime = AT, **fields) -> AuditCase:
    candidate = filmed(zone, at=at, decision="watch", reasons=short_stay(), **fields)
    return AuditCase.objects.create(
        site=zone.site, kind="sampled", candidate=candidate, seed=7, drawn_at=AT - timedelta(hours=6), due_at=due_at
    )


def genuine(zone, operator, *, at: datetime = NIGHT) -> Incident:
    """An intrusion that was raised, handled and closed."""
    incident = make.make_incident(filmed(zone, at=at))
    held = actions.claim(incident.pk, by=operator, at=at + timedelta(seconds=5))
    actions.decide(held.pk, verdict="real", token=held.token, by=operator, at=at + timedelta(seconds=9))
    closing = {"outcome": "genuine.attempt_only", "site_state": "secure", "summary": "Two men at the fence."}
    return actions.close(held.pk, token=held.token, by=operator, at=at + timedelta(seconds=60), **closing)


def injected(zone, operator, *, due_at: datetime = AT) -> AuditCase:
    incident = genuine(zone, operator)
    candidate = incident.alerts.get().candidate
    KnownIntrusion.objects.create(organisation=zone.organisation, candidate=candidate, added_at=NIGHT)
    return AuditCase.objects.create(
        site=zone.site, kind="injected", candidate=candidate, seed=7, drawn_at=AT - timedelta(hours=6), due_at=due_at
    )


def shown(case: AuditCase, *, at: datetime = AT) -> Incident:
    """The case's incident, once the sweep has put it into the queue."""
    cases(at)
    case.refresh_from_db()
    assert case.incident is not None, "it did not come"
    return case.incident


def take(incident: Incident, *, at: datetime = AT) -> Incident:
    """Claimed by whom it is offered to."""
    assert incident.offered_to is not None
    return actions.claim(incident.pk, by=incident.offered_to, at=at + timedelta(seconds=3))


def claimed(case: AuditCase, *, at: datetime = AT) -> Incident:
    return take(shown(case, at=at), at=at)
