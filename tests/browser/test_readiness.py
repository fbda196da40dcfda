"""The readiness pages in a real browser: on a desk and on a telephone, dark and light, kept up to date by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cameras.actions import camera_lost, condition_began, condition_ended, keep_reference
from cameras.models import Camera
from soc.core import clock
from tests import factories as make
from tests.browser import scenes

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
FRAMES = {
    "captured": 860_120, "gated": 801_377, "inferred": 42_100, "dropped": 16_643,
    "dropped_by": {"paced": 15_900, "superseded": 640, "unanswered": 103},
}  # fmt: skip
MEASURED = {"fps": 9.9, "decode_ms": 3.4, "inference_ms": 31.2, "inferred_fps": 4.8, "age_ms": 118, "light": 0.27}


@pytest.fixture
def night(site, other_site, zone, camera):
    """A site armed with trouble of several kinds, and one that sees."""
    at = clock.now()
    make.arm_always(site)
    names = ["Gate lane", "Van bay", "South path", "Workshop", "Rear fence"]
    cameras = [camera, *(make.make_camera(site, name) for name in names)]
    for one in [*cameras, make.make_camera(other_site, "Forecourt"), make.make_camera(other_site, "Wash bay")]:
        Camera.objects.filter(pk=one.pk).update(frames=FRAMES, measured=MEASURED, last_frame_at=at, speaker_ok=True)
    picture = make.make_media(site, content=scenes.jpeg(figure=False), started_at=at, at=at)
    keep_reference(camera.pk, picture, at=at - timedelta(days=3))
    condition_began(camera.pk, kind="slow", at=at - timedelta(days=2), detail={"fps": 2.1, "usual_fps": 9.9})
    condition_ended(camera.pk, kind="slow", at=at - timedelta(days=2) + timedelta(minutes=9))
    shift = {"cause": "shifted", "shift": [0.15, -0.04]}
    condition_began(camera.pk, kind="moved", at=at - timedelta(minutes=12), detail=shift)
    camera_lost(cameras[5].pk, code="ended", words="The camera closed the connection.", at=at - timedelta(minutes=40))
    Camera.objects.filter(pk=cameras[5].pk).update(
        last_frame_at=at - timedelta(minutes=40), reference=picture, reference_at=at
    )
    condition_began(cameras[2].pk, kind="dark", at=at - timedelta(hours=1))
    return cameras


def fits(page) -> None:
    """Nothing is wider than the page."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


@pytest.mark.parametrize(("look", "options"), [("dark-1366", {}), ("light-390", {**PHONE, "color_scheme": "light"})])
def test_the_list_and_a_camera_s_page_show_what_is_wrong(live, night, sam, screenshot, look, options):
    page = live.log_in(sam, "/console/cameras/", **options)
    expect(page.get_by_text("Armed, 3 of 6 blind")).to_be_visible()
    fits(page)
    screenshot(page, f"readiness-list-{look}", full=True)
    page.get_by_role("link", name="Loading yard").click()
    expect(page.get_by_role("heading", name="Loading yard", level=1)).to_be_visible()
    expect(page.get_by_text("15 % to the right, 4 % up")).to_be_visible()
    expect(page.get_by_text("No live picture now")).to_be_visible()
    fits(page)
    screenshot(page, f"readiness-camera-{look}", full=True)
    page.goto(f"{live.url}/console/cameras/{night[5].pk}/")
    expect(page.get_by_role("img", name="The last picture kept of Rear fence")).to_be_visible()
    fits(page)
    screenshot(page, f"readiness-lost-{look}", full=True)


def test_the_page_follows_what_happens_and_keeps_the_focus(live, night, sam, screenshot):
    page = live.log_in(sam, f"/console/cameras/{night[1].pk}/", color_scheme="light")
    expect(page.get_by_text("It sees, and nothing is wrong with it.")).to_be_visible()
    screenshot(page, "readiness-well-light-1366", full=True)
    page.get_by_role("button", name="Ask the camera").focus()
    condition_began(night[1].pk, kind="blinded", at=clock.now(), detail={"cause": "covered"})
    expect(page.get_by_text("the lens is covered or sprayed")).to_be_visible()
    expect(page.get_by_role("button", name="Ask the camera")).to_be_focused()
    live.stop("web")
    expect(page.get_by_text("No contact with the centre since")).to_be_visible()
    screenshot(page, "readiness-stale-light-1366")


def test_a_view_changed_on_purpose_is_taken_as_the_new_one(live, night, sam):
    page = live.log_in(sam, f"/console/cameras/{night[0].pk}/")
    page.get_by_text("The view was changed on purpose").click()
    page.get_by_role("button", name="This is the view now").click()
    expect(page.get_by_text("The next good picture is kept for it.")).to_be_visible()
    expect(page.get_by_text("It sees, and nothing is wrong with it.")).to_be_visible()


def test_an_operator_has_the_figures_without_the_pictures_and_the_way_from_the_console(live, night, alice, screenshot):
    page = live.log_in(alice, "/console/")
    page.locator(".pages summary").click()
    page.get_by_role("link", name="Cameras").click()
    page.get_by_role("link", name="Forecourt").click()  # at the other site an incident goes on, and opens its pictures
    expect(page.get_by_text("No picture for you here")).to_be_visible()
    expect(page.get_by_text("118 ms")).to_be_visible()
    screenshot(page, "readiness-operator-dark-1366", full=True)
    assert live.trouble == []


def test_without_cameras_it_says_who_adds_them(live, site, sam, screenshot):
    page = live.log_in(sam, "/console/cameras/")
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
    screenshot(page, "readiness-empty-dark-1366")
