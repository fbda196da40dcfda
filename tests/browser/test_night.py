"""A night that does not go as usual: a lens that is sprayed, a flood of alarms with one person in it, and a server that dies in
mid-incident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cameras.actions import commit_candidate
from cameras.actions.conditions import condition_began
from cameras.models import Camera, Candidate, Zone
from incidents import actions
from incidents.models import Incident
from responses import actions as responses
from responses.defaults import publish_defaults
from responses.models import Responder
from soc.core import clock
from soc.core.models import Event
from tests import factories as make
from tests.browser import scenes

SITES = 20
EARLIER = timedelta(minutes=14)


@pytest.fixture
def playbooks(organisation):
    publish_defaults(organisation, at=make.NIGHT)


@pytest.fixture
def sprayed(customer) -> Camera:
    """A camera whose lens was sprayed fourteen minutes ago, with its last good view, beside another."""
    site = make.make_site(customer, "Quay Street Lot")
    make.make_zone(make.make_camera(site, "Loading dock"), "Dock")
    at = clock.now() - EARLIER
    camera = make.make_camera(site, "Gate lane", speaker=False)
    camera.reference = make.make_media(
        site, content=scenes.jpeg(figure=False), started_at=at - EARLIER, at=at - EARLIER
    )
    camera.save()
    condition_began(camera.pk, kind="blinded", at=at, detail={"cause": "covered"})
    return camera


def somebody_beside(sprayed: Camera) -> Candidate:
    """As the watcher of the neighbouring camera tells it, and judged by what was before."""
    zone, at = Zone.objects.get(name="Dock"), clock.now()
    times = {"captured_at": at, "received_at": at, "judged_at": at}
    seen = {"camera": zone.camera, "zone": zone, "evidence": {"box": scenes.box(2.0)}, "dwell_s": 3.0, "score": 0.9}
    return commit_candidate(site=sprayed.site, source="camera", category="person", dedup="beside", **times, **seen)


def a_lens_is_sprayed_and_then_somebody_comes_beside_it(page, sprayed, alice, screenshot):
    at = clock.now()
    blind = make.make_incident(make.make_candidate(camera=sprayed, category="blinded", at=at - EARLIER), at=at)
    assert blind.priority == 2
    expect(page.get_by_role("heading", level=1)).to_contain_text("Gate lane")
    expect(page.locator("evidence-loop")).to_contain_text("earlier")  # the last good view
    page.keyboard.press("Enter")
    expect(page.locator(f"#q-{blind.pk}")).to_contain_text("yours")
    somebody_beside(sprayed)
    expect(page.locator("#queue")).to_contain_text("person near")
    page.keyboard.press("j")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Camera tampered with, person near")
    expect(page.locator("[data-part=why]")).to_contain_text("14 minutes earlier")
    expect(page.locator("camera-view.tile")).to_contain_text("Gate lane")  # opened by itself
    page.keyboard.press("Enter")
    expect(page.locator(".act", has_text="Real")).to_be_visible()
    screenshot(page, "night-sprayed-dark-1366")
    for row in Incident.objects.filter(site=sprayed.site).order_by("-priority"):
        form = {
            "outcome": "malicious.deliberate_blinding",
            "site_state": "insecure",
            "summary": "The lens was sprayed.",
            "by": alice,
        }
        row = actions.decide(row.pk, verdict="real", token=row.token, by=alice, at=clock.now())
        actions.close(row.pk, **form, token=row.token, at=clock.now())
    expect(page.locator("#count")).to_have_text("Nothing waits")
    page.goto(page.url.split("/console/")[0] + "/console/cameras/")
    expect(page.get_by_text("covered or blinded")).to_be_visible()  # closing mends no camera


def test_in_a_flood_the_one_person_comes_first_and_all_that_waits_is_counted(
    live, on_shift, sprayed, alice, customer, zone, screenshot
):
    page = live.log_in(alice, "/console/")
    page.wait_for_selector("#feed-age:has-text('Feed 0')")
    a_lens_is_sprayed_and_then_somebody_comes_beside_it(page, sprayed, alice, screenshot)
    page.goto(live.url + "/console/")
    page.wait_for_selector("#feed-age:has-text('Feed 0')")
    places = [make.make_site(customer, f"Depot {n}") for n in range(SITES)]
    for place in places:
        for category in ("alarm", "offline"):
            make.make_incident(make.make_candidate(site=place, category=category, at=clock.now()))
    expect(page.locator("#count")).to_contain_text(f"{2 * SITES} waiting")
    urgent = make.make_incident(make.make_candidate(zone=zone, priority=1, at=clock.now()))
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()  # how soon: bench/console
    expect(page.locator("#queue > li:visible").first).to_have_attribute("data-incident", str(urgent.pk))
    expect(page.locator("#oldest")).to_contain_text("more")
    screenshot(page, "night-flood-dark-1366")
    assert live.trouble == []


def test_a_server_that_dies_in_the_middle_gives_back_the_owner_the_draft_and_what_was_sent_and_redials_nothing(
    live, playbooks, on_shift, alice, zone, other_site, organisation, screenshot
):
    responder = Responder.objects.create(organisation=organisation, name="Tern Lane guards", phone="+441632960001")
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    page = live.log_in(alice, "/console/")
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    page.keyboard.press("r")
    expect(page.locator(".bar")).to_contain_text("decided")
    incident.refresh_from_db()
    ordered = {"responder_id": responder.pk, "token": incident.token, "by": alice, "at": clock.now()}
    call, text = responses.send_responder(incident.pk, **ordered, dedup="once")
    expect(page.get_by_text("Tern Lane guards").filter(visible=True).first).to_be_visible()
    page.keyboard.press("n")
    page.locator("#note").fill("Dark jacket, came past the lamp post")
    live.stop("web")
    live.stop("spine")

    expect(page.locator("#stale")).to_contain_text("No contact since", timeout=15_000)
    expect(page.locator("#stale").get_by_role("link", name="Contingency pack")).to_be_visible()
    screenshot(page, "night-outage-dark-1366")
    # What was noticed meanwhile is raised when the record is back, twelve minutes old.
    late = make.make_candidate(site=other_site, category="alarm", at=clock.now() - timedelta(minutes=12))
    make.make_incident(late, at=clock.now())
    live.start("spine")
    live.start("web")
    page.reload()
    expect(page.locator("#note")).to_have_value("Dark jacket, came past the lamp post")
    expect(page.get_by_text("Tern Lane guards").filter(visible=True).first).to_be_visible()
    expect(page.locator("#queue")).to_contain_text("late by 12 min")
    screenshot(page, "night-after-dark-1366")
    incident.refresh_from_db()
    assert incident.owner == alice
    assert set(incident.attempts.values_list("pk", flat=True)) == {call.pk, text.pk}
    assert Event.objects.filter(kind="attempt.planned", subject_id__in=[call.pk, text.pk]).count() == 2
