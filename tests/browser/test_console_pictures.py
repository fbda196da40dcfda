"""The console's pictures and its line of stops: what the room is used for, what stands still, what is counted as seen."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations, pairwise

import pytest
from playwright.sync_api import expect

from incidents import actions
from incidents.models import Incident
from responses.models import Attempt, Responder
from soc.core import clock, events
from tests import factories as make
from tests.browser import scenes
from tests.browser.conftest import until

VIDEO = "document.querySelector('evidence-loop video')"
RECT = "JSON.parse(JSON.stringify(document.querySelector('{}').getBoundingClientRect()))"
SECOND = timedelta(seconds=1)


def held(zone, alice, **of_clip) -> Incident:
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now(), **of_clip))
    return actions.claim(incident.pk, by=alice, at=clock.now())


def rect(page, selector):
    return page.evaluate(RECT.format(selector))


def test_a_picture_of_4_to_3_uses_the_room_and_says_when_it_is_enlarged(live, on_shift, alice, zone, screenshot):
    for name in ("Gate lane", "Van bay", "Rear fence"):
        make.make_camera(zone.site, name, speaker=False)
    held(zone, alice, size=(640, 480))
    page = live.log_in(alice, "/console/")
    until(page, f"{VIDEO}?.currentTime > 0.5")
    video = rect(page, "evidence-loop video")
    assert video["width"] >= 480
    assert video["width"] / video["height"] == pytest.approx(4 / 3, abs=0.01)
    assert page.evaluate("document.querySelector('.see').scrollHeight <= document.querySelector('.see').clientHeight")
    expect(page.locator("[data-enlarged]")).to_be_hidden()
    screenshot(page, "console-4-3-dark-1366")
    page.set_viewport_size({"width": 1920, "height": 1080})
    expect(page.locator("[data-enlarged]")).to_contain_text("enlarged 1.")
    screenshot(page, "console-4-3-dark-1920")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    picture, bright, bar = (rect(page, selector) for selector in ("evidence-loop", "[data-bright]", ".bar"))
    assert rect(page, ".clock")["bottom"] <= picture["top"]
    assert picture["bottom"] <= bright["top"]
    assert bright["top"] < bar["top"] < 844
    assert bar["bottom"] == pytest.approx(844, abs=1)
    screenshot(page, "console-4-3-dark-390")
    assert live.trouble == []


def test_no_box_stands_ahead_of_a_person(live, on_shift, alice, zone):
    held(zone, alice, seen_from=2)
    page = live.log_in(alice, "/console/")
    until(page, f"{VIDEO}?.readyState >= 2")
    page.evaluate(f"{VIDEO}.pause()")
    for at, there in ((0.0, False), (1.6, False), (1.9, False), (2.05, True), (4.9, True)):
        page.evaluate(f"{VIDEO}.currentTime = {at}")
        expect(page.locator("evidence-loop .box")).to_be_visible(visible=there)


def test_the_words_of_a_group_do_not_cover_each_other(live, on_shift, alice, zone, screenshot):
    incident = held(zone, alice)
    clip = incident.alerts.get().candidate.clip

    def walks(n: int) -> list[list[float]]:
        """One of five who overlap, towards the right edge."""
        left = 0.42 + 0.05 * n
        return [[t / 10, left + t / 350, 0.4 + 0.04 * (n % 2), left + 0.09 + t / 350, 0.8] for t in range(0, 50, 2)]

    tracks = [{"id": n, "label": "person", "score": 0.91 - n / 50, "path": walks(n)} for n in range(5)]
    type(clip).objects.filter(pk=clip.pk).update(overlay={**clip.overlay, "tracks": tracks})
    page = live.log_in(alice, "/console/")
    until(page, f"{VIDEO}?.readyState >= 2")
    page.evaluate(f"{VIDEO}.pause()")
    for width, theme in ((1366, "dark"), (1920, "light")):
        page.set_viewport_size({"width": width, "height": 768 if width == 1366 else 1080})
        page.emulate_media(color_scheme=theme)
        for at in (0.1, 2.5, 4.7):
            page.evaluate(f"{VIDEO}.currentTime = {at}")
            until(page, f"!{VIDEO}.seeking")
            until(page, "document.querySelectorAll('.box:not([hidden])').length === 5")
            until(page, f"({WORDS}).length >= 3")
            page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            apart(page.evaluate(WORDS), page.evaluate(RECT.format("evidence-loop .frame")))
        screenshot(page, f"console-group-{theme}-{width}")
    assert live.trouble == []


WORDS = """[...document.querySelectorAll('.box:not([hidden]):not([data-words=out]) b')].map((e) => {
    const { left, right, top, bottom } = e.getBoundingClientRect();
    return { left, right, top, bottom, letters: parseFloat(getComputedStyle(e).fontSize) };
})"""


def apart(words, frame):
    """Every word can be read, lies on the picture, and covers no other."""
    for one in words:
        assert one["letters"] >= 11
        assert frame["left"] <= one["left"] < one["right"] <= frame["right"]
        assert frame["top"] <= one["top"] < one["bottom"] <= frame["bottom"]
    for one, other in combinations(words, 2):
        beside = one["right"] <= other["left"] or other["right"] <= one["left"]
        assert beside or one["bottom"] <= other["top"] or other["bottom"] <= one["top"], (one, other)


def test_with_reduced_motion_the_clip_stands_on_its_key_frame_with_a_play_button(
    live, on_shift, alice, zone, screenshot
):
    held(zone, alice, seen_from=1)
    page = live.log_in(alice, "/console/", reduced_motion="reduce", forced_colors="active")
    until(page, f"{VIDEO}?.readyState >= 2 && {VIDEO}.currentTime > 1.9")
    assert page.evaluate(VIDEO + ".paused")
    assert page.evaluate(VIDEO + ".currentTime") == pytest.approx(2, abs=0.1)
    expect(page.locator("evidence-loop .box")).to_be_visible()
    expect(page.locator(".scrub button")).to_have_accessible_name("Space Play the clip")
    screenshot(page, "console-still-forced-colors-1366")
    page.locator(".play").click()
    until(page, f"!{VIDEO}.paused && {VIDEO}.currentTime > 2.2")
    expect(page.locator(".play")).to_have_count(0)
    expect(page.locator(".scrub button")).to_have_accessible_name("Space Pause the clip")
    assert live.trouble == []


def test_a_row_that_the_strip_has_no_room_for_is_not_on_a_screen(live, on_shift, alice, customer):
    page = live.log_in(alice, "/console/")
    page.wait_for_selector("#feed-age:has-text('Feed 0')")
    for n in range(7):
        make.make_incident(
            make.make_candidate(site=make.make_site(customer, f"Site {n}"), category="alarm", at=clock.now())
        )
    expect(page.locator("#oldest")).to_contain_text("and 2 more")
    seen = Incident.objects.filter(painted_at__isnull=False)
    limit = clock.now() + 20 * SECOND
    while seen.count() < 5 and clock.now() < limit:
        page.wait_for_timeout(50)
    page.wait_for_timeout(700)  # longer than the strip takes to look again: nothing more may be told
    assert seen.count() == 5
    hidden = Incident.objects.filter(painted_at=None).order_by("queued_at").first()
    page.set_viewport_size({"width": 1920, "height": 1080})  # room for one more
    while hidden.painted_at is None and clock.now() < limit:
        page.wait_for_timeout(50)
        hidden.refresh_from_db()
    assert hidden.painted_at > hidden.queued_at + SECOND / 2
    assert seen.count() == 6


def test_every_stop_of_the_line_can_be_read_at_1366(live, on_shift, alice, zone, screenshot):
    incident = held(zone, alice)
    at = clock.now()
    actions.evidence_shown(incident.pk, by=alice, at=at)
    incident = actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=at + SECOND)
    actions.stamp(incident.pk, "audio_sent", at=at + 4 * SECOND)
    page = live.log_in(alice, "/console/")
    expect(page.locator(".stop--now")).to_contain_text("Voice sent")
    readable(
        page, ["Captured", "In the queue", "Claimed", "Evidence seen", "Decided real", "Voice sent", "Call placed"]
    )
    screenshot(page, "console-line-dark-1366")
    for n, name in enumerate(["audio_heard", "call_placed", "call_answered", "responder_accepted", "on_site"]):
        actions.stamp(incident.pk, name, at=at + (70 * n + 12) * SECOND)
    expect(page.locator(".stop--now")).to_contain_text("On site")
    readable(page, ["Voice sent", "Voice heard", "Answered", "On the way", "On site", "Closed"])
    screenshot(page, "console-line-full-dark-1366")
    page.set_viewport_size({"width": 1920, "height": 1080})
    readable(page, ["Received", "Judged", "Queued", "Voice heard"])
    screenshot(page, "console-line-full-dark-1920")


def readable(page, labels):
    """No label and no gap is cut, and none touches the next."""
    cut = "[...document.querySelectorAll('.stop > *')].filter((e) => e.scrollWidth > e.clientWidth).map((e) => e.textContent)"
    assert page.evaluate(cut) == []
    for label in labels:
        expect(page.locator(".stop", has_text=label)).to_be_visible()
    gaps = """[...document.querySelectorAll('.stop')].filter((s) => s.offsetWidth).map((s) => {
        const range = document.createRange();
        range.selectNodeContents(s.querySelector('b'));
        return [range.getBoundingClientRect().left, range.getBoundingClientRect().right];
    })"""
    edges = page.evaluate(gaps)
    assert all(right + 3 <= left for (_, right), (left, _) in pairwise(edges)), edges


def test_what_went_out_tells_how_far_the_responder_is_and_when_nobody_is_left(
    live, on_shift, alice, zone, organisation, screenshot
):
    guards = Responder.objects.create(
        organisation=organisation, name="Tern Lane guards", phone="+12065550142", minutes=9
    )
    incident = held(zone, alice)
    incident = actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=clock.now())
    call = Attempt.objects.create(
        site=zone.site, incident=incident, kind="call", status="declined", responder=guards, by=alice, dedup="c",
        created_at=clock.now(), placed_at=clock.now(), declined_at=clock.now(),
    )  # fmt: skip
    page = live.log_in(alice, "/console/")
    expect(page.locator(".sent")).to_contain_text("declined")
    with events.transaction.atomic():
        events.record("attempt.exhausted", call, by=None, at=clock.now(), incident=incident.pk, order=call.pk)
    expect(page.locator(".sent .is-caution").first).to_contain_text("Nobody is left to call")
    expect(page.locator(".sent .is-caution").first).to_contain_text("C shows the list")
    expect(page.locator("#assertive")).to_contain_text("Nobody is left to call")
    screenshot(page, "console-exhausted-dark-1366")
    at = clock.now()
    Attempt.objects.filter(pk=call.pk).update(status="accepted", declined_at=None, accepted_at=at, on_my_way_at=at)
    with events.transaction.atomic():
        events.record("attempt.on_my_way", call, by=None, at=at, incident=incident.pk)
    expect(page.locator(".sent")).to_contain_text("Accepted")
    expect(page.locator(".sent")).to_contain_text("On the way")
    expect(page.locator(".sent .is-caution")).to_have_count(0)
    screenshot(page, "console-on-the-way-dark-1366")
    assert live.trouble == []


def test_a_quiet_console_says_each_thing_once_and_counts_the_sites_that_are_watched(
    live, on_shift, alice, zone, customer, screenshot
):
    make.make_site(customer, "Without a camera")
    page = live.log_in(alice, "/console/")
    expect(page.locator("#count")).to_have_text("Nothing waits")
    assert page.locator("body").inner_text().lower().count("nothing waits") == 1
    assert "0 waiting" not in page.locator("body").inner_text()
    expect(page.locator("[data-quiet]")).to_contain_text("Watching 1 camera at 1 site.")
    expect(page.locator("pack-check")).to_contain_text("No contingency pack: no phrase is set")
    screenshot(page, "console-quiet-on-shift-dark-1366")
