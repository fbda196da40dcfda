"""The customer's pages in a real browser: as big as a phone and as a desk, dark and light, alive and cut off."""

from __future__ import annotations

import itertools
from datetime import timedelta
from functools import cache

import pytest
from playwright.sync_api import Page, expect

from cameras.models import Candidate
from incidents import actions
from incidents.models import Incident
from soc.core import clock
from soc.ops.paths import CHECKOUT
from tests import factories as make

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1366, "height": 768}}
FILM = CHECKOUT / "soc" / "demo" / "footage" / "intrusion_a.mp4"


@cache
def clip() -> bytes:
    """A short H.264 video of the yard, as evidence is kept."""
    return FILM.read_bytes()


@cache
def frame() -> bytes:
    """One frame of it."""
    import av
    import cv2

    with av.open(str(FILM)) as film:
        frames = list(itertools.islice(film.decode(video=0), 120))
    picture = frames[-1].to_ndarray(format="bgr24")
    return cv2.imencode(".jpg", picture)[1].tobytes()


def seen(zone, *, at, film: bool = True, **fields) -> Candidate:
    candidate = make.make_candidate(zone=zone, at=at, **fields)
    candidate.snapshot = make.make_media(zone.site, content=frame(), started_at=at)
    if film:
        candidate.clip = make.make_media(zone.site, kind="clip", content=clip(), started_at=at, duration_s=18)
    candidate.save()
    return candidate


def handled(candidate: Candidate, by, verdict: str, outcome: str, summary: str = "") -> Incident:
    """Claimed, decided and closed with realistic gaps."""
    at = candidate.captured_at
    incident = make.make_incident(candidate)
    actions.painted(incident.pk, painted_by="browser", by=by, at=at + timedelta(seconds=1.1))
    incident = actions.claim(incident.pk, by=by, at=at + timedelta(seconds=3.9))
    actions.decide(incident.pk, verdict=verdict, token=incident.token, by=by, at=at + timedelta(seconds=24))
    if verdict == "real":
        actions.stamp(incident.pk, "audio_sent", at=at + timedelta(seconds=29))
        actions.stamp(incident.pk, "audio_heard", at=at + timedelta(seconds=29.4))
        actions.stamp(incident.pk, "call_placed", at=at + timedelta(seconds=41))
        actions.stamp(incident.pk, "responder_accepted", at=at + timedelta(seconds=75))
    return actions.close(
        incident.pk, outcome=outcome, site_state="secure", summary=summary, token=incident.token, by=by,
        at=at + timedelta(minutes=9),
    )  # fmt: skip


@pytest.fixture
def history(zone, alice) -> Incident:
    """A fox, an employee and, an hour ago, somebody real."""
    now = clock.now()
    handled(seen(zone, at=now - timedelta(days=3)), alice, "false", "false.animal")
    handled(seen(zone, at=now - timedelta(days=1)), alice, "authorised", "authorised.staff")
    words = (
        "One person walked in from the west. We warned them over the horn. They turned and left. Nothing was touched."
    )
    return handled(seen(zone, at=now - timedelta(hours=1)), alice, "real", "genuine.deterred_by_voice", words)


@pytest.fixture
def armed(site):
    make.arm_always(site)
    return site


def until(page: Page, condition: str, seconds: float = 10) -> None:
    """Playwright's own waiting evaluates a string in the page, which the security policy refuses."""
    limit = clock.monotonic() + seconds
    while not page.evaluate(condition):
        assert clock.monotonic() < limit, condition
        page.wait_for_timeout(100)


def no_sideways_scroll(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(("width", "device"), [(390, PHONE), (1366, DESK)])
def test_every_page_at_every_size(live, carol, armed, camera, history, screenshot, width, device):
    make.make_camera(armed, "Rear fence", health="offline", health_since=clock.now() - timedelta(minutes=21))
    page = live.log_in(carol, "/portal/", **device)
    expect(page.get_by_role("heading", name="Armed")).to_be_visible()
    expect(page.get_by_role("heading", name="Someone was seen at Yard")).to_be_visible()
    expect(page.get_by_text("One of 2 cameras has no picture")).to_be_visible()
    no_sideways_scroll(page)
    screenshot(page, f"portal-home-dark-{width}", full=True, light=True)
    page.get_by_role("link", name="Timeline", exact=True).click()
    expect(page.get_by_text("nothing needed").first).to_be_visible()
    no_sideways_scroll(page)
    screenshot(page, f"portal-timeline-dark-{width}", full=True, light=True)
    page.get_by_text("Someone was seen at Yard").click()
    expect(page.get_by_text("What we did, and when")).to_be_visible()
    expect(page.locator("[data-stop=verdict] time")).to_have_text("+ 24 s")
    no_sideways_scroll(page)
    screenshot(page, f"portal-incident-dark-{width}", full=True, light=True)
    assert live.trouble == []


def test_the_empty_pages_are_calm(live, carol, site, screenshot):
    page = live.log_in(carol, "/portal/", **PHONE)
    expect(page.get_by_role("heading", name="Nothing has happened")).to_be_visible()
    screenshot(page, "portal-empty-dark-390", light=True)
    no_sideways_scroll(page)
    page.get_by_role("link", name="Timeline", exact=True).click()
    expect(page.get_by_role("heading", name="Nothing has happened")).to_be_visible()
    assert live.trouble == []


def test_an_incident_appears_and_grows_while_one_looks(live, carol, armed, zone, alice, screenshot):
    page = live.log_in(carol, "/portal/", **PHONE)
    expect(page.get_by_role("heading", name="Nothing has happened")).to_be_visible()
    candidate = seen(zone, at=clock.now() - timedelta(seconds=9), film=False)
    incident = make.make_incident(candidate)
    incident = actions.claim(incident.pk, by=alice, at=clock.now())
    card = page.locator("article[data-incident]")
    expect(card).to_contain_text("Ines is looking at it now.")
    actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=clock.now())
    expect(card).to_contain_text("decided")
    screenshot(page, "portal-going-on-dark-390", full=True)

    card.get_by_role("link", name="Someone was seen at Yard").click()
    expect(page.get_by_text("the video is being prepared")).to_be_visible()
    expect(page.get_by_text("It is not finished.")).to_be_visible()
    screenshot(page, "portal-incident-going-on-dark-390", full=True)
    candidate.clip = make.make_media(zone.site, kind="clip", content=clip(), duration_s=18)
    candidate.save()
    actions.close(
        incident.pk, outcome="genuine.deterred_by_voice", site_state="secure", summary="They left.",
        token=incident.token, by=alice, at=clock.now(),
    )  # fmt: skip
    expect(page.locator("video")).to_be_visible()
    expect(page.locator("#outcome")).to_contain_text("The site is secure and armed.")
    expect(page.locator("#story")).to_contain_text("They left.")
    assert live.trouble == []


def test_the_clip_plays_and_can_be_wound(live, carol, history, zone):
    page = live.log_in(carol, f"/portal/incidents/{history.pk}", **PHONE)
    page.evaluate("() => { const v = document.querySelector('video'); v.muted = true; v.play(); }")
    until(page, "document.querySelector('video').currentTime > 0.3")
    page.evaluate("() => { const v = document.querySelector('video'); v.currentTime = v.duration - 1; }")
    until(page, "document.querySelector('video').ended")
    page.reload()
    expect(page.locator("#watched")).to_contain_text("You")
    assert live.trouble == []


def test_a_clip_that_cannot_be_loaded_says_so_and_is_tried_again(live, carol, history, screenshot):
    page = live.log_in(carol, "/portal/", **PHONE)
    video = history.alerts.get().candidate.clip
    page.route(f"**/media/{video.pk}", lambda route: route.abort())
    page.goto(f"{live.url}/portal/incidents/{history.pk}")
    page.evaluate("() => { document.querySelector('video').play().catch(() => {}); }")
    expect(page.get_by_text("The video could not be loaded.")).to_be_visible()
    screenshot(page, "portal-clip-failed-dark-390")
    page.unroute(f"**/media/{video.pk}")
    page.get_by_role("button", name="Try again").click()
    until(page, "document.querySelector('video').readyState >= 1")
    expect(page.get_by_text("The video could not be loaded.")).to_be_hidden()


def test_a_lost_line_is_said_with_its_time_and_nothing_is_missed(live, carol, armed, zone, alice, history, screenshot):
    page = live.log_in(carol, "/portal/", **PHONE)
    expect(page.get_by_role("heading", name="Someone was seen at Yard")).to_be_visible()
    page.wait_for_timeout(500)
    live.stop("web")
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("No connection. This is how it was at")
    screenshot(page, "portal-offline-dark-390")
    no_sideways_scroll(page)
    incident = make.make_incident(seen(zone, at=clock.now(), category="vehicle", film=False))
    actions.claim(incident.pk, by=alice, at=clock.now())
    live.start("web")
    expect(page.get_by_role("heading", name="A vehicle was seen at Yard")).to_be_visible(timeout=20_000)
    expect(page.locator("[data-offline]")).to_be_hidden()


def test_one_who_is_logged_out_elsewhere_comes_to_the_log_in(live, carol, site):
    page = live.log_in(carol, "/portal/", **PHONE)
    second = page.context.new_page()
    second.goto(f"{live.url}/portal/")
    second.locator("summary", has_text="Account").click()
    second.get_by_role("button", name="Log out").click()
    expect(second.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible(timeout=15_000)


def test_several_sites_are_chosen_by_hand(live, carol, customer, armed, history, screenshot):
    quay = make.make_site(customer, "Quay 4")
    page = live.log_in(carol, "/portal/", **PHONE)
    expect(page.get_by_role("heading", name="1 of 2 sites armed")).to_be_visible()
    screenshot(page, "portal-sites-dark-390", full=True)
    page.locator("summary.site").click()
    screenshot(page, "portal-choose-dark-390")
    page.get_by_role("navigation", name="Choose a site").get_by_role("link", name="Quay 4").click()
    page.wait_for_url(f"**/portal/?site={quay.pk}")
    expect(page.get_by_role("heading", name="Disarmed")).to_be_visible()
    expect(page.get_by_role("heading", name="Nothing has happened")).to_be_visible()
    assert live.trouble == []


def test_the_door_and_the_pages_that_say_no(live, carol, site, screenshot, settings):
    page = live.page(**PHONE)
    page.goto(f"{live.url}/portal/")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    screenshot(page, "login-dark-390", light=True)
    for _ in range(settings.AXES_FAILURE_LIMIT):
        page.get_by_label("User name").fill("carol")
        page.get_by_label("Password").fill("wrong-one")
        with page.expect_navigation():
            page.get_by_role("button", name="Log in").click()
        if page.get_by_text("do not belong together").is_visible():
            screenshot(page, "login-wrong-dark-390", light=True)
    expect(page.get_by_role("heading", name="Please wait a little")).to_be_visible()
    screenshot(page, "login-locked-dark-390", light=True)
    page.goto(f"{live.url}/nowhere")
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
    no_sideways_scroll(page)
    screenshot(page, "error-404-dark-390", light=True)


def test_the_pages_work_at_twice_the_size_and_320_wide(live, carol, armed, history):
    page = live.log_in(carol, "/portal/", viewport={"width": 320, "height": 640})
    for path in ("/portal/", "/portal/timeline/", f"/portal/incidents/{history.pk}"):
        page.goto(live.url + path)
        no_sideways_scroll(page)
        small = page.evaluate(
            """[...document.querySelectorAll('a, button, summary')]
               .filter(e => e.offsetParent && !e.closest('p, .skip, h1, h2, b'))
               .filter(e => e.getBoundingClientRect().height < 40).map(e => e.outerHTML.slice(0, 80))"""
        )
        assert small == []
