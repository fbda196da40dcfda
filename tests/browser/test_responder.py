"""The responder's page on a phone: every state, dark and light, on the way to the site and out of reach."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from incidents import actions as incidents
from responses import actions
from responses.actions import links
from responses.models import Attempt, Responder
from soc.core import clock
from tests import factories as make
from tests.browser.test_portal import PHONE, no_sideways_scroll, seen

LOOKS_EVERY_MS = 5000  # the page's own rhythm


@pytest.fixture
def incident(zone, alice):
    made = make.make_incident(seen(zone, at=clock.now() - timedelta(seconds=20), film=False))
    return incidents.claim(made.pk, by=alice, at=clock.now())


@pytest.fixture
def call(incident, organisation, alice) -> Attempt:
    guard = Responder.objects.create(organisation=organisation, name="Ivor Penn", phone="+441632960001")
    return actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="k1"
    )[0]


@pytest.fixture
def path(call) -> str:
    return f"/r/{links.token(call.pk)}"


def fresh(call: Attempt) -> Attempt:
    call.refresh_from_db()
    return call


def targets_are_big(page: Page) -> None:
    """56 px for everything that is pressed, and one bright thing at most."""
    low = page.evaluate(
        """[...document.querySelectorAll('a, button, summary')].filter(e => e.offsetParent)
           .filter(e => e.getBoundingClientRect().height < 56).map(e => e.outerHTML.slice(0, 80))"""
    )
    assert low == []
    assert page.locator(".btn--go:visible").count() <= 1


def test_from_the_text_to_the_end_with_one_bright_step_at_a_time(live, call, path, screenshot):
    page = live.page(**PHONE)
    page.goto(live.url + path)
    expect(page.get_by_role("heading", name="18 Tern Lane, Pinewick")).to_be_visible()
    expect(page.get_by_text("then the next one is asked.")).to_contain_text("Answer in 0:")
    expect(page.locator(".cam img")).to_have_js_property("complete", True)
    assert page.locator(".cam img").evaluate("e => e.naturalWidth") > 100
    for press, state, stamp in (
        ("Accept", "offered", "accepted_at"),
        ("I am on my way", "accepted", "on_my_way_at"),
        ("I am here", "on-my-way", "on_site_at"),
        ("Done, I am leaving", "on-site", "left_at"),
    ):
        button = page.get_by_role("button", name=press, exact=True)
        expect(button).to_be_visible()
        no_sideways_scroll(page)
        targets_are_big(page)
        screenshot(page, f"responder-{state}-dark-390", light=True)
        screenshot(page, f"responder-{state}-dark-390-full", full=True, light=True)
        button.click()
        expect(button).to_be_hidden()
        assert getattr(fresh(call), stamp)
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    expect(page.get_by_text("18 Tern Lane")).to_be_hidden()
    screenshot(page, "responder-done-dark-390", light=True)
    assert live.trouble == []


def test_to_say_no_takes_two_presses_and_ends_it(live, call, path, screenshot):
    page = live.page(**PHONE)
    page.goto(live.url + path)
    page.get_by_text("I cannot come", exact=True).click()
    sure = page.get_by_role("button", name="Yes, I cannot come")
    expect(sure).to_be_visible()
    targets_are_big(page)
    screenshot(page, "responder-declining-dark-390", light=True)
    assert fresh(call).declined_at is None
    sure.click()
    expect(page.get_by_role("heading", name="You cannot come")).to_be_visible()
    screenshot(page, "responder-declined-dark-390", light=True)
    assert fresh(call).declined_at
    assert live.trouble == []


def test_the_page_works_without_its_script(live, call, path):
    page = live.page(java_script_enabled=False, **PHONE)
    page.goto(live.url + path)
    expect(page.get_by_text("Answer until")).to_be_visible()
    for press in ("Accept", "I am on my way", "I am here", "Done, I am leaving"):
        page.get_by_role("button", name=press, exact=True).click()
    expect(page.get_by_role("heading", name="Thank you")).to_be_visible()
    assert fresh(call).left_at


def test_an_incident_that_is_closed_meanwhile_says_so_by_itself_and_then_the_link_ends(
    live, call, path, incident, alice, screenshot
):
    late = live.page(**PHONE)
    late.clock.install()
    late.goto(live.url + path)
    actions.answer_link(links.token(call.pk), "accept", at=clock.now())
    late.clock.fast_forward(LOOKS_EVERY_MS)
    expect(late.get_by_role("button", name="I am on my way")).to_be_visible()
    incidents.decide(incident.pk, verdict="false", token=incident.token, by=alice, at=clock.now())
    incidents.close(
        incident.pk, outcome="false.animal", site_state="secure", summary="", token=incident.token, by=alice,
        at=clock.now(),
    )  # fmt: skip
    late.clock.fast_forward(LOOKS_EVERY_MS)
    expect(late.get_by_text("The desk has closed this incident.")).to_be_visible()
    screenshot(late, "responder-closed-dark-390", light=True)
    Attempt.objects.filter(pk=call.pk).update(accepted_at=None)
    late.clock.fast_forward(LOOKS_EVERY_MS)
    expect(late.get_by_role("heading", name="You are no longer needed")).to_be_visible()
    screenshot(late, "responder-settled-dark-390", light=True)
    Attempt.objects.filter(pk=call.pk).update(created_at=clock.now() - timedelta(hours=4))
    late.clock.fast_forward(LOOKS_EVERY_MS)
    expect(late.get_by_role("heading", name="This link has ended")).to_be_visible()
    expect(late.get_by_text("ND-")).to_be_hidden()
    targets_are_big(late)
    screenshot(late, "responder-ended-dark-390", light=True)


def test_without_a_connection_the_page_says_how_old_it_is_and_that_nothing_was_sent(live, call, path, screenshot):
    page = live.page(**PHONE)
    page.goto(live.url + path)
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    page.context.set_offline(True)
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("No connection. This is how it was at")
    screenshot(page, "responder-offline-dark-390", light=True)
    page.get_by_role("button", name="Accept").click()
    expect(banner).to_contain_text("Not sent: no connection.")
    no_sideways_scroll(page)
    screenshot(page, "responder-unsent-dark-390", light=True)
    assert fresh(call).accepted_at is None
    page.context.set_offline(False)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("button", name="I am on my way")).to_be_visible()
    expect(banner).to_be_hidden()
    assert fresh(call).accepted_at


def test_a_quiet_alarm_without_a_picture_or_an_answer_in_time(live, site, organisation, alice, screenshot):
    site.hazards = site.entrance = site.instructions = ""
    site.save()
    at = clock.now() - timedelta(minutes=3)
    made = make.make_incident(site=site, category="hold_up", at=at)
    made = incidents.claim(made.pk, by=alice, at=at)
    guard = Responder.objects.create(organisation=organisation, name="Ivor Penn", phone="+441632960001")
    call = actions.send_responder(
        made.pk, responder_id=guard.pk, token=made.token, by=alice, at=clock.now(), dedup="q"
    )[0]
    Attempt.objects.filter(pk=call.pk).update(answer_by=clock.now() + timedelta(seconds=2))
    page = live.page(**PHONE)
    page.goto(f"{live.url}/r/{links.token(call.pk)}")
    expect(page.get_by_text("Quiet alarm.")).to_be_visible()
    expect(page.get_by_text("There is no picture of this.")).to_be_visible()
    expect(page.get_by_text("The next one is being asked. You can still accept.")).to_be_visible()
    screenshot(page, "responder-quiet-dark-390")
    assert live.trouble == []


@pytest.mark.parametrize("width", [320, 844])
def test_the_page_fits_a_narrow_phone_and_one_held_across(live, call, path, screenshot, width):
    page = live.page(viewport={"width": width, "height": 390 if width > 390 else 640})
    page.goto(live.url + path)
    expect(page.get_by_role("button", name="Accept")).to_be_visible()
    no_sideways_scroll(page)
    targets_are_big(page)
    screenshot(page, f"responder-offered-dark-{width}", full=True)
