"""Lights, sirens and gates: switched once, asked about where the answer was lost, kept in the house in an exercise."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction

from incidents.audit.guard import PRESSED, Drill
from incidents.errors import Refused, Stale
from incidents.models import Incident
from responses import actions, adapters
from responses.actions import performing, playbooks, switching
from responses.deadlines import unfinished
from responses.defaults import intrusion
from responses.models import Attempt, PlaybookRun, Relay
from responses.ports import DeliveryError, Unclear
from responses.publishing import check_playbook
from soc.core import clock
from soc.core.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


class Box:
    """Stands where the device at the site stands. `error`: what the next switching ends in; `does`: whether it is done."""

    def __init__(self) -> None:
        self.on: dict[str, bool] = {}
        self.switched: list[tuple[str, bool]] = []
        self.error: Exception | None = None
        self.does = True
        self.silent = False

    def switch(self, output, *, on):
        self.switched.append((output.token, on))
        if self.does:
            self.on[output.token] = on
        if self.error:
            raise self.error

    def stands(self, output):
        if self.silent:
            raise DeliveryError("It does not say.", permanent=False)
        return self.on.get(output.token, False)


@pytest.fixture
def box(monkeypatch, settings):
    settings.CAMERA_NETWORKS = ["127.0.0.0/8"]
    box = Box()
    monkeypatch.setattr(adapters, "relays", lambda: box)
    return box


def make_relay(site, **changes) -> Relay:
    given = {
        "kind": "light",
        "name": "Yard lights",
        "output": "R1",
        "address": "http://127.0.0.1:80/onvif/device_service",
    }
    return Relay.objects.create(site=site, **given | changes)


@pytest.fixture
def lights(site):
    return make_relay(site)


@pytest.fixture
def siren(site):
    return make_relay(site, kind="siren", name="Siren", output="R2", goes_back=True)


@pytest.fixture
def press(incident, alice, lights):
    def press(relay: Relay = lights, dedup: str = "s1", *, on: bool = True, **changes) -> Attempt:
        given = {"relay_id": relay.pk, "token": incident.token, "by": alice, "at": clock.now(), **changes}
        return actions.switch(incident.pk, on=on, dedup=dedup, **given)

    return press


def test_the_row_is_there_before_the_act_and_says_what_became_of_it(press, box):
    attempt = press()
    assert (attempt.status, box.switched) == ("planned", [])
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.ended_as, attempt.data) == ("done", "switched", {"on": True, "known": "answered"})
    assert box.switched == [("R1", True)]
    kinds = Event.objects.filter(subject_id=attempt.pk).order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["attempt.planned", "attempt.placed", "attempt.ended"]


def test_the_same_key_press_twice_is_one_act(press, box):
    attempt = press()
    assert press().pk == attempt.pk
    performing.perform(attempt.pk)
    performing.perform(attempt.pk)
    assert len(box.switched) == 1


@pytest.mark.parametrize(("does", "status", "known"), [(True, "done", "asked"), (False, "failed", None)])
def test_after_a_lost_answer_the_device_is_asked_and_nothing_is_switched_again(does, status, known, press, box):
    box.error, box.does = Unclear("no answer"), does
    attempt = press()
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.status == "unknown"
    assert unfinished(clock.db_now()) == 1
    performing.settle(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, attempt.data.get("known")) == (status, known)
    assert len(box.switched) == 1, "whatever became of it"
    if not does:
        assert "Switch it again" in attempt.error


def test_what_goes_back_by_itself_leaves_a_doubt_that_is_said(press, box, siren):
    box.error, box.does = Unclear("no answer"), False
    attempt = press(siren)
    performing.perform(attempt.pk)
    performing.settle(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.status == "failed"
    assert "Look before you switch it again" in attempt.error


def test_a_device_that_does_not_say_is_asked_again_and_given_up_in_words(press, box):
    box.error, box.silent = Unclear("no answer"), True
    attempt = press()
    performing.perform(attempt.pk)
    performing.settle(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.status == "unknown"
    Attempt.objects.filter(pk=attempt.pk).update(acting_at=clock.db_now() - timedelta(minutes=5))
    performing.settle(attempt.pk)
    attempt.refresh_from_db()
    assert "It could not be found out whether it was switched" in attempt.error
    assert len(box.switched) == 1


def test_a_process_that_dies_between_the_act_and_its_note_switches_nothing_twice(press, box):
    attempt = press()
    performing.begin(attempt.pk, at=clock.db_now())
    box.on["R1"] = True  # it had been done
    assert unfinished(clock.db_now() + timedelta(seconds=30)) == 1
    performing.perform(attempt.pk)
    performing.settle(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, box.switched) == ("done", [])


def test_what_never_reached_the_device_is_tried_again_while_it_is_fresh(press, box):
    box.error, box.does = DeliveryError("It cannot be reached.", permanent=False), False
    attempt = press()
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert attempt.status == "planned"
    Attempt.objects.filter(pk=attempt.pk).update(
        leased_until=None, created_at=clock.db_now() - switching.STALE - timedelta(seconds=1)
    )
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, len(box.switched)) == ("failed", 1)
    assert "in time" in attempt.error


def test_two_keys_do_not_switch_one_thing_at_the_same_time(press, box):
    press()
    with pytest.raises(Refused, match="just now"):
        press(dedup="s2", on=False)


def test_nothing_is_seen_or_heard_where_a_quiet_incident_goes_on(press, box, incident):
    ordered = press()
    Incident.objects.filter(pk=incident.pk).update(quiet=True)
    with pytest.raises(Refused) as refused:
        press(dedup="s2")
    assert refused.value.code == "quiet"
    performing.perform(ordered.pk)
    ordered.refresh_from_db()
    assert (ordered.status, box.switched) == ("failed", [])


def test_nothing_of_a_drill_leaves_the_house(press, box, incident, lights, alice):
    Incident.objects.filter(pk=incident.pk).update(drill=True)
    with pytest.raises(Drill):
        press()
    assert Event.objects.get(kind=PRESSED).data["relay"] == str(lights.pk)
    assert not Attempt.objects.exists()
    with pytest.raises(DatabaseError), transaction.atomic():  # whichever code it is that writes
        Attempt.objects.create(
            incident=incident,
            site=incident.site,
            kind="relay",
            relay=lights,
            by=alice,
            created_at=clock.now(),
            dedup="x",
        )


def test_only_who_holds_the_incident_switches_and_only_what_is_there(
    press, incident, dave, oscar, site, other_site, siren
):
    with pytest.raises(Stale):
        press(by=dave)
    with pytest.raises(Incident.DoesNotExist):
        press(by=oscar)
    for relay in (make_relay(other_site), make_relay(site, name="Old", enabled=False)):
        with pytest.raises(Refused, match="nothing of this kind"):
            press(relay)
    with pytest.raises(Refused, match="by itself"):
        press(siren, on=False)


# --- the step of the playbook


def test_the_step_is_there_where_the_site_has_a_light_and_done_once_it_is_on(press, box, incident):
    assert [step.id for step in actions.steps(incident)][:4] == ["look", "belongs", "light", "challenge"]
    attempt = press()
    state = {step.id: step.state for step in actions.steps(incident)}
    assert state["light"] == "", "ordered is not done"
    performing.perform(attempt.pk)
    state = {step.id: step.state for step in actions.steps(incident)}
    assert state["light"] == "done"


def test_switching_it_off_is_not_what_the_step_asks_for(press, box, incident):
    performing.perform(press(on=False).pk)
    assert {step.id: step.state for step in actions.steps(incident)}["light"] == ""


def test_a_site_without_a_light_has_no_such_step_and_no_answer_leads_to_it(incident):
    assert "light" not in [step.id for step in actions.steps(incident)]
    steps = [
        {
            "id": "a",
            "kind": "question",
            "answers": [{"code": "x", "label": "X", "goto": "r"}, {"code": "y", "label": "Y"}],
        },
        {"id": "r", "kind": "relay", "relay": "gate"},
        {"id": "b", "kind": "note"},
    ]
    kept = playbooks.possible(steps, [{"kind": "light"}])
    assert [step["id"] for step in kept] == ["a", "b"]
    assert kept[0]["answers"] == [{"code": "x", "label": "X", "goto": "b"}, {"code": "y", "label": "Y"}]
    assert playbooks.possible(steps, [{"kind": "gate"}]) is steps


def test_in_a_drill_the_key_fulfils_the_step(incident, press):
    Incident.objects.filter(pk=incident.pk).update(drill=True)
    PlaybookRun.objects.all().delete()
    with pytest.raises(Drill):
        press()
    incident.refresh_from_db()
    assert {step.id: step.state for step in actions.steps(incident)}["light"] == "done"


@pytest.mark.parametrize(
    ("step", "wrong"), [({"kind": "relay"}, True), ({"kind": "relay", "relay": "door"}, True),
                        ({"kind": "note", "relay": "light"}, True), ({"kind": "relay", "relay": "gate"}, False)],
)  # fmt: skip
def test_a_playbook_says_which_relay(step, wrong, organisation):
    body = {"families": ["intrusion"], "steps": [{"id": "a", "title": "A", **step}]}
    if wrong:
        with pytest.raises(ValidationError):
            check_playbook(body, organisation)
    else:
        check_playbook(body, organisation)


def test_the_defaults_can_be_published(organisation, defaults):
    check_playbook({"families": ["intrusion"], "steps": intrusion()}, organisation)


# --- where it is


@pytest.mark.parametrize(
    "address",
    ["https://127.0.0.1/x", "http://admin:pass@127.0.0.1/x", "http://93.184.216.34/x", "http://169.254.169.254/x", "file:///etc",
     "http://127.0.0.1/x?y=1", "http://127.0.0.1:99999/x", "http://", "rtsp://127.0.0.1/x"],
)  # fmt: skip
def test_only_a_device_in_the_cameras_networks_is_ever_asked(address, site, box):
    relay = Relay(site=site, kind="light", name="L", output="R1", address=address)
    with pytest.raises(ValidationError):
        relay.full_clean(exclude=["organisation"])


def test_a_siren_that_would_not_end_is_refused(site, box):
    relay = Relay(site=site, kind="siren", name="S", output="R1", address="http://127.0.0.1/onvif/device_service")
    with pytest.raises(ValidationError, match="must end by itself"):
        relay.full_clean(exclude=["organisation"])


def test_a_network_that_is_no_longer_allowed_is_not_asked(press, box, settings):
    attempt = press()
    settings.CAMERA_NETWORKS = ["10.0.0.0/8"]
    performing.perform(attempt.pk)
    attempt.refresh_from_db()
    assert (attempt.status, box.switched) == ("failed", [])
