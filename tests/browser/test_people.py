"""Arming, expecting and muting by people, in a real browser: a customer's phone, an operator's desk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cameras.actions.arming import arm_by_customer
from cameras.actions.muting import instruct
from cameras.models import AccessWindow, ArmChange, Muting, SiteContact
from incidents import actions
from responses.defaults import publish_defaults
from responses.models import Responder
from soc.core import clock
from tests import factories as make
from tests.browser import nights
from tests.browser.test_portal import PHONE, no_sideways_scroll


@pytest.fixture
def own(site):
    make.set_policy(site, owner="customer", schedule=make.week())
    return site


@pytest.fixture
def luis(site, settings) -> SiteContact:
    """With a hash that the web process, which has the product's own settings, can read."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    contact = SiteContact(site=site, name="Luis Ferro", role="keyholder", phone="+442079460011")
    contact.set_passcode("amber lantern", "grey lantern")
    contact.save()
    return contact


def test_a_customer_expects_a_delivery_disarms_and_takes_it_back_on_a_phone(live, own, zone, luis, carol, screenshot):
    page = live.log_in(carol, "/portal/", **PHONE)
    page.get_by_role("link", name="Expect someone").click()
    page.get_by_text("Delivery", exact=True).click()
    page.get_by_label("Name or firm, if you like").fill("Tern Freight")
    page.get_by_label("People at most").fill("2")
    page.get_by_text("with a vehicle").click()
    expect(page.get_by_label("First day")).to_be_hidden()
    no_sideways_scroll(page)
    screenshot(page, "portal-expect-390", full=True)
    page.get_by_role("button", name="Expect them").click()
    expect(page.get_by_text("Delivery Tern Freight")).to_be_visible()
    assert AccessWindow.objects.get().people == 2
    screenshot(page, "portal-expected-390")

    page.get_by_role("link", name="Back").click()
    page.get_by_role("link", name="Disarm").click()
    expect(page.get_by_role("heading", name="Disarm Pinewick Depot")).to_be_visible()
    expect(page.get_by_text("Arms by itself at").locator("visible=true")).to_have_count(1)
    no_sideways_scroll(page)
    screenshot(page, "portal-disarm-390")
    page.get_by_text("Choose a time").click()
    expect(page.get_by_label("Until", exact=True)).to_be_visible()
    page.get_by_text("1 hour", exact=True).click()
    page.get_by_role("button", name="Disarm for 1 hour").click()
    expect(page.get_by_role("heading", name="Disarmed")).to_be_visible()
    expect(page.get_by_text("Delivery Tern Freight")).to_be_visible()
    no_sideways_scroll(page)
    # A slow machine takes longer to paint than a person to press: the time to undo counts from the page.
    ArmChange.objects.update(at=clock.now())
    page.reload()
    screenshot(page, "portal-undo-390")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Armed", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    assert ArmChange.objects.get().undone_at is not None
    assert live.trouble == []


def test_an_operator_asks_for_passcodes_snoozes_reads_the_instruction_first_and_answers_a_disarm(
    live, own, zone, luis, alice, carol, on_shift, organisation, screenshot
):
    publish_defaults(organisation, at=make.NIGHT)
    Responder.objects.create(organisation=organisation, name="Tern Lane guards", phone="+441632960001", kind="guard")
    page = live.log_in(alice, "/console/")
    page.wait_for_selector("#feed-age:has-text('Feed 0')")
    nights.a_key_at_three(live, page, zone, carol, screenshot)
    nights.he_ignores_the_voice_and_leaves_elsewhere(live, page, zone, carol, screenshot)
    nights.a_caller_lies(live, page, zone, carol, screenshot)
    assert [said for said in live.trouble if "409 (Conflict)" not in said] == []  # wrong words are refused
    live.trouble.clear()
    page.goto(f"{live.url}/console/cover/sites/{own.pk}/")
    page.get_by_text("Do not raise for a while").click()
    form = page.locator("form[action$='/snooze/']")
    form.get_by_label("Vehicle").check()
    form.get_by_label("Why").fill("Flag in the wind")
    form.get_by_role("button", name="Snooze").click()
    expect(page.get_by_role("cell", name="Flag in the wind")).to_be_visible()
    screenshot(page, "cover-site")
    assert Muting.objects.get().categories == ["vehicle"]
    page.get_by_role("link", name="Not as usual").click()
    expect(page.get_by_role("cell", name="Flag in the wind")).to_be_visible()
    screenshot(page, "cover-list")

    at = clock.now()
    instruct(own, text="Dog loose tonight", minutes=600, word="amber lantern", by=alice, at=at)
    incident = actions.claim(make.make_incident(zone=zone, at=at).pk, by=alice, at=at)
    page.goto(f"{live.url}/console/incidents/{incident.pk}/")
    first = page.locator("[data-part=first]")
    expect(first.locator(".banner").first).to_contain_text("Dog loose tonight")
    arm_by_customer(own, armed=False, until=at + timedelta(hours=1), by=carol, at=clock.now())
    expect(first).to_contain_text("by the owner, on the customer's page")
    expect(first).to_contain_text("a passcode, a look at the site")
    screenshot(page, "pane-disarmed")
    page.keyboard.press("i")
    page.get_by_label("Passcode", exact=True).fill("amber lantern")
    page.keyboard.press("Enter")
    expect(first).to_contain_text("passcode of Luis Ferro")
    page.keyboard.press("w")
    expect(first).to_contain_text("looked at the site")
    expect(first.get_by_role("button")).to_have_count(0)
    screenshot(page, "pane-settled")
    assert live.trouble == []
