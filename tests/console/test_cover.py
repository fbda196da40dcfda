"""What is not as usual, on the centre's pages: the list, a site, its forms, and what comes first in an incident."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cameras.actions import commit_candidate
from cameras.actions.arming import arm_by_customer
from cameras.actions.muting import instruct, snooze, start_storm
from cameras.actions.presence import expect
from cameras.models import ArmChange, Muting, SiteContact, TemporaryInstruction
from incidents import actions
from soc.console import strip
from soc.core import clock
from tests import factories as make

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}
MINUTE = timedelta(minutes=1)


@pytest.fixture
def luis(site) -> SiteContact:
    contact = SiteContact(site=site, name="Luis Ferro", role="keyholder", phone="+442079460011")
    contact.set_passcode("amber lantern", "grey lantern")
    contact.save()
    return contact


@pytest.fixture
def own(site):
    make.set_policy(site, owner="customer", schedule=make.week())
    return site


def begin(client, user, site, verb, **form):
    client.force_login(user)
    return client.post(reverse("console-cover-begin", args=[site.pk, verb]), form)


def page(client, user, name="console-cover", *args) -> str:
    client.force_login(user)
    return " ".join(client.get(reverse(name, args=args)).text.split())


def test_a_snooze_is_listed_with_what_it_keeps_back_and_ended(client, own, zone, alice, sam):
    where = f"zone:{zone.pk}"
    answer = begin(
        client, alice, own, "snooze", where=where, categories="person", reason="flag in the wind", minutes=30
    )
    assert answer.status_code == 302
    muting = Muting.objects.get()
    for n in range(3):
        at = muting.starts_at + timedelta(seconds=n)
        commit_candidate(
            site=own, source="camera", category="person", camera=zone.camera, zone=zone, captured_at=at, received_at=at,
            judged_at=at, dedup=str(n), dwell_s=9,
        )  # fmt: skip
    text = page(client, sam)
    assert "flag in the wind" in text
    assert 'data-label="Kept back">3' in text
    assert "Person in Yard" in text
    client.post(reverse("console-cover-end", args=["muting", muting.pk, "end"]))
    assert "Nothing is muted." in page(client, sam)


def test_a_refusal_is_said_in_words_and_what_was_typed_comes_back_but_for_the_passcode(client, own, luis, alice):
    form = {"text": "Dog loose tonight", "minutes": 600, "word": "wrong heron", "contact": luis.pk}
    answer = begin(client, alice, own, "instruct", **form)
    assert answer.status_code == 409
    assert "This is not the passcode of anybody listed here." in answer.text
    assert 'value="Dog loose tonight"' in answer.text
    assert "heron" not in answer.text
    assert not TemporaryInstruction.objects.exists()


@pytest.mark.parametrize(
    ("verb", "form"),
    [
        ("snooze", {"minutes": "soon", "categories": "person", "where": "zone:1", "reason": "x"}),
        ("snooze", {}),
        ("test", {"minutes": "²"}),
        ("instruct", {"minutes": "10", "contact": "me", "text": "x"}),
        ("expect", {"people": "1", "starts": "yesterday", "ends": "9999-12-31T23:59"}),
        ("expect", {"people": "1", "kind": "staff", "starts": "2026-11-22T10:00", "ends": "9999-12-31T23:59"}),
        ("disarm", {"minutes": "x"}),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(client, own, alice, verb, form):
    answer = begin(client, alice, own, verb, **form)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text


def test_an_installer_puts_own_sites_on_test_and_sees_no_instruction(client, own, luis, customer, alice):
    ivan = make.make_user("ivan", "installer", customer)
    instruct(own, text="Dog loose tonight", minutes=60, word="amber lantern", by=alice, at=clock.now())
    assert begin(client, ivan, own, "test", minutes=60, reason="new camera").status_code == 302
    assert Muting.objects.get().kind == "test"
    text = page(client, ivan, "console-cover-site", own.pk)
    assert "Dog loose" not in text
    assert "Luis" not in text


def test_by_phone_it_is_armed_and_disarmed_with_a_passcode(client, own, luis, alice):
    assert begin(client, alice, own, "disarm", minutes=60, word="amber lantern").status_code == 302
    assert ArmChange.objects.get().how == "phone"
    assert begin(client, alice, own, "arm", word="nothing").status_code == 409
    assert begin(client, alice, own, "arm", minutes=10**18, word="amber lantern").status_code == 409


def test_storm_mode_is_a_banner_with_its_end_on_every_console_of_the_organisation(client, own, sam, alice, oscar):
    client.force_login(sam)
    form = {"organisation": own.organisation_id, "reason": "gale warning", "minutes": 90}
    assert client.post(reverse("console-storm"), form).status_code == 302
    text = page(client, alice, "console")
    assert "Storm mode" in text
    assert "gale warning" not in text
    assert "Storm mode" in strip.snapshot(alice)["storm"]
    assert strip.snapshot(oscar)["storm"] == ""
    assert client.post(reverse("console-storm"), form).status_code == 404  # an operator


def test_the_instruction_is_the_first_thing_in_the_pane_then_who_disarmed_and_who_is_expected(
    client, own, zone, luis, alice, carol
):
    at = clock.now()
    incident = make.make_incident(zone=zone, at=at)
    incident = actions.claim(incident.pk, by=alice, at=at)
    instruct(own, text="Dog loose tonight", minutes=60, word="amber lantern", by=alice, at=at)
    expect(own, kind="cleaner", starts_at=at, ends_at=at + 60 * MINUTE, people=2, contact=luis.pk, by=carol, at=at)
    arm_by_customer(own, armed=False, until=None, by=carol, at=at)
    text = page(client, alice, "console-incident", incident.pk)
    first = text.index("Dog loose tonight")
    assert text.index('id="title"') < first < text.index("Disarmed <time") < text.index("expected until")
    assert text.index("expected until") < text.index("evidence-loop")
    assert "by the owner, on the customer's page" in text.replace("&#x27;", "'")
    assert "That closes nothing." in text
    assert "Ask Luis Ferro" in text
    assert "+442079460011" not in text  # until the owner wants to ring, or has decided
    client.force_login(alice)
    client.post(reverse("console-act", args=[incident.pk, "show-numbers"]), {"token": incident.token})
    assert "Ask Luis Ferro +442079460011" in page(client, alice, "console-incident", incident.pk)


def test_a_passcode_and_a_look_are_taken_in_the_pane_and_the_word_is_never_shown(client, own, zone, luis, alice, carol):
    at = clock.now()
    incident = actions.claim(make.make_incident(zone=zone, at=at).pk, by=alice, at=at)
    arm_by_customer(own, armed=False, until=None, by=carol, at=at)

    def act(verb, **form):
        client.force_login(alice)
        url = reverse("console-act", args=[incident.pk, verb])
        return client.post(url, {"token": incident.token, **form}, **FETCH)

    wrong = act("identify", word="grey heron", panel="passcode")
    assert wrong.status_code == 409
    assert "heron" not in wrong.text
    plain, forced = act("identify", word="amber lantern"), act("identify", word="grey lantern")
    assert plain.status_code == forced.status_code == 200
    assert "passcode of Luis Ferro" in forced.text
    assert "uress" not in forced.text
    assert "looked at the site" in act("look").text


def test_a_runaway_is_listed_with_its_count_and_its_camera_is_flagged_until_it_was_serviced(client, own, zone, sam):
    reasons = [{"code": "runaway"}]
    at = clock.now()
    for n in range(2):
        make.make_incident(
            make.make_candidate(zone=zone, at=at, reasons=reasons, evidence={"box": [0.1, 0.1, 0.2, 0.4], "track": n})
        )
    text = page(client, sam)
    assert "Runaways, counted" in text
    assert "2 times" in text
    assert "wants service" in page(client, sam, "console-camera", zone.camera_id)
    client.post(reverse("console-camera-serviced", args=[zone.camera_id]))
    now = page(client, sam, "console-camera", zone.camera_id)
    assert "It sees, and nothing is wrong with it." in now


def test_muted_and_expected_of_others_are_not_there(client, own, zone, alice, oscar, carol):
    at = clock.now()
    snooze(own, categories=["person"], zone=zone.pk, minutes=30, reason="flag in the wind", by=alice, at=at)
    sue = make.make_user("sue", "supervisor", own.organisation)
    start_storm(own.organisation, sites=[], minutes=30, reason="gale", by=sue, at=at)
    text = page(client, oscar)
    assert "flag in the wind" not in text
    assert "Storm mode</b>" not in text
    client.force_login(carol)
    assert client.get(reverse("console-cover")).status_code == 404
