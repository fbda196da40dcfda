"""The pages that are read away from the desk, as supervisors and operators meet them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from cameras.actions import asking
from incidents import actions
from incidents.models import Incident, Review, RosterEntry, Shift
from responses import actions as responses
from responses.defaults import publish_defaults
from soc.core import chain, clock
from tests.browser import scenes
from tests.browser.axe import violations

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 768}
S = timedelta(seconds=1)


@pytest.fixture
def night(zone, alice, dave, sam, admin, organisation) -> Incident:
    """An incident that was handled an hour ago, a shift, a roster with gaps; a review that is done and one to do."""
    at = clock.now() - timedelta(hours=1)
    publish_defaults(organisation, at=at - timedelta(days=1))
    for user in (alice, dave):
        actions.start_shift(
            user=user, organisation=organisation, at=at - timedelta(hours=2), desk=f"desk {user.call_sign[0]}"
        )
    Shift.objects.filter(user=dave).update(
        ended_at=at, last_words="The gate of the depot is loose: somebody comes at eight."
    )
    told = [_handled(scenes.with_evidence(zone, at=at - timedelta(minutes=20 * n)), alice) for n in range(3)]
    scores = dict(zip(actions.CRITERIA, (4, 3, 3, None, None, 2), strict=True))
    done = actions.choose_review(told[1].pk, by=sam, at=at + 100 * S)
    words = "You looked twice before you decided, which was right.\nWrite in the summary what the customer has to do."
    actions.score_review(done.pk, scores=scores, words=words, by=sam, at=at + 200 * S)
    actions.choose_review(told[2].pk, by=sam, at=at + 100 * S)
    sam.phone = "+441632960051"
    sam.save(update_fields=["phone"])
    now = clock.now()
    asking.ask_address(zone.site, address="81 Tern Lane, Pinewick", reason="the owner wrote", by=admin, at=now)
    kept = {"kind": "promised", "who": "Una Marsh", "number": "+44 1632 960001", "words": "whether the gate is shut"}
    actions.note_call(zone.site.pk, **kept, minutes=30, by=alice, at=at)
    for user, duty, since, until in (
        (sam, "on_call", -3, 20),
        (alice, "operator", -4, 4),
        (dave, "operator", 4, 12),
        (sam, "lead", -4, 4),
    ):
        span = {"starts_at": now + timedelta(hours=since), "ends_at": now + timedelta(hours=until)}
        RosterEntry.objects.create(organisation=organisation, user=user, duty=duty, by=sam, at=at, **span)
    chain.seal()
    return told[0]


def _handled(candidate, alice) -> Incident:
    incident = actions.raise_alert(candidate.pk, at=candidate.judged_at).incident
    at = incident.queued_at
    held = actions.claim(incident.pk, by=alice, at=at + 6 * S)
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=at + 14 * S)
    actions.add_note(held.pk, text="Two at the fence, one with a bag.", by=alice, at=at + 22 * S)
    for step in responses.steps(Incident.objects.get(pk=held.pk)):
        if step.required and not step.state and step.kind != "close":
            responses.step_skipped(
                held.pk, step_id=step.id, reason="They left at once.", token=held.token, by=alice, at=at + 40 * S
            )
    end = {"outcome": "genuine.deterred_by_voice", "site_state": "secure", "summary": "They left."}
    return actions.close(held.pk, token=held.token, by=alice, at=at + 55 * S, **end)


def test_a_supervisor_reads_what_was_and_writes_what_will_be(live, night, sam, screenshot):
    due = Review.objects.get(done_at=None)
    done = Review.objects.get(done_at__isnull=False)
    pages = {
        "quality": "/console/quality/",
        "review-to-do": f"/console/quality/{due.pk}/",
        "review-done": f"/console/quality/{done.pk}/",
        "retelling": f"/console/retelling/{night.pk}/?n=6",
        "record": "/console/record/",
        "roster": "/console/roster/",
        "report": "/console/report/",
        "approvals": "/console/approvals/",
        "calls": "/console/calls/",
    }
    for theme in ("dark", "light"):
        page = live.log_in(sam, "/console/quality/", color_scheme=theme)
        for name, path in pages.items():
            page.set_viewport_size(DESK)
            page.goto(live.url + path)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            screenshot(page, f"{name}-{theme}-1366", full=True)
            page.set_viewport_size(PHONE)
            screenshot(page, f"{name}-{theme}-390", full=True)
            if theme == "dark":
                assert violations(page) == [], name
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    assert live.trouble == []


def test_an_incident_is_retold_by_the_arrows_the_range_and_play(live, night, sam):
    page = live.log_in(sam, f"/console/retelling/{night.pk}/")
    heading = page.locator("#h-now")
    expect(heading).to_contain_text("Opened")
    expect(page.locator("#range")).to_be_enabled()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#moments [aria-current]")).to_have_count(1)
    expect(heading).not_to_contain_text("Opened")
    page.get_by_role("link", name="Verdict: real").click()
    expect(heading).to_contain_text("Verdict: real")
    expect(page.locator(".now-was")).to_contain_text("working")
    page.locator("#range").focus()
    page.keyboard.press("End")
    expect(page.locator(".now-was")).to_contain_text("closed")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    assert live.trouble == []


def test_a_review_is_done_by_keyboard_alone_and_read_by_its_operator(live, night, alice, sam):
    due = Review.objects.get(done_at=None)
    page = live.log_in(sam, f"/console/quality/{due.pk}/")
    for code in actions.CRITERIA:
        page.locator(f"input[name=score-{code}]").first.focus()
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowRight")
    page.locator("#words").focus()
    page.keyboard.type("Calm and quick.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="3.0 of 4 points")).to_be_visible()
    reader = live.log_in(alice, "/console/quality/own/")
    reader.get_by_role("link", name="Person in Yard").first.click()
    expect(reader.get_by_text("Calm and quick.")).to_be_visible()
    assert live.trouble == []
