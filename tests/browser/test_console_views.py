"""The same moment from other cameras, a clip that the browser cannot play, and an incident put on hold."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from playwright.sync_api import expect

from cameras.actions import attach_evidence
from cameras.models import Angle
from incidents import actions
from incidents.models import Incident
from soc.core import clock
from tests import factories as make
from tests.browser import scenes
from tests.browser.conftest import until

VIDEO = "document.querySelector('evidence-loop video')"


def test_a_key_goes_round_the_cameras_that_saw_the_moment(live, on_shift, alice, zone, screenshot):
    at = clock.now()
    candidate = scenes.with_evidence(zone, at=at)
    gate, roof = (make.make_camera(zone.site, name, speaker=False) for name in ("East gate", "Roof"))
    clip = scenes.clip_of(zone, started_at=at - timedelta(seconds=2))
    Angle(site=zone.site, candidate=candidate, camera=gate, trigger_at=at, done_at=at, clip=clip).save()
    Angle(site=zone.site, candidate=candidate, camera=roof, trigger_at=at, done_at=at, words="gone").save()
    incident = make.make_incident(candidate)
    actions.claim(incident.pk, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    until(page, f"{VIDEO}?.currentTime > 0.3")
    place, button = page.locator("evidence-loop [data-place]"), page.locator("[data-do=view]")
    own = place.inner_text()
    expect(button).to_contain_text("2 other cameras")
    page.keyboard.press("q")
    expect(place).to_have_text("East gate")
    until(page, f"{VIDEO}?.src.endsWith('{clip.pk}') && {VIDEO}.currentTime > 0.3")
    screenshot(page, "console-other-camera-dark-1366")
    page.keyboard.press("q")
    expect(place).to_have_text("Roof")
    expect(page.locator("evidence-loop [data-said]")).to_contain_text("No picture of it from this camera")
    page.keyboard.press("q")
    expect(place).to_have_text(own)
    until(page, f"{VIDEO}?.src.endsWith('{candidate.clip_id}') && {VIDEO}.currentTime > 0.3")
    expect(page.locator("evidence-loop [data-said]")).to_have_count(0)
    assert live.trouble == []


def test_a_clip_that_grows_goes_on_at_the_moment_that_is_looked_at(live, on_shift, alice, zone):
    at = clock.now()
    candidate = scenes.with_evidence(zone, at=at)
    incident = make.make_incident(candidate)
    actions.claim(incident.pk, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    until(page, f"{VIDEO}?.readyState >= 2")
    page.keyboard.press("Space")
    page.evaluate(f"{VIDEO}.currentTime = 3.4")
    longer = scenes.clip_of(zone, started_at=at - timedelta(seconds=3))  # begins a second earlier
    with transaction.atomic():
        attach_evidence(candidate, clip=longer, at=clock.now())
    until(page, f"{VIDEO}?.src.endsWith('{longer.pk}') && {VIDEO}.readyState >= 2")
    until(page, f"Math.abs({VIDEO}.currentTime - 4.4) < 0.2 && {VIDEO}.paused")


def test_what_the_browser_cannot_play_shows_its_picture_and_says_so(live, on_shift, alice, zone):
    candidate = scenes.with_evidence(zone, at=clock.now())
    candidate.clip = make.make_media(zone.site, kind="clip", content=b"a video of another kind" * 99)
    candidate.save()
    actions.claim(make.make_incident(candidate).pk, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    until(page, "document.querySelector('evidence-loop img')?.naturalWidth > 0")
    expect(page.locator("evidence-loop")).to_contain_text("cannot play the clip: this is its picture")


def test_a_supervisor_puts_an_incident_on_hold_and_stays_with_it(live, sam, zone, screenshot):
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now()))
    Incident.objects.filter(pk=incident.pk).update(state="closed", closed_at=clock.now())
    page = live.log_in(sam, f"/console/incidents/{incident.pk}/")
    keeping = page.locator("[data-part=keeping]")
    expect(keeping).to_contain_text("kept for 30 days")
    keeping.locator("summary").click()
    keeping.get_by_label("Why").fill("the police asked")
    keeping.get_by_role("button").click()
    expect(keeping).to_contain_text("On hold by Joel")
    expect(keeping).to_contain_text("the police asked")
    assert Incident.objects.get(pk=incident.pk).hold_by == sam
    screenshot(page, "console-on-hold-dark-1366")
    with page.expect_download() as asked:
        keeping.get_by_role("link", name="Export everything").click()
    assert asked.value.suggested_filename == f"{incident.reference}.zip"
