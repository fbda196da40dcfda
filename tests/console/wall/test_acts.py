"""What a supervisor does from the wall is done once, recorded, refused in words, and nobody else's to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import prefetch_related_objects
from django.test import Client
from django.urls import reverse

from cameras.models import PolicyDraft, Storm
from incidents import actions
from incidents.models import Incident
from responses import actions as responses
from responses.models import DispatchStop, Playbook, PlaybookRun
from soc.console.wall import reads
from soc.core import clock
from soc.core.models import Event
from tests import factories as make
from tests.console.wall.night import come, sit_down

pytestmark = pytest.mark.django_db
WALL = reverse("console-wall")


@pytest.fixture
def held(alice, organisation, site, zone, now) -> Incident:
    """Alice's."""
    sit_down(alice, organisation, at=now, seen=now)
    incident = come(site, zone=zone, at=now)
    Incident.objects.filter(pk=incident.pk).update(offered_to=alice)
    return actions.claim(incident.pk, by=alice, at=now)


def control(client, verb: str, **given):
    return client.post(reverse("console-wall-act", args=[verb]), given)


def test_an_incident_is_given_to_somebody_at_a_desk_with_a_reason(client, sam, alice, dave, organisation, held, now):
    sit_down(dave, organisation, at=now, seen=now)
    panel = client.get(f"{WALL}?assign={held.pk}").content.decode()
    assert "Ines has it and is told at once." in panel
    url = reverse("console-wall-assign", args=[held.pk])
    answer = client.post(url, {"to": dave.pk, "reason": ""})
    assert answer.status_code == 409
    assert "Say why." in answer.content.decode()
    assert client.post(url, {"to": dave.pk, "reason": "Ines has too much"}).status_code == 302
    held.refresh_from_db()
    assert held.owner == dave
    assert Event.objects.get(kind="incident.reassigned").by == sam


def test_nobody_who_is_not_at_a_desk_is_given_anything(client, dave, held):
    url = reverse("console-wall-assign", args=[held.pk])
    answer = client.post(url, {"to": dave.pk, "reason": "why not"})
    assert answer.status_code == 409
    assert "Choose to whom." in answer.content.decode()
    held.refresh_from_db()
    assert held.owner != dave


def test_what_is_over_is_not_given_away(client, dave, organisation, held, now):
    sit_down(dave, organisation, at=now, seen=now)
    Incident.objects.filter(pk=held.pk).update(state="closed", closed_at=now)
    assert client.get(f"{WALL}?assign={held.pk}").status_code == 404
    answer = client.post(reverse("console-wall-assign", args=[held.pk]), {"to": dave.pk, "reason": "late"})
    assert answer.status_code == 409


def test_dispatches_are_stopped_with_a_reason_and_lifted(client, organisation):
    assert control(client, "stop", reason="").status_code == 409
    assert not DispatchStop.objects.exists()
    assert control(client, "stop", reason="the guard firm is on strike").status_code == 302
    assert "Dispatch is stopped" in client.get(WALL).content.decode()
    again = control(client, "stop", reason="again")
    assert again.status_code == 409
    assert "Joel stopped all dispatches" in again.content.decode()
    assert control(client, "lift").status_code == 302
    assert DispatchStop.objects.get().lifted_at is not None


def test_whoever_supervises_only_a_part_of_the_centre_stops_nothing(site):
    client = Client()
    client.force_login(make.make_user("lena", "supervisor", site))
    answer = control(client, "stop", reason="mine alone")
    assert answer.status_code == 409
    assert "whoever supervises all of it" in answer.content.decode()
    assert "on, press to stop" not in client.get(WALL).content.decode()
    assert not DispatchStop.objects.exists()


def test_storm_mode_begins_and_ends(client, site):
    assert control(client, "storm", reason="").status_code == 409
    assert control(client, "storm", reason="gale over the coast").status_code == 302
    storm = Storm.objects.get()
    assert "gale over the coast" in client.get(f"{WALL}?do=storm-end").content.decode()
    assert control(client, "storm-end", storm=storm.pk).status_code == 302
    assert "off" in client.get(WALL).content.decode()
    assert control(client, "storm-end", storm="none of these").status_code == 409


def test_a_drill_is_begun_marked_and_broken_off(client, site):
    assert control(client, "drill", site=site.pk, kind="person", reason="").status_code == 409
    assert control(client, "drill", site=site.pk, kind="person", reason="new operator").status_code == 302
    incident = Incident.objects.get()
    assert incident.drill
    assert "tag--drill" in client.get(WALL).content.decode()
    assert control(client, "drill-end", incident=incident.pk).status_code == 302
    incident.refresh_from_db()
    assert incident.state == "closed"


def test_of_another_centre_nothing_can_be_done(client, other_organisation, site):
    there = make.make_site(make.make_customer(other_organisation))
    incident = come(there, category="panic", at=clock.now())
    assert client.post(reverse("console-wall-assign", args=[incident.pk])).status_code == 404
    assert control(client, "stop", of=other_organisation.pk, reason="mine now").status_code == 404
    assert control(client, "drill", site=there.pk, kind="person", reason="mine now").status_code == 404
    assert not DispatchStop.objects.exists()
    assert Incident.objects.count() == 1


def test_an_operator_uses_no_control(alice, site):
    client = Client()
    client.force_login(alice)
    for verb in ("storm", "stop", "drill"):
        assert control(client, verb, reason="because", site=site.pk).status_code == 404
    assert not Storm.objects.exists()


# --- what needs a supervisor, of policies and playbooks


def needs(user, organisation, now) -> dict:
    prefetch_related_objects([user], "memberships")
    return {one.key.partition(":")[0]: one for one in reads.page(user, organisation, at=now)["needs"]}


def test_a_draft_waits_for_another_supervisors_signature_and_not_for_its_writers(sam, site, organisation, now):
    writer = make.make_user("wanda", "supervisor", organisation)
    draft = PolicyDraft.objects.create(site=site, body={}, kept_by=writer, kept_at=now)
    assert needs(sam, organisation, now) == {}
    PolicyDraft.objects.filter(pk=draft.pk).update(sign_asked_at=now)
    found = needs(sam, organisation, now)["sign"]
    assert (found.title, found.act) == ("Wanda: policy of Pinewick Depot", "See and decide")
    assert needs(writer, organisation, now) == {}


def test_a_required_step_left_out_is_told_until_its_incident_is_long_over(sam, alice, site, organisation, held, now):
    steps = [
        {"id": "look", "kind": "look", "title": "Look", "help": "", "required": True},
        {"id": "ask", "kind": "ask", "title": "Ask", "help": "", "required": False},
    ]
    book = Playbook.objects.create(organisation=organisation, name="Ours", number=1, body={}, published_at=now)
    PlaybookRun.objects.filter(incident=held).delete()
    PlaybookRun.objects.create(site=site, incident=held, playbook=book, steps=steps)
    responses.step_skipped(held.pk, step_id="ask", reason="no time", token=held.token, by=alice, at=now)
    assert needs(sam, organisation, now) == {}
    responses.step_skipped(held.pk, step_id="look", reason="no picture", token=held.token, by=alice, at=now)
    assert needs(sam, organisation, now)["skipped"].words == "Ines left out “Look”: no picture"
    Incident.objects.filter(pk=held.pk).update(state="closed", closed_at=now - timedelta(minutes=61))
    assert needs(sam, organisation, now) == {}
