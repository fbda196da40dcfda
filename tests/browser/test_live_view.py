"""The live picture in three ways: it moves with its age, is grey when it stands, and costs nothing where nobody looks."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cameras.models import Camera
from cameras.models.condition import Condition
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
    expect(page.locator("camera-view.large:not(.is-old)")).to_be_attached()


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
                == ["pictures"] * 2
            )
            screenshot(page, f"live-{way}-dark-1366", state="live")
        air.frozen.set()
        for way, page in pages.items():
            expect(page.locator("camera-view.large.is-old .old:visible")).to_contain_text("s old")
            screenshot(page, f"live-{way}-frozen-dark-1366", state="live-frozen")
        # Another watch process takes the camera over: the same page goes on by itself.
        served_by(other)
        air.silent.set()
        for way, page in pages.items():
            moving(page, way)
    assert Event.objects.filter(kind="camera.viewed", by=alice).values("subject_id").distinct().count() == 3
    assert live.trouble == []


STALLED = "VideoDecoder.prototype.decode = function () {};"
FAILING = "VideoDecoder.prototype.decode = function () { throw new Error('worn out'); };"
NOT_TYPE = "MediaSource.isTypeSupported = () => false;"


def test_a_way_that_fails_or_stalls_gives_place_to_the_next(live, alice, incident):
    with on_air() as air:
        served_by(air)
        for broken, shows in ((STALLED, "source"), (FAILING + NOT_TYPE, "pictures")):
            page = live.log_in(alice, "/static/missing")
            page.add_init_script(broken)
            page.goto(f"{live.url}/console/")
            moving(page, shows)
            assert page.evaluate(f"{LARGE}.dataset.gaveUp").startswith("codec: ")
    assert [said for said in live.trouble if "missing" not in said] == []


def test_a_camera_that_sends_one_picture_for_ever_is_grey_however_new_that_is(live, alice, incident, screenshot):
    with on_air() as air:
        served_by(air)
        page = live.log_in(alice, "/console/")
        moving(page, "codec")
        camera = incident.alerts.first().candidate.camera
        condition = Condition.objects.create(site=camera.site, camera=camera, kind="frozen", began_at=clock.now())
        expect(page.locator("camera-view.large.is-old .old:visible")).to_contain_text("Frozen since")
        screenshot(page, "live-still-dark-1366")
        Condition.objects.filter(pk=condition.pk).update(ended_at=clock.now())
        expect(page.locator("camera-view.large .old")).to_be_hidden()
    assert live.trouble == []


def test_a_camera_without_video_for_browsers_is_shown_in_pictures(live, alice, incident):
    with on_air(codec="hevc") as air:
        served_by(air)
        page = live.log_in(alice, "/console/")
        moving(page, "pictures")
        assert page.evaluate(f"{LARGE}.dataset.gaveUp ?? ''") == ""
    assert live.trouble == []


TILE = "document.querySelectorAll('camera-view.tile')[1]"
CHANGED = "document.dispatchEvent(new Event('visibilitychange'))"
HIDE = {
    "scrolled away": (f"{TILE}.style.cssText = 'position: fixed; left: -2900px'", f"{TILE}.style.cssText = ''"),
    "page hidden": (
        f"Object.defineProperty(document, 'hidden', {{ get: () => true, configurable: true }}); {CHANGED}",
        f"delete document.hidden; {CHANGED}",
    ),
}


def ends(page, sent) -> None:
    """What was on its way comes, and then nothing more within more than one picture's time."""
    for _ in range(10):
        before = sent()
        page.wait_for_timeout(1500)
        if sent() == before:
            return
    raise AssertionError("it goes on")


def test_nothing_is_sent_for_what_nobody_can_see(live, alice, incident):
    with on_air() as air:
        served_by(air)
        page = live.log_in(alice, "/static/missing")
        came: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda _data: came.append(socket.url)))
        page.goto(f"{live.url}/console/")
        until(page, f"Number({TILE}?.dataset.frames ?? 0) >= 2")
        camera = page.evaluate(f"{TILE}.dataset.camera")

        def to_the_tile() -> int:
            return sum(f"/ws/live/{camera}?fps" in url for url in came)

        for hide, show in HIDE.values():
            page.evaluate(hide)
            until(page, f"!{TILE}.socket")
            ends(page, lambda hide=hide: sum("/ws/live/" in url for url in came) if "hidden" in hide else to_the_tile())
            before = to_the_tile()
            page.evaluate(show)
            begun = page.evaluate(f"Number({TILE}.dataset.frames)")
            until(page, f"Number({TILE}.dataset.frames) >= {begun + 2}")
            assert to_the_tile() > before
    assert [said for said in live.trouble if "missing" not in said] == []


def test_a_right_that_ends_takes_the_picture_away_and_says_so(live, alice, incident, screenshot):
    with on_air() as air:
        served_by(air)
        page = live.log_in(alice, "/console/")
        until(page, f"{LARGE} !== null")
        # The page itself is not told: only the picture's own look at the right finds it.
        page.route("**/console/**", lambda route: route.abort())
        moving(page, "codec")
        Incident.objects.update(state="closed", closed_at=clock.now())
        expect(page.locator("camera-view.large [data-cover]")).to_be_visible()
        expect(page.locator("camera-view.large [data-cover-word]")).to_have_text("You may not see this camera.")
        blank = f"""(() => {{ const canvas = {LARGE}.querySelector('canvas');
            return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.every((v) => v === 0); }})()"""
        assert page.evaluate(blank)
        screenshot(page, "live-forbidden-dark-1366")
        page.keyboard.press("l")
        expect(page.locator("camera-view.large [data-cover-word]")).to_have_text("You may not see this camera.")
