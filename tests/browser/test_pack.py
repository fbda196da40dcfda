"""A desk without its server: the contingency pack, set, kept and opened in a real browser."""

from __future__ import annotations

from playwright.sync_api import expect

from cameras.models import SiteContact
from incidents import actions
from tests import factories as make
from tests.browser.conftest import until

CHECK = "document.createElement('pack-check')"  # as it stands among the checks of a shift
PHRASE = "lantern harbour quiet mill"


def set_the_phrase(page, phrase: str = PHRASE) -> None:
    page.locator("#phrase").fill(phrase)
    page.locator("#again").fill(phrase)
    page.get_by_role("button", name="Set the phrase").click()
    expect(page.get_by_text("Set by")).to_be_visible()


def test_a_desk_whose_server_is_gone_opens_its_pack_by_the_phrase(live, alice, sam, zone, site, screenshot):
    SiteContact.objects.create(site=site, name="Luis Ferro", role="keyholder", phone="+442079460011")
    incident = make.make_incident(zone=zone)
    card = {"facts": {"count": 1, "build": "man"}, "kind": "person", "subject": 1, "camera": None}
    actions.describe(incident.pk, **card, by=alice, at=make.NIGHT)
    lead = live.log_in(sam, "/console/pack/key/")
    expect(lead.get_by_text("No phrase is set")).to_be_visible()
    lead.locator("#phrase").fill("short")
    lead.locator("#again").fill("short")
    lead.get_by_role("button", name="Set the phrase").click()
    expect(lead.locator("#said")).to_contain_text("twelve characters")
    set_the_phrase(lead)
    screenshot(lead, "pack-key-dark-1366")

    page = live.log_in(alice, "/console/")
    until(page, "caches.open('nightdesk-pack').then((s) => s.match('/console/pack/last.json')).then(Boolean)")
    until(page, "caches.open('nightdesk-pack-page').then((s) => s.match('/console/pack/open/')).then(Boolean)")
    page.evaluate(f"document.body.append(Object.assign({CHECK}, {{innerHTML: '<time></time><span></span>'}}))")
    expect(page.locator("pack-check")).to_contain_text("Contingency pack is 0 min old")
    live.stop("web")
    live.stop("spine")

    page.goto(live.url + "/console/pack/open/")
    expect(page.locator("#made")).to_contain_text(f"for {site.organisation.name}")
    page.locator("#phrase").fill("another phrase than that")
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("does not open it")
    page.locator("#phrase").fill(PHRASE)
    page.keyboard.press("Enter")
    expect(page.locator("#incidents")).to_contain_text(incident.reference)
    expect(page.locator("#incidents")).to_contain_text("Who is seen: one man")
    page.locator("#find").fill("luis")
    page.locator("#sites summary").first.click()
    expect(page.locator("#sites a[href='tel:+442079460011']")).to_be_visible()
    screenshot(page, "pack-open-dark-1366", full=True)
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="light")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    screenshot(page, "pack-open-390", full=True)


def test_a_workstation_without_a_pack_says_so(live, alice):
    page = live.log_in(alice, "/console/pack/open/")
    expect(page.locator("#said")).to_contain_text("No pack lies on this workstation")
