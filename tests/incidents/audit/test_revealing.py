"""The verdict ends a case and says so; nothing outward is ever done; and nothing counts it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

import responses.actions as doors
from cameras.models import Dismissal
from incidents import actions
from incidents.audit import guard
from incidents.errors import Refused
from incidents.models import AuditCase, Incident
from incidents.models.incident import State
from incidents.outcomes import Verdict
from responses.actions import performing, planning
from responses.defaults import publish_defaults
from responses.models import Attempt, Message, Relay, Responder
from soc.core.models import Event
from tests import factories as make
from tests.incidents.audit.conftest import AT, claimed, injected, sampled, shown, take

pytestmark = pytest.mark.usefixtures("desks")
JUDGED = AT + timedelta(seconds=8)


@pytest.fixture(params=["sampled", "injected"])
def case(request, zone, alice) -> AuditCase:
    return sampled(zone) if request.param == "sampled" else injected(zone, alice)


@pytest.mark.parametrize("verdict", Verdict.values)
def test_a_verdict_ends_the_case_without_an_outcome_of_an_incident(case, verdict):
    held = claimed(case)
    actions.decide(held.pk, verdict=verdict, token=held.token, by=held.owner, at=JUDGED)
    held.refresh_from_db()
    case.refresh_from_db()
    assert (held.state, held.verdict, held.outcome, held.summary) == (State.CLOSED, "", "", "")
    assert (case.verdict, case.judged_by, case.revealed_at, case.acted) == (verdict, held.owner, JUDGED, "")
    told = Event.objects.get(kind="audit.revealed", subject_id=case.pk)
    assert told.data["verdict"] == verdict
    assert told.data["of"] == case.kind
    assert told.data["incident"] == str(held.pk)
    assert Event.objects.filter(kind="incident.closed", subject_id=held.pk).count() == 1


def test_whoever_judged_is_free_at_once(case):
    held = claimed(case)
    actions.decide(held.pk, verdict="real", token=held.token, by=held.owner, at=JUDGED)
    actions.end_shift(user=held.owner, at=JUDGED)


def test_a_stale_page_reveals_nothing(case):
    held = claimed(case)
    with pytest.raises(Refused):
        actions.decide(held.pk, verdict="real", token=held.token - 1, by=held.owner, at=JUDGED)
    case.refresh_from_db()
    assert case.revealed_at is None


def test_a_dismissed_case_makes_no_runaway(case):
    """What operators call false teaches the filter; an exercise teaches it nothing."""
    from soc.core import deliveries

    held = claimed(case)
    actions.decide(held.pk, verdict="false", token=held.token, by=held.owner, at=JUDGED)
    for pk in deliveries.due(at=JUDGED + timedelta(days=1), acting=False):
        deliveries.run(pk)
    assert not Event.objects.filter(kind="incident.verdict", subject_id=held.pk).exists()
    assert not Dismissal.objects.exists()


def test_nothing_goes_on_after_the_end(case):
    held = claimed(case)
    actions.decide(held.pk, verdict="real", token=held.token, by=held.owner, at=JUDGED)
    with pytest.raises(Refused, match="exercise"):
        actions.reopen(held.pk, by=held.owner, at=JUDGED)
    with pytest.raises(Refused):
        actions.decide(held.pk, verdict="false", token=held.token, by=held.owner, at=JUDGED)


def test_its_pictures_are_not_held_longer_for_it(case, sam):
    """A hold looks as with any incident while it goes on, and ends with the case."""
    incident = shown(case)
    actions.hold(incident.pk, reason="for the insurance", by=sam, at=AT)
    held = take(incident)
    actions.decide(held.pk, verdict="real", token=held.token, by=held.owner, at=JUDGED)
    held.refresh_from_db()
    assert held.hold_at is None
    with pytest.raises(Refused, match="exercise"):
        actions.hold(held.pk, reason="for the insurance", by=sam, at=JUDGED)


# --- every outward door


@pytest.fixture
def outside(organisation, site, camera):
    """Somebody to send and something to say."""
    publish_defaults(organisation, at=make.NIGHT)
    guard = Responder.objects.create(organisation=organisation, name="Ivor Penn", phone="+441632960001", rank=1)
    message = Message.objects.get(organisation=organisation, name="1 Live camera")
    address = "http://127.0.0.1/onvif/device_service"
    light = Relay.objects.create(site=site, kind="light", name="Yard lights", output="R1", address=address)
    return {"responder_id": guard.pk, "message_id": message.pk, "camera_id": camera.pk, "relay_id": light.pk}


Door = Callable[[Incident, dict[str, Any]], Any]


def _talk(held: Incident, outside: dict[str, Any]) -> Any:
    named = {name: outside[name] for name in ("message_id", "camera_id")}
    return doors.talk(held.pk, token=held.token, by=held.owner, at=JUDGED, dedup="one press", **named)


def _send(held: Incident, outside: dict[str, Any]) -> Any:
    responder = outside["responder_id"]
    return doors.send_responder(
        held.pk, responder_id=responder, token=held.token, by=held.owner, at=JUDGED, dedup="one press"
    )


def _switch(held: Incident, outside: dict[str, Any]) -> Any:
    relay = outside["relay_id"]
    return doors.switch(held.pk, relay_id=relay, on=True, token=held.token, by=held.owner, at=JUDGED, dedup="one press")


def _ask(held: Incident, outside: dict[str, Any]) -> Any:
    return actions.show_numbers(held.pk, token=held.token, by=held.owner, at=JUDGED)


ATTEMPTS: dict[str, Door] = {"talk": _talk, "send": _send, "relay": _switch}
DOORS: dict[str, Door] = {**ATTEMPTS, "ask": _ask}


@pytest.mark.parametrize("name", DOORS)
def test_whoever_acts_is_told_that_nothing_was_sent_and_has_called_it_real(name, case, outside):
    held = claimed(case)
    with pytest.raises(guard.Exercise, match="nothing was sent"):
        DOORS[name](held, outside)
    case.refresh_from_db()
    held.refresh_from_db()
    assert (case.verdict, case.acted, case.judged_by) == ("real", name, held.owner)
    assert held.state == State.CLOSED
    assert (held.audio_sent_at, held.call_placed_at) == (None, None)
    assert not Attempt.objects.exists()
    assert not Event.objects.filter(kind__startswith="attempt").exists()
    assert not Event.objects.filter(kind="incident.numbers_shown").exists()


@pytest.mark.parametrize("name", DOORS)
def test_the_same_door_is_open_to_an_incident_in_earnest(name, zone, alice, outside):
    incident = make.make_incident(zone=zone, at=AT)
    DOORS[name](take(incident), outside)
    assert Event.objects.filter(kind__in=["attempt.planned", "incident.numbers_shown"]).exists()


@pytest.mark.parametrize("name", ATTEMPTS)
def test_without_the_guard_at_the_door_postgresql_still_refuses_the_row(name, case, outside, monkeypatch):
    monkeypatch.setattr(planning, "keep_in", lambda incident: None)
    held = claimed(case)
    with pytest.raises(IntegrityError, match="nothing of it leaves the house"), transaction.atomic():
        DOORS[name](held, outside)
    assert not Attempt.objects.exists()


@pytest.fixture
def smuggled(zone, outside) -> Attempt:
    """A call that was planned for what only then became a case of the audit: the row is there."""
    held = take(make.make_incident(zone=zone, at=AT))
    call, _text = _send(held, outside)
    AuditCase.objects.create(
        site=held.site, kind="sampled", candidate=held.alerts.get().candidate, seed=7, drawn_at=AT, incident=held
    )
    return call


def test_an_attempt_that_came_to_be_all_the_same_is_not_performed(smuggled, monkeypatch):
    """The act itself looks once more."""
    acted: list[Any] = []
    monkeypatch.setattr(performing, "_act", acted.append)
    performing.perform(smuggled.pk)
    smuggled.refresh_from_db()
    assert (acted, smuggled.status) == ([], Attempt.Status.FAILED)
    assert "nothing was sent" in smuggled.error


def test_without_the_second_look_it_would_be_performed(smuggled, monkeypatch):
    acted: list[Any] = []
    monkeypatch.setattr(performing, "_act", acted.append)
    monkeypatch.setattr(performing, "keep_in", lambda incident: None)
    performing.perform(smuggled.pk)
    assert [attempt.pk for attempt in acted] == [smuggled.pk]


def test_every_door_that_writes_an_attempt_is_in_the_table():
    """`plan` makes the rows. Whoever calls it is a door in the table above, or only goes on with a call that was placed."""
    folder = Path(doors.__file__).parent
    callers = set()
    for path in folder.glob("*.py"):
        for function in [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]:
            calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
            if {"plan", "_send"} & {call.id for call in calls if isinstance(call, ast.Name)}:
                callers.add(function.name)
    # Whoever is on call is paged and told for no exercise: `responses.actions.paging`, and its own tests.
    goes_on = {"_send", "_carry_on", "_text", "_page", "_tell"}
    assert callers == {"talk", "send_responder", "switch"} | goes_on
    assert {door.outward for door in (doors.talk, doors.send_responder, doors.switch)} == set(ATTEMPTS)
    assert actions.show_numbers.outward == "ask"
    makes = re.compile(r"\bAttempt(\(|\.objects\.(bulk_)?create)")
    assert [path.name for path in folder.glob("*.py") if makes.search(path.read_text())] == ["planning.py"]


def test_an_export_ends_it_and_signs_nothing(client, case, sam):
    incident = shown(case)
    client.force_login(sam)
    answer = client.get(reverse("console-export", args=[incident.pk]))
    assert answer.status_code == 409
    assert "nothing was sent" in answer.text
    case.refresh_from_db()
    assert (case.verdict, case.given_up) == ("", "export")
    assert not Event.objects.filter(kind__startswith="incident.export").exists()
    assert client.get(reverse("console-export", args=[incident.pk])).status_code == 409
