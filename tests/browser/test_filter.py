"""The filter in a real browser: a supervisor finds what needless alarms came from and makes a draft; a customer reads figures."""

from __future__ import annotations

from playwright.sync_api import expect

from cameras.models import CameraHour, PolicyDraft
from soc.core import clock
from tests.browser.conftest import DESK
from tests.console.filter.test_pages import mornings  # noqa: F401  the same mornings

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "color_scheme": "light"}


def test_from_the_funnel_to_a_draft_and_to_what_the_customer_reads(live, mornings, camera, sam, carol, screenshot):  # noqa: F811
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    CameraHour.objects.create(site=mornings, camera=camera, hour=hour, captured=36_000, moved=4_210, inferred=2_000)
    page = live.log_in(sam, "/console/filter/", viewport=DESK)
    expect(page.get_by_text("Reduction", exact=True).first).to_be_visible()
    expect(page.get_by_text("not known yet").first).to_be_visible()
    expect(page.get_by_text("lost what was real")).to_be_visible()  # replayed by itself
    expect(page.get_by_text("not possible")).to_be_visible()
    page.get_by_text("The same as a table").first.click()
    expect(page.get_by_role("table", name="By hour of the day")).to_be_visible()
    screenshot(page, "filter-dark-1366", full=True)
    page.get_by_role("button", name="Make it a draft").first.click()
    page.wait_for_url("**/policy/**")
    draft = PolicyDraft.objects.get(site=mornings)
    assert draft.kept_by == sam
    phone = live.log_in(sam, "/console/filter/", **PHONE)
    phone.get_by_role("heading", name="Delivery").scroll_into_view_if_needed()  # and no sooner
    expect(phone.get_by_text("lost what was real")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    screenshot(phone, "filter-light-390", full=True)
    theirs = live.log_in(carol, "/portal/", **PHONE)
    theirs.get_by_role("link", name="Figures").click()
    expect(theirs.get_by_text("time it was real")).to_be_visible()
    expect(theirs.get_by_text("not known yet")).to_be_visible()
    assert theirs.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    screenshot(theirs, "portal-figures-light-390", full=True)
    assert live.trouble == []
