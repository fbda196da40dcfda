"""The wall in a real browser: what a supervisor sees at once, what they can do about it, and what it says when it cannot know."""

from __future__ import annotations

from playwright.sync_api import expect

from cameras.actions import muting
from incidents import actions
from incidents.models import Incident, Looking, Note
from soc.core import clock
from soc.core.models import Event
from tests import factories as make
from tests.browser.axe import violations
from tests.browser.conftest import LISTEN, URGENT, until
from tests.console.wall.night import night

BIG = {"width": 1920, "height": 1080}
DESK = {"width": 1366, "height": 768}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}


def test_a_supervisor_sees_the_night(live, organisation, sam, screenshot):
    page = live.log_in(sam, "/console/wall/", viewport=BIG)
    expect(page.get_by_text("Nobody is on shift: what comes in")).to_be_visible()
    screenshot(page, "wall-empty-dark-1920")
    night(organisation, sam, at=clock.now())
    expect(page.get_by_text("feed paused")).to_be_visible()
    expect(page.get_by_text("snoozed, Loading yard")).to_be_visible()
    screenshot(page, "wall-dark-1920")
    page.emulate_media(color_scheme="light")
    screenshot(page, "wall-light-1920")
    page.set_viewport_size(DESK)
    screenshot(page, "wall-light-1366", full=True)
    page.emulate_media(color_scheme="dark")
    screenshot(page, "wall-dark-1366")
    phone = live.log_in(sam, "/console/wall/", **PHONE)
    screenshot(phone, "wall-dark-390", full=True)
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    phone.close()
    assert violations(page) == []
    assert live.trouble == []


def test_a_silent_watch_follows_and_tells_nobody(live, organisation, sam, alice, site, zone, screenshot):
    incident = make.make_incident(make.make_candidate(zone=zone, at=clock.now()), at=clock.now())
    Incident.objects.filter(pk=incident.pk).update(offered_to=alice)
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    token = actions.claim(incident.pk, by=alice, at=clock.now()).token
    theirs = live.log_in(alice, f"/console/incidents/{incident.pk}/")
    page = live.log_in(sam, "/console/wall/", viewport=DESK)
    page.get_by_role("link", name="Watch what Ines is on").click()
    expect(page.get_by_text("You watch what Ines is on")).to_be_visible()
    expect(page.get_by_role("heading", name="Person in Yard")).to_be_visible()
    assert page.locator("form").count() == 0, "there is something to press"
    actions.decide(incident.pk, verdict="real", token=token, by=alice, at=clock.now())
    expect(page.get_by_text("Decided at")).to_be_visible()  # by itself, even where the page did not listen yet
    actions.add_note(incident.pk, text="Two at the gate", by=alice, at=clock.now())
    expect(page.get_by_text("Two at the gate")).to_be_visible()
    # What could not be told of, and an event that asks every page to look anew.
    Note(site=site, incident=incident, text="One has left", by=alice, at=clock.now()).save()
    muting.start_storm(organisation, sites=[], minutes=30, reason="Gale", by=sam, at=clock.now())
    expect(page.get_by_text("One has left")).to_be_visible()
    screenshot(page, "watch-dark-1366")
    assert violations(page) == []
    looking = Looking.objects.get(incident=incident, user=sam)
    assert looking.silent
    assert theirs.get_by_text("Joel", exact=True).count() == 0
    expect(theirs.get_by_text("Only you are looking")).to_be_visible()
    assert Event.objects.filter(kind="incident.watched", subject_id=incident.pk, by=sam).count() == 1
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Queue age against target")).to_be_visible()
    assert live.trouble == []


# As browsers are where nobody has set them up: nothing sounds before a press on the page.
SHUT = """window.AudioContext = class extends AudioContext {
  constructor() { super(); this.suspend(); }
  resume() { return navigator.userActivation.hasBeenActive ? super.resume() : new Promise(() => {}); }
};"""
SOUNDED = "Number(document.body.dataset.sounded ?? 0)"


def test_supervisors_hear_what_no_operator_claims_in_time_until_somebody_has_it(
    live, organisation, sam, alice, zone, screenshot
):
    incident = make.make_incident(make.make_candidate(zone=zone, at=clock.now()), at=clock.now())
    rows = Incident.objects.filter(pk=incident.pk)
    rows.update(escalation=1, claim_by=None, supervisor_by=None, oncall_by=None)
    wall = live.log_in(sam, "/console/wall/", viewport=DESK)
    wall.add_init_script(SHUT)
    wall.reload()
    off, on = wall.get_by_role("button", name="Sound blocked: press a key"), wall.get_by_role("button", name="Sound on")
    expect(off).to_be_visible()
    screenshot(wall, "wall-sound-blocked-dark-1366", light=True)
    wall.set_viewport_size({"width": 390, "height": 844})
    screenshot(wall, "wall-sound-blocked-dark-390")
    assert wall.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    wall.set_viewport_size(DESK)
    off.click(delay=300)  # as a hand does it: the press itself must not mute what it lets sound
    expect(on).to_be_visible()
    desk, operators = live.log_in(sam, "/console/"), live.log_in(alice, "/console/")
    for page in (desk, operators):  # neither is on shift
        expect(page.locator(f"#q-{incident.pk}")).to_be_visible()
        page.locator("#sound").click()
        expect(page.locator("body")).to_have_attribute("data-sound", "on")
    wall.evaluate(LISTEN)
    assert (wall.evaluate(SOUNDED), desk.evaluate(SOUNDED)) == (0, 0)
    rows.update(supervisor_by=clock.now())
    until(wall, "heard.length >= 6")
    assert wall.evaluate("heard.slice(0, 6)") == 2 * URGENT
    until(desk, f"{SOUNDED} >= 2")
    expect(operators.locator(f"#q-{incident.pk}")).to_contain_text("shown to supervisors")
    assert operators.evaluate(SOUNDED) == 0
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    actions.claim(incident.pk, by=alice, at=clock.now())
    expect(wall.get_by_role("link", name="Watch what Ines is on")).to_be_visible()
    until(wall, "performance.now() - heardAt > 2500")  # the next three would have been heard
    assert live.trouble == []


def test_a_supervisor_gives_an_incident_away_by_keyboard_and_uses_a_control(live, organisation, sam, screenshot):
    here = night(organisation, sam, at=clock.now())
    page = live.log_in(sam, "/console/wall/", viewport=DESK)
    page.get_by_role("link", name="Give what Mara is on to somebody else").press("Enter")
    expect(page.get_by_label("To", exact=True)).to_be_focused()
    page.get_by_label("To", exact=True).select_option(label="Noel")
    page.get_by_label("Reason").fill("Mara has had too much")
    screenshot(page, "wall-assign-dark-1366")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Watch what Noel is on")).to_be_visible()
    assert Incident.objects.get(pk=here.held[1].pk).owner == here.people["Noel"]
    page.get_by_role("link", name="on, press to stop").click()
    page.get_by_label("Reason").fill("the guard firm is on strike")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Dispatch is stopped")).to_be_visible()
    expect(page.get_by_text("by Joel,")).to_be_visible()
    screenshot(page, "wall-stopped-dark-1366", full=True)
    live.stop("web")
    expect(page.get_by_text("No contact since")).to_be_visible()
    screenshot(page, "wall-lost-dark-1366")
    live.start("web")
    expect(page.get_by_text("No contact since")).to_be_hidden()
