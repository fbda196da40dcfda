"""A night at the desk from its first key to its last: tests, hand-over, are you there, a tab that sleeps, the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from incidents import actions
from incidents.models import Incident, Looking, Shift
from incidents.models.incident import State
from soc.core import clock
from soc.core.models import Event
from tests import factories as make
from tests.browser.conftest import until

WORDS = "The gate at Pinewick sticks: the guard knows. Mrs Kell calls back at six about the new cleaner."


@pytest.fixture
def evening(zone, other_site, customer, organisation, dave, sam):
    """Dave has just left; one incident waits, one is parked, a camera is dark."""
    now = clock.now()
    actions.start_shift(user=dave, organisation=organisation, at=now - timedelta(hours=8))
    parked = actions.claim(make.make_incident(site=other_site, at=now, priority=2).pk, by=dave, at=now)
    actions.park(
        parked.pk, reason="the keyholder comes", until=now + timedelta(minutes=20), token=parked.token, by=dave, at=now
    )
    actions.end_shift(user=dave, at=now - timedelta(minutes=4), last_words=WORDS)
    make.make_zone(make.make_camera(customer.sites.get(), "Rear fence", health="offline"))
    return make.make_incident(zone=zone, at=now)


def takes_on(page: Page) -> None:
    """By keys alone, with the microphone of this browser, which beeps."""
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Start shift", exact=True)).to_be_visible()
    expect(page.get_by_text("The gate at Pinewick sticks")).to_be_visible()


def test_a_shift_is_begun_by_keys_alone(live, evening, alice, screenshot):
    page = live.log_in(alice, "/console/", viewport={"width": 1366, "height": 768})
    page.wait_for_selector("#feed-age:has-text('Feed 0')")
    takes_on(page)
    screenshot(page, "shift-start-dark-1366")
    page.keyboard.press("Enter")
    expect(page.locator(".begin-go .said")).to_contain_text("Play the three tones")
    sounded = page.evaluate("Number(document.body.dataset.sounded ?? 0)")
    page.keyboard.press("T")
    until(page, f"Number(document.body.dataset.sounded) > {sounded}")
    page.keyboard.press("Y")
    page.keyboard.press("V")
    expect(page.get_by_text("It hears you.")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".begin-go .said")).to_contain_text("Take on each item first")
    items = page.locator(".take")
    count = items.count()
    assert count == 3
    for n in range(count):
        expect(page.locator("[data-left]")).to_have_text(f"{n} of {count} taken on")
        page.keyboard.press("A")
    page.click("[data-theme-toggle]")
    screenshot(page, "shift-start-light-1366")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, "shift-start-light-390")
    page.set_viewport_size({"width": 1366, "height": 768})
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    shift = Shift.objects.get(user=alice)
    assert (shift.microphone, shift.sound_heard_at is not None) == ("ok", True)
    assert all(item["accepted_at"] for item in shift.hand_over.items)
    assert live.trouble == []


def test_one_who_does_nothing_is_asked_and_the_first_key_only_answers(live, zone, alice, organisation, screenshot):
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    incident = make.make_incident(zone=zone, at=clock.now())
    page = live.log_in(alice, "/console/")
    expect(page.get_by_text("You are alone at the desks.")).to_be_visible()
    expect(page.get_by_role("button", name="Claim")).to_be_visible()
    screenshot(page, "shift-alone-dark-1366")
    for n, key in enumerate(("Enter", "r"), 1):
        Shift.objects.update(active_at=clock.now() - timedelta(minutes=6))
        expect(page.get_by_text("Are you there?")).to_be_visible()
        screenshot(page, "shift-asked-dark-1366")
        page.keyboard.press(key)
        expect(page.get_by_text("Are you there?")).to_have_count(0)
        until(page, lambda answers=n: Event.objects.filter(kind="shift.answered").count() == answers)
        incident.refresh_from_db()
        assert (incident.claimed_at is None, incident.verdict) == (key == "Enter", ""), (
            "it answered, and did nothing else"
        )
        if key == "Enter":
            page.keyboard.press("Enter")
            expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    assert Looking.objects.get(incident=incident).user == alice
    assert live.trouble == []


def test_a_tab_out_of_sight_loses_an_untouched_claim_to_somebody_awake_within_twenty_seconds(
    live, zone, alice, dave, organisation, screenshot
):
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    page = live.log_in(alice, "/console/")
    incident = make.make_incident(zone=zone, at=clock.now())
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    actions.start_shift(user=dave, organisation=organisation, at=clock.now())
    other = live.log_in(dave, "/console/")
    page.evaluate(
        "Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    hidden = timezone.now()
    expect(other.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible(timeout=22_000)
    came = Event.objects.get(kind="incident.left_lying").at
    assert (came - hidden).total_seconds() < 20
    other.keyboard.press("Enter")
    expect(other.get_by_text("Does this person belong here?")).to_be_visible()
    expect(page.locator("#incident[data-mine=no]")).to_be_visible()
    screenshot(page, "shift-slept-dark-1366")
    found = Incident.objects.get(pk=incident.pk)
    assert (found.state, found.owner) == (State.CLAIMED, dave)
    assert live.trouble == []


def test_whoever_logs_out_holding_an_incident_reads_why_they_cannot(live, zone, alice, organisation, screenshot):
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    incident = actions.claim(make.make_incident(zone=zone, at=clock.now()).pk, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    held = page.locator(f"#q-{incident.pk}")
    expect(held).to_contain_text("yours")
    expect(held).not_to_have_attribute("aria-current", "true")  # what is held was told, and takes nothing's place
    expect(page.get_by_text("Nobody leaves holding an incident.")).to_be_visible()
    screenshot(page, "shift-holds-dark-1366")
    page.get_by_role("link", name=incident.reference).click()
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    assert live.trouble == []


def test_a_shift_ends_with_last_words_and_a_break_with_a_key(live, alice, dave, organisation, screenshot):
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    actions.start_shift(user=dave, organisation=organisation, at=clock.now())
    page = live.log_in(alice, "/console/")
    page.get_by_role("link", name="Break, end shift").click()
    expect(page.get_by_role("heading", name="Leave the desk")).to_be_visible()
    screenshot(page, "shift-end-dark-1366")
    page.keyboard.press("2")
    expect(page.get_by_text("Nothing is offered to you.")).to_be_visible()
    screenshot(page, "shift-break-dark-1366")
    page.get_by_role("button", name="Back now").click()
    expect(page.get_by_text("Nothing is offered to you.")).to_have_count(0)
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="End your shift before you log out")).to_be_visible()
    page.keyboard.press("n")
    page.keyboard.type("All quiet since three.")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(page, "shift-end-dark-390")
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_visible()
    assert Shift.objects.get(user=alice).last_words == "All quiet since three."
    assert live.trouble == []
