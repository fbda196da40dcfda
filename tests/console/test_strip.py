"""The strip and the pane as rendered: who sees which row, what a row says, and at what cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cameras.models import Candidate
from incidents import actions
from incidents.deadlines import deadlines
from incidents.models.incident import State
from responses import actions as responses
from soc.console import clockline, sentences, strip
from soc.core import clock
from soc.core.models import Event
from tests import factories as make


@pytest.fixture
def incident(zone):
    return make.make_incident(zone=zone, at=clock.now())


def test_a_row_says_what_where_and_whose(incident, alice):
    row = strip.row(incident)
    assert "Person in Yard" in row["html"]
    assert "Pinewick Depot" in row["html"]
    assert (row["state"], row["owner"], row["sound"], row["painted"]) == (State.OPEN, "", True, False)
    actions.claim(incident.pk, by=alice, at=clock.now())
    row = strip.rows(Event.objects.filter(kind="incident.claimed").get())
    assert (row["owner"], row["sound"]) == (str(alice.pk), False)
    assert "Ines" in row["html"]


def test_every_event_of_an_incident_renders_and_one_of_nothing_renders_nothing(incident, organisation, alice):
    actions.start_shift(user=alice, organisation=organisation, at=clock.now())
    for event in Event.objects.filter(kind__in=strip.KINDS):
        found = strip.rows(event)
        wanted = {"desk": str(alice.pk)} if event.kind.startswith("shift.") else {"incident": str(incident.pk)}
        assert wanted.items() <= found.items()


def test_evidence_that_became_ready_renders_its_incident(incident):
    event = Event(kind="evidence.ready", subject_type="candidate", subject_id=Candidate.objects.get().pk, data={})
    assert strip.rows(event)["incident"] == str(incident.pk)


def test_a_snapshot_has_the_users_own_incidents_only(incident, other_camera, alice, oscar):
    make.make_incident(make.make_candidate(camera=other_camera, at=clock.now()))
    assert len(strip.snapshot(alice)["rows"]) == 2
    assert strip.snapshot(oscar)["rows"] == []


def test_an_operator_kept_to_one_customer_sees_only_theirs(incident, other_camera, customer):
    make.make_incident(make.make_candidate(camera=other_camera, at=clock.now()))
    eve = make.make_user("eve", "operator", customer)
    assert [row["incident"] for row in strip.snapshot(eve)["rows"]] == [str(incident.pk)]


def test_a_snapshot_costs_the_same_for_one_incident_and_for_ten(alice, organisation, django_assert_max_num_queries):
    customer = make.make_customer(organisation, "Ten sites")
    for n in range(10):
        make.make_incident(
            make.make_candidate(site=make.make_site(customer, f"Site {n}"), category="alarm", at=clock.now())
        )
    with django_assert_max_num_queries(18):
        strip.snapshot(alice)


def test_the_pane_costs_a_bounded_number_of_queries(client, alice, incident, django_assert_max_num_queries):
    held = actions.claim(incident.pk, by=alice, at=clock.now())
    client.force_login(alice)
    with django_assert_max_num_queries(45):
        answer = client.get(reverse("console-incident", args=[held.pk]), HTTP_X_REQUESTED_WITH="fetch")
    assert answer.status_code == 200


def test_the_gaps_of_the_clock_sum_to_the_total(zone, alice):
    incident = make.make_incident(zone=zone)
    at = incident.captured_at
    actions.claim(incident.pk, by=alice, at=at + timedelta(seconds=3))
    actions.painted(incident.pk, painted_by="browser", by=alice, at=at + timedelta(seconds=1))
    held = actions.decide(
        incident.pk,
        verdict="false",
        token=1,
        by=alice,
        at=at + timedelta(seconds=9),
    )
    actions.close(
        incident.pk,
        outcome="false.animal",
        site_state="secure",
        summary="",
        token=held.token,
        by=alice,
        at=at + timedelta(seconds=30),
    )
    incident.refresh_from_db()
    gaps = [stop.text for stop in clockline.stops(incident)[1:] if stop.screen != "narrow"]
    assert sum(float(gap.removeprefix("+ ").removesuffix(" s")) for gap in gaps) == pytest.approx(30, abs=0.5)


@pytest.mark.parametrize("code", list(sentences._SENTENCES))
def test_every_reason_becomes_a_sentence_even_without_its_parameters(zone, code):
    candidate = make.make_candidate(zone=zone, reasons=[{"code": code}])
    assert sentences.why(candidate)[0].strong is not None


def test_reasons_are_told_with_their_figures_in_the_sites_time(zone):
    lines = sentences.why(make.make_candidate(zone=zone))
    assert lines[0].strong == "Armed until 06:13"
    assert lines[2].strong == "4.2 s in Yard"
    assert lines[2].rest == "limit 2.0 s"


def test_an_unknown_reason_is_shown_as_its_code(zone):
    assert "moonlight" in sentences.why(make.make_candidate(zone=zone, reasons=[{"code": "moonlight"}]))[0].strong


def test_the_loss_of_a_whole_site_is_said_to_be_perhaps_an_attack_and_of_one_camera_is_not(zone):
    whole, one = (
        sentences.why(make.make_candidate(zone=zone, reasons=[{"code": "technical", "category": code}]))[0].rest
        for code in ("site_lost", "offline")
    )
    assert "attack" in whole
    assert "attack" not in one


def test_a_duty_manager_looks_but_has_no_shift(client, organisation, incident):
    manager = make.make_user("mira", "duty_manager", organisation)
    client.force_login(manager)
    assert "your role does not handle incidents" in client.get(reverse("console")).text
    assert client.post(reverse("console-shift-start"), HTTP_X_REQUESTED_WITH="fetch").status_code == 409
    assert client.post(reverse("console-act", args=[incident.pk, "claim"])).status_code == 404


def test_a_claimed_incident_that_stays_undecided_shows_it_to_the_supervisors(incident, alice):
    held = actions.claim(incident.pk, by=alice, at=clock.now())
    assert "undecided" not in strip.row(held)["html"]
    deadlines(held.verdict_by)
    told = strip.rows(Event.objects.get(kind="incident.escalated"))
    assert "Ines, undecided" in told["html"]
    held = actions.decide(incident.pk, verdict="real", token=held.token, by=alice, at=clock.now())
    assert "undecided" not in strip.row(held)["html"]


def test_a_drill_carries_the_word_in_its_row_and_its_pane(client, zone, alice, sam):
    drill = actions.begin_drill(zone.site_id, reason="To try it.", zone=zone.pk, by=sam, at=clock.now())
    assert "tag--drill" in strip.row(drill)["html"]
    client.force_login(alice)
    assert "tag--drill" in client.get(reverse("console-incident", args=[drill.pk])).text
    assert "tag--drill" not in strip.row(make.make_incident(zone=zone, at=clock.now()))["html"]


def test_every_desk_reads_that_nobody_is_sent_and_begins_anew_when_that_changes(alice, sam, oscar, organisation, site):
    responses.stop_dispatch(organisation, reason="Wrong addresses went out.", by=sam, at=clock.now())
    assert "Wrong addresses went out." in strip.snapshot(alice)["storm"]
    assert strip.snapshot(oscar)["storm"] == ""
    assert strip.rows(Event.objects.get(kind="dispatch.stopped")) == {"stale": True}
    responses.lift_stop(organisation, by=sam, at=clock.now())
    assert strip.snapshot(alice)["storm"] == ""


def test_a_page_of_an_incident_says_that_nobody_is_sent_where_it_is_so_and_only_there(
    client, incident, alice, sam, organisation
):
    client.force_login(alice)
    pages = (reverse("console"), reverse("console-incident", args=[incident.pk]))
    assert [client.get(page).text.count("stopped all dispatches at") for page in pages] == [0, 0]
    responses.stop_dispatch(organisation, reason="Wrong addresses went out.", by=sam, at=clock.now())
    assert [client.get(page).text.count("stopped all dispatches at") for page in pages] == [1, 1]
