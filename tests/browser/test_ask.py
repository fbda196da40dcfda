"""“Ask it” and “why” in a real browser: one story, on a desk and on a telephone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cameras.actions.policies import keep_draft, publish
from soc.core import clock
from tests import factories as make
from tests.browser import scenes
from tests.browser.test_readiness import PHONE, fits

WEEK = [{"day": day, "from": "19:00", "to": "07:00"} for day in range(7)]


@pytest.fixture
def month(site, other_site, zone, camera, sam):
    """A site with a policy, a draft that would lengthen a limit, and what was noticed in the last days."""
    at = clock.now().replace(hour=2, minute=10, second=4)
    publish(site, {"schedule": {"week": WEEK}}, by=None, at=at - timedelta(days=9))
    rule = {"zone": str(zone.pk), "category": "person", "when": "always", "decision": "raise", "dwell_s": 6.0}
    keep_draft(site, {"schedule": {"week": WEEK}, "rules": [rule]}, by=sam, at=at)
    picture = make.make_media(site, content=scenes.jpeg(), started_at=at, at=at)
    for n, decision in enumerate(["raise", "watch", "ignore", "ignore", "raise", "ignore"]):
        when = at - timedelta(hours=9 * n)
        reasons = None if decision == "raise" else [
            {"code": "disarmed", "until": (when + timedelta(hours=3)).isoformat(), "owner": "schedule"},
            {"code": "seen", "category": "person", "score": 0.83},
        ] if decision == "ignore" else [
            {"code": "armed", "until": (when + timedelta(hours=4)).isoformat(), "owner": "schedule"},
            {"code": "seen", "category": "person", "score": 0.83}, {"code": "short_stay", "seconds": 0.8, "limit": 2.0},
        ]  # fmt: skip
        flip = {"code": "dwell", "seconds": 1.2, "decision": "raise"} if decision == "watch" else None
        flip = (
            {"code": "at", "at": (when + timedelta(hours=3)).isoformat(), "decision": "raise"}
            if decision == "ignore"
            else flip
        )
        candidate = make.make_candidate(
            zone=zone, at=when, decision=decision, ordinal=9 - n, policy_version="1-0a1b2c3d", flip=flip, context={},
            snapshot=picture if n != 3 else None, stayed_s=4.8, **({"reasons": reasons} if reasons else {}),
        )  # fmt: skip
        if n == 4:
            make.make_incident(candidate)
    return site


@pytest.mark.parametrize(("look", "options"), [("dark-1366", {}), ("light-390", {**PHONE, "color_scheme": "light"})])
def test_a_question_is_asked_and_what_came_before_is_explained(live, month, sam, screenshot, look, options):
    page = live.log_in(sam, "/console/ask/", **options)
    expect(page.get_by_role("heading", name="Which site?")).to_be_visible()
    page.get_by_label("Site").select_option(label="Pinewick Depot · Pinewick Logistics")  # no button to be pressed
    page.get_by_label("Zone").select_option(label="Yard · Loading yard")
    page.get_by_label("For, in seconds").fill("4.2")
    page.get_by_label("When").fill("2026-11-22T02:10")
    page.get_by_role("button", name="Ask", exact=True).click()
    answers = page.get_by_role("status")
    expect(answers.get_by_text("In force, v1")).to_be_visible()
    expect(answers.get_by_role("heading", name="Raise, urgent")).to_be_visible()
    expect(answers.get_by_text("Would raise with 1.8 more seconds in the zone.")).to_be_visible()
    fits(page)
    screenshot(page, f"ask-{look}", full=True)
    page.get_by_role("link", name="Why", exact=True).click()
    expect(page.get_by_text("6 noticed")).to_be_visible()
    page.get_by_label("Verdict").select_option("ignore")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("3 noticed")).to_be_visible()
    fits(page)
    screenshot(page, f"why-list-{look}", full=True)
    page.get_by_role("link", name="All of it").first.click()
    expect(page.get_by_role("heading", name="What was noticed")).to_be_visible()
    expect(page.get_by_text("4.8 s")).to_be_visible()
    fits(page)
    screenshot(page, f"why-{look}", full=True)
    page.get_by_role("link", name="Ask what would happen now").click()
    expect(page.get_by_role("status").get_by_text("In force, v1")).to_be_visible()
    assert live.trouble == []
