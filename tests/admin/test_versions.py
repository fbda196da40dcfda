"""Playbooks and messages: the next version, compared with the one before, never an edit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from responses.defaults import playbooks, publish_defaults
from responses.models import Message, Playbook
from responses.publishing import publish as publish_at_once
from soc.core import approving, clock
from soc.core.models import Approval, Event
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def playbook(organisation) -> Playbook:
    publish_defaults(organisation, at=make.NIGHT)
    return Playbook.objects.get(organisation=organisation, name="Intrusion")


@pytest.fixture
def ask(admin, as_, url, organisation):
    def send(kind: Any, name: str, body: Any) -> Any:
        raw = body if isinstance(body, str) else json.dumps(body)
        data = {"organisation": str(organisation.pk), "name": name, "body": raw, "reason": "a better one"}
        return as_(admin).post(url(kind, "add"), data)

    return send


@pytest.fixture
def publish(ask, sam):
    """Asked for by the administrator, granted by the supervisor."""

    def send(kind: Any, name: str, body: Any) -> Any:
        answer = ask(kind, name, body)
        for waiting in Approval.objects.filter(state="waiting"):
            approving.grant(waiting.pk, by=sam, at=clock.now())
        return answer

    return send


def test_the_defaults_can_be_published(playbook, publish):
    for name, body in playbooks().items():
        assert publish(Playbook, str(name), body).status_code == 302


def test_the_next_version_starts_from_the_one_looked_at(playbook, admin, as_, url):
    page = as_(admin).get(url(playbook, "change"))
    assert page.context["next_version"]
    form = as_(admin).get(page.context["next_version"]).context["adminform"].form
    assert form["body"].initial == playbook.body
    assert form["name"].initial == "Intrusion"


def test_publishing_makes_the_next_number_and_says_who(playbook, publish, admin):
    body = json.loads(json.dumps(playbook.body))
    body["steps"][0]["title"] = "Look at both cameras"
    assert publish(Playbook, "Intrusion", body).status_code == 302
    first, second = Playbook.objects.filter(name="Intrusion").order_by("number")
    assert (first.pk, first.body) == (playbook.pk, playbook.body)
    assert (second.number, second.body, second.published_by) == (2, body, admin)
    event = Event.objects.get(kind="playbook.published")
    assert (event.subject_id, event.by, event.data["sha256"]) == (second.pk, admin, second.sha256)


def test_nothing_holds_before_a_second_person_granted_it(playbook, ask, admin, sam, organisation):
    body = json.loads(json.dumps(playbook.body))
    body["steps"][0]["title"] = "Look at both cameras"
    ask(Playbook, "Intrusion", body)
    waiting = Approval.objects.get()
    with pytest.raises(approving.Refused):
        approving.grant(waiting.pk, by=admin, at=clock.now())
    assert Playbook.objects.filter(name="Intrusion").count() == 1
    assert ask(Playbook, "Intrusion", body).status_code == 302, "and one waits for each"
    assert Approval.objects.count() == 1


def test_what_was_overtaken_is_not_published(playbook, ask, admin, sam, organisation):
    body = json.loads(json.dumps(playbook.body))
    body["steps"][0]["title"] = "Look at both cameras"
    ask(Playbook, "Intrusion", body)
    publish_at_once(Playbook, organisation, "Intrusion", playbook.body, by=admin, at=clock.now())
    with pytest.raises(ValidationError, match="meanwhile"):
        approving.grant(Approval.objects.get().pk, by=sam, at=clock.now())
    assert Approval.objects.get().state == "waiting"


def test_the_difference_is_shown(playbook, publish, admin, as_, url):
    body = json.loads(json.dumps(playbook.body))
    body["steps"][0]["title"] = "Look at <both> cameras"
    publish(Playbook, "Intrusion", body)
    second = Playbook.objects.get(name="Intrusion", number=2)
    text = as_(admin).get(url(second, "change")).content.decode()
    assert "<ins>+" in text
    assert "Look at &lt;both&gt; cameras" in text
    assert "<del>-" in text
    assert "The first version." in as_(admin).get(url(playbook, "change")).content.decode()


def test_a_version_is_never_edited(playbook, admin, root, as_, url):
    for user in (admin, root):
        answer = as_(user).post(url(playbook, "change"), {"name": "x", "body": "{}"})
        assert answer.status_code == 403
        assert as_(user).post(url(playbook, "delete"), {"post": "yes"}).status_code == 403
    playbook.refresh_from_db()
    assert playbook.name == "Intrusion"


STEP = {"id": "a", "kind": "look", "title": "Look"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("{", "JSON"),
        ([], "required"),
        ([1], "A playbook is"),
        ({"families": ["intrusion"]}, "A playbook is"),
        ({"families": ["burglary"], "steps": [STEP]}, "families"),
        ({"families": [], "steps": [STEP]}, "families"),
        ({"families": [["intrusion"]], "steps": [STEP]}, "families"),
        ({"families": ["intrusion"], "steps": []}, "between 1 and"),
        ({"families": ["intrusion"], "steps": [STEP] * 41}, "between 1 and"),
        ({"families": ["intrusion"], "steps": [STEP, STEP]}, "Step 2: the id “a” is used twice"),
        ({"families": ["intrusion"], "steps": [{**STEP, "kind": "shout"}]}, "“kind” is one of"),
        ({"families": ["intrusion"], "steps": [{**STEP, "title": " "}]}, "“title” is missing"),
        ({"families": ["intrusion"], "steps": [{**STEP, "required": "yes"}]}, "true or false"),
        ({"families": ["intrusion"], "steps": [{**STEP, "colour": "red"}]}, "“colour” is not known"),
        ({"families": ["intrusion"], "steps": [{**STEP, "message": "Shout"}]}, "no message called “Shout”"),
        ({"families": ["intrusion"], "steps": [{**STEP, "message": ["2 Recorded", {}]}]}, "no message called “{}”"),
        ({"families": ["intrusion"], "steps": [{**STEP, "message": []}]}, "names a message"),
        ({"families": ["intrusion"], "steps": [{**STEP, "answers": ["yes"]}]}, "“answers” lists"),
        ({"families": ["intrusion"], "steps": ["look"]}, "a step is an object"),
    ],
)
def test_a_playbook_that_cannot_be_followed_is_refused_in_words(playbook, publish, body, words):
    answer = publish(Playbook, "Intrusion", body)
    assert answer.status_code == 200
    assert words in answer.content.decode().replace("&quot;", '"')
    assert Playbook.objects.filter(name="Intrusion").count() == 1


SAID = "You are being recorded. Leave by the way you came."
COMING = "You are being monitored. Law enforcement is on the way."


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"text": "", "audio": "recorded.wav", "needs": ""}, "“text”"),
        ({"text": "Leave now, police are here!", "audio": "recorded.wav", "needs": ""}, "The recording says"),
        ({"text": SAID, "audio": "../../etc/passwd", "needs": ""}, "“audio”"),
        ({"text": SAID, "audio": "missing.wav", "needs": ""}, "“audio”"),
        ({"text": SAID, "audio": "recorded.wav", "needs": "courage"}, "“needs”"),
        ({"text": COMING, "audio": "on-the-way.wav", "needs": ""}, "“needs” is “law_enforcement_called”"),
        ({"text": COMING, "audio": "on-the-way.wav", "needs": "call_placed"}, "“needs” is “law_enforcement_called”"),
        ({"text": SAID}, "A message is"),
        ("7", "A message is"),
    ],
)
def test_a_message_that_is_not_what_is_said_is_refused(playbook, publish, body, words):
    answer = publish(Message, "2 Recorded", body)
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Message.objects.filter(name="2 Recorded").count() == 1


def test_a_message_is_published(playbook, publish):
    assert (
        publish(Message, "2 Recorded", {"text": SAID, "audio": "recorded.wav", "needs": "call_placed"}).status_code
        == 302
    )
    assert Message.objects.get(name="2 Recorded", number=2).body["needs"] == "call_placed"
