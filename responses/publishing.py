"""Publishing the next version of a playbook or message. Versions are never edited: who follows one can be shown it later."""

from __future__ import annotations

import difflib
import json
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from cameras.categories import Family
from responses.actions.talking import AUDIO_NAME
from responses.models import Message, Playbook, Relay
from responses.spoken import SPOKEN, TRUE_ONCE
from soc.core import approving, events
from soc.core.models import Approval, Organisation, User
from soc.core.rights import Act

ASKED: Final = "playbook"
STEP_KINDS = ("look", "question", "talk", "relay", "call", "text", "note", "close")
STEP_KEYS = {"id", "kind", "title", "help", "required", "fulfilled_by", "message", "answers", "relay"}
MOST_STEPS = 40


def publish(
    kind: type[Playbook] | type[Message], organisation: Organisation, name: str, body: Any, *, by: User, at: datetime
) -> Playbook | Message:
    """Publish `body` as the next version of `name`; it holds from now on, and what runs keeps its own.

    Raises ValidationError in words for a body that cannot be followed.
    """
    check_playbook(body, organisation) if kind is Playbook else check_message(body)
    with transaction.atomic():
        Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)  # one number each
        last = _last(kind, organisation, name)
        version = kind(
            organisation=organisation, name=name, number=last + 1, body=body, published_at=at, published_by=by
        )
        version.save()
        what = "playbook.published" if kind is Playbook else "message.published"
        events.record(what, version, by=by, at=at, number=version.number, sha256=version.sha256)
    return version


def ask_to_publish(
    kind: type[Playbook] | type[Message],
    organisation: Organisation,
    name: str,
    body: Any,
    *,
    reason: str,
    by: User,
    at: datetime,
) -> Approval:
    """Ask somebody else to let `body` become the next version. Raises ValidationError in words, also where one waits already."""
    check_playbook(body, organisation) if kind is Playbook else check_message(body)
    what = "playbook" if kind is Playbook else "message"
    data = {"what": what, "name": name, "body": body, "after": _last(kind, organisation, name)}
    about = f"{organisation.pk}:{what}:{name}"[:240]
    try:
        return approving.ask(ASKED, of=organisation, about=about, data=data, reason=reason, by=by, at=at)
    except approving.Refused as refused:
        raise ValidationError(str(refused.message)) from refused


def _granted(approval: Approval, by: User, at: datetime) -> None:
    """It holds from now on, as it was asked for, by whoever asked; the approval says who was the second."""
    data, kind = approval.data, asked_for(approval)
    if _last(kind, approval.organisation, data["name"]) != data["after"]:
        raise ValidationError(
            _("Another version was published meanwhile: refuse this one, and have it asked for anew.")
        )
    publish(kind, approval.organisation, data["name"], data["body"], by=approval.asked_by, at=at)


def asked_for(approval: Approval) -> type[Playbook] | type[Message]:
    """Of what the next version is asked for."""
    return Message if approval.data["what"] == "message" else Playbook


def as_text(body: Any) -> str:
    """A body as people read it."""
    return json.dumps(body, indent=2, ensure_ascii=False)


def difference(before: Any, after: Any) -> list[str]:
    """What changes from one body to another: a unified diff, each line with its sign, without the files' names."""
    lines = difflib.unified_diff(as_text(before).splitlines(), as_text(after).splitlines(), lineterm="", n=2)
    return [line for line in lines if not line.startswith(("+++", "---"))]


def _last(kind: type[Playbook] | type[Message], organisation: Organisation, name: str) -> int:
    rows = kind._default_manager.filter(organisation=organisation, name=name)
    return rows.aggregate(last=Max("number"))["last"] or 0


def register() -> None:
    """When the app is ready."""
    wait = timedelta(seconds=settings.APPROVAL_WAIT_S[ASKED])
    approving.register(ASKED, approving.Kind(Act.POLICY, Act.POLICY, wait, _granted))


def check_playbook(body: Any, organisation: Organisation) -> None:
    """Raises ValidationError naming every step that cannot be followed."""
    if not isinstance(body, dict) or set(body) != {"families", "steps"}:
        raise ValidationError(_("A playbook is {“families”: […], “steps”: […]}."))
    families, steps = body["families"], body["steps"]
    known = [str(family) for family in Family]
    if not isinstance(families, list) or not families or not all(family in known for family in families):
        raise ValidationError(_("“families” lists at least one of %(known)s.") % {"known": ", ".join(known)})
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        raise ValidationError(_("“steps” lists between 1 and %(most)s steps.") % {"most": MOST_STEPS})
    said = set(Message.objects.filter(organisation=organisation).values_list("name", flat=True))
    problems: list[str] = []
    seen: set[str] = set()
    ids = [step.get("id") if isinstance(step, dict) else None for step in steps]
    for number, step in enumerate(steps, 1):
        wrong = _wrong(step, seen, said) or _leads_nowhere(step, ids[number:])
        problems += [_("Step %(number)s: %(why)s") % {"number": number, "why": why} for why in wrong]
    if problems:
        raise ValidationError(problems)


def _wrong(step: Any, seen: set[str], messages: set[str]) -> list[str]:
    if not isinstance(step, dict):
        return [_("a step is an object with “id”, “kind” and “title”.")]
    wrong = []
    if unknown := sorted(set(step) - STEP_KEYS):
        wrong.append(_("“%(key)s” is not known here.") % {"key": unknown[0]})
    for key in ("id", "kind", "title"):
        if not isinstance(step.get(key), str) or not step[key].strip():
            wrong.append(_("“%(key)s” is missing.") % {"key": key})
    if wrong:
        return wrong
    if step["id"] in seen:
        wrong.append(_("the id “%(id)s” is used twice.") % {"id": step["id"]})
    seen.add(step["id"])
    if step["kind"] not in STEP_KINDS:
        wrong.append(_("“kind” is one of %(kinds)s.") % {"kinds": ", ".join(STEP_KINDS)})
    if (step["kind"] == "relay") != ("relay" in step) or step.get("relay", Relay.Kind.LIGHT) not in Relay.Kind.values:
        wrong.append(
            _("a step of kind “relay”, and no other, says in “relay” which: %(kinds)s.")
            % {"kinds": ", ".join(Relay.Kind.values)}
        )
    if not isinstance(step.get("help", ""), str):
        wrong.append(_("“help” is text."))
    if not isinstance(step.get("required", False), bool):
        wrong.append(_("“required” is true or false."))
    if step.get("fulfilled_by", "verdict") != "verdict":
        wrong.append(_("“fulfilled_by” is “verdict” or left out."))
    if "message" in step:
        named = step["message"] if isinstance(step["message"], list) else [step["message"]]
        if not named:
            wrong.append(_("“message” names a message, or lists several of which the first that is true is offered."))
        wrong += [_("there is no message called “%(name)s”.") % {"name": n} for n in named if str(n) not in messages]
    answers = step.get("answers", [])
    if not isinstance(answers, list) or not all(_is_answer(answer) for answer in answers):
        wrong.append(_("“answers” lists {“code”: …, “label”: …}, each with “goto” where it leads to another step."))
    return wrong


def _leads_nowhere(step: dict[str, Any], later: list[Any]) -> list[str]:
    """Only forward, so that every way ends."""
    named = [answer["goto"] for answer in step.get("answers", []) if "goto" in answer]
    return [_("“goto” names a later step, and “%(id)s” is none.") % {"id": goto} for goto in named if goto not in later]


def _is_answer(answer: Any) -> bool:
    return (
        isinstance(answer, dict)
        and set(answer) - {"goto"} == {"code", "label"}
        and all(isinstance(words, str) and words.strip() for words in answer.values())
    )


def check_message(body: Any) -> None:
    """Raises ValidationError. What the operator reads is what the recording says, word for word."""
    if not isinstance(body, dict) or set(body) != {"text", "audio", "needs"}:
        raise ValidationError(_("A message is {“text”: …, “audio”: …, “needs”: …}."))
    text, audio, needs = body["text"], body["audio"], body["needs"]
    if not isinstance(text, str) or not text.strip():
        raise ValidationError(_("“text” is what the recording says."))
    if not isinstance(audio, str) or not AUDIO_NAME.fullmatch(audio) or not finders.find(f"voice/{audio}"):
        raise ValidationError(_("“audio” is a recording in static/voice, as “live-camera.wav”."))
    if needs != "" and needs not in Message.NEEDS:
        known = ", ".join(f"“{need}”" for need in Message.NEEDS)
        raise ValidationError(
            _("“needs” is empty, or for words that are true only then one of %(known)s.") % {"known": known}
        )
    recording = audio.removesuffix(".wav")
    spoken = SPOKEN.get(recording)
    if spoken is not None and text != spoken:
        raise ValidationError(_("The recording says “%(words)s”: the text must be that.") % {"words": spoken})
    if needs != TRUE_ONCE.get(recording, needs):
        raise ValidationError(
            _("The recording is true only then: “needs” is “%(need)s”.") % {"need": TRUE_ONCE[recording]}
        )
