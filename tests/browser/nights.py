"""Three nights as an operator meets them at one desk: whoever has a key at three in the morning, whoever does not go when told
to, and whoever rings and lies. Each leaves the desk as quiet as it found it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from cameras.models import Camera, PasscodeTry, Zone
from incidents import actions
from incidents.models import CallNote, Incident
from incidents.models.incident import State
from responses import actions as responses
from responses.models import Attempt, Message
from soc.core import clock
from soc.core.models import User
from tests import factories as make
from tests.browser import scenes
from tests.browser.conftest import Live, until

LUIS = "+442079460011"
PASSCODE, DURESS = "amber lantern", "grey lantern"
SAID = "Passcode given by Luis Ferro, keyholder."
RING = "parseFloat(document.querySelector('#undo .ringer circle:last-child').style.strokeDashoffset)"


def comes_and_is_claimed(page: Page, zone: Zone) -> Incident:
    incident = make.make_incident(scenes.with_evidence(zone, at=clock.now(), clip=False))
    expect(page.locator(f"#q-{incident.pk}")).to_be_visible()
    expect(page.get_by_role("heading", name=f"Person in {zone.name}", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    return incident


def says(page: Page, word: str) -> None:
    """The passcode as the operator hears it, typed in."""
    page.keyboard.press("i")
    page.get_by_label("Passcode", exact=True).fill(word)
    page.keyboard.press("Enter")


def a_key_at_three(live: Live, page: Page, zone: Zone, carol: User, screenshot) -> None:
    """No disarm, nobody expected. His registered mobile is rung, not the loudspeaker; the passcode ends it."""
    incident = comes_and_is_claimed(page, zone)
    expect(page.locator("[data-part=first] .awaited")).to_have_count(0)
    expect(page.locator("[data-part=why]")).to_contain_text("Armed")
    people = page.locator("[data-part=people]")
    expect(people).not_to_contain_text(LUIS)  # a number is shown to whoever says that they ring
    page.keyboard.press("a")
    expect(people).to_contain_text(LUIS)
    says(page, "lantern")
    expect(page.locator("#panel-passcode .said")).to_contain_text("not the passcode of anybody listed here")
    page.get_by_label("Passcode", exact=True).fill(PASSCODE)  # he says it again
    page.keyboard.press("Enter")
    expect(page.locator(".kept")).to_contain_text(SAID)
    answered = page.locator(".kept").inner_text()
    page.keyboard.press("f")
    page.keyboard.press("6")
    expect(page.get_by_label("Staff")).to_be_checked()
    page.keyboard.press("g")
    page.keyboard.type("Luis Ferro fetched papers; he knows that he is to disarm first.")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    incident.refresh_from_db()
    assert (incident.state, incident.verdict, incident.outcome) == (State.CLOSED, "authorised", "authorised.staff")
    assert not Attempt.objects.exists()  # nobody was spoken to at the site, and nobody sent
    told = live.log_in(carol, f"/portal/incidents/{incident.pk}")
    expect(told.locator("#outcome")).to_contain_text("It was your own staff. Nothing was needed.")
    expect(told.locator("#story")).to_contain_text("he knows that he is to disarm first")
    told.close()

    # The variant: he is forced. What the operator reads is the same, word for word; only the queue knows more.
    incident = comes_and_is_claimed(page, zone)
    says(page, DURESS)
    expect(page.locator(".kept")).to_contain_text(SAID)
    assert without_times(page.locator(".kept").inner_text()) == without_times(answered)
    quiet = page.locator("#queue li", has_text="Duress")
    expect(quiet).to_be_visible()
    expect(page.get_by_role("heading", name=f"Person in {zone.name}", level=1)).to_be_visible()  # what is his stays
    page.keyboard.press("t")  # nothing may be heard in the yard either
    expect(page.locator("#panel-talk")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#panel-talk .said")).to_contain_text("Nothing may be heard at this site")
    assert not Attempt.objects.exists()
    page.keyboard.press("Escape")
    expect(page.locator("#panel-talk")).to_be_hidden()
    page.keyboard.press("j")
    expect(page.get_by_role("heading", name="Duress signal", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".bar")).to_contain_text("ask to lift it")
    expect(page.locator(".inc .sub")).to_contain_text("Urgent · silent at the site")  # before what may be cut off
    screenshot(page, "night-duress-dark-1366")
    duress = Incident.objects.get(category="duress")
    assert (duress.priority, duress.quiet) == (1, True)
    looked_over = live.log_in(carol, "/portal/timeline/")
    expect(looked_over.get_by_role("link", name="Someone was seen at Yard")).to_be_visible()
    expect(looked_over.locator("main a[href*='/incidents/']")).to_have_count(2)
    assert str(duress.pk) not in looked_over.content()  # whoever forces him may look over his shoulder
    looked_over.close()
    page.keyboard.press("r")
    expect(page.locator("[data-bright]")).to_contain_text("Look at the cameras of the site")
    page.keyboard.press("Enter")
    closes(page, duress, "Hold-up")
    page.locator(f"#q-{incident.pk} a").click()
    expect(page.get_by_text("Does this person belong here?")).to_be_visible()
    page.keyboard.press("r")
    closes(page, incident, "Hold-up")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()


def closes(page: Page, incident: Incident, outcome: str, state: str = "d") -> None:
    expect(page.locator(".bar .act", has_text="outcome")).to_be_visible()  # not “decide first” any more
    page.keyboard.press("o")
    choice = page.locator("#panel-close label", has_text=outcome)
    page.keyboard.press(choice.locator("kbd").inner_text())
    for key in (state, "Enter"):
        page.keyboard.press(key)
    expect(page.locator(f"#q-{incident.pk}")).to_have_count(0)


def without_times(text: str) -> str:
    return "".join(letter for letter in text if not letter.isdigit())


def heard(incident: Incident, name: str, camera: Camera, stamp: str) -> None:
    """As the spine writes it once a message was played to its end."""
    at = clock.now()
    message = Message.objects.get(name=name)
    facts = {"site": incident.site, "incident": incident, "camera": camera, "message": message, "dedup": name}
    times = {"created_at": at, "placed_at": at, "ended_at": at}
    Attempt.objects.create(kind="talk", status="done", by=incident.owner, **facts, **times)
    actions.stamp(incident.pk, stamp, at=at)


def he_ignores_the_voice_and_leaves_elsewhere(live: Live, page: Page, zone: Zone, carol: User, screenshot) -> None:
    """Two messages change nothing; he is lost at one camera, and another one has him with a bag."""
    gate = make.make_zone(make.make_camera(zone.site, "North gate"), "Gate")
    incident = comes_and_is_claimed(page, zone)
    page.keyboard.press("r")
    expect(page.locator("#undo")).to_contain_text("Marked “real”")
    until(page, f"{RING} > 0.5")  # it runs as long as there is time, which is thirty seconds here
    bright = page.locator("[data-bright]")
    expect(bright).to_contain_text("Speak: live camera")
    incident.refresh_from_db()
    heard(incident, "1 Live camera", zone.camera, "audio_sent")
    expect(bright).to_contain_text("Did they leave?")
    page.keyboard.press("1")
    expect(page.locator(".step--done", has_text="Did they leave?")).to_contain_text("They stayed")
    expect(bright).to_contain_text("Speak: you are being recorded")
    heard(incident, "2 Recorded", zone.camera, "audio_heard")
    expect(bright).to_contain_text("Send a responder")
    expect(page.locator(".sent li", has_text="Voice at Loading yard")).to_have_count(2)

    # One man, a red jacket, no weapon; then out of sight.
    described(page, "1", "1", "1", "R", "Enter", "Enter", "1", "4", "s")
    expect(page.locator(".seen")).to_contain_text("One man, red jacket, no weapon seen, out of sight")
    again = make.make_incident(scenes.with_evidence(gate, at=clock.now(), clip=False))
    assert again.pk == incident.pk
    expect(page.locator("[data-part=alerts]")).to_contain_text("Gate")
    # What was said of him stands; new are the bag, whither, and where he was seen last.
    described(page, "Enter", "Enter", "Enter", "Enter", "2", "B", "Enter")
    card = page.locator("who-card")
    card.locator("[data-answers=direction] label", has_text="North gate").click()
    card.locator("[data-ask=seen]").click()
    card.locator("[data-answers=seen] label", has_text="North gate").click()
    page.keyboard.press("s")
    expect(page.locator(".seen")).to_contain_text("One man, red jacket, black bag, no weapon seen, towards North gate")
    expect(page.locator(".seen li span")).to_contain_text("North gate")
    page.keyboard.press("c")  # whoever is sent is told the newest
    expect(page.locator("#panel-send")).to_contain_text("black bag, no weapon seen, towards North gate")
    screenshot(page, "night-stayed-dark-1366")
    page.keyboard.press("Escape")
    closes(page, incident, "Loss or damage")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    incident.refresh_from_db()
    assert (incident.outcome, incident.site_state) == ("genuine.loss_or_damage", "insecure")
    run = responses.run_of(incident)
    assert run is not None
    assert run.results["left"]["answer"] == "stayed"
    assert [card.facts.get("direction") for card in incident.descriptions.order_by("version")] == ["lost", "North gate"]
    told = live.log_in(carol, f"/portal/incidents/{incident.pk}")
    expect(told.locator("#outcome")).to_contain_text("Something was taken or damaged.")
    expect(told.locator("#outcome")).to_contain_text("The site is not secure; somebody follows up.")
    expect(told.locator("main")).not_to_contain_text("red jacket")  # what one looks like is for whoever is sent
    told.close()


def described(page: Page, *keys: str) -> None:
    page.keyboard.press("g")
    expect(page.locator("who-card")).to_be_visible()
    for key in keys:
        page.keyboard.press(key)


def a_caller_lies(live: Live, page: Page, zone: Zone, carol: User, screenshot) -> None:
    """He says that he is the owner and that there is a gunman, and demands police. He knows the address, not the passcode."""
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    cover = live.log_in(User.objects.get(username="alice"), f"/console/cover/sites/{zone.site_id}/")
    cover.get_by_text("Give an instruction").click()
    form = cover.locator("form[action$='/instruct/']")
    form.get_by_label("What operators must see first").fill("A gunman: send the police at once")
    form.get_by_label("Passcode").fill("let me in")
    form.get_by_role("button", name="Show it first").click()
    expect(cover.get_by_text("This is not the passcode of anybody listed here.")).to_be_visible()
    cover.close()
    assert PasscodeTry.objects.filter(site=zone.site, right=False).exists()
    page.keyboard.press("+")
    expect(page.get_by_role("heading", name="Note a call")).to_be_visible()
    page.get_by_text("Suspicious caller", exact=True).click()
    page.locator("#call-who").fill("says that he is the owner")
    page.get_by_label("What about").fill("A gunman; knew no passcode. Told to ring emergency services himself.")
    page.get_by_label("Site").select_option(label=zone.site.name)
    page.get_by_role("button", name="Note it").click()
    expect(page.locator(".owed")).to_contain_text("says that he is the owner")
    screenshot(page, "night-hoax-call-dark-1366")
    assert CallNote.objects.get().kind == "suspicious"

    # The button that he talked somebody into pressing: looked at, nobody there, noted as what it was.
    page.goto(f"{live.url}/console/")
    incident = make.make_incident(make.make_candidate(site=zone.site, category="alarm", at=clock.now()))
    expect(page.get_by_role("heading", name="Alarm from the panel", level=1)).to_be_visible()
    page.keyboard.press("Enter")
    expect(
        page.locator(".act", has_text="Suspicious").or_(page.locator(".choice", has_text="Suspicious")).first
    ).to_be_visible()
    page.keyboard.press("s")
    expect(page.locator("#undo")).to_contain_text("Marked “suspicious”")
    expect(page.locator("[data-bright]")).to_contain_text("Look at the cameras of the site")
    page.keyboard.press("Enter")
    expect(page.locator("[data-bright]")).not_to_contain_text("Look at the cameras of the site")
    closes(page, incident, "Hoax", "a")
    expect(page.get_by_role("heading", name="All quiet")).to_be_visible()
    incident.refresh_from_db()
    assert (incident.verdict, incident.outcome, incident.seen_as) == ("suspicious", "malicious.hoax", "unknown")
    assert not Attempt.objects.filter(incident=incident).exists()
    told = live.log_in(carol, f"/portal/incidents/{incident.pk}")
    expect(told.locator("#outcome")).to_contain_text("It was a hoax.")
    told.close()
