"""An announced drill: like any alarm for whoever handles it, marked, in nobody's figures; and nothing of it leaves the house."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cameras.actions.circumstances import last_tampering
from cameras.models import Candidate, Dismissal, SiteContact
from incidents import actions
from incidents.audit import guard, known
from incidents.audit.known import mark
from incidents.drills import drills
from incidents.errors import Refused, Stale
from incidents.export import package
from incidents.funnel import funnel
from incidents.models import AuditCase, Incident, KnownIntrusion, Note
from incidents.models.incident import State
from responses import actions as doors
from responses.actions import performing, planning
from responses.defaults import publish_defaults
from responses.models import Attempt, Message, Responder
from soc.core.models import Event, Site
from soc.portal import feed, reads
from tests import factories as make
from tests.factories import NIGHT

AT = NIGHT + timedelta(days=7)
THEN = AT + timedelta(seconds=9)


@pytest.fixture
def drill(site, zone, sam) -> Incident:
    return begin(site, sam, zone=zone.pk)


def begin(site, sam, **fields) -> Incident:
    return actions.begin_drill(site.pk, reason="Night shift: voice, then guard.", by=sam, at=AT, **fields)


def come(zone, seconds: float, **fields) -> Incident:
    """What really happens, so many seconds after the drill began."""
    return make.make_incident(make.make_candidate(zone=zone, at=AT + timedelta(seconds=seconds), **fields))


def take(incident: Incident, who) -> Incident:
    return actions.claim(incident.pk, by=who, at=AT + timedelta(seconds=3))


@pytest.fixture
def outside(organisation, camera):
    """Somebody to send and something to say."""
    publish_defaults(organisation, at=make.NIGHT)
    ivor = Responder.objects.create(organisation=organisation, name="Ivor Penn", phone="+441632960001", rank=1)
    message = Message.objects.get(organisation=organisation, name="1 Live camera")
    return {"responder_id": ivor.pk, "message_id": message.pk, "camera_id": camera.pk}


def test_a_drill_is_an_incident_like_any_other_and_marked(drill, sam, zone):
    assert drill.drill
    assert (drill.state, drill.priority, drill.category) == (State.OPEN, 1, "person")
    assert drill.claim_by is not None
    began = Event.objects.get(kind="drill.began")
    assert (began.subject_id, began.by) == (drill.pk, sam)
    assert "voice, then guard" in Note.objects.get(incident=drill).text
    assert "voice" not in str(began.data)  # words stay with the row


def test_only_whoever_leads_begins_one(site, zone, alice, carol):
    for user in (alice, carol):
        with pytest.raises(Site.DoesNotExist):
            begin(site, user, zone=zone.pk)
    assert not Incident.objects.exists()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"kind": "test"}, "kind"),
        ({"kind": "nonsense"}, "kind"),
        ({"known": "0" * 32}, "known"),
        ({"zone": "0" * 32}, "zone"),
    ],
)
def test_what_cannot_be_played_is_refused(site, sam, fields, code):
    with pytest.raises(Refused) as refused:
        begin(site, sam, **fields)
    assert refused.value.code == code
    assert not Candidate.objects.exists()


def test_a_known_intrusion_is_played_with_its_pictures(site, zone, alice, sam):
    clip = make.make_media(site, kind="clip", content=b"film", started_at=NIGHT, duration_s=14.0)
    picture = make.make_media(site)
    real = make.make_incident(zone=zone, clip=clip, snapshot=picture)
    held = actions.claim(real.pk, by=alice, at=NIGHT + timedelta(seconds=5))
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=NIGHT + timedelta(seconds=9))
    end = {"outcome": "genuine.attempt_only", "site_state": "secure", "summary": "Two men."}
    actions.close(held.pk, token=held.token, by=alice, at=NIGHT + timedelta(seconds=60), **end)
    drill = begin(site, sam, known=mark(real.pk, by=sam, at=NIGHT + timedelta(hours=1)).pk)
    candidate = drill.alerts.get().candidate
    assert (candidate.clip, candidate.snapshot, candidate.zone) == (clip, picture, zone)
    assert candidate.captured_at == AT


# --- beside what is in earnest


def test_a_real_alarm_never_folds_into_a_drill(drill, zone):
    real = come(zone, 20)
    assert real.pk != drill.pk
    assert not real.drill
    assert real.follows is None


def test_without_the_mark_of_what_is_in_earnest_it_would(drill, zone, monkeypatch):
    monkeypatch.setattr("incidents.models.incident.IncidentQuerySet.in_earnest", lambda self: self)
    assert come(zone, 20).pk == drill.pk


def test_a_drill_folds_into_nothing_and_follows_nothing(site, zone, sam):
    real = come(zone, -30, category="vehicle")
    drill = begin(site, sam, zone=zone.pk)
    assert drill.pk != real.pk
    assert drill.follows is None


def test_one_drill_at_a_site_and_none_beside_something_urgent(drill, site, zone, other_site, sam):
    with pytest.raises(Refused) as refused:
        begin(site, sam, zone=zone.pk)
    assert refused.value.code == "another"
    come(zone, 5)
    with pytest.raises(Refused) as refused:
        begin(other_site, sam)
    assert refused.value.code == "urgent"


def test_an_urgent_case_of_the_audit_forbids_a_drill_like_any_as_long_as_nobody_knows_it(site, zone, sam):
    shown = make.make_candidate(zone=zone, at=AT, source="audit")
    case = make.make_incident(shown)
    Incident.objects.filter(pk=case.pk).update(priority=1)
    AuditCase.objects.create(site=site, kind="injected", candidate=shown, seed=1, drawn_at=AT, incident=case)
    with pytest.raises(Refused) as refused:
        begin(site, sam, zone=zone.pk)
    assert refused.value.code == "urgent"


def test_a_drill_gives_way_when_something_urgent_waits_and_nobody_is_free(drill, zone, alice, organisation):
    actions.start_shift(user=alice, organisation=organisation, at=AT)
    held = take(drill, alice)
    assert drills(AT + timedelta(seconds=4)) == 0
    come(zone, 5)  # at the same site: she is asked, and she is at the drill
    assert drills(AT + timedelta(seconds=6)) == 1
    held.refresh_from_db()
    assert (held.state, held.verdict, held.outcome) == (State.CLOSED, "", "")
    assert Event.objects.get(kind="drill.ended").data == {"why": "urgent"}
    assert drills(AT + timedelta(seconds=7)) == 0


def test_a_drill_that_was_ended_is_not_taken_up_again_by_an_undo(drill, alice, sam):
    held = actions.decide(drill.pk, verdict="real", token=take(drill, alice).token, by=alice, at=THEN)
    actions.end_drill(drill.pk, by=sam, at=THEN + timedelta(seconds=1))
    with pytest.raises(Stale):
        actions.undo(drill.pk, token=held.token, by=alice, at=THEN + timedelta(seconds=2))
    drill.refresh_from_db()
    assert drill.state == State.CLOSED


def test_what_was_dismissed_in_a_drill_teaches_the_filter_nothing(drill, alice):
    from incidents.reactions import on_verdict

    held = take(drill, alice)
    actions.decide(held.pk, verdict="false", token=held.token, by=alice, at=THEN)
    on_verdict(Event.objects.get(kind="incident.verdict").pk)
    assert not Dismissal.objects.exists()


def test_a_tampering_that_was_played_makes_nobody_suspect(site, zone, sam):
    begin(site, sam, kind="site_lost")
    assert last_tampering(site, at=AT + timedelta(minutes=1)) is None


def test_a_drill_is_in_no_figure_and_no_known_intrusion(drill, site, alice, sam):
    held = take(drill, alice)
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=THEN)
    held.refresh_from_db()
    total = funnel([site], until=THEN, days=1).total
    assert (total.candidates, total.incidents) == (0, 0)
    assert known.shows(held) is None
    assert not Incident.objects.in_earnest().exists()


def test_a_hold_up_that_is_played_does_not_silence_the_voice_at_the_site(site, zone, sam, alice, outside):
    begin(site, sam, kind="hold_up")
    real = come(zone, 5)
    held = actions.claim(real.pk, by=alice, at=AT + timedelta(seconds=8))
    assert _talk(held, outside).pk


# --- nothing leaves the house

Door = Callable[[Incident, dict[str, Any]], Any]


def _talk(held: Incident, outside: dict[str, Any]) -> Any:
    named = {name: outside[name] for name in ("message_id", "camera_id")}
    return doors.talk(held.pk, token=held.token, by=held.owner, at=THEN, dedup="one press", **named)


def _send(held: Incident, outside: dict[str, Any]) -> Any:
    responder = outside["responder_id"]
    return doors.send_responder(
        held.pk, responder_id=responder, token=held.token, by=held.owner, at=THEN, dedup="one press"
    )


def _ask(held: Incident, outside: dict[str, Any]) -> Any:
    return actions.show_numbers(held.pk, token=held.token, by=held.owner, at=THEN)


ATTEMPTS: dict[str, Door] = {"talk": _talk, "send": _send}
DOORS: dict[str, Door] = {**ATTEMPTS, "ask": _ask}


@pytest.mark.parametrize("name", DOORS)
def test_every_outward_door_is_shut_and_what_was_pressed_is_noted(name, drill, alice, outside):
    held = take(drill, alice)
    with pytest.raises(guard.Drill, match="nothing leaves the house"):
        DOORS[name](held, outside)
    held.refresh_from_db()
    assert held.state == State.CLAIMED  # it goes on
    assert (held.audio_sent_at, held.call_placed_at) == (None, None)
    assert not Attempt.objects.exists()
    pressed = Event.objects.get(kind=guard.PRESSED)
    assert (pressed.subject_id, pressed.by, pressed.at, pressed.data["act"]) == (held.pk, alice, THEN, name)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_without_the_guard_postgresql_still_refuses_the_row(name, drill, alice, outside, monkeypatch):
    monkeypatch.setattr(planning, "keep_in", lambda incident: None)
    held = take(drill, alice)
    with pytest.raises(IntegrityError, match="is a drill: nothing of it leaves the house"), transaction.atomic():
        DOORS[name](held, outside)
    assert not Attempt.objects.exists()


@pytest.fixture
def smuggled(zone, alice, outside) -> Attempt:
    """A call that was planned for what only then became a drill: the row is there."""
    held = take(come(zone, 0), alice)
    call, _text = _send(held, outside)
    Incident.objects.filter(pk=held.pk).update(drill=True)
    return call


def test_an_attempt_that_came_to_be_all_the_same_is_not_performed(smuggled, monkeypatch):
    acted: list[Any] = []
    monkeypatch.setattr(performing, "_act", acted.append)
    performing.perform(smuggled.pk)
    smuggled.refresh_from_db()
    assert (acted, smuggled.status) == ([], Attempt.Status.FAILED)


def test_without_the_second_look_it_would_be(smuggled, monkeypatch):
    acted: list[Any] = []
    monkeypatch.setattr(performing, "_act", acted.append)
    monkeypatch.setattr(performing, "keep_in", lambda incident: None)
    performing.perform(smuggled.pk)
    assert [attempt.pk for attempt in acted] == [smuggled.pk]


def test_a_drill_stays_one_whatever_writes(drill):
    with pytest.raises(IntegrityError, match="stays one"), transaction.atomic():
        Incident.objects.filter(pk=drill.pk).update(drill=False)


def test_customers_never_hear_of_it(drill, alice, carol, site):
    held = take(drill, alice)
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=THEN)
    assert not Incident.objects.visible_to(carol).exists()
    assert not reads.incidents_of(carol).exists()
    for event in Event.objects.filter(kind__in=feed.KINDS):
        assert feed.rows(event) == feed.SILENT


def test_neither_numbers_nor_a_package_are_given_out(drill, alice, sam, site):
    SiteContact.objects.create(site=site, name="Jo Carver", phone="+441632960009", rank=1)
    held = take(drill, alice)
    actions.decide(held.pk, verdict="real", token=held.token, by=alice, at=THEN)
    held.refresh_from_db()
    assert not actions.numbers_shown(held)
    with pytest.raises(guard.Drill):
        package.download(held, by=sam, reader=None)


# --- its end


def test_a_supervisor_ends_it_and_the_operator_is_free_again(drill, alice, sam, organisation):
    actions.start_shift(user=alice, organisation=organisation, at=AT)
    held = take(drill, alice)
    with pytest.raises(Incident.DoesNotExist):
        actions.end_drill(held.pk, by=alice, at=THEN)
    actions.end_drill(held.pk, by=sam, at=THEN)
    held.refresh_from_db()
    assert held.state == State.CLOSED
    assert not actions.drills_of(sam).exists()
    assert Event.objects.filter(kind="incident.closed", subject_id=held.pk).exists()
    with pytest.raises(Refused):
        actions.end_drill(held.pk, by=sam, at=THEN)


def test_what_is_in_earnest_is_never_ended_as_a_drill(zone, sam):
    real = come(zone, 0)
    with pytest.raises(Refused) as refused:
        actions.end_drill(real.pk, by=sam, at=THEN)
    assert refused.value.code == "drill"
    real.refresh_from_db()
    assert real.state == State.OPEN


def test_in_a_drill_the_press_fulfils_the_step(drill, alice, outside):
    held = take(drill, alice)
    for door in ATTEMPTS.values():
        with pytest.raises(guard.Drill):
            door(held, outside)
    done = {step.kind: step.at for step in doors.steps(held) if step.state == "done"}
    assert (done["talk"], done["call"]) == (THEN, THEN)
    named = [step for step in doors.steps(held) if step.kind == "talk" and "1 Live camera" not in step.messages]
    assert not any(step.state for step in named)


def test_where_nothing_is_named_the_likeliest_is_played(site, zone, alice, sam):
    assert begin(site, sam).alerts.get().candidate.zone == zone
    actions.end_drill(Incident.objects.get().pk, by=sam, at=AT)
    seen = make.make_candidate(zone=zone, clip=make.make_media(site, kind="clip"), snapshot=make.make_media(site))
    KnownIntrusion.objects.create(organisation=site.organisation, candidate=seen, added_by=sam, added_at=NIGHT)
    assert begin(site, sam).alerts.get().candidate.clip == seen.clip
    actions.end_drill(actions.drills_of(sam).get().pk, by=sam, at=AT)
    assert begin(site, sam, kind="hold_up").alerts.get().candidate.zone is None
