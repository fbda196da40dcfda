"""A spine that hangs, and an alarm that nobody could handle, are said on the console."""

from __future__ import annotations

from datetime import timedelta

from playwright.sync_api import expect

from soc.core import clock
from soc.core.models import Delivery, Event
from tests import factories as make


def test_a_record_that_stands_still_is_said_and_so_is_what_is_stuck(live, alice, zone, screenshot):
    page = live.log_in(alice, "/console/")
    expect(page.locator("#feed-age")).to_contain_text("Feed 0")
    live.stop("spine")
    make.make_incident(zone=zone, at=clock.now() - timedelta(seconds=6))  # it has waited long enough to be told
    expect(page.locator("#stale")).to_contain_text("The desk's record stands still since", timeout=20_000)
    screenshot(page, "console-still-dark-1366")
    event, later = Event.objects.order_by("id").last(), clock.now() + timedelta(minutes=5)
    Delivery.objects.create(event=event, reaction="tests.fails", attempts=3, due_at=later)
    live.start("spine")
    expect(page.locator("#stale")).to_be_hidden(timeout=20_000)
    expect(page.locator("#stuck")).to_contain_text(
        "1 alarm could not be handled, tell the administrator", timeout=10_000
    )
    screenshot(page, "console-stuck-dark-1366")
