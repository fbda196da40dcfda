"""What lies on the desk: it changes by a key or by what is pushed, never under a finger; what somebody writes there is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, Route, expect

from incidents import actions
from incidents.models import CallNote, Incident
from incidents.models.incident import State
from soc.core import clock
from tests import factories as make
from tests.browser.conftest import until

DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
DRAFTS = "Object.keys(localStorage).filter((key) => key.startsWith('nightdesk.draft.'))"
HAND_MS = 900
# What the desk is about to show, at once, and what it shows.
NEXT = "document.querySelector('#queue [aria-current]')?.id ?? ''"
OPEN = "document.querySelector('#incident')?.dataset.id ?? ''"


def elsewhere(customer, name: str, category: str = "alarm") -> Incident:
    """An incident at another site: a panel's is no urgent one."""
    site = make.make_site(customer, name)
    return make.make_incident(make.make_candidate(site=site, category=category, at=clock.now()))


def lies(page: Page, incident: Incident) -> None:
    expect(page.locator("#incident")).to_have_attribute("data-id", str(incident.pk))


def told(page: Page, incident: Incident) -> None:
    """Something happens to an incident, and this page has heard of it and painted what follows."""
    page.evaluate(f"document.getElementById('q-{incident.pk}').remove()")  # painted anew by what it is told next
    actions.stamp(incident.pk, "audio_sent", at=clock.now())
    until(page, f"document.getElementById('q-{incident.pk}') !== null")
    page.evaluate(DRAWN)


@pytest.fixture
def held(zone, alice) -> Incident:
    incident = make.make_incident(make.make_candidate(zone=zone, at=clock.now()))
    return actions.claim(incident.pk, by=alice, at=clock.now())


def test_an_offer_opened_by_a_key_stays_until_a_key(live, on_shift, alice, dave, held, customer):
    offer = elsewhere(customer, "Mill Lane")
    page = live.log_in(alice, "/console/")
    lies(page, held)
    expect(page.locator(f"#q-{offer.pk}")).to_be_visible()
    page.keyboard.press("j")
    lies(page, offer)
    expect(page.get_by_role("heading", name="Claim it: from then on it is yours")).to_be_visible()
    told(page, held)
    assert page.evaluate(NEXT) == f"q-{offer.pk}", "Enter would be another incident's"
    urgent = elsewhere(customer, "Kiln Road", "hold_up")
    expect(page.locator(f"#q-{urgent.pk}")).to_be_attached()
    actions.claim(offer.pk, by=dave, at=clock.now())
    expect(page.get_by_role("heading", name=f"{dave.sign} has this incident")).to_be_visible()
    assert page.evaluate(NEXT) == f"q-{offer.pk}", "who has it is read, and the next key goes on"
    page.keyboard.press("Enter")
    lies(page, held)
    assert live.trouble == []


def test_what_was_passed_over_by_a_key_does_not_come_back_but_what_is_urgent_comes(
    live, on_shift, alice, sam, customer
):
    first, second = elsewhere(customer, "Mill Lane"), elsewhere(customer, "Weir Street", "offline")
    page = live.log_in(alice, "/console/")
    lies(page, first)
    page.keyboard.press("j")
    lies(page, second)
    told(page, first)
    assert page.evaluate(NEXT) == f"q-{second.pk}"
    urgent = elsewhere(customer, "Kiln Road", "hold_up")
    lies(page, urgent)
    page.keyboard.press("j")
    lies(page, first)
    actions.claim(first.pk, by=sam, at=clock.now())
    expect(page.get_by_role("heading", name=f"{sam.sign} has this incident")).to_be_visible()
    told(page, second)
    assert page.evaluate(NEXT) == f"q-{first.pk}", "who has it is read"
    elsewhere(customer, "Dock Street", "offline")
    lies(page, urgent)
    assert live.trouble == []


def test_a_centre_that_stumbles_is_asked_once_more_and_then_it_is_said(live, on_shift, alice, held, screenshot):
    asked: list[Route] = []

    def stumble(times: int) -> None:
        asked.clear()
        page.unroute_all()
        page.route(f"**/incidents/{held.pk}/", lambda route: (asked.append(route), answer(route, times)))

    def answer(route: Route, times: int) -> None:
        if len(asked) > times:
            route.continue_()
        else:
            route.fulfill(status=500, body="")

    page = live.log_in(alice, "/console/")
    lies(page, held)
    words = page.locator(".bar [data-said]")
    stumble(1)
    actions.add_note(held.pk, text="The first word.", by=alice, at=clock.now())
    expect(page.locator(".kept")).to_contain_text("The first word.")
    assert len(asked) == 2
    stumble(2)
    actions.add_note(held.pk, text="The second word.", by=alice, at=clock.now())
    expect(words).to_contain_text("the centre could not show it anew")
    assert len(asked) == 2, "not again and again"
    screenshot(page, "desk-old-dark-1366")
    actions.add_note(held.pk, text="The third word.", by=alice, at=clock.now())
    expect(page.locator(".kept")).to_contain_text("The third word.")
    expect(words).to_have_text("")

    stumble(99)
    page.goto(f"{live.url}/console/")
    expect(page.get_by_role("heading", name="This incident cannot be shown just now")).to_be_visible()
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        for name, size in {"1366": (1366, 768), "390": (390, 844)}.items():
            page.set_viewport_size({"width": size[0], "height": size[1]})
            screenshot(page, f"desk-failing-{theme}-{name}")
    page.unroute_all()
    page.keyboard.press("y")
    lies(page, held)
    expect(page.locator(".kept")).to_contain_text("The third word.")


def test_what_somebody_writes_of_a_call_is_kept_when_an_incident_opens_over_it(live, on_shift, alice, sam, zone):
    page = live.log_in(alice, "/console/")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    page.keyboard.press("+")
    page.get_by_label("Suspicious caller").check()
    page.get_by_label("Who").click()
    page.keyboard.type("Mr Foster")
    page.get_by_label("What about").click()
    page.keyboard.type("asks for the")
    until(page, f"{DRAFTS}.length === 1")
    incident = make.make_incident(make.make_candidate(zone=zone, at=clock.now()))
    # Who looks at their hands writes on: nothing of it is a command.
    limit = clock.now() + timedelta(seconds=20)
    while page.evaluate(OPEN) != str(incident.pk):
        assert clock.now() < limit
        page.keyboard.press("e")
        page.wait_for_timeout(30)
    written = page.evaluate(f"JSON.parse(localStorage[{DRAFTS}[0]]).words.words")
    for key in ("Enter", "R", "Enter"):
        page.keyboard.press(key)
    page.wait_for_timeout(HAND_MS)  # so long the hand is thought to write on: then keys are commands again
    incident.refresh_from_db()
    assert (incident.state, incident.verdict) == (State.OPEN, "")
    actions.claim(incident.pk, by=sam, at=clock.now())
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    page.keyboard.press("+")
    expect(page.get_by_label("What about")).to_have_value(written)
    expect(page.get_by_label("Who")).to_have_value("Mr Foster")
    expect(page.get_by_label("Suspicious caller")).to_be_checked()
    expect(page.locator(".noting [data-draft]")).to_contain_text("Draft kept")
    page.get_by_role("button", name="Note it").click()
    expect(page.locator(".owed")).to_contain_text("Mr Foster")
    expect(page.get_by_label("Who")).to_have_value("")
    assert CallNote.objects.get().kind == "suspicious"
    assert page.evaluate(DRAFTS) == []
    assert live.trouble == []


def test_a_field_stays_under_the_hand_when_what_is_around_it_changes(live, on_shift, alice, sam, customer):
    silent = actions.claim(elsewhere(customer, "Kiln Road", "hold_up").pk, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    lies(page, silent)
    page.keyboard.press("+")
    page.keyboard.type("Dana ")
    actions.lift_quiet(silent.pk, reason="they have left", by=sam, at=clock.now())
    expect(page.locator("#panel-quiet")).to_have_count(0)  # a panel less: the whole column is another one
    expect(page.locator(".kept")).to_contain_text("they have left")
    page.keyboard.type("Whitlock")
    expect(page.get_by_label("Who", exact=True)).to_have_value("Dana Whitlock")
    expect(page.locator("#panel-call")).to_be_visible()
    silent.refresh_from_db()
    assert (silent.state, silent.verdict) == (State.CLAIMED, ""), "no letter was a command"
    assert live.trouble == []
