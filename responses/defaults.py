"""What a new organisation starts with: three playbooks and four messages, as data. Published once, then theirs to change."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from cameras.categories import Family
from responses.models import Message, Playbook
from responses.spoken import SPOKEN, TRUE_ONCE
from soc.core.models import Organisation

Step = dict[str, Any]


def publish_defaults(organisation: Organisation, *, at: datetime) -> None:
    """Publish version 1 of each default that the organisation has no version of. Twice is once.

    The words are in the language that is active: they become the organisation's own text.
    """
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
        for name, body in messages().items():
            _publish(Message, organisation, name, body, at=at)
        for name, body in playbooks().items():
            _publish(Playbook, organisation, name, body, at=at)


def _publish(
    kind: type[Message] | type[Playbook], organisation: Organisation, name: str, body: dict[str, Any], *, at: datetime
) -> None:
    if not kind.objects.filter(organisation=organisation, name=name).exists():
        kind.objects.create(organisation=organisation, name=name, number=1, body=body, published_at=at)


def messages() -> dict[str, dict[str, str]]:
    """By name, in the order in which they are played. The text is what the recording says, word for word."""
    return {
        _("1 Live camera"): {"text": SPOKEN["live-camera"], "audio": "live-camera.wav", "needs": ""},
        _("2 Recorded"): {"text": SPOKEN["recorded"], "audio": "recorded.wav", "needs": ""},
        _("3 On the way"): {"text": SPOKEN["on-the-way"], "audio": "on-the-way.wav", "needs": TRUE_ONCE["on-the-way"]},
        _("4 Guard on the way"): {
            "text": SPOKEN["guard-on-the-way"],
            "audio": "guard-on-the-way.wav",
            "needs": TRUE_ONCE["guard-on-the-way"],
        },
    }


def playbooks() -> dict[str, dict[str, Any]]:
    return {
        _("Intrusion"): {"families": [str(Family.INTRUSION)], "steps": intrusion()},
        _("Technical fault"): {"families": [str(Family.TECHNICAL)], "steps": technical()},
        _("Panel signal"): {"families": [str(Family.PANEL)], "steps": panel()},
    }


def step(id: str, kind: str, title: str, help: str = "", *, required: bool = False, **more: Any) -> Step:
    return {"id": id, "kind": kind, "title": title, "help": help, "required": required, **more}


def _answer(code: str, label: str, goto: str = "") -> dict[str, str]:
    return {"code": code, "label": label, **({"goto": goto} if goto else {})}


def _verdict(goto: str) -> list[dict[str, str]]:
    """Where nothing was wrong there is nothing to be done about it."""
    return [_answer("false", _("False alarm"), goto), _answer("authorised", _("Authorised"), goto)]


def intrusion() -> list[Step]:
    return [
        step(
            "look", "look", _("Look at the clip and the live picture"), _("Who, how many, doing what?"), required=True
        ),
        step(
            "belongs",
            "question",
            _("Does this person belong here?"),
            _("Your verdict answers it. In doubt, suspicion."),
            required=True,
            fulfilled_by="verdict",
            answers=_verdict("close"),
        ),
        step(
            "light",
            "relay",
            _("Switch the light on"),
            _("Who is seen knows it, and the picture is better."),
            relay="light",
        ),
        step(
            "challenge",
            "talk",
            _("Speak: live camera"),
            _("Then wait fifteen seconds and look."),
            message=_("1 Live camera"),
        ),
        step(
            "left",
            "question",
            _("Did they leave?"),
            _("Which way?"),
            answers=[
                _answer("left", _("They left"), "note"),
                _answer("leaving", _("They are leaving"), "note"),
                _answer("stayed", _("They stayed"), "second"),
                _answer("not_seen", _("Not in sight")),
            ],
        ),
        step(
            "search",
            "question",
            _("Are they on another camera?"),
            _("Number keys make another camera large."),
            answers=[_answer("found", _("Yes, still here")), _answer("nowhere", _("Nowhere to be seen"), "send")],
        ),
        step("second", "talk", _("Speak: you are being recorded"), message=_("2 Recorded")),
        step("send", "call", _("Send a responder"), _("A call and a text; the next one follows by itself.")),
        step(
            "coming",
            "talk",
            _("Speak: on the way"),
            _("Only once a call is placed, and only of who was called: what is said must be true."),
            message=[_("3 On the way"), _("4 Guard on the way")],
        ),
        step("note", "note", _("Write down what you saw"), _("Clothing, direction, vehicle, plate.")),
        step("close", "close", _("Close with one outcome"), _("And the state the site is left in.")),
    ]


def technical() -> list[Step]:
    return [
        step("look", "look", _("Look at the last picture and the cameras beside it"), required=True),
        step(
            "cause",
            "question",
            _("Is it a fault, or did somebody do this?"),
            _("Your verdict answers it. A blinded camera next to movement is an attack."),
            required=True,
            fulfilled_by="verdict",
            answers=_verdict("note"),
        ),
        step("send", "call", _("Send a responder, if somebody did it")),
        step("note", "note", _("Write down the cause and who repairs it")),
        step("close", "close", _("Close with one outcome")),
    ]


def panel() -> list[Step]:
    return [
        step(
            "look",
            "look",
            _("Look at the cameras of the site"),
            _("No camera: skip this with a reason."),
            required=True,
        ),
        step(
            "real",
            "question",
            _("Is the signal real?"),
            _("Your verdict answers it. Quiet signals: do not call the premises, do not speak there."),
            required=True,
            fulfilled_by="verdict",
            answers=_verdict("note"),
        ),
        step("send", "call", _("Send a responder")),
        step("note", "note", _("Write down who was reached and what they said")),
        step("close", "close", _("Close with one outcome")),
    ]
