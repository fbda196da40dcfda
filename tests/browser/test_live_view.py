"""The live picture in three ways: it moves with its age, is grey when it stands, and costs nothing where nobody looks."""

from __future__ import annotations


import pytest
from playwright.sync_api import expect

from cameras.models import Camera
from incidents import actions
from incidents.models import Incident
from soc.core import clock
from soc.core.models import Event
from tests import factories as make
from tests.browser import scenes
from tests.browser.conftest import until
from tests.console.airing import on_air

LARGE = "document.querySelector('camera-view.large')"
FRAMES = f"Number({LARGE}.dataset.frames ?? 0)"
AGES = f"""(() => {{ window.ages = []; {LARGE}.addEventListener('live', (event) => window.ages.push(event.detail.age)); }})()"""


@pytest.fixture
def incident(alice, organisation, zone) -> Incident:
    """Alice's: it opens the pictures of three cameras to her."""
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    for name in ("Gate lane", "Van bay"):
        make.make_camera(zone.site, name, speaker=False)
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    return actions.claim(incident.pk, by=alice, at=clock.now())


def served_by(air) -> None:
    Camera.objects.update(media_address=air.address)


def moving(page, shows: str, *, frames: int = 8) -> None:
    """The large picture is shown in that way and goes on."""
    until(page, f"{LARGE}?.dataset.shows === '{shows}'")
    begun = page.evaluate(FRAMES)
    until(page, f"{FRAMES} >= {begun + frames}")
    assert "is-old" not in (page.locator("camera-view.large").get_attribute("class") or "")


def test_each_way_moves_with_its_age_goes_grey_when_it_stands_and_comes_back(live, alice, incident, screenshot):
    shows = ("codec", "source", "pictures")
    with on_air() as air, on_air() as other:
        served_by(air)
        pages = {way: live.log_in(alice, f"/console/?way={way}") for way in shows}
        for way, page in pages.items():
            moving(page, way)
            page.evaluate(AGES)
        for way, page in pages.items():
            until(page, "window.ages.length >= 10")
            ages = sorted(page.evaluate("window.ages"))
            assert ages[len(ages) // 2] < 2000, (way, ages)
            assert page.evaluate(f"{LARGE}.dataset.gaveUp ?? ''") == ""
            assert (
                page.evaluate("[...document.querySelectorAll('camera-view.tile')].map((t) => t.dataset.shows)")
                == ["pictures"] * 3
            )
            screenshot(page, f"live-{way}-dark-1366")
        air.frozen.set()
        for way, page in pages.items():
            expect(page.locator("camera-view.large .old")).to_contain_text("s old")
            assert "is-old" in page.locator("camera-view.large").get_attribute("class")
            screenshot(page, f"live-{way}-frozen-dark-1366")
        # Another watch process takes the camera over: the same page goes on by itself.
        served_by(other)
        air.silent.set()
        for way, page in pages.items():
            moving(page, way)
    assert (
        Event.objects.filter(
            kind="camera.viewed", by=alice, subject_id=incident.alerts.first().candidate.camera_id
        ).count()
        == 1
    )
    assert live.trouble == []
