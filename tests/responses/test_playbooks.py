"""The steps of an incident: frozen at the claim, fulfilled by acts, skipped only with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from cameras.categories import Family
from incidents import actions as incidents
from incidents.errors import Refused, Stale
from incidents.models import Incident
from responses import actions, reactions
from responses.actions import facts, playbooks
from responses.defaults import publish_defaults
from responses.models import Message, Playbook, PlaybookRun
from responses.publishing import check_playbook
from soc.core import clock
from soc.core.models import Event
from tests import factories as make

pytestmark = pytest.mark.django_db


def states(incident) -> dict[str, str]:
    incident.refresh_from_db()
    return {step.id: step.state for step in actions.steps(incident)}


@pytest.fixture
def tick(incident, alice):
    def tick(step_id: str, answer: str = "", **changes):
        given = {"token": incident.token, "by": alice, "at": clock.now(), **changes}
        return actions.step_done(incident.pk, step_id=step_id, answer=answer, **given)

    return tick


@pytest.fixture
def skip(incident, alice):
    def skip(step_id: str, reason: str):
        return actions.step_skipped(
            incident.pk, step_id=step_id, reason=reason, token=incident.token, by=alice, at=clock.now()
        )

    return skip


def test_publishing_the_defaults_twice_is_once(organisation, other_organisation):
    for _twice in range(2):
        publish_defaults(organisation, at=make.NIGHT)
    assert Playbook.objects.filter(organisation=organisation).count() == 3
    assert Message.objects.filter(organisation=organisation).count() == 4
    assert not Playbook.objects.filter(organisation=other_organisation).exists()
    families = {family for playbook in Playbook.objects.all() for family in playbook.body["families"]}
    assert families == set(Family)


def test_every_step_of_the_defaults_has_a_key_of_its_own_and_a_known_kind(defaults):
    for playbook in Playbook.objects.all():
        steps = playbook.body["steps"]
        assert len({step["id"] for step in steps}) == len(steps)
        assert {step["kind"] for step in steps} <= {
            "look",
            "question",
            "talk",
            "relay",
            "call",
            "text",
            "note",
            "close",
        }
        assert steps[-1]["kind"] == "close"
    names = set(Message.objects.values_list("name", flat=True))
    wanted = {name for p in Playbook.objects.all() for step in p.body["steps"] for name in playbooks._messages(step)}
    assert wanted == names


def test_an_unclaimed_incident_has_no_run(zone, defaults):
    assert actions.run_of(make.make_incident(zone=zone)) is None


def test_the_run_is_the_version_in_force_at_the_claim(incident, organisation):
    late = Playbook.objects.get(organisation=organisation, name="Intrusion")
    Playbook.objects.create(
        organisation=organisation,
        name="Intrusion",
        number=2,
        body={**late.body, "steps": late.body["steps"][:2]},
        published_at=incident.claimed_at + timedelta(seconds=1),
    )
    run = actions.run_of(incident)
    assert run is not None
    assert run.playbook.number == 1
    assert len(run.steps) == 10


def test_the_reaction_and_the_first_look_make_one_run(incident):
    event = Event.objects.get(kind="incident.claimed")
    for _twice in range(2):
        reactions.start_run(event.pk)
        actions.run_of(incident)
    assert PlaybookRun.objects.count() == 1


def test_acts_fulfil_their_steps_without_a_tick(incident, alice, guard, live_camera, camera, settings):
    assert set(states(incident).values()) == {""}
    at = clock.now()
    incidents.evidence_shown(incident.pk, by=alice, at=at)
    incidents.decide(incident.pk, verdict="real", token=incident.token, by=alice, at=at)
    talk = actions.talk(
        incident.pk, message_id=live_camera.pk, camera_id=camera.pk, token=incident.token, by=alice, at=at, dedup="t"
    )
    [call, _text] = actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=at, dedup="c"
    )
    assert states(incident)["challenge"] == "", "planned is not done"
    facts.sounding(talk.pk, at=clock.now())
    facts.placed(call.pk, "CA" + "1" * 32, at=clock.now())
    incidents.add_note(incident.pk, text="One man, dark coat.", by=alice, at=at)
    done = {step for step, state in states(incident).items() if state == "done"}
    assert done == {"look", "belongs", "challenge", "send", "note"}
    steps = {step.id: step for step in actions.steps(incident)}
    assert steps["belongs"].answer == "real"
    assert steps["challenge"].at == incident.audio_sent_at


def test_a_step_is_ticked_with_one_of_its_answers(incident, tick):
    with pytest.raises(Refused, match="Choose one"):
        tick("left", "perhaps")
    tick("left", "stayed")
    step = next(step for step in actions.steps(incident) if step.id == "left")
    assert (step.state, step.answer) == ("done", "stayed")
    event = Event.objects.get(kind="incident.step_done")
    assert event.data == {"step": "left"}, "answers stay in the row"


def test_what_only_an_act_fulfils_cannot_be_ticked(tick):
    for step_id in ("challenge", "send", "belongs", "close"):
        with pytest.raises(Refused) as refused:
            tick(step_id)
        assert refused.value.code == "act"


def test_a_stale_page_and_an_unknown_step_are_refused(tick, incident, dave):
    with pytest.raises(Refused, match="no such step"):
        tick("dance")
    with pytest.raises(Stale):
        tick("look", by=dave)
    with pytest.raises(Stale):
        tick("look", token=incident.token + 1)


def test_a_required_step_is_owed_until_it_is_done_or_skipped_with_a_reason(incident, alice, skip, tick):
    owed = playbooks.missing(incident)
    assert len(owed) == 2
    with pytest.raises(Refused, match="why"):
        skip("look", " ")
    skip("look", "The camera is dark.")
    incidents.decide(incident.pk, verdict="cannot_tell", token=incident.token, by=alice, at=clock.now())
    incident.refresh_from_db()
    assert playbooks.missing(incident) == []
    assert [s.reason for s in actions.steps(incident) if s.state == "skipped"] == ["The camera is dark."]
    with pytest.raises(Refused, match="done already"):
        skip("belongs", "no reason at all")


def test_the_results_are_kept_when_the_incident_is_closed(incident, alice):
    at = clock.now()
    incidents.evidence_shown(incident.pk, by=alice, at=at)
    incidents.decide(incident.pk, verdict="false", token=incident.token, by=alice, at=at)
    incidents.close(
        incident.pk,
        outcome="false.animal",
        site_state="secure",
        summary="A fox.",
        token=incident.token,
        by=alice,
        at=at,
    )
    reactions.finish_run(Event.objects.get(kind="incident.closed").pk)
    kept = PlaybookRun.objects.get().results
    assert {step: result["state"] for step, result in kept.items()} == dict.fromkeys(
        ("look", "belongs", "close"), "done"
    )


def test_without_a_playbook_nothing_is_owed(zone, alice):
    made = make.make_incident(zone=zone)
    incident = incidents.claim(made.pk, by=alice, at=clock.now())
    assert actions.run_of(incident) is None
    assert actions.steps(incident) == []
    assert playbooks.missing(incident) == []


def test_responders_come_in_order_and_only_those_who_serve_the_customer(
    incident, organisation, other_organisation, other_customer, second_guard, guard
):
    from responses.models import Responder

    theirs = Responder.objects.create(organisation=organisation, name="Other", phone="+441632960003", rank=1)
    theirs.customers.add(other_customer)
    Responder.objects.create(organisation=organisation, name="Gone", phone="+441632960004", enabled=False)
    Responder.objects.create(organisation=other_organisation, name="Far", phone="+441632960005")
    assert actions.available_responders(incident) == [guard, second_guard]


def test_nobody_who_said_yes_or_is_being_called_is_ordered_again(incident, alice, guard):
    def order(dedup: str):
        return actions.send_responder(
            incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup=dedup
        )

    [call, _text] = order("a")
    with pytest.raises(Refused) as refused:
        order("b")
    assert refused.value.code == "calling"
    facts.accepted(facts.lock(call.pk), at=clock.now(), how="key")
    with pytest.raises(Refused) as refused:
        order("c")
    assert refused.value.code == "accepted"


def test_events_of_attempts_hold_no_names_numbers_or_words(incident, alice, guard):
    actions.send_responder(
        incident.pk, responder_id=guard.pk, token=incident.token, by=alice, at=clock.now(), dedup="a"
    )
    for event in Event.objects.filter(kind__startswith="attempt."):
        assert guard.phone not in str(event.data)
        assert guard.name not in str(event.data)
        assert event.data["incident"] == str(incident.pk)


def asked(incident) -> list[str]:
    incident.refresh_from_db()
    return [step.id for step in actions.steps(incident) if not step.off]


def test_an_answer_leads_to_the_step_it_names_and_what_lies_between_is_not_asked(incident, tick):
    assert len(asked(incident)) == 10, "before an answer every way is open"
    tick("left", "left")
    assert asked(incident) == ["look", "belongs", "challenge", "left", "note", "close"]
    tick("left", "stayed")
    assert asked(incident) == ["look", "belongs", "challenge", "left", "second", "send", "coming", "note", "close"]
    tick("left", "not_seen")
    tick("search", "nowhere")
    assert "second" not in asked(incident)
    assert "send" in asked(incident)


def test_a_false_alarm_asks_for_nothing_but_its_outcome(incident, alice):
    at = clock.now()
    incidents.evidence_shown(incident.pk, by=alice, at=at)
    incidents.decide(incident.pk, verdict="false", token=incident.token, by=alice, at=at)
    assert asked(incident) == ["look", "belongs", "close"]
    assert playbooks.missing(Incident.objects.get(pk=incident.pk)) == []


def test_a_required_step_is_owed_only_on_the_way_that_was_taken():
    steps = [
        {"id": "a", "kind": "question", "title": "A?", "required": True, "answers": [
            {"code": "y", "label": "Yes", "goto": "c"}, {"code": "n", "label": "No"}]},
        {"id": "b", "kind": "question", "title": "B?", "required": True},
        {"id": "c", "kind": "close", "title": "C"},
    ]  # fmt: skip
    assert playbooks.path(steps, {}) == {"a", "b", "c"}
    assert playbooks.path(steps, {"a": {"answer": "y"}}) == {"a", "c"}
    assert playbooks.path(steps, {"a": {"answer": "n"}}) == {"a", "b", "c"}


def test_leaving_out_a_required_step_says_so_in_the_record(incident, skip):
    skip("look", "The camera is dark.")
    skip("note", "Nothing to add.")
    told = Event.objects.filter(kind="incident.step_skipped").order_by("id")
    assert [event.data for event in told] == [{"step": "look", "required": True}, {"step": "note", "required": False}]


@pytest.mark.parametrize("goto", ["look", "left", "nowhere", ""])
def test_an_answer_that_leads_back_or_nowhere_is_not_published(organisation, defaults, goto):
    body = Playbook.objects.get(name="Intrusion", organisation=organisation).body
    next(step for step in body["steps"] if step["id"] == "left")["answers"][0]["goto"] = goto
    with pytest.raises(ValidationError):
        check_playbook(body, organisation)


def test_the_defaults_could_be_published_by_hand(organisation, defaults):
    for playbook in Playbook.objects.all():
        check_playbook(playbook.body, organisation)
