"""An exercise of the blind audit as an operator meets it, and what a supervisor reads of all of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from incidents import actions
from incidents.models import AuditCase, KnownIntrusion, Shift
from incidents.models.incident import State
from soc.core import clock
from tests import factories as make
from tests.browser import scenes
from tests.incidents.audit.conftest import short_stay

PHONE = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture
def exercise(live, zone, alice, dave, organisation) -> AuditCase:
    """Held back a week ago to the minute, due in a moment; two are on shift."""
    at = clock.now()
    make.arm_always(zone.site)
    for user in (alice, dave):
        actions.start_shift(user=user, organisation=organisation, at=at)
    Shift.objects.filter(user=dave).update(free_since=at)  # Alice has been without one for longer
    candidate = scenes.with_evidence(zone, at=at - timedelta(days=7))
    type(candidate).objects.filter(pk=candidate.pk).update(decision="watch", reasons=short_stay())
    return AuditCase.objects.create(
        site=zone.site, kind="sampled", candidate=candidate, seed=7, drawn_at=at, due_at=at + timedelta(days=1)
    )


def test_an_exercise_is_met_as_any_incident_and_tells_itself_at_the_verdict(live, exercise, alice, screenshot):
    page = live.log_in(alice, "/console/")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    Shift.objects.update(seen_at=clock.now() + timedelta(minutes=10))  # a browser of Dave's is not needed
    AuditCase.objects.update(due_at=clock.now())
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    expect(page.locator("#queue .q")).to_contain_text("for you")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    expect(page.locator("evidence-loop video")).to_be_attached()  # the clip follows some seconds later, as any does
    screenshot(page, "audit-claimed-dark-1366")
    page.keyboard.press("R")
    expect(page.get_by_role("heading", name="This was an exercise of the audit: nothing was sent")).to_be_visible()
    expect(page.get_by_text("Ines said: real.")).to_be_visible()
    expect(page.get_by_text("Only 1.2 s in Yard")).to_be_visible()
    for theme in ("dark", "light"):
        if theme == "light":
            page.click("[data-theme-toggle]")
        screenshot(page, f"audit-told-{theme}-1366")
        page.set_viewport_size(PHONE["viewport"])
        screenshot(page, f"audit-told-{theme}-390", full=True)
        page.set_viewport_size({"width": 1366, "height": 768})
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    exercise.refresh_from_db()
    assert (exercise.verdict, exercise.judged_by, exercise.incident.state) == ("real", alice, State.CLOSED)
    assert live.trouble == []


def judged(zone: Any, operator: Any, *, hours: int, kind: str, verdict: str, given_up: str = "") -> None:
    """A case that is over, as its rows are in the end."""
    at = clock.now() - timedelta(hours=hours)
    shown = make.make_incident(make.make_candidate(zone=zone, at=at, source="audit"), at=at)
    held = actions.claim(shown.pk, by=operator, at=at)
    was = make.make_candidate(zone=zone, at=at - timedelta(days=3), decision="watch", reasons=short_stay())
    AuditCase.objects.create(
        site=zone.site, kind=kind, candidate=was, seed=1, drawn_at=at - timedelta(hours=3), incident=shown, verdict=verdict,
        judged_by=operator if verdict else None, revealed_at=at, given_up=given_up,
    )  # fmt: skip
    held.end_exercise(at=at)
    held.save()


def test_a_supervisor_reads_what_all_of_them_come_to(live, zone, alice, sam, screenshot):
    cases = [("sampled", "false", ""), ("sampled", "real", ""), ("injected", "real", ""), ("injected", "authorised", ""),
             ("sampled", "", "urgent"), ("sampled", "cannot_tell", "")]  # fmt: skip
    for number, (kind, verdict, given_up) in enumerate(cases):
        judged(zone, alice, hours=2 + 3 * number, kind=kind, verdict=verdict, given_up=given_up)
    known = scenes.with_evidence(zone, at=clock.now() - timedelta(days=20))
    KnownIntrusion.objects.create(organisation=zone.organisation, candidate=known, added_by=sam, added_at=clock.now())
    for theme in ("dark", "light"):
        page = live.log_in(sam, "/console/audit/", color_scheme=theme)
        expect(page.get_by_role("heading", name="Blind audit")).to_be_visible()
        expect(page.get_by_text("too few to say").first).to_be_visible()
        screenshot(page, f"audit-results-{theme}-1366", full=True)
        page.set_viewport_size(PHONE["viewport"])
        screenshot(page, f"audit-results-{theme}-390", full=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Take out of use").click()
    expect(page.get_by_role("button", name="Use again")).to_be_visible()
    assert live.trouble == []
