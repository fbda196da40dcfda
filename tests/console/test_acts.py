"""What an operator does over HTTP: who may, what is refused and in which words."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from incidents import actions
from incidents.models import Incident
from incidents.models.incident import State
from soc.console import strip
from soc.core import clock
from tests import factories as make

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


@pytest.fixture
def incident(zone):
    return make.make_incident(zone=zone, at=clock.now())


@pytest.fixture
def held(incident, alice):
    return actions.claim(incident.pk, by=alice, at=clock.now())


def post(client, user, incident, verb, **form):
    client.force_login(user)
    return client.post(reverse("console-act", args=[incident.pk, verb]), form, **FETCH)


def test_enter_claims_the_offered_incident_and_answers_the_pane(client, alice, incident):
    answer = post(client, alice, incident, "claim")
    incident.refresh_from_db()
    assert (answer.status_code, incident.state, incident.owner) == (200, State.CLAIMED, alice)
    assert "Does this person belong here?" in answer.text


def test_a_plain_form_without_scripts_claims_too(client, alice, incident):
    client.force_login(alice)
    answer = client.post(reverse("console-act", args=[incident.pk, "claim"]))
    assert answer.status_code == 302
    assert "Person in Yard" in client.get(answer.url).text


def test_the_second_of_two_who_claim_reads_who_has_it(client, alice, dave, held):
    answer = post(client, dave, held, "claim")
    assert answer.status_code == 409
    assert "Ines has this incident." in answer.text


def test_a_stale_token_is_refused_with_words_and_changes_nothing(client, alice, sam, held):
    actions.take_over(held.pk, by=sam, at=clock.now())
    answer = post(client, alice, held, "decide", verdict="real", token=held.token)
    held.refresh_from_db()
    assert (answer.status_code, held.verdict) == (409, "")
    assert "Joel has this incident now. Nothing was changed." in answer.text


def test_a_token_that_is_no_number_is_refused_in_words(client, alice, held):
    answer = post(client, alice, held, "decide", verdict="real", token="x")
    assert answer.status_code == 409
    assert "cannot be read" in answer.text


def test_who_or_what_it_was_decides_and_goes_on_to_closing_with_that_outcome(client, alice, held):
    answer = post(client, alice, held, "decide", pair="false false.animal", token=held.token)
    held.refresh_from_db()
    assert held.verdict == "false"
    assert 'data-panel-open="close"' in answer.text
    assert 'value="false.animal" data-key="1" data-suggests="animal" checked' in " ".join(answer.text.split())


def test_closing_takes_one_outcome_and_the_state_of_the_site(client, alice, held):
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=clock.now())
    form = {"outcome": "false.animal", "site_state": "secure", "summary": "A fox.", "token": held.token}
    answer = post(client, alice, held, "close", **form)
    held.refresh_from_db()
    assert (answer.status_code, held.state, held.summary) == (200, State.CLOSED, "A fox.")


def test_closing_with_an_outcome_that_the_verdict_forbids_is_refused_in_words(client, alice, held):
    actions.decide(held.pk, verdict="cannot_tell", token=held.token, by=alice, at=clock.now())
    form = {"outcome": "false.animal", "site_state": "secure", "token": held.token}
    answer = post(client, alice, held, "close", **form)
    assert answer.status_code == 409
    assert "cannot end as" in answer.text


def test_an_urgent_incident_is_not_parked_but_may_wait(client, alice, held):
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=clock.now())
    form = {"reason": "guard looks", "minutes": "5", "token": held.token}
    assert post(client, alice, held, "park", **form).status_code == 409
    assert post(client, alice, held, "wait", **form).status_code == 200
    held.refresh_from_db()
    assert held.state == State.WAITING


def test_how_long_one_may_be_put_aside_is_a_house_value_and_is_said(client, alice, held, settings):
    Incident.objects.filter(pk=held.pk).update(priority=2)
    settings.PARK_MIN = [0, 20, 480]
    client.force_login(alice)
    page = client.get(reverse("console-incident", args=[held.pk])).text
    assert 'max="20"' in page
    assert "Put aside for 20 at most." in page
    form = {"reason": "guard looks", "token": held.token}
    refused = post(client, alice, held, "park", minutes="21", **form)
    assert (refused.status_code, "within 20 minutes" in refused.text) == (409, True)
    assert post(client, alice, held, "park", minutes="20", **form).status_code == 200
    held.refresh_from_db()
    assert held.state == State.PARKED


@pytest.mark.parametrize("minutes", ["", "-3", "abc", "99999", "0"])
def test_minutes_that_make_no_sense_are_refused(client, alice, held, minutes):
    answer = post(client, alice, held, "wait", reason="x", minutes=minutes, token=held.token)
    assert answer.status_code == 409


def test_a_note_is_kept_and_shown(client, alice, held):
    answer = post(client, alice, held, "note", text="Dark jacket, from the west.")
    assert "Dark jacket, from the west." in answer.text


def test_an_operator_of_another_organisation_finds_nothing(client, oscar, held):
    for verb in ("claim", "decide", "close", "note", "talk", "send", "take-over"):
        assert post(client, oscar, held, verb, token=held.token, text="x").status_code == 404
    assert client.get(reverse("console-incident", args=[held.pk])).status_code == 404
    assert client.post(reverse("console-painted", args=[held.pk])).status_code == 404
    assert client.post(reverse("console-evidence-shown", args=[held.pk])).status_code == 404


def test_customers_find_no_console(client, carol, held):
    client.force_login(carol)
    assert client.get(reverse("console")).status_code == 404
    assert post(client, carol, held, "claim").status_code == 404


def test_a_stranger_is_sent_to_the_log_in(client, held):
    assert client.get(reverse("console")).url.startswith(reverse("login"))


def test_an_act_needs_a_post_and_a_known_verb(client, alice, held):
    client.force_login(alice)
    assert client.get(reverse("console-act", args=[held.pk, "claim"])).status_code == 405
    assert post(client, alice, held, "dance").status_code == 404
    assert client.get(reverse("console-incident", args=[uuid4()])).status_code == 404


def test_an_act_without_csrf_token_is_refused(alice, held):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    assert client.post(reverse("console-act", args=[held.pk, "note"]), {"text": "x"}).status_code == 403


def test_the_browsers_stamp_is_believed_only_near_now(client, alice, incident):
    client.force_login(alice)
    client.post(reverse("console-painted", args=[incident.pk]), {"at": "2001-01-01T00:00:00Z"})
    incident.refresh_from_db()
    assert abs(incident.painted_at - clock.now()) < timedelta(seconds=20)
    assert incident.painted_by == "browser"


def test_painted_and_evidence_shown_are_stamped_once(client, alice, incident):
    client.force_login(alice)
    for name in ("console-painted", "console-evidence-shown"):
        assert client.post(reverse(name, args=[incident.pk]), {"at": clock.now().isoformat()}).status_code == 204
    incident.refresh_from_db()
    first = incident.painted_at, incident.evidence_shown_at
    assert all(first)
    client.post(reverse("console-painted", args=[incident.pk]), {"at": clock.now().isoformat()})
    incident.refresh_from_db()
    assert (incident.painted_at, incident.evidence_shown_at) == first


def test_a_supervisor_takes_over_and_the_owner_reads_it(client, alice, sam, held):
    assert post(client, sam, held, "take-over").status_code == 200
    client.force_login(alice)
    assert "Joel has this incident" in client.get(reverse("console-incident", args=[held.pk]), **FETCH).text


def test_an_operator_may_not_take_over(client, dave, held):
    assert post(client, dave, held, "take-over").status_code == 404


def test_an_operator_sees_who_is_away_and_takes_over(client, dave, held):
    Incident.objects.filter(pk=held.pk).update(absent_since=clock.now())
    held.refresh_from_db()
    row = strip.row(held)
    assert row["away"] is True
    assert "Ines is away" in row["html"]
    client.force_login(dave)
    assert "Take over" in client.get(reverse("console-incident", args=[held.pk]), **FETCH).text
    assert post(client, dave, held, "take-over").status_code == 200
    held.refresh_from_db()
    assert (held.owner, held.absent_since) == (dave, None)


def test_a_refusal_tells_what_happened_meanwhile_who_did_it_and_what_to_press(client, alice, sam, held):
    taken = actions.take_over(held.pk, by=sam, at=clock.now())
    actions.decide(held.pk, verdict="real", token=taken.token, by=sam, at=clock.now())
    answer = post(client, alice, held, "decide", verdict="false", token=held.token)
    said = answer.text.split('data-refused="decide">')[1].split("</span>")[0]
    assert said.startswith("Joel has this incident now. Nothing was changed. Meanwhile: ")
    assert "Joel took it over; " in said
    assert "Joel decided: real." in said
    assert said.endswith("Press J for what is next, or write a note: it reaches them.")


def test_a_page_from_before_a_hand_back_learns_that_the_incident_waits_again(client, alice, held):
    actions.release(held.pk, token=held.token, by=alice, at=clock.now())
    answer = post(client, alice, held, "decide", verdict="false", token=held.token)
    assert "Press Enter to claim it." in answer.text


def test_a_refusal_of_ones_own_making_says_only_what_is_wrong(client, alice, held):
    answer = post(client, alice, held, "decide", verdict="nonsense", token=held.token)
    assert "Meanwhile" not in answer.text


def test_z_takes_the_verdict_back_over_http_and_the_pane_asks_again(client, alice, held):
    answer = post(client, alice, held, "decide", verdict="real", token=held.token)
    assert "data-undo" in answer.text
    assert 'data-seconds="8"' in answer.text  # the ring is drawn by the setting
    answer = post(client, alice, held, "undo", token=held.token)
    held.refresh_from_db()
    assert (answer.status_code, held.verdict, held.state) == (200, "", State.CLAIMED)
    assert "Does this person belong here?" in answer.text


def test_what_was_closed_is_opened_again_from_its_page_by_whoever_handles(client, alice, dave, organisation, held):
    page = reverse("console-incident", args=[held.pk])
    client.force_login(dave)
    assert "Open it again" not in client.get(page, **FETCH).text
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=clock.now())
    form = {"outcome": "false.animal", "site_state": "secure", "token": held.token}
    post(client, alice, held, "close", **form)
    client.force_login(make.make_user("dora", "duty_manager", organisation))
    assert "Open it again" not in client.get(page, **FETCH).text
    client.force_login(dave)
    assert "Open it again" in client.get(page, **FETCH).text
    assert post(client, dave, held, "reopen").status_code == 200
    held.refresh_from_db()
    assert (held.state, held.outcome, held.owner, held.claim_by is None) == (State.OPEN, "", None, False)


def test_closing_keeps_who_it_was_as_the_outcome_says_or_as_the_operator_says(client, alice, held):
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=clock.now())
    form = {"outcome": "false.animal", "site_state": "secure", "token": held.token}
    assert post(client, alice, held, "close", seen_as="dragon", **form).status_code == 409
    post(client, alice, held, "close", **form)
    held.refresh_from_db()
    assert held.seen_as == "animal"
    actions.undo(held.pk, token=held.token, by=alice, at=clock.now())
    post(client, alice, held, "close", seen_as="passer_by", **form)
    held.refresh_from_db()
    assert held.seen_as == "passer_by"
