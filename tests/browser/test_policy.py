"""The policy's page as people use it: the week by mouse and by keyboard, and a change that would lose a real incident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cameras.actions import commit_candidate, policies
from cameras.models import AccessWindow, Policy, PolicyDraft
from incidents import actions
from soc.core import clock
from tests import factories as make
from tests.browser import scenes
from tests.browser.conftest import until

WEEK = [{"day": day, "from": "20:00", "to": "06:00"} for day in range(5)] + [{"day": 5, "from": "14:00", "to": "06:00"}]


@pytest.fixture
def now():
    return clock.now()


@pytest.fixture
def published(site, zone, sam, now):
    body = {
        "owner": "schedule",
        "schedule": {"week": WEEK, "holidays": {"country": "GB", "subdiv": "ENG", "hours": [["00:00", "00:00"]]}},
        "opening": {"close": [{"day": day, "from": "17:00", "to": "20:00"} for day in range(5)], "grace_min": 15},
        "rules": [{"zone": str(zone.pk), "category": "person", "when": "always", "decision": "raise", "priority": None,
                   "dwell_s": 3.0, "cooldown_s": 0, "note": "Trucks pass the gate"}],
    }  # fmt: skip
    return policies.publish(site, body, by=sam, at=now - timedelta(days=40))


def hours(draft: PolicyDraft, day: int) -> list[list[str]]:
    return [[row["from"], row["to"]] for row in draft.body["schedule"]["week"] if row["day"] == day]


def test_the_week_is_changed_by_mouse_and_by_keyboard_and_kept_as_a_draft(live, site, published, sam, now, screenshot):
    AccessWindow.objects.create(
        site=site, kind="cleaner", starts_at=now - timedelta(days=30), ends_at=now + timedelta(days=30), weekdays=[1],
        from_time="19:00", to_time="21:00", made_by=sam, made_at=now,
    )  # fmt: skip
    page = live.log_in(sam, f"/admin/core/site/{site.pk}/policy/")
    grid = page.locator("week-grid")
    monday = grid.get_by_role("button", name="Monday armed 20:00 to 06:00 on Tuesday")
    expect(monday).to_be_visible()

    # By mouse: the beginning of Monday's hours two hours earlier, and new hours on Sunday.
    box, day = monday.bounding_box(), grid.locator('.day[data-day="0"]').bounding_box()
    hour = day["width"] / 24
    page.mouse.move(box["x"] + 2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + 2 - 2 * hour, box["y"] + 10, steps=4)
    page.mouse.up()
    expect(grid.get_by_role("button", name="Monday armed 18:00 to 06:00 on Tuesday")).to_be_focused()
    sunday = grid.locator('.day[data-day="6"]').bounding_box()
    page.mouse.move(sunday["x"] + 10 * hour, sunday["y"] + 20)
    page.mouse.down()
    page.mouse.move(sunday["x"] + 12 * hour, sunday["y"] + 20, steps=4)
    page.mouse.up()
    expect(grid.get_by_role("button", name="Sunday armed 10:00 to 12:00")).to_be_focused()

    # By keyboard: its beginning a quarter later, its end two quarters later, another one after it, and that one gone again.
    for key in ("Enter", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        page.keyboard.press(key)
    expect(grid.get_by_role("button", name="Sunday armed 10:15 to 12:30")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("a")
    expect(grid.get_by_role("button", name="Sunday armed 13:30 to 14:30")).to_be_focused()
    page.keyboard.press("Delete")
    expect(grid.get_by_role("button", name="Sunday armed 13:30 to 14:30")).to_have_count(0)
    expect(page.locator("#part-changes")).to_contain_text("Monday armed")
    changes = page.locator("#part-changes")
    expect(changes).to_contain_text("10:15-12:30")
    expect(changes).not_to_contain_text("13:30")  # what was kept between the two keys is not the last
    draft = PolicyDraft.objects.get()
    assert (hours(draft, 0), hours(draft, 6)) == ([["18:00", "06:00"]], [["10:15", "12:30"]])

    # By numbers; what overlaps is refused at its field.
    page.get_by_text("As numbers", exact=True).click()
    page.locator('[name="schedule.week.0.to"]').fill("21:00")
    expect(page.locator("#part-problems")).not_to_contain_text("overlap")
    page.locator('[name="schedule.week.1.from"]').fill("20:00")
    page.locator('[name="schedule.week.1.to"]').fill("19:30")
    page.locator('[name="schedule.week.2.from"]').fill("19:00")
    expect(page.locator("tr[data-row='2'] .row-said").first).to_contain_text("overlaps")
    expect(page.locator("#save")).to_have_attribute("aria-disabled", "true")
    screenshot(page, "policy-week", full=True)
    assert live.trouble == []


def test_a_change_that_loses_a_real_incident_is_held_up_until_another_supervisor_signs(
    live, site, zone, published, sam, alice, organisation, now, screenshot
):
    at = now - timedelta(days=4)
    seen = commit_candidate(
        site=site, source="camera", camera=zone.camera, zone=zone, category="person", captured_at=at, received_at=at,
        judged_at=at, dedup="break-in", dwell_s=4.8, score=0.9,
    )  # fmt: skip
    type(seen).objects.filter(pk=seen.pk).update(
        decision="raise",
        clip=scenes.clip_of(zone, started_at=at),
        snapshot=make.make_media(site, content=scenes.jpeg()),
    )
    seen.refresh_from_db()
    incident = make.make_incident(seen, at=at)
    incident = actions.claim(incident.pk, by=alice, at=at)
    incident = actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=at)
    actions.close(
        incident.pk,
        outcome="genuine.deterred_by_voice",
        site_state="secure",
        summary="",
        token=incident.token,
        by=alice,
        at=at,
    )
    page = live.log_in(sam, f"/admin/core/site/{site.pk}/policy/")
    page.get_by_label("Limit, seconds").first.fill("6")
    expect(page.locator("#part-changes")).to_contain_text("Yard, rule 1: limit 3.0 s 6.0 s")
    page.get_by_role("button", name="Save v2").click()
    expect(page.locator("#held-up")).to_contain_text("incidents that were real would be lost")
    lost = page.locator(".lost1")
    expect(lost).to_contain_text("Deterred by voice")
    until(page, "document.querySelector('.lost1 video').readyState >= 0")
    expect(page.locator("#save")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#signing")).to_be_hidden()
    page.get_by_role("button", name="Ask a supervisor to sign").click()
    expect(page.get_by_text("A supervisor is asked to sign")).to_be_visible()
    screenshot(page, "policy-blocked", full=True)
    assert Policy.objects.count() == 1

    joan = make.make_user("joan", "supervisor", organisation)
    other = live.log_in(joan, f"/admin/core/site/{site.pk}/policy/")
    other.get_by_label("Sign: why these incidents may be lost").fill("The gate was moved since, nobody can stand there")
    other.get_by_role("button", name="Sign and save").click()
    expect(other.locator(".version").first).to_contain_text("joan signed for 1 real incidents")
    assert (Policy.objects.get(number=2).published_by, Policy.objects.get(number=2).signed_by) == (sam, joan)
    assert [said for said in live.trouble if "409" not in said] == []
