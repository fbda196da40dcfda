"""Nobody claims it: whoever is on call is told by text and telephone, once for every escalation, and never for an exercise."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from cameras.health import Pauses
from incidents import actions as incidents
from incidents.deadlines import absent, deadlines
from incidents.models import AuditCase, Incident, RosterEntry
from responses import actions, reactions
from responses.actions import paging, performing, script, talking
from responses.models import Attempt
from responses.views import _answer
from soc.console import playbook
from soc.core import approving, clock
from soc.core.models import Approval, Event, User
from tests import factories as make


@pytest.fixture
def open_one(zone, defaults) -> Incident:
    return make.make_incident(make.make_candidate(zone=zone, at=clock.now()))


def escalate(incident: Incident) -> Event:
    """The deadline of whoever is on call passes, as the spine finds it."""
    Incident.objects.filter(pk=incident.pk).update(oncall_by=clock.now() - timedelta(seconds=1))
    deadlines(clock.now())
    event = Event.objects.filter(kind="incident.escalated", subject_id=incident.pk).latest("pk")
    assert (event.data["level"], event.data["why"]) == (3, "unclaimed")
    return event


def page(incident: Incident) -> Event:
    event = escalate(incident)
    reactions.page_on_call(event.pk)
    return event


def with_phone(user: User, phone: str = "+441632960050") -> User:
    user.phone = phone
    user.save(update_fields=["phone"])
    return user


def on_call(user: User, organisation, sam, **hours: float) -> RosterEntry:
    now = clock.now()
    span = {
        "starts_at": now - timedelta(hours=hours.get("since", 1)),
        "ends_at": now + timedelta(hours=hours.get("till", 1)),
    }
    return RosterEntry.objects.create(organisation=organisation, user=user, duty="on_call", by=sam, at=now, **span)


def test_whoever_is_on_call_gets_a_text_and_a_call_and_nobody_else(open_one, dave, sam, organisation):
    on_call(with_phone(dave), organisation, sam)
    with_phone(sam, "+441632960051")
    page(open_one)
    assert set(Attempt.objects.values_list("kind", "paged", "responder")) == {
        ("text", dave.pk, None),
        ("call", dave.pk, None),
    }
    text = Attempt.objects.get(kind="text").data["body"]
    assert all(words in text for words in (open_one.reference, "Priority 1", open_one.site.name))
    assert text.endswith(reverse("console-incident", args=[open_one.pk]))


def test_twice_is_once_and_the_next_escalation_is_another(open_one, dave, sam, alice, organisation):
    on_call(with_phone(dave), organisation, sam)
    event = page(open_one)
    reactions.page_on_call(event.pk)
    assert Attempt.objects.count() == 2
    page(open_one)
    assert Attempt.objects.count() == 4


@pytest.mark.parametrize("why", ["undecided", "absent", "skipped"])
def test_only_what_nobody_claims_rings_anybody(open_one, dave, sam, organisation, why):
    on_call(with_phone(dave), organisation, sam)
    with transaction.atomic():
        event = paging.events.record("incident.escalated", open_one, by=None, at=clock.now(), level=2, why=why)
    reactions.page_on_call(event.pk)
    assert not Attempt.objects.exists()


def test_who_leads_is_told_where_the_roster_names_nobody_who_can_be_reached(open_one, dave, sam, organisation):
    on_call(dave, organisation, sam)  # no telephone
    late = make.make_user("lou", "operator", organisation, phone="+441632960052")
    on_call(late, organisation, sam, since=5, till=-1)  # was, until an hour ago
    manager = make.make_user("mo", "duty_manager", organisation, phone="+441632960053")
    with_phone(sam, "+441632960051")
    page(open_one)
    assert set(Attempt.objects.values_list("paged", flat=True)) == {sam.pk, manager.pk}


def test_with_nobody_to_reach_it_says_so(open_one, sam):
    event = page(open_one)
    assert not Attempt.objects.exists()
    told = Event.objects.get(kind=paging.NOBODY)
    assert (told.subject_id, told.data) == (open_one.pk, {"escalation": event.pk})


def test_nobody_of_another_centre_is_rung(open_one, other_organisation, oscar, sam):
    on_call(with_phone(oscar), other_organisation, oscar)
    make.make_user("lena", "supervisor", other_organisation, phone="+441632960054")
    page(open_one)
    assert not Attempt.objects.exists()


def test_nobody_is_rung_for_what_was_claimed_meanwhile(open_one, dave, alice, sam, organisation, monkeypatch):
    on_call(with_phone(dave), organisation, sam)
    event = escalate(open_one)
    incidents.claim(open_one.pk, by=alice, at=clock.now())
    reactions.page_on_call(event.pk)
    assert not Attempt.objects.exists()


def test_what_was_ordered_is_not_done_once_it_was_claimed(open_one, dave, alice, sam, organisation, monkeypatch):
    done: list[Any] = []
    monkeypatch.setattr(performing, "_act", done.append)
    on_call(with_phone(dave), organisation, sam)
    page(open_one)
    incidents.claim(open_one.pk, by=alice, at=clock.now())
    for attempt in Attempt.objects.all():
        performing.perform(attempt.pk)
    assert done == []


# --- whoever has it has gone


@pytest.fixture
def left(open_one, alice, dave, sam, organisation, monkeypatch) -> Incident:
    """Alice, alone at the desks, did something in it and has gone; Dave is on call."""
    monkeypatch.setattr(Pauses, "settled", lambda pauses, at: True)
    on_call(with_phone(dave), organisation, sam)
    held = incidents.claim(open_one.pk, by=alice, at=clock.now())
    incidents.add_note(held.pk, text="Two at the gate.", by=alice, at=clock.now())
    assert absent(clock.now() + timedelta(seconds=61)) == 1
    held.refresh_from_db()
    return held


def paged_for(left: Incident, *, after: float) -> list[Event]:
    """So many seconds after its owner was called absent, as the spine finds it."""
    assert left.absent_since is not None
    deadlines(left.absent_since + timedelta(seconds=after))
    told = list(Event.objects.filter(kind="incident.escalated", subject_id=left.pk, data__level=3))
    for event in told:
        reactions.page_on_call(event.pk)
    return told


def test_what_its_owner_touched_and_left_gets_somebody_paged_by_its_deadline(left, dave, network):
    assert paged_for(left, after=24) == []
    assert [event.data["why"] for event in paged_for(left, after=25)] == ["absent"]
    assert paged_for(left, after=60)[0].pk  # once
    assert set(Attempt.objects.values_list("kind", "paged")) == {("call", dave.pk), ("text", dave.pk)}
    for attempt in Attempt.objects.all():
        performing.perform(attempt.pk)
    assert [row["to"] for row in (*network.calls, *network.texts)] == [dave.phone] * 2
    assert "whoever had it has gone" in network.texts[0]["body"].replace(f"{left.reference}.", "it")
    left.refresh_from_db()
    assert (left.state, left.oncall_by) == ("claimed", None)


def test_without_its_deadline_nobody_would_be(left):
    Incident.objects.filter(pk=left.pk).update(oncall_by=None)
    assert paged_for(left, after=600) == []


@pytest.mark.parametrize("what", ["back", "taken over", "given"])
def test_nobody_is_rung_once_somebody_looks_after_it_again(left, alice, dave, sam, organisation, what):
    now = left.absent_since
    if what == "back":
        incidents.seen(alice.pk, at=now)
        assert absent(now) == 1
    elif what == "taken over":
        incidents.take_over(left.pk, by=dave, at=now)
    else:
        incidents.start_shift(user=dave, organisation=organisation, at=now)
        incidents.reassign(left.pk, to=dave, reason="Alice has gone.", by=sam, at=now)
    assert paged_for(left, after=60) == []
    assert Incident.objects.get(pk=left.pk).oncall_by is None
    assert not Attempt.objects.exists()


def test_what_was_ordered_is_not_done_once_they_are_back(left, monkeypatch):
    done: list[Any] = []
    monkeypatch.setattr(performing, "_act", done.append)
    paged_for(left, after=25)
    Incident.objects.filter(pk=left.pk).update(absent_since=None)
    for attempt in Attempt.objects.all():
        performing.perform(attempt.pk)
    assert (done, Attempt.objects.count()) == ([], 2)


# --- never for an exercise


def test_nobody_is_rung_for_a_drill(site, zone, dave, sam, organisation):
    on_call(with_phone(dave), organisation, sam)
    drill = incidents.begin_drill(site.pk, reason="Who wakes up?", zone=zone.pk, by=sam, at=clock.now())
    page(drill)
    assert not Attempt.objects.exists()
    assert not Event.objects.filter(kind=paging.NOBODY).exists()


def test_nor_for_a_case_of_the_blind_audit(open_one, dave, sam, organisation):
    on_call(with_phone(dave), organisation, sam)
    of = {"candidate": open_one.alerts.get().candidate, "seed": 7, "drawn_at": clock.now(), "incident": open_one}
    AuditCase.objects.create(site=open_one.site, kind="sampled", **of)
    page(open_one)
    assert not Attempt.objects.exists()
    open_one.refresh_from_db()
    assert open_one.state == "open"  # nor is it revealed


def test_without_the_looks_of_ours_postgresql_refuses_it(site, zone, dave, sam, organisation, monkeypatch):
    on_call(with_phone(dave), organisation, sam)
    drill = incidents.begin_drill(site.pk, reason="Who wakes up?", zone=zone.pk, by=sam, at=clock.now())
    monkeypatch.setattr("responses.actions.planning.keep_in", lambda incident: None)
    with pytest.raises(IntegrityError, match="nothing of it leaves the house"), transaction.atomic():
        paging._page(drill, dave, "page:1", at=clock.now())


# --- what it is, and what it is not


@pytest.fixture
def paged(open_one, dave, sam, organisation) -> Attempt:
    on_call(with_phone(dave), organisation, sam)
    page(open_one)
    return Attempt.objects.get(kind="call")


def test_a_stop_of_all_dispatches_does_not_hold_it_up(open_one, dave, sam, organisation, monkeypatch):
    done: list[Any] = []
    monkeypatch.setattr(performing, "_act", done.append)
    on_call(with_phone(dave), organisation, sam)
    actions.stop_dispatch(organisation, reason="Wrong addresses.", by=sam, at=clock.now())
    page(open_one)
    for attempt in Attempt.objects.all():
        performing.perform(attempt.pk)
    assert len(done) == 2


def test_it_is_placed_with_the_number_of_whoever_is_paged(paged, network, dave):
    for attempt in Attempt.objects.all():
        performing.perform(attempt.pk)
    assert [row["to"] for row in (*network.calls, *network.texts)] == [dave.phone] * 2
    paged.refresh_from_db()
    assert paged.status == "placed"


def test_it_is_no_part_of_the_response(paged, network, alice, organisation):
    """No clock stamp, no step of the playbook, no truth of “the guard is on the way”; and nobody is sent after it."""
    for attempt in Attempt.objects.all():
        performing.perform(attempt.pk)
    held = incidents.claim(paged.incident_id, by=alice, at=clock.now())
    assert held.call_placed_at is None
    assert not talking._called(held, None)
    assert not [step for step in actions.steps(held) if step.kind == "call" and step.state == "done"]
    from responses.actions import sending

    assert sending.carry_on(paged.pk, at=clock.now()) is None
    assert "Mara, on call" in [sent.what.removeprefix("Call to ") for sent in playbook.sent(playbook.attempts(held))]


def test_the_telephone_says_what_waits_and_notes_who_looks_after_it(paged):
    assert paged.incident.reference.replace("-", "")[0] in _answer(paged)
    assert "press 1" in script.page(paged, gather_url="/x")
    performing.facts.placed(paged.pk, "CA7", at=clock.now())
    from responses.actions import callbacks

    callbacks.on_the_line(paged.pk, "CA7", "1", at=clock.now())
    paged.refresh_from_db()
    assert paged.status == "accepted"
    assert "look after it" in _answer(paged)
    paged.incident.refresh_from_db()
    assert paged.incident.responder_accepted_at is None


def test_a_text_back_is_noted_too(paged, dave):
    from responses.actions import callbacks

    found, meant = callbacks.texted(dave.phone, f"yes {paged.incident.reference}", at=clock.now())
    assert (found.pk, meant) == (paged.pk, "yes")


# --- a supervisor's word that an operator waits for


@pytest.fixture
def asked(site, alice, sam, defaults) -> Approval:
    """Alice holds a silent incident and has asked that something may be heard there."""
    at = clock.now()
    held = incidents.claim(make.make_incident(site=site, category="hold_up", at=at).pk, by=alice, at=at)
    return incidents.ask_to_lift(held.pk, reason="they have left", token=held.token, by=alice, at=at)


def raise_it(asked: Approval) -> Event:
    """Nobody has answered by its deadline, as the spine finds it."""
    asked.refresh_from_db()
    assert approving.undecided(asked.decide_by) == 1
    event = Event.objects.filter(kind="approval.raised", subject_id=asked.pk).latest("pk")
    reactions.page_for_approval(event.pk)
    return event


def test_whoever_is_on_call_is_texted_once_where_nobody_gives_their_word(asked, sam, alice, network):
    with_phone(sam)
    with_phone(alice, "+441632960052")
    event = raise_it(asked)
    reactions.page_for_approval(event.pk)
    raise_it(asked)  # further up, but nobody is texted for it again
    text = Attempt.objects.get()
    assert (text.kind, text.paged) == ("text", sam)
    assert text.data["body"].endswith(reverse("console-approvals"))
    performing.perform(text.pk)
    assert len(network.texts) == 1, "though somebody holds the incident"


def test_what_was_decided_meanwhile_is_not_asked_for_any_more(asked, sam, network):
    with_phone(sam)
    raise_it(asked)
    approving.grant(asked.pk, by=sam, at=clock.now())
    text = Attempt.objects.get()
    performing.perform(text.pk)
    text.refresh_from_db()
    assert (text.status, network.texts) == ("failed", [])


def test_nobody_with_a_telephone_is_recorded(asked):
    raise_it(asked)
    assert Event.objects.filter(kind=paging.NOBODY).exists()
    assert not Attempt.objects.exists()
