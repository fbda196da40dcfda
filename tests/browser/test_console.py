"""The console in a real browser: pushed, claimed, decided and closed with keys alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from bench.desk import begin_shift
from incidents.models.incident import State
from soc.core import clock
from tests import factories as make
from tests.browser.conftest import LISTEN, URGENT, until


@pytest.fixture
def console(live, alice, zone, screenshot):
    """Alice's console, shift started by its key."""
    page = live.log_in(alice, "/console/")
    expect(page.get_by_role("heading", name="Start shift to receive incidents")).to_be_visible()
    screenshot(page, "console-no-shift-dark-1366")
    page.wait_for_selector("#feed-age:has-text('Feed 0')")
    page.keyboard.press("Enter")
    begin_shift(page)
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    return page


def test_an_incident_is_pushed_claimed_decided_and_closed_by_keys_alone(live, console, alice, zone, screenshot):
    page = console
    screenshot(page, "console-quiet-dark-1366")
    expect(page.locator("body")).to_have_attribute("data-sound", "on")
    page.evaluate(LISTEN)
    candidate = make.make_candidate(zone=zone, at=clock.now())
    candidate.snapshot = make.make_media(zone.site, content=make.picture(768, 432), started_at=candidate.captured_at)
    candidate.save()
    incident = make.make_incident(candidate)

    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    expect(page.locator("#queue .q")).to_contain_text("for you")
    expect(page.locator("#assertive")).to_have_text("For you: Person in Yard, Pinewick Depot")
    expect(page.locator("evidence-loop .box")).to_be_visible()
    screenshot(page, "console-offer-dark-1366")
    until(page, "heard.length >= 6")  # it sounds until it is claimed
    assert page.evaluate("heard.slice(0, 6)") == 2 * URGENT
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    expect(page.locator("#queue .q")).to_contain_text("yours")
    tones, claimed = page.evaluate("[heard.length, performance.now()]")
    screenshot(page, "console-claimed-dark-1366")
    page.keyboard.press("F")
    expect(page.get_by_text("Who or what was it?")).to_be_visible()
    screenshot(page, "console-false-dark-1366")
    page.keyboard.press("1")
    expect(page.get_by_label("Animal")).to_be_checked()
    page.keyboard.press("Escape")  # left and opened again: what was said with the verdict stays said
    expect(page.locator("#panel-close")).to_be_hidden()
    page.keyboard.press("o")
    expect(page.get_by_label("Animal")).to_be_checked()
    page.keyboard.press("g")
    page.keyboard.type("A fox crossed the yard.")
    page.keyboard.press("Escape")
    screenshot(page, "console-close-dark-1366")
    until(page, f"performance.now() > {claimed} + 2500")  # the next three would have been heard
    assert page.evaluate("heard.length") == tones
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()

    incident.refresh_from_db()
    assert (incident.state, incident.outcome, incident.owner) == (State.CLOSED, "false.animal", alice)
    assert incident.summary == "A fox crossed the yard."
    assert incident.painted_by == "browser"
    stamps = [incident.captured_at, incident.queued_at, incident.painted_at, incident.claimed_at, incident.closed_at]
    assert stamps == sorted(stamps)
    assert incident.evidence_shown_at
    assert live.trouble == []


def test_an_operator_logs_in_with_the_form_and_stands_before_the_desk(live, alice, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]  # as the web process has it
    alice.set_password(make.PASSWORD)
    alice.save()
    page = live.page()
    page.goto(f"{live.url}/login/")
    page.get_by_label("User name").fill(alice.username)
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Start shift to receive incidents")).to_be_visible()
