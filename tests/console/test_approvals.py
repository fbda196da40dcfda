"""What waits for a second person, as pages show it: asked here, decided there, seen by nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from cameras.actions import asking
from cameras.models import Muting
from incidents import actions
from responses.defaults import publish_defaults
from responses.models import Playbook
from responses.publishing import ask_to_publish
from soc.core import approving, clock
from soc.core.models import Approval
from tests import factories as make

pytestmark = pytest.mark.django_db
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


@pytest.fixture
def second(organisation):
    return make.make_user("second", "duty_manager", organisation, call_sign="Ada")


@pytest.fixture
def moved(site, sam, second) -> Approval:
    return asking.ask_address(site, address="81 Tern Lane, Pinewick", reason="a new gate", by=sam, at=clock.now())


def decide(client, approval, verb, **form):
    return client.post(reverse("console-approvals-act", args=[approval.pk, verb]), form)


def test_another_address_holds_once_a_second_person_grants_it(client, moved, site, second):
    client.force_login(second)
    page = client.get(reverse("console-approvals")).text
    for words in ("18 Tern Lane, Pinewick", "81 Tern Lane, Pinewick", "asked by Joel", "a new gate"):
        assert words in page
    site.refresh_from_db()
    assert site.address == "18 Tern Lane, Pinewick"
    assert decide(client, moved, "grant").status_code == 302
    site.refresh_from_db()
    assert site.address == "81 Tern Lane, Pinewick"


def test_who_asked_sees_it_wait_and_cannot_grant_it(client, moved, site, sam):
    client.force_login(sam)
    assert "You have asked for" in client.get(reverse("console-approvals")).text
    answer = decide(client, moved, "grant")
    assert answer.status_code == 409
    assert "somebody else decides" in answer.text
    assert decide(client, moved, "withdraw").status_code == 302
    moved.refresh_from_db()
    assert moved.state == "withdrawn"


def test_a_refusal_without_a_reason_comes_back_and_with_one_is_told_to_who_asked(client, moved, second, sam):
    client.force_login(second)
    assert "Say why" in decide(client, moved, "refuse").text
    decide(client, moved, "refuse", said="ask the owner first")
    client.force_login(sam)
    page = client.get(reverse("console-approvals")).text
    assert "ask the owner first" in page
    assert "refused by Ada" in page


def test_an_address_that_was_changed_otherwise_meanwhile_is_not_overwritten(client, moved, site, second):
    type(site).objects.filter(pk=site.pk).update(address="Elsewhere")
    client.force_login(second)
    answer = decide(client, moved, "grant")
    assert answer.status_code == 409
    assert "another one by now" in answer.text


def test_both_addresses_stand_side_by_side_where_somebody_is_sent(client, moved, zone, alice):
    incident = actions.claim(make.make_incident(zone=zone, at=clock.now()).pk, by=alice, at=clock.now())
    client.force_login(alice)
    pane = client.get(reverse("console-incident", args=[incident.pk]), **FETCH).text
    assert "18 Tern Lane, Pinewick" in pane
    assert "81 Tern Lane, Pinewick" in pane
    assert "Whoever is sent goes to the one above" in pane


def test_it_waits_on_the_wall_for_everybody_but_who_asked_and_stands_higher_when_overdue(client, moved, second, sam):
    client.force_login(sam)
    assert "Another address" not in client.get(reverse("console-wall")).text
    client.force_login(second)
    page = client.get(reverse("console-wall")).text
    assert "Another address, Pinewick Depot" in page
    assert "Joel asks: a new gate" in page
    approving.undecided(moved.asked_at + timedelta(days=1))
    assert "Approval, overdue" in client.get(reverse("console-wall")).text


def test_a_snooze_longer_than_an_operators_asks_a_supervisor(client, alice, sam, zone):
    site = zone.camera.site
    client.force_login(alice)
    url = reverse("console-cover-begin", args=[site.pk, "snooze"])
    form = {"where": f"zone:{zone.pk}", "categories": ["person"], "minutes": "180", "reason": "scaffolders"}
    assert client.post(url, form).status_code == 302
    assert not Muting.objects.exists()
    assert "waits for a supervisor" in client.get(reverse("console-cover-site", args=[site.pk])).text
    assert client.post(url, form).status_code == 409, "one waits"
    client.force_login(sam)
    assert "Snooze for 180 minutes" in client.get(reverse("console-approvals")).text
    assert decide(client, Approval.objects.get(), "grant").status_code == 302
    muting = Muting.objects.get()
    assert (muting.made_by, muting.zone, muting.reason) == (sam, zone, "scaffolders")
    assert muting.ends_at - muting.starts_at == timedelta(minutes=180)


def test_a_supervisors_own_long_snooze_asks_nobody(client, sam, zone):
    client.force_login(sam)
    url = reverse("console-cover-begin", args=[zone.camera.site_id, "snooze"])
    client.post(url, {"where": f"zone:{zone.pk}", "categories": ["person"], "minutes": "180", "reason": "scaffolders"})
    assert Muting.objects.exists()
    assert not Approval.objects.exists()


def test_a_silent_incident_is_asked_for_with_the_key_of_the_voice(client, site, alice, sam):
    incident = actions.claim(
        make.make_incident(site=site, category="hold_up", at=clock.now()).pk, by=alice, at=clock.now()
    )
    client.force_login(alice)
    act = reverse("console-act", args=[incident.pk, "lift-quiet"])
    pane = client.post(act, {"token": incident.token, "reason": "they have left"}, **FETCH).text
    assert "asked, waits" in pane
    assert "silent at the site" in pane
    client.force_login(sam)
    assert f"{incident.reference} Hold-up" in client.get(reverse("console-approvals")).text
    assert decide(client, Approval.objects.get(), "grant").status_code == 302
    client.force_login(alice)
    assert "silent at the site" not in client.get(reverse("console-incident", args=[incident.pk]), **FETCH).text


def test_a_playbook_is_published_by_two(client, organisation, sam, second):
    publish_defaults(organisation, at=make.NIGHT)
    first = Playbook.objects.get(name="Intrusion")
    body = {**first.body, "steps": [{**first.body["steps"][0], "title": "Look twice"}, *first.body["steps"][1:]]}
    asked = ask_to_publish(Playbook, organisation, "Intrusion", body, reason="one look is none", by=sam, at=clock.now())
    assert Playbook.objects.filter(name="Intrusion").count() == 1
    client.force_login(second)
    page = client.get(reverse("console-approvals")).text
    assert "Publish the playbook “Intrusion”" in page
    assert "<del>-" in page
    assert decide(client, asked, "grant").status_code == 302
    last = Playbook.objects.filter(name="Intrusion").order_by("number").last()
    assert (last.number, last.body, last.published_by) == (2, body, sam)


def test_operators_and_strangers_decide_nothing_of_it(client, moved, alice, oscar, other_organisation):
    stranger = make.make_user("stranger", "supervisor", other_organisation)
    for person in (alice, stranger):
        client.force_login(person)
        assert "81 Tern Lane" not in client.get(reverse("console-approvals")).text
        for verb in ("grant", "refuse", "withdraw", "burn"):
            assert decide(client, moved, verb, said="because").status_code == 404
