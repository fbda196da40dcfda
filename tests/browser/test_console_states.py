"""Every state of the console, looked at: the picture, the voice, the phone, the lost feed, a refusal; and each size and theme."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from incidents import actions
from responses.models import Attempt, Message, Playbook, Responder
from soc.core import clock
from tests import factories as make
from tests.browser import scenes
from tests.browser.conftest import until
from tests.console.watching import watching

STEPS = [
    {"id": "look", "kind": "look", "title": "Look: is someone inside the fence?", "required": True},
    {
        "id": "belongs",
        "kind": "question",
        "title": "Does this person belong here?",
        "required": True,
        "fulfilled_by": "verdict",
    },
    {"id": "talk", "kind": "talk", "title": "Warn over the loudspeaker", "help": "Then watch for 15 seconds."},
    {
        "id": "left",
        "kind": "question",
        "title": "Did they leave?",
        "answers": [{"code": "yes", "label": "Yes, they left"}, {"code": "no", "label": "No, still there"}],
    },
    {"id": "call", "kind": "call", "title": "Send a responder"},
    {"id": "close", "kind": "close", "title": "Say what you saw, close", "required": True},
]


@pytest.fixture
def playbook(organisation, admin):
    body = {"families": ["intrusion", "panel"], "steps": STEPS}
    night = clock.now() - timedelta(days=1)
    return Playbook.objects.create(
        organisation=organisation,
        name="Intruder, open ground",
        number=1,
        body=body,
        published_at=night,
        published_by=admin,
    )


@pytest.fixture
def messages(organisation, admin):
    night = clock.now() - timedelta(days=1)
    texts = {
        "1 leave": ("You at the gate: this is private property and you are on live camera. Leave now.", ""),
        "2 on the way": ("You are being monitored. Law enforcement is on the way.", "call_placed"),
    }
    return [
        Message.objects.create(
            organisation=organisation,
            name=name,
            number=1,
            body={"text": text, "audio": "leave.wav", "needs": needs},
            published_at=night,
            published_by=admin,
        )
        for name, (text, needs) in texts.items()
    ]


@pytest.fixture
def guards(organisation):
    Responder.objects.create(organisation=organisation, name="Tern Lane guards", phone="+12065550142", minutes=9)
    Responder.objects.create(
        organisation=organisation, name="Dana Kell, keyholder", phone="+12065550177", minutes=12, rank=2
    )


@pytest.fixture
def cast(alice, zone, playbook, messages, guards):
    for name in ("Gate lane", "Van bay"):
        make.make_camera(zone.site, name, speaker=False)
    broken = make.make_camera(zone.site, "Rear fence", speaker=False)
    lost = clock.now() - timedelta(minutes=21)
    since = {
        "health": "offline",
        "health_since": lost,
        "lost_alert_at": lost,
        "trouble": "The camera refuses the connection.",
    }
    type(broken).objects.filter(pk=broken.pk).update(**since)


HOLD = "document.querySelector('[data-hold]').dataset.hold"


def served(camera, watch):
    type(camera).objects.exclude(health="offline").update(media_address=watch.address)


def test_the_clip_plays_with_boxes_and_the_live_picture_carries_its_age(
    live, cast, on_shift, alice, dave, zone, screenshot
):
    history(zone, alice)
    with watching(lambda n: scenes.jpeg(n / 10 % 5), fps=8) as watch:
        served(zone.camera, watch)
        page = live.log_in(alice, "/console/", viewport={"width": 1920, "height": 1080})
        make.make_incident(scenes.with_evidence(zone, at=clock.now()))
        other = make.make_incident(make.make_candidate(site=zone.site, category="alarm", at=clock.now()))
        expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Does this person belong here?")).to_be_visible()
        expect(page.locator("evidence-loop .box")).to_be_visible()
        until(page, "document.querySelector('evidence-loop video').currentTime > 0.5")
        until(page, "Number(document.querySelector('camera-view.large').dataset.frames) > 3")
        expect(page.locator("camera-view.large .age")).to_contain_text("s")
        until(page, "document.querySelectorAll('camera-view.tile[data-frames]').length >= 2")
        screenshot(page, "console-claimed-dark-1920")
        page.set_viewport_size({"width": 1366, "height": 768})
        screenshot(page, "console-claimed-dark-1366")
        boxes_and_pause(page)
        page.keyboard.press("R")
        expect(page.locator("[data-bright]")).to_contain_text("Warn over the loudspeaker")
        page.click("[data-theme-toggle]")
        screenshot(page, "console-decided-light-1366")
        page.set_viewport_size({"width": 1920, "height": 1080})
        screenshot(page, "console-decided-light-1920")
        narrow(page, screenshot)
        page.set_viewport_size({"width": 1366, "height": 768})
        watch.frozen.set()
        expect(page.locator("camera-view.large .old")).to_contain_text("s old")
        expect(page.locator("camera-view.large.is-old")).to_be_visible()
        screenshot(page, "console-frozen-light-1366")
    incident_of_other(other, page)
    assert live.trouble == []


def boxes_and_pause(page):
    page.keyboard.press("b")
    expect(page.locator("evidence-loop .box")).to_be_hidden()
    page.keyboard.press("b")
    expect(page.locator("evidence-loop .box")).to_be_visible()
    page.keyboard.press("Space")
    until(page, "document.querySelector('evidence-loop video').paused")
    page.keyboard.press("Space")
    until(page, "!document.querySelector('evidence-loop video').paused")


def narrow(page, screenshot):
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    screenshot(page, "console-decided-light-390", full=True)


def incident_of_other(other, page):
    """A late alert joins the strip and takes nothing away."""
    expect(page.locator(f"#q-{other.pk}")).to_be_attached()
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()


def history(zone, user):
    for n, outcome in enumerate(["false.animal", "authorised.staff", "false.weather"]):
        at = clock.now() - timedelta(days=n + 1)
        incident = make.make_incident(make.make_candidate(zone=zone, at=at))
        incident = actions.claim(incident.pk, by=user, at=at + timedelta(seconds=4))
        actions.evidence_shown(incident.pk, by=user, at=at + timedelta(seconds=5))
        verdict = outcome.split(".")[0]
        incident = actions.decide(
            incident.pk, verdict=verdict, token=incident.token, by=user, at=at + timedelta(seconds=14)
        )
        form = {"outcome": outcome, "site_state": "secure", "summary": "", "token": incident.token}
        actions.close(incident.pk, **form, by=user, at=at + timedelta(seconds=38))


def test_voice_on_air_turns_the_bar_blue_and_what_is_untrue_is_refused(
    live, cast, on_shift, alice, zone, messages, screenshot
):
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now()))
    incident = actions.claim(incident.pk, by=alice, at=clock.now())
    incident = actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    expect(page.locator("[data-bright]")).to_be_visible()
    page.keyboard.press("t")
    expect(page.locator("#panel-talk")).to_be_visible()
    until(page, "document.querySelector('evidence-loop video').currentTime > 0.5")
    screenshot(page, "console-talk-choose-dark-1366")
    page.keyboard.press("2")
    expect(page.locator("#panel-talk .said")).to_contain_text("would not be true yet")
    screenshot(page, "console-refused-dark-1366")
    page.keyboard.press("Escape")
    attempt = Attempt.objects.create(
        site=zone.site,
        incident=incident,
        kind="talk",
        status="placed",
        camera=zone.camera,
        message=messages[0],
        by=alice,
        dedup="t",
        created_at=clock.now(),
        placed_at=clock.now(),
    )
    actions.stamp(incident.pk, "audio_sent", at=clock.now())
    expect(page.locator(".bar[data-live]")).to_contain_text("ON AIR")
    screenshot(page, "console-talk-dark-1366")
    page.click("[data-theme-toggle]")
    screenshot(page, "console-talk-light-1366")
    Attempt.objects.filter(pk=attempt.pk).update(status="done", ended_at=clock.now())
    actions.stamp(incident.pk, "audio_heard", at=clock.now())
    expect(page.locator(".bar[data-live]")).to_have_count(0)
    assert live.trouble == []


def test_d_shows_whom_and_where_and_only_the_full_hold_sends(live, cast, on_shift, alice, zone, screenshot):
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    incident = actions.claim(incident.pk, by=alice, at=clock.now())
    actions.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=clock.now())
    page = live.log_in(alice, "/console/")
    expect(page.locator("[data-bright]")).to_be_visible()
    page.keyboard.press("d")
    panel = page.locator("#panel-send")
    expect(panel).to_contain_text("18 Tern Lane, Pinewick")
    expect(panel).to_contain_text("Tern Lane guards")
    expect(panel).to_contain_text("+12065550142")
    page.keyboard.press("Enter")
    assert incident.attempts.count() == 0
    screenshot(page, "console-dispatch-dark-1366")  # before the hold: a picture may take longer than the hold does
    page.evaluate(f"{HOLD} = 6000")  # a loaded machine may let go late
    page.keyboard.down("d")
    until(page, "parseFloat(document.querySelector('[data-hold]').style.getPropertyValue('--held')) > 8")
    page.keyboard.up("d")
    expect(page.locator("[data-hold][data-held]")).to_have_count(0)
    assert incident.attempts.count() == 0
    page.evaluate(f"{HOLD} = 1500")
    page.keyboard.down("d")
    expect(page.locator(".sent")).to_contain_text("Call to Tern Lane guards", timeout=20_000)
    page.keyboard.up("d")
    assert set(incident.attempts.values_list("kind", flat=True)) == {"call", "text"}
    screenshot(page, "console-dispatched-dark-1366")
    assert live.trouble == []


def test_no_contact_is_said_after_five_seconds_and_everything_comes_back(live, cast, on_shift, alice, zone, screenshot):
    page = live.log_in(alice, "/console/")
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    live.stop("web")
    expect(page.locator("#stale")).to_contain_text("No contact since", timeout=15_000)
    screenshot(page, "console-stale-dark-1366")
    page.keyboard.press("r")
    expect(page.locator("[data-bright] .said")).to_contain_text("Not sent")
    alarm = make.make_incident(make.make_candidate(site=zone.site, category="alarm", at=clock.now()))
    actions.add_note(incident.pk, text="Written meanwhile.", by=alice, at=clock.now())
    live.start("web")
    expect(page.locator("#stale")).to_be_hidden(timeout=30_000)
    expect(page.locator(f"#q-{alarm.pk}")).to_be_visible()
    expect(page.locator(".kept")).to_contain_text("Written meanwhile.")


def test_an_incident_without_any_picture_says_why(live, cast, on_shift, alice, zone, screenshot):
    page = live.log_in(alice, "/console/")
    make.make_incident(make.make_candidate(site=zone.site, category="hold_up", at=clock.now()))
    expect(page.get_by_role("heading", name="Hold-up button", level=1)).to_be_visible()
    expect(page.locator("evidence-loop")).to_contain_text("No camera belongs to this signal")
    page.keyboard.press("Enter")
    expect(page.locator(".bar")).to_contain_text("ask to lift it")
    screenshot(page, "console-no-picture-dark-1366")
    page.keyboard.press("t")
    expect(page.locator("#panel-quiet")).to_contain_text("Nothing may be heard or seen at the site")
    assert live.trouble == []


def test_a_log_out_elsewhere_sends_the_page_to_the_log_in(live, alice):
    from django.contrib.sessions.models import Session

    page = live.log_in(alice, "/console/")
    page.wait_for_selector("#feed-age:has-text('Feed 0')")
    Session.objects.all().delete()
    page.wait_for_url("**/login/**", timeout=15_000)


def test_what_a_supervisor_takes_stays_in_sight_with_who_has_it(live, on_shift, alice, sam, zone, screenshot):
    page = live.log_in(alice, "/console/")
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    actions.take_over(incident.pk, by=sam, at=clock.now())
    expect(page.locator("[data-bright]")).to_contain_text("Joel has this incident")
    screenshot(page, "console-taken-over-dark-1366")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    assert live.trouble == []


def test_a_supervisor_picks_from_the_strip_and_takes_over(live, alice, sam, zone):
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    actions.claim(incident.pk, by=alice, at=clock.now())
    page = live.log_in(sam, "/console/")
    page.locator(f"#q-{incident.pk} a").click()
    expect(page.locator("[data-bright]")).to_contain_text("Ines has this incident")
    page.keyboard.press("k")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    incident.refresh_from_db()
    assert incident.owner == sam
    assert live.trouble == []


def test_a_more_urgent_one_comes_before_an_unclaimed_offer_but_never_before_a_claim(live, on_shift, alice, zone):
    page = live.log_in(alice, "/console/")
    make.make_incident(make.make_candidate(site=zone.site, category="alarm", at=clock.now()))
    expect(page.get_by_role("heading", name="Alarm from the panel", level=1)).to_be_visible()
    urgent = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    later = make.make_incident(make.make_candidate(site=zone.site, category="hold_up", at=clock.now()))
    expect(page.locator(f"#q-{later.pk}")).to_be_visible()
    expect(page.get_by_role("heading", name="Person in Yard", level=1)).to_be_visible()
    urgent.refresh_from_db()
    assert urgent.owner == alice
    assert live.trouble == []
