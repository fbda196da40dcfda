"""What is seen of an open incident, and where: the clip with two pictures beside it, the other cameras, the plan, the facts."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import APIResponse, Route, expect

from cameras.models import Camera, SitePlan
from incidents import actions
from incidents.models import Incident
from soc.core import clock
from soc.core.models.media import evidence_store
from tests import factories as make
from tests.browser import scenes
from tests.browser.conftest import until
from tests.console.watching import watching

VIDEO = "document.querySelector('evidence-loop video')"
SEE = "document.querySelector('.see')"
WIDTHS = (
    "['camera-view.large', 'evidence-loop'].map((one) => document.querySelector(one).getBoundingClientRect().width)"
)
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
SIZES = {"1920": (1920, 1080), "1366": (1366, 768), "390": (390, 844)}

GROUND = [
    {"kind": "fence", "points": [[0, 0], [84, 0], [84, 26]]},
    {"kind": "fence", "points": [[84, 36], [84, 60], [0, 60], [0, 0]]},
    {"kind": "building", "points": [[11, 4], [44, 4], [44, 24], [11, 24]], "words": "Cold store"},
    {"kind": "building", "points": [[8, 40], [30, 40], [30, 57], [8, 57]], "words": "Office"},
    {"kind": "building", "points": [[50, 4], [74, 4], [74, 15], [50, 15]], "words": "Workshop"},
    {"kind": "gate", "points": [[84, 26], [84, 36]], "words": "Gate"},
]
PLACES = {
    "Gate lane": (6, 6, 155, 46, 17),
    "Van bay": (79, 5, 210, 60, 17),
    "Loading yard": (44, 17, 125, 58, 37),
    "South path": (5, 56, 45, 60, 16),
    "Workshop": (60, 15, 180, 60, 14),
    "Office front": (55, 58, 330, 60, 15),
    "Rear fence": (78.5, 6.5, 250, 50, 14),  # on the same pole as the van bay's
}
# What is written on the plan and seen: its words, how high its letters are, and where it lies.
WRITTEN = """[...document.querySelectorAll('.plan [data-w]:not(.is-out, path)')].map((e) => {
    const { x, y, width, height } = e.getBoundingClientRect(), text = e.matches('text') ? e : e.querySelector('text');
    const letters = parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a;
    return { words: text.textContent, letters, x, y, width, height };
})"""


@pytest.fixture
def yard(zone) -> Camera:
    """The site of seven cameras with a plan: two hang on one pole, one of these has no picture."""
    site, camera = zone.site, zone.camera
    SitePlan.objects.create(site=site, width_m=84, height_m=60, shapes=GROUND)
    for name in ("Gate lane", "Van bay", "South path", "Workshop", "Office front", "Rear fence"):
        make.make_camera(site, name, speaker=False)
    for name, (x, y, heading, angle, reach) in PLACES.items():
        place = {"x": x, "y": y, "heading": heading, "angle": angle, "reach": reach}
        Camera.objects.filter(site=site, name=name).update(on_plan=place)
    lost = {
        "health": "offline",
        "health_since": clock.now() - timedelta(minutes=21),
        "trouble": "It refuses to connect.",
    }
    Camera.objects.filter(name="Rear fence").update(**lost)
    taken = clock.now() - timedelta(minutes=8)
    camera.refresh_from_db()
    camera.reference = make.make_media(site, content=scenes.jpeg(figure=False), started_at=taken, at=taken)
    camera.save()
    return camera


def ended(zone, user, *outcomes: str) -> list[Incident]:
    """Incidents that ended here in so many days before, the last one yesterday."""
    found = []
    for n, outcome in enumerate(reversed(outcomes)):
        at = clock.now() - timedelta(days=len(outcomes) - n)
        candidate = make.make_candidate(zone=zone, at=at)
        candidate.snapshot = make.make_media(zone.site, content=scenes.jpeg(3.5), started_at=at, at=at)
        candidate.save()
        incident = actions.claim(make.make_incident(candidate).pk, by=user, at=at + timedelta(seconds=4))
        actions.evidence_shown(incident.pk, by=user, at=at + timedelta(seconds=5))
        said = {"verdict": outcome.split(".")[0], "token": incident.token, "by": user}
        incident = actions.decide(incident.pk, **said, at=at + timedelta(seconds=14))
        form = {"outcome": outcome, "site_state": "secure", "summary": "", "token": incident.token}
        found.append(actions.close(incident.pk, **form, by=user, at=at + timedelta(seconds=38)))
    return found


def the_plan_can_be_read(page):
    """No letter is smaller than 11 px, nothing covers anything else, and every camera has its number."""
    written = page.evaluate(WRITTEN)
    assert {str(n) for n in range(1, 8)} <= {one["words"] for one in written}
    assert min(one["letters"] for one in written) >= 11
    for one, other in combinations(written, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        over = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or over, (one, other)


def pictures(page, screenshot, name, *sizes: str):
    """The page at these sizes in the dark, and at the last one in the light: nothing is to be scrolled sideways."""
    for size in sizes or SIZES:
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate(DRAWN)
        if page.locator(".plan").count():
            the_plan_can_be_read(page)
        screenshot(page, f"{name}-dark-{size}", full=size == "390")
    page.evaluate("document.querySelector('[data-theme-toggle]').click()")
    screenshot(page, f"{name}-light-{size}", full=size == "390")
    page.evaluate("document.querySelector('[data-theme-toggle]').click()")


def test_everything_of_an_incident_is_in_sight_at_once(live, on_shift, alice, sam, zone, yard, screenshot):
    ended(zone, alice, "false.animal", "authorised.staff", "false.weather", "authorised.delivery")
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now() - timedelta(seconds=12)))
    actions.claim(incident.pk, by=alice, at=clock.now())
    with watching(lambda n: scenes.jpeg(n / 10 % 5), fps=8) as watch:
        Camera.objects.exclude(health="offline").update(media_address=watch.address)
        page = live.log_in(alice, "/console/", viewport={"width": 1920, "height": 1080})
        until(page, f"{VIDEO}?.currentTime > 0.5")
        until(page, "document.querySelectorAll('camera-view.tile[data-frames]').length === 5")
        until(page, f"{SEE}.scrollHeight <= {SEE}.clientHeight")
        expect(page.locator("[data-looking]")).to_have_text("Only you are looking")
        expect(page.locator("[data-part=past] small")).to_have_text("4 of 4 false")
        pictures(page, screenshot, "console-open")
        page.set_viewport_size({"width": 1366, "height": 768})
        live_is_one_key_away(page, screenshot)
        what_it_is_compared_with(page)
    assert live.trouble == []


def live_is_one_key_away(page, screenshot):
    large = page.locator("camera-view.large")
    small, wide = large.bounding_box()["width"], page.locator("evidence-loop").bounding_box()["width"]
    assert wide > 1.9 * small

    def become(*widths):
        until(page, f"String({WIDTHS}) === String({list(widths)})")

    page.keyboard.press("l")
    become(wide, small)
    screenshot(page, "console-live-large-dark-1366")
    page.keyboard.press("e")
    become(small, wide)
    page.keyboard.press("6")  # Van bay
    become(wide, small)
    expect(large.locator("[data-name-word]")).to_have_text("Van bay")
    expect(page.locator("[data-do=camera][data-key='6']")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("6")
    become(small, wide)
    expect(large.locator("[data-name-word]")).to_have_text("Loading yard")


def what_it_is_compared_with(page):
    caption, pressed = page.locator("compare-view [data-caption]"), page.locator(".cmp [aria-pressed=true]")
    expect(caption).to_contain_text("Reference")
    expect(caption).to_contain_text("nobody")
    page.keyboard.press("v")
    expect(caption).to_contain_text("2 s before the alarm")
    expect(pressed).to_have_text("Before")
    page.keyboard.press("v")
    expect(caption).to_contain_text("Animal")
    page.keyboard.press("v")
    expect(caption).to_contain_text("Reference")
    until(page, "document.querySelector('compare-view img').naturalWidth > 0")


def test_what_came_late_says_so_and_what_it_follows_is_one_line(live, on_shift, alice, zone, screenshot):
    at = clock.now()
    before, *_ = ended(zone, alice, "false.animal")
    candidate = scenes.with_evidence(zone, at=at - timedelta(minutes=12))
    type(candidate).objects.filter(pk=candidate.pk).update(received_at=at, judged_at=at)
    candidate.refresh_from_db()
    incident = make.make_incident(candidate, at=at)
    Incident.objects.filter(pk=incident.pk).update(follows=before)
    actions.claim(incident.pk, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    expect(page.locator(".late")).to_contain_text("Late by 12 min")
    expect(page.locator(".follows")).to_contain_text(f"Follows {before.reference}")
    expect(page.locator(".follows")).to_contain_text("false alarm, animal, Ines")
    expect(page.locator(f"#q-{incident.pk}")).to_contain_text("late by 12 min")
    expect(page.locator("[data-clock-word]")).to_contain_text("Nobody has decided after 1:00")
    expect(page.locator("response-clock")).to_have_attribute("data-over", "danger")
    pictures(page, screenshot, "console-late", "1920", "1366")
    assert live.trouble == []


def an_act_answered_late_leaves_what_was_opened_meanwhile(page, zone, alice):
    first = page.locator("#incident").get_attribute("data-id")
    second = actions.claim(make.make_incident(make.make_candidate(zone=zone)).pk, by=alice, at=clock.now())
    expect(page.locator(f"#q-{second.pk}")).to_be_visible()
    held: list[tuple[Route, APIResponse]] = []
    page.route("**/note/", lambda route: held.append((route, route.fetch())))
    page.locator("#note").fill("A word for the first.")
    page.keyboard.press("Control+Enter")
    until(page, lambda: held)
    page.keyboard.type(" And more.")  # after it was sent
    page.keyboard.press("Escape")
    page.keyboard.press("r")  # waits for the note's answer
    page.keyboard.press("j")
    expect(page.locator("#incident")).to_have_attribute("data-id", str(second.pk))
    (slow, answer) = held[0]
    with page.expect_response("**/note/") as came, page.expect_response("**/decide/") as came_next:
        slow.fulfill(response=answer)
    for one in (came, came_next):
        one.value.finished()
    page.evaluate(DRAWN)
    assert page.locator("#incident").get_attribute("data-id") == str(second.pk), (
        "the next key would be of another incident"
    )
    page.keyboard.press("j")
    expect(page.locator("#incident")).to_have_attribute("data-id", first)
    expect(page.locator(".kept").get_by_text("A word for the first.")).to_be_visible()
    expect(page.locator("#note")).to_have_value("And more.")  # what was accepted is no draft any more
    page.unroute_all()


def test_what_is_offered_before_the_last_is_seen_to_be_over_opens_by_itself(live, on_shift, alice, zone):
    first = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    Incident.objects.filter(pk=first.pk).update(priority=2)  # one that may be parked
    first = actions.claim(first.pk, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    told: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: told.append(str(frame))))
    page.reload()
    expect(page.locator("#incident")).to_have_attribute("data-mine", "yes")
    elsewhere = make.make_zone(make.make_camera(make.make_site(zone.site.customer, "Elsewhere")))
    second = make.make_incident(make.make_candidate(zone=elsewhere, at=clock.now()))
    expect(page.locator(f"#q-{second.pk}")).to_be_visible()
    held: list[Route] = []
    page.route(f"**/incidents/{first.pk}/", lambda route: held.append(route))
    until_at = clock.now() + timedelta(minutes=20)
    actions.park(first.pk, reason="later", until=until_at, token=first.token, by=alice, at=clock.now())
    until(page, lambda: held and any("incident.offered" in frame and str(second.pk) in frame for frame in told))
    held[0].continue_()
    page.unroute_all()
    # No other event comes before it is offered to all, half a minute later.
    expect(page.locator("#incident")).to_have_attribute("data-id", str(second.pk), timeout=10_000)


def test_what_is_gone_or_not_ones_own_any_more_is_said_calmly(live, on_shift, alice, zone, screenshot):
    candidate = scenes.with_evidence(zone, at=clock.now())
    candidate.snapshot = None
    candidate.save()
    incident = actions.claim(make.make_incident(candidate).pk, by=alice, at=clock.now())
    evidence_store().delete(candidate.clip.key)
    page = live.log_in(alice, "/console/")
    expect(page.locator("evidence-loop [data-said]")).to_have_text("The clip is not there any more")
    screenshot(page, "console-clip-gone-dark-1366")

    # Of two answers on their way the one that was asked for later is shown, whichever comes first.
    held: list[tuple[Route, APIResponse]] = []
    address = f"**/incidents/{incident.pk}/"
    page.route(address, lambda route: route.continue_() if held else held.append((route, route.fetch())))
    for words in ("The first of two.", "The second of two."):
        actions.add_note(incident.pk, text=words, by=alice, at=clock.now())
        until(page, lambda: held)
    expect(page.get_by_text("The second of two.")).to_be_visible()
    (slow, old) = held[0]
    with page.expect_response(address) as answer:
        slow.fulfill(response=old)
    answer.value.finished()
    page.evaluate(DRAWN)
    assert page.get_by_text("The second of two.").count() == 1, "at once, not when it is asked anew"
    page.unroute_all()
    an_act_answered_late_leaves_what_was_opened_meanwhile(page, zone, alice)

    page.route(f"**/incidents/{incident.pk}/", lambda route: route.fulfill(status=404, body=""))
    actions.add_note(incident.pk, text="Somebody else's now.", by=alice, at=clock.now())
    expect(page.get_by_role("heading", name="This incident is not on your console any more")).to_be_visible()
    pictures(page, screenshot, "console-gone", "1366", "390")
    page.unroute_all()

    Session.objects.all().delete()
    page.wait_for_url("**/login/**", timeout=15_000)
    expect(page.get_by_role("status")).to_contain_text("You are logged out here")
    screenshot(page, "console-logged-out-dark-390")
    page.set_viewport_size({"width": 1366, "height": 768})
    screenshot(page, "console-logged-out-dark-1366")
