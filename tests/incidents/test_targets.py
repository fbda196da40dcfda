"""How soon incidents were decided is reckoned from detection, and nothing late is left out because it is still open."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import prefetch_related_objects

from incidents import targets
from incidents.actions import claim, decide
from incidents.audit.revealing import break_off
from incidents.models import AuditCase, HandlingTarget, Incident
from tests import factories as make

pytestmark = pytest.mark.django_db
NIGHT = make.NIGHT


def detected(site, *, after: float, seconds: float | None, by=None, priority: int = 1) -> Incident:
    """An incident detected `after` seconds into the night, decided `seconds` later; None: by nobody yet."""
    at = NIGHT + timedelta(seconds=after)
    category = {1: "panic", 2: "blinded", 3: "offline"}[priority]
    incident = make.make_incident(site=site, category=category, at=at + timedelta(seconds=1))
    Incident.objects.filter(pk=incident.pk).update(captured_at=at, priority=priority, family=f"alone {after}")
    if seconds is not None:
        token = claim(incident.pk, by=by, at=at + timedelta(seconds=2)).token
        decide(incident.pk, verdict="real", token=token, by=by, at=at + timedelta(seconds=seconds))
        Incident.objects.filter(pk=incident.pk).update(verdict_at=at + timedelta(seconds=seconds))
    return incident


def figures(user, *, at, hours: float = 24):
    return {one.priority: one for one in targets.handling(user, at - timedelta(hours=hours), at, at=at)}


@pytest.fixture
def on_site(organisation):
    """A site for each incident, so that none folds into another."""

    def another():
        return make.make_site(make.make_customer(organisation, f"Customer {next(make._counter)}"), "Place")

    return another


def test_the_share_within_each_limit_counts_from_detection(on_site, alice, sam):
    for number, seconds in enumerate([5, 12, 30, 45, 61]):
        detected(on_site(), after=number, seconds=seconds, by=alice)
    urgent = figures(sam, at=NIGHT + timedelta(hours=1))[1]
    assert (urgent.n, urgent.seconds) == (5, [5, 12, 30, 45, 61])
    assert (urgent.soon.within, urgent.soon.share, urgent.soon.missed) == (3, 60.0, True)
    assert (urgent.late.within, urgent.late.share, urgent.late.missed) == (4, 80.0, True)
    assert urgent.percentile(50) == 30
    assert urgent.percentile(100) == 61


def test_an_open_incident_counts_as_late_once_it_is_over_the_limit_and_not_before(on_site, alice, sam):
    detected(on_site(), after=0, seconds=9, by=alice)
    detected(on_site(), after=10, seconds=None)
    early = figures(sam, at=NIGHT + timedelta(seconds=30))[1]
    assert (early.n, early.soon.share, early.missed) == (1, 100.0, False)
    between = figures(sam, at=NIGHT + timedelta(seconds=50))[1]
    assert (between.soon.n, between.soon.share, between.late.n, between.late.share) == (2, 50.0, 1, 100.0)
    late = figures(sam, at=NIGHT + timedelta(seconds=71))[1]
    assert (late.late.n, late.late.share, late.late.late) == (2, 50.0, 1)
    assert late.seconds == [9]  # no time to the verdict where there is none


def test_drills_and_the_cases_of_the_audit_are_in_no_figure_once_they_are_known(on_site, site, zone, alice, sam):
    drill = detected(on_site(), after=0, seconds=300, by=alice)
    Incident.objects.filter(pk=drill.pk).update(drill=True)
    shown = make.make_candidate(zone=zone, at=NIGHT, source="audit")
    case = make.make_incident(shown)
    AuditCase.objects.create(site=site, kind="injected", candidate=shown, seed=1, drawn_at=NIGHT, incident=case)
    # Beside a queue in which it waits, a figure without it would say what it is.
    waits = figures(sam, at=NIGHT + timedelta(hours=1))
    assert [one.incident for figure in waits.values() for one in figure.handled] == [case.pk]
    break_off(case.pk, "urgent", at=NIGHT + timedelta(minutes=1))
    assert figures(sam, at=NIGHT + timedelta(hours=1)) == {}


def test_an_organisations_own_targets_count_and_elsewhere_the_houses(
    on_site, organisation, other_organisation, alice, sam
):
    HandlingTarget.objects.create(
        organisation=organisation, priority=2, soon_s=20, soon_share=90, late_s=40, late_share=99
    )
    assert targets.target(organisation, 2) == targets.Target(20, 90, 40, 99)
    assert targets.target(other_organisation, 2) == targets.Target(90, 80, 180, 98.5) == targets.house(2)
    assert targets.target(organisation, 1) == targets.Target(30, 80, 60, 98.5)
    detected(on_site(), after=0, seconds=35, by=alice, priority=2)
    assert figures(sam, at=NIGHT + timedelta(hours=1))[2].soon.missed


def test_nobody_is_measured_on_what_they_may_not_see(on_site, alice, sam, oscar, carol):
    detected(on_site(), after=0, seconds=9, by=alice)
    at = NIGHT + timedelta(hours=1)
    assert figures(sam, at=at)[1].n == 1
    assert figures(oscar, at=at) == figures(carol, at=at) == figures(alice, at=at) == {}


def test_two_queries_whatever_there_is(on_site, alice, sam, django_assert_num_queries):
    for number in range(4):
        detected(on_site(), after=number, seconds=9, by=alice, priority=1 + number % 3)
    prefetch_related_objects([sam], "memberships")
    with django_assert_num_queries(2):
        figures(sam, at=NIGHT + timedelta(hours=1))
