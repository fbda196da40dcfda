"""The response side of the pane: the playbook's steps, what may be said and to whom, whom to send, what went out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from incidents.models import Incident
from incidents.outcomes import Verdict
from responses import actions
from responses.actions import stopping
from responses.models import Attempt, Message, PlaybookRun, Relay
from soc.core.models import Event
from soc.core.prepared import prepared

ICONS = {
    "look": "eye", "question": "branch", "talk": "horn", "call": "phone", "text": "phone", "note": "note", "close": "check",
    "relay": "bolt",
}  # fmt: skip
ENDED = {"done": "check", "skipped": "x"}
ANSWER_KEYS = "YX123456789"
ON_AIR = (Attempt.Status.PLANNED, Attempt.Status.ACTING, Attempt.Status.PLACED)
UNDER_WAY = (*ON_AIR, Attempt.Status.ANSWERED, Attempt.Status.UNKNOWN)


@dataclass(frozen=True)
class Shown:
    """One step of the frozen playbook and what became of it. `state`: done | skipped | next | todo."""

    step: actions.Step
    state: str
    told: str
    icon: str
    choices: list[tuple[str, str, str]]  # key, code, label

    @property
    def open(self) -> bool:
        return self.state in {"next", "todo"}

    @property
    def by_verdict(self) -> bool:
        """The question that the verdict answers: it is asked by the bright block."""
        return self.step.kind == "question" and self.step.by_act


def attempts(incident: Incident) -> list[Attempt]:
    """All that was ordered, newest first, with what the pane shows of each: it is asked for once."""
    return _attempts(incident.pk)


@prepared
def _attempts(incident: UUID) -> QuerySet[Attempt]:
    paths = ("responder", "paged", "camera", "message", "relay")
    return Attempt.objects.filter(incident=incident).select_related(*paths).order_by("-created_at")


def steps(incident: Incident, run: PlaybookRun | None) -> list[Shown]:
    """The playbook's steps in order, without those that the answers lead past, but for what was done of these all the same;
    empty before the first claim or without a playbook. The first open one is next."""
    found: list[Shown] = []
    waiting = True
    for step in actions.steps_of(run):
        if step.off and not step.state:
            continue
        state = step.state or ("next" if waiting else "todo")
        waiting = waiting and bool(step.state)
        icon = ENDED.get(step.state) or ICONS.get(step.kind, "note")
        answers = [(key, code, label) for key, (code, label) in zip(ANSWER_KEYS, step.answers, strict=False)]
        found.append(Shown(step, state, _told(incident, step), icon, answers))
    return found


def to_say(coming: Shown | None, messages: list[Message]) -> Message | None:
    """What the step that is next asks to be said: the first of its messages that is true now."""
    if coming is None or coming.step.kind != "talk":
        return None
    allowed = {message.name: message for message in messages if not message.blocked}
    return next((allowed[name] for name in coming.step.messages if name in allowed), None)


def _told(incident: Incident, step: actions.Step) -> str:
    """“Yes · 02:13:15”, “Skipped: no speaker · 02:13:15”; "" before anything."""
    if not step.state:
        return ""
    when = step.at.astimezone(incident.site.zone_info).strftime("%H:%M:%S") if step.at else ""
    labels = {**dict(step.answers), **{str(code): str(label) for code, label in Verdict.choices}}
    words = labels.get(step.answer, step.answer) or _("Done")
    if step.state == "skipped":
        words = _("Skipped: %(reason)s") % {"reason": step.reason}
    return f"{words[:1].upper()}{words[1:]} · {when}" if when else words


@dataclass(frozen=True)
class Sent:
    """One outward act as the pane tells it. `live`: it is going on now. `steps`: how far the responder has come."""

    icon: str
    what: str
    status: str
    at: datetime
    live: bool
    failed: bool
    steps: list[tuple[str, datetime]] = field(default_factory=list)
    next: str = ""


def sent(rows: list[Attempt]) -> list[Sent]:
    """What went out, newest first; above it the word that the last order found nobody, while nobody is coming."""
    calls = [attempt for attempt in rows if attempt.kind == Attempt.Kind.CALL and attempt.paged_id is None]
    told = [_sent(attempt) for attempt in rows]
    if at := _exhausted(calls):
        words = _("Nobody is left to call: choose one yourself")
        way = _("C shows the list; or call by hand and note it.")
        told.insert(0, Sent("warn", _("Responders"), words, at, False, True, next=way))
    return told


def _exhausted(calls: list[Attempt]) -> datetime | None:
    """When the list ended without a yes; None while somebody comes, or is being called by a newer order."""
    if not calls or any(call.accepted_at and not call.declined_at for call in calls):
        return None
    ends = Event.objects.filter(kind="attempt.exhausted", subject_id__in=[call.pk for call in calls])
    at = ends.order_by("-at").values_list("at", flat=True).first()
    return at if at and at >= calls[0].created_at else None


def _who(attempt: Attempt) -> str:
    """A responder, or one of the centre's own people who was told that nobody claims it."""
    return _("%(sign)s, on call") % {"sign": attempt.paged.sign} if attempt.paged else str(attempt.responder or "?")


def _sent(attempt: Attempt) -> Sent:
    if attempt.kind == Attempt.Kind.TALK:
        icon, what = "horn", _("Voice at %(place)s") % {"place": attempt.camera.name if attempt.camera else "?"}
    elif attempt.kind == Attempt.Kind.RELAY:
        icon, what = "bolt", switched(attempt)
    elif attempt.kind == Attempt.Kind.CALL:
        icon, what = "phone", _("Call to %(who)s") % {"who": _who(attempt)}
    else:
        icon, what = "note", _("Text to %(who)s") % {"who": _who(attempt)}
    failed = attempt.status in {Attempt.Status.FAILED, Attempt.Status.DECLINED}
    status = str(attempt.get_status_display())
    if attempt.error:
        status = f"{status}: {attempt.error}"
    steps = _progress(attempt)
    if steps:  # what the responder said last says more than how the call ended
        status, latest = steps.pop()
    else:
        stamps = (attempt.ended_at, attempt.answered_at, attempt.placed_at)
        latest = next((at for at in stamps if at), attempt.created_at)
    return Sent(icon, what, status, latest, attempt.status in UNDER_WAY, failed, steps)


def _progress(attempt: Attempt) -> list[tuple[str, datetime]]:
    """How far a responder who said yes has come, in the order of the stamps; nothing of one who declined after all."""
    if attempt.declined_at or not attempt.accepted_at:
        return []
    stamps = [
        (_("Accepted"), attempt.accepted_at),
        (_("On the way"), attempt.on_my_way_at),
        (_("On site"), attempt.on_site_at),
        (_("Left the site"), attempt.left_at),
    ]
    return [(words, at) for words, at in stamps if at]


def switched(attempt: Attempt) -> str:
    """“Yard lights: on”."""
    facts = {"name": attempt.relay.name if attempt.relay else "?"}
    return _("%(name)s: on") % facts if attempt.data.get("on") else _("%(name)s: off") % facts


@dataclass(frozen=True)
class Switch:
    """What a key switches: `value` is what the form sends. `kind`: light | siren | gate; `now`: as it was switched last here."""

    key: str
    value: str
    kind: str
    words: str
    now: str


def switches(run: PlaybookRun | None, rows: list[Attempt]) -> list[Switch]:
    """Everything that can be switched at the site, on and, where it does not go back by itself, off."""
    last: dict[str, bool] = {}
    for attempt in reversed(rows):
        if attempt.relay_id and attempt.placed_at:
            last[str(attempt.relay_id)] = bool(attempt.data.get("on"))
    found: list[tuple[str, str, str, str]] = []
    for relay in run.relays if run else ():
        on = last.get(relay["id"])
        now = "" if on is None or relay["goes_back"] else _("on since this incident") if on else _("off")
        names = {"name": relay["name"]}
        if relay["goes_back"]:
            found.append((f"{relay['id']} on", relay["kind"], _("%(name)s: on, it ends by itself") % names, now))
        else:
            found.append((f"{relay['id']} on", relay["kind"], _("%(name)s: on") % names, now))
            found.append((f"{relay['id']} off", relay["kind"], _("%(name)s: off") % names, now))
    keys = "123456789"
    return [Switch(keys[n] if n < len(keys) else "", *one) for n, one in enumerate(found)]


def to_switch(coming: Shown | None, offered: list[Switch]) -> Switch | None:
    """What the step that is next switches with one key: the one light. Sirens, gates and several are chosen and read first."""
    if coming is None or coming.step.kind != "relay" or coming.step.relay != Relay.Kind.LIGHT:
        return None
    fitting = [one for one in offered if one.kind == coming.step.relay and one.value.endswith(" on")]
    return fitting[0] if len(fitting) == 1 else None


def on_air(rows: list[Attempt]) -> Attempt | None:
    """The voice that is being heard at the site now, or about to be."""
    return next((attempt for attempt in rows if attempt.kind == Attempt.Kind.TALK and attempt.status in ON_AIR), None)


def stopped(incident: Incident) -> str:
    """Why nobody can be sent now, where all dispatches are stopped; else ""."""
    stop = actions.dispatch_stop(incident.organisation_id)
    return stopping.words(stop, incident.site.zone_info) if stop else ""


def dedup(incident: Incident, rows: list[Attempt]) -> str:
    """What the page was made with: claim and number of acts before. The same key pressed twice on it is one act."""
    return f"{incident.token}.{len(rows)}"
