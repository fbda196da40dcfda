"""What operators are told when a case is over, and the page of what all cases come to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from incidents import actions
from incidents.models import AuditCase, KnownIntrusion
from responses.defaults import publish_defaults
from responses.models import Responder
from soc.core import clock
from soc.core.models import Event
from tests import factories as make
from tests.incidents.audit.conftest import (  # noqa: F401  the quiet night's fixtures
    AT,
    claimed,
    desks,
    genuine,
    injected,
    sampled,
    shown,
    site,
)

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


def decide(client, held, verdict: str, **more):
    client.force_login(held.owner)
    form = {"verdict": verdict, "token": held.token, **more}
    return client.post(reverse("console-act", args=[held.pk, "decide"]), form, **FETCH)


TOLD = {
    ("sampled", "real"): "The filter may have missed something",
    ("sampled", "false"): "the filter was right to hold it back",
    ("sampled", "cannot_tell"): "Not being able to tell is an answer too",
    ("injected", "real"): "You recognised it",
    ("injected", "authorised"): "It was real, and easy to take for something else",
}


@pytest.mark.parametrize(("kind", "verdict"), TOLD)
def test_the_verdicts_answer_says_at_once_and_kindly_what_it_was(client, kind, verdict, zone, alice, desks):  # noqa: F811
    case = sampled(zone) if kind == "sampled" else injected(zone, alice)
    answer = decide(client, claimed(case), verdict)
    assert answer.status_code == 200
    assert "This was an exercise of the audit: nothing was sent" in answer.text
    assert TOLD[kind, verdict] in answer.text
    assert "22 Nov 2026, 02:13" in answer.text  # when it truly was
    assert 'data-exercise="yes"' in answer.text
    if kind == "injected":
        assert "which ended as: Attempt only" in answer.text
    else:
        assert "Only 1.2 s in Yard" in answer.text  # what context really said


def test_false_with_its_reason_opens_no_panel_to_close(client, zone, desks):  # noqa: F811
    answer = decide(client, claimed(sampled(zone)), "false", pair="false false.animal")
    assert "data-panel-open" not in answer.text


def test_acting_says_that_nothing_was_sent_and_what_it_was(client, zone, organisation, desks):  # noqa: F811
    publish_defaults(organisation, at=make.NIGHT)
    guard = Responder.objects.create(organisation=organisation, name="Ivor Penn", phone="+441632960001", rank=1)
    held = claimed(sampled(zone))
    client.force_login(held.owner)
    form = {"responder": guard.pk, "token": held.token, "dedup": "1.0"}
    answer = client.post(reverse("console-act", args=[held.pk, "send"]), form, **FETCH)
    assert answer.status_code == 409
    assert "This was an exercise of the audit: nothing was sent." in answer.text
    assert "acted: that counts as real" in answer.text
    assert AuditCase.objects.get().acted == "send"


def test_a_page_that_has_one_that_was_withdrawn_says_why(client, zone, other_camera, desks):  # noqa: F811
    from incidents.audit.rounds import cases

    incident = shown(sampled(zone))
    operator = incident.offered_to
    make.make_incident(make.make_candidate(camera=other_camera, category="fire", at=AT))
    cases(AT + timedelta(seconds=1))
    client.force_login(operator)
    text = client.get(reverse("console-incident", args=[incident.pk]), **FETCH).text
    assert "It was withdrawn: something urgent came." in text
    assert "data-exercise" not in text, "so that the desk goes on to what is urgent"


def test_it_is_neither_among_the_last_five_nor_in_what_one_has_closed(client, zone, desks):  # noqa: F811
    from soc.console import pane, strip

    held = claimed(sampled(zone))
    decide(client, held, "real")
    assert strip.figures(held.owner)["closed"] == 0
    assert strip.figures(held.owner)["last"] == ""
    real = make.make_incident(make.make_candidate(zone=zone, at=AT + timedelta(hours=2)))
    assert pane.past(real, held.owner) == []


def test_the_line_report_has_nothing_of_it(zone, desks):  # noqa: F811
    from incidents.management.commands.line_report import report

    before = report()
    shown(sampled(zone))
    after = report()
    assert (after["incidents"], after["alerts"]) == (before["incidents"], before["alerts"])
    assert after["candidates"] == before["candidates"] + 1  # the one that was drawn; not its copy
    assert after["raised_without_incident"] == 0


# --- the page


@pytest.fixture
def judged(client, zone, alice, desks):  # noqa: F811
    """One of each, a moment ago."""
    at = clock.now()
    desks(at)
    for number, (kind, verdict) in enumerate([("sampled", "real"), ("sampled", "false"), ("injected", "false")]):
        case = sampled(zone, at=at - timedelta(days=1)) if kind == "sampled" else injected(zone, alice)
        now = at + timedelta(minutes=30 * number)
        AuditCase.objects.filter(pk=case.pk).update(due_at=now, drawn_at=at)
        desks(now)
        held = claimed(case, at=now)
        actions.decide(held.pk, verdict=verdict, token=held.token, by=held.owner, at=now + timedelta(seconds=5))
    waiting = sampled(zone, at=at - timedelta(hours=3), due_at=at + timedelta(days=1))
    AuditCase.objects.filter(pk=waiting.pk).update(drawn_at=at)


def test_the_page_shows_what_is_over_with_reduction_beside_recall(client, judged, sam):
    client.force_login(sam)
    text = client.get(reverse("console-audit")).text
    for words in (
        "Reduction", "too few to say", "2 sampled cases judged, 1 called real", "0 / 1", "Drawn and not judged yet: 1.",
        "the filter may have missed it", "rightly held back", "not recognised", "Known intrusions",
    ):  # fmt: skip
        assert words in text, words


def test_a_quality_reviewer_reads_it_and_an_operator_or_a_customer_does_not(client, judged, organisation, alice, carol):
    reviewer = make.make_user("quinn", "qa", organisation)
    address = reverse("console-audit")
    for person, status in ((reviewer, 200), (alice, 404), (carol, 404)):
        client.force_login(person)
        assert client.get(address).status_code == status


def test_a_case_that_goes_on_is_on_no_page(client, zone, sam, desks):  # noqa: F811
    at = clock.now()
    desks(at)
    case = sampled(zone, at=at - timedelta(days=1), due_at=at)
    AuditCase.objects.filter(pk=case.pk).update(drawn_at=at)
    incident = shown(case, at=at)
    client.force_login(sam)
    text = client.get(reverse("console-audit")).text
    assert str(incident.pk) not in text
    assert "0 cases" in text


def test_a_supervisor_marks_a_genuine_incident_once_and_takes_it_out_of_use(client, zone, alice, sam, desks):  # noqa: F811
    incident = genuine(zone, alice)
    client.force_login(sam)
    pane = client.get(reverse("console-incident", args=[incident.pk]), **FETCH).text
    assert "as a known intrusion" in pane
    mark = reverse("console-audit-mark", args=[incident.pk])
    assert client.post(mark).status_code == 302
    known = KnownIntrusion.objects.get()
    assert (known.candidate, known.added_by, known.organisation) == (
        incident.alerts.get().candidate,
        sam,
        incident.organisation,
    )
    assert client.post(mark).status_code == 409
    client.post(reverse("console-audit-known", args=[known.pk]), {"use": "no"})
    known.refresh_from_db()
    assert not known.enabled
    assert "Use again" in client.get(reverse("console-audit")).text
    kinds = Event.objects.filter(kind__startswith="audit").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["audit.marked", "audit.known_rested"]


@pytest.mark.parametrize("what", ["open", "false", "case", "no clip"])
def test_what_is_no_closed_genuine_intrusion_cannot_be_marked(client, what, zone, alice, sam, desks):  # noqa: F811
    if what == "open":
        incident = make.make_incident(zone=zone)
    elif what == "case":
        incident = claimed(sampled(zone))
        actions.decide(
            incident.pk, verdict="real", token=incident.token, by=incident.owner, at=AT + timedelta(seconds=9)
        )
    else:
        incident = genuine(zone, alice)
        change = {"verdict": "false", "outcome": "false.animal"} if what == "false" else {}
        type(incident).objects.filter(pk=incident.pk).update(**change) if change else None
        if what == "no clip":
            type(incident.alerts.get().candidate.clip).objects.update(erased_at=AT)
    client.force_login(sam)
    assert client.post(reverse("console-audit-mark", args=[incident.pk])).status_code == 409
    assert "as a known intrusion" not in client.get(reverse("console-incident", args=[incident.pk]), **FETCH).text


def test_programs_of_the_centre_learn_at_the_end_that_it_was_an_exercise(client, zone, desks):  # noqa: F811
    held = claimed(sampled(zone))
    client.force_login(held.owner)
    address = f"/api/incidents/{held.pk}"
    assert client.get(address).json()["exercise"] is False
    decide(client, held, "real")
    told = client.get(address).json()
    assert (told["exercise"], told["verdict"], told["outcome"], told["state"]) == (True, None, None, "closed")
