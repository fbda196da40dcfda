"""What an operator does, by keys alone: take back, describe, dispatch, find a command, keep a draft; and who comes too late."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from incidents import actions, subjects
from incidents.models import CallNote, Description, Incident
from incidents.models.incident import State
from responses.defaults import publish_defaults
from responses.models import Attempt, Relay, Responder
from soc.core import clock
from tests import factories as make
from tests.browser.conftest import until

NARROW = {"width": 390, "height": 844}
DRAFTS = "Object.keys(localStorage).filter((key) => key.startsWith('nightdesk.draft.'))"

NEXT_IN_SIGHT = """(() => {
  const box = (found) => document.querySelector(found).getBoundingClientRect();
  const room = box(".do .scroll"), next = box("[data-bright]");
  return next.top >= room.top - 1 && next.bottom <= room.bottom + 1;
})()"""


@pytest.fixture
def incident(zone, alice, organisation) -> Incident:
    """Offered to alice, who sits at her desk."""
    publish_defaults(organisation, at=make.NIGHT)
    Responder.objects.create(
        organisation=organisation, name="Tern Lane guards", phone="+441632960001", kind="guard", minutes=9
    )
    Responder.objects.create(
        organisation=organisation, name="Dana Whitlock", phone="+441632960002", kind="keyholder", rank=2, minutes=12
    )
    make.make_camera(zone.site, "North gate")
    address = "http://127.0.0.1:9/onvif/device_service"
    Relay.objects.create(site=zone.site, kind="siren", name="Siren", address=address, output="1", goes_back=True)
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    candidate = make.make_candidate(zone=zone, at=clock.now())
    candidate.snapshot = make.make_media(zone.site, content=make.picture(768, 432), started_at=candidate.captured_at)
    candidate.save()
    return make.make_incident(candidate)


@pytest.fixture
def desk(live, alice, incident) -> Page:
    """Her console, the incident claimed."""
    page = live.log_in(alice, "/console/")
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    return page


def shots(page: Page, name: str, screenshot) -> None:
    """Both themes, at a desk and in a hand; the rules of accessibility are asked with each picture."""
    wide = page.viewport_size
    assert wide is not None
    for size in ({**wide}, NARROW):
        page.set_viewport_size(size)  # type: ignore[arg-type]
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme)
            screenshot(page, f"doing-{name}-{theme}-{size['width']}")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size(wide)


def test_a_night_of_second_thoughts_by_keys_alone(live, desk, incident, alice, screenshot):
    page = desk
    # A verdict is taken back within its eight seconds.
    page.keyboard.press("R")
    ring = page.locator("#undo")
    expect(ring).to_contain_text("Marked “real”")
    page.keyboard.press("Z")
    expect(page.locator("[data-bright]")).to_contain_text("Does this person belong here?")
    expect(ring.locator("form")).to_have_count(0)
    page.keyboard.press("R")
    expect(ring).to_contain_text("Marked “real”")
    shots(page, "undo", screenshot)

    # At twice the size nothing lies over anything, and what a key opens comes into sight.
    page.set_viewport_size({"width": 960, "height": 540})
    until(page, "[...document.querySelectorAll('#top > *')].every((one) => one.scrollWidth <= one.clientWidth + 1)")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.keyboard.press("F")
    expect(page.locator("#panel-false h2")).to_be_in_viewport()
    screenshot(page, "doing-zoomed-dark-960")
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1366, "height": 768})

    # Who is seen, by single keys: one man, a red jacket, a black bag, no weapon, towards the north gate.
    page.keyboard.press("G")
    card = page.locator("who-card")
    expect(card).to_be_visible()
    for key in "11":
        page.keyboard.press(key)
    for key in "1R":
        page.keyboard.press(key)
    expect(card.locator('[data-ask="clothing"]')).to_contain_text("red jacket")
    page.keyboard.press("Enter")  # what they do is passed over
    for key in "2B":
        page.keyboard.press(key)
    shots(page, "card", screenshot)
    page.keyboard.press("1")
    page.keyboard.press("6")
    page.keyboard.press("S")
    expect(page.locator(".seen")).to_contain_text("One man, red jacket, black bag, no weapon seen, towards North gate")
    assert subjects.sentence(Description.objects.get()).startswith("one man, red jacket")

    # The dispatch shows the exact address and number, and what is said.
    page.keyboard.press("C")
    panel = page.locator("#panel-send")
    for words in ("18 Tern Lane, Pinewick", "Gate lane, east side", "+441632960001", "one man, red jacket"):
        expect(panel).to_contain_text(words)
    page.keyboard.press("2")
    expect(panel.locator("[data-called]")).to_have_text("Dana Whitlock, +441632960002")
    shots(page, "send", screenshot)
    page.keyboard.down("D")
    expect(panel.locator("[data-hold][data-held]")).to_be_visible()
    page.keyboard.up("D")  # let go too soon: nothing is sent
    expect(panel.locator("[data-hold][data-held]")).to_have_count(0)
    assert not Attempt.objects.exists()
    page.keyboard.press("Y")
    expect(page.locator(".sent")).to_contain_text("Dana Whitlock")
    assert Attempt.objects.filter(responder__name="Dana Whitlock", kind="call").count() == 1
    page.keyboard.press("Z")  # it is too late for the verdict now
    expect(ring.locator("form")).to_have_count(0)

    # A draft outlives the page.
    page.keyboard.press("N")
    page.keyboard.type("Dark jacket, on foot, came past the lamp post.")
    expect(page.locator(".notes [data-draft]")).to_contain_text("Draft kept")
    page.evaluate(
        "localStorage.setItem('nightdesk.draft.another.x', JSON.stringify({text: 'Theirs.', at: Date.now()}))"
    )
    page.reload()
    until(page, "!localStorage.getItem('nightdesk.draft.another.x')")  # whoever sat here before leaves nothing to read
    expect(page.locator("#note")).to_have_value("Dark jacket, on foot, came past the lamp post.")
    expect(page.locator(".notes [data-draft]")).to_contain_text("Draft kept")
    page.keyboard.press("N")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".kept")).to_contain_text("Dark jacket, on foot")
    expect(page.locator("#note")).to_have_value("")
    until(page, f"!{DRAFTS}.length")
    page.keyboard.press("Escape")

    # A siren is chosen by its name; a promised call is noted without leaving the incident.
    page.keyboard.press(".")
    expect(page.locator("#panel-switch")).to_contain_text("Siren: on, it ends by itself")
    screenshot(page, "doing-switch-dark-1366")
    page.keyboard.press("1")
    expect(page.locator(".sent")).to_contain_text("Siren: on")
    # A step is left out by a key, and says why; it is taken back like a verdict.
    step = page.locator("[data-bright] h2").inner_text()
    page.keyboard.press("-")
    expect(page.locator("#panel-skip")).to_contain_text(step)
    for _back in range(2):
        page.keyboard.press("Escape")
    expect(page.locator("#panel-skip")).to_be_hidden()
    until(page, NEXT_IN_SIGHT)
    page.keyboard.press("-")
    page.keyboard.type("nobody is near the speaker")
    page.keyboard.press("Enter")
    skipped = page.locator(".step--done", has_text="Skipped: nobody is near the speaker")
    expect(skipped).to_contain_text(step)
    expect(skipped.locator("use")).to_have_attribute("href", "#i-x")  # not ticked
    until(page, NEXT_IN_SIGHT)  # four steps are done before it
    screenshot(page, "doing-skipped-dark-1366")
    page.set_viewport_size(NARROW)
    assert page.locator("[data-bright] .link").bounding_box()["height"] >= 44
    page.set_viewport_size({"width": 1366, "height": 768})
    page.keyboard.press("Z")
    expect(skipped).to_have_count(0)
    page.keyboard.press("+")
    page.keyboard.type("Dana Whitlock")
    page.keyboard.press("Tab")
    page.keyboard.type("how it ended")
    for _back in range(2):
        page.keyboard.press("Escape")
    expect(page.locator("#panel-call")).to_be_hidden()
    page.keyboard.press("+")  # left half-written, it goes on where it was
    expect(page.get_by_label("What about")).to_have_value("how it ended")
    expect(page.locator("#panel-call [data-draft]")).to_contain_text("Draft kept")
    screenshot(page, "doing-call-dark-1366")
    page.keyboard.press("Enter")
    expect(page.locator("#panel-call")).to_be_hidden()
    assert CallNote.objects.get().incident == incident
    assert page.evaluate(DRAFTS) == []

    # A command by its name teaches its key; what is not possible says why.
    page.keyboard.press("Control+k")
    palette = page.locator("#palette")
    expect(palette).to_be_visible()
    expect(palette.get_by_role("option", name="Undo what you did last")).to_have_attribute("aria-disabled", "true")
    expect(palette).to_contain_text("Nothing of yours can be taken back now.")
    expect(palette.get_by_role("option", name="Break, end shift")).to_be_attached()
    shots(page, "palette", screenshot)
    page.keyboard.type("outc")
    page.keyboard.press("Enter")
    expect(page.get_by_text("How did it end?")).to_be_visible()
    expect(page.locator("#polite")).to_have_text("Next time: press O.")
    page.keyboard.press("2")
    expect(page.locator("#seen-as")).to_have_value("intruder")
    page.keyboard.press("S")
    shots(page, "close", screenshot)
    page.keyboard.press("1")
    expect(page.locator("#seen-as")).to_have_value("employee")  # said by hand: it does not follow any more
    page.keyboard.press("Enter")
    expect(page.locator("#undo")).to_contain_text("Closed: ")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    shots(page, "closed", screenshot)
    incident.refresh_from_db()
    assert (incident.state, incident.seen_as) == (State.CLOSED, "employee")
    page.keyboard.press("Z")  # from the quiet desk
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    incident.refresh_from_db()
    assert (incident.state, incident.owner) == (State.WORKING, alice)
    assert [said for said in live.trouble if "/console/pack/" not in said] == []


def test_whoever_presses_too_late_reads_what_happened_and_what_to_do(live, desk, incident, sam, screenshot):
    page = desk
    taken = actions.take_over(incident.pk, by=sam, at=clock.now())
    expect(page.get_by_role("heading", name="Joel has this incident")).to_be_visible()
    actions.decide(incident.pk, verdict="false", token=taken.token, by=sam, at=clock.now())
    # As a page does that has not heard of it yet: its press has the token from before.
    page.evaluate(
        """(pk) => {
            const form = document.createElement("form");
            form.method = "post";
            form.dataset.act = "";
            form.action = `/console/incidents/${pk}/decide/`;
            const given = { csrfmiddlewaretoken: document.body.dataset.csrf, token: "1", verdict: "real" };
            for (const [name, value] of Object.entries(given)) {
                form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
            }
            document.querySelector(".bar").append(form);
            form.requestSubmit();
        }""",
        str(incident.pk),
    )
    said = page.locator("[data-bright] .said")
    expect(said).to_contain_text("Joel has this incident now. Nothing was changed. Meanwhile:")
    expect(said).to_contain_text("Joel decided: false alarm. Press J for what is next")
    shots(page, "stale", screenshot)


def test_own_keys_press_and_are_shown_and_single_keys_can_be_switched_off(live, alice, incident, screenshot):
    actions.claim(incident.pk, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/keys/")
    page.get_by_label("Your key for: Real", exact=True).fill("x")
    shots(page, "own-keys", screenshot)
    page.get_by_label("Your key for: Suspicious").fill("x")
    page.get_by_role("button", name="Keep these keys").click()
    expect(page.get_by_role("alert")).to_contain_text("X would press two commands")
    page.get_by_label("Your key for: Suspicious").fill("s")
    page.get_by_role("button", name="Keep these keys").click()
    page.goto(f"{live.url}/console/")
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    choice = page.locator("[data-bright] [value='real']")
    expect(choice.locator("kbd")).to_have_text("X")
    page.keyboard.press("r")  # is nobody's key now
    page.keyboard.press("x")
    expect(page.locator("#undo")).to_contain_text("Marked “real”")

    page.goto(f"{live.url}/console/keys/")
    page.get_by_label("Single keys press what shows them").uncheck()
    page.get_by_role("button", name="Keep these keys").click()
    page.goto(f"{live.url}/console/")
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    expect(page.locator("who-card")).to_be_hidden()
    page.keyboard.type("describe")
    page.keyboard.press("Enter")
    expect(page.locator("who-card")).to_be_visible()
