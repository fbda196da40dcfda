"""The steps of an incident: frozen when it is first claimed, fulfilled by what was done, ticked or skipped by hand.

What an act fulfils is not written down a second time: it is read from the incident and its attempts whenever the steps
are looked at, so it cannot lag behind or contradict them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from incidents.actions.locking import check_token, locked
from incidents.audit.guard import PRESSED
from incidents.errors import Refused
from incidents.models import Incident
from incidents.models.incident import State
from responses.actions import switching
from responses.models import Attempt, Message, Playbook, PlaybookRun
from soc.core import events
from soc.core.models import Event, User
from soc.core.prepared import prepared

Kind = Attempt.Kind
BY_ACT = {"talk": Kind.TALK, "relay": Kind.RELAY, "call": Kind.CALL, "text": Kind.TEXT}
LONGEST_ANSWER, LONGEST_REASON = 500, 200


@dataclass(frozen=True)
class Step:
    """One step as a page shows it. `state` is "" (to do), done or skipped; `by_act`: an act fulfils it, a tick cannot;
    `off`: the answers given so far lead past it, so it is neither asked nor owed.
    """

    id: str
    kind: str
    title: str
    help: str
    required: bool
    answers: tuple[tuple[str, str], ...]  # (code, label); empty: free words or a plain tick
    messages: tuple[str, ...]  # for a talk: the names of what to play, the first that may be said; empty: any
    by_act: bool
    state: str = ""
    at: datetime | None = None
    answer: str = ""
    reason: str = ""
    off: bool = False
    relay: str = ""  # of kind relay: what is switched


def run_of(incident: Incident, attempts: Sequence[Attempt] | None = None) -> PlaybookRun | None:
    """The incident's run with `results` as of now; None before the first claim, and where no playbook fits.

    Made on the first look when the reaction to the claim has not made it yet: the version in force at the claim either way.
    `attempts`: all of the incident's with their messages and relays, where they are at hand.
    """
    run: PlaybookRun | None = next(iter(_runs(incident.pk)), None) or start_run(incident)
    if run is not None:
        known = incident.attempts.select_related("message", "relay") if attempts is None else attempts
        run.results = {**run.results, **_fulfilled(run, incident, known)}
    return run


@prepared
def _runs(incident: UUID) -> QuerySet[PlaybookRun]:
    return PlaybookRun.objects.filter(incident=incident).select_related("playbook")


def start_run(incident: Incident) -> PlaybookRun | None:
    """Freeze the steps that were in force when the incident was first claimed. Twice is once."""
    if incident.claimed_at is None:
        return None
    playbooks = Playbook.objects.filter(organisation_id=incident.organisation_id, published_at__lte=incident.claimed_at)
    newest = playbooks.order_by("name", "-number").distinct("name")
    fitting = [playbook for playbook in newest if incident.family in playbook.body["families"]]
    if not fitting:
        return None
    playbook = max(fitting, key=lambda playbook: (playbook.published_at, playbook.name))
    relays = switching.frozen(incident.site)
    frozen = {
        "site": incident.site,
        "playbook": playbook,
        "relays": relays,
        "steps": possible(playbook.body["steps"], relays),
    }
    return PlaybookRun.objects.get_or_create(incident=incident, defaults=frozen)[0]


def possible(steps: list[dict[str, Any]], relays: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The steps without those that switch what the site does not have; an answer that led to one leads to the step after it."""
    there = {relay["kind"] for relay in relays}
    kept = [step for step in steps if step["kind"] != "relay" or step["relay"] in there]
    if len(kept) == len(steps):
        return steps
    ids, after = [step["id"] for step in kept], {}
    for number, step in enumerate(steps):
        after[step["id"]] = next((later["id"] for later in steps[number:] if later["id"] in ids), "")
    return [_led(step, after) for step in kept]


def _led(step: dict[str, Any], after: dict[str, str]) -> dict[str, Any]:
    """With each answer leading to a step that is there; to none where nothing follows."""
    if not step.get("answers"):
        return step
    answers = [{**one, **({"goto": after[one["goto"]]} if "goto" in one else {})} for one in step["answers"]]
    return {**step, "answers": [{k: v for k, v in one.items() if k != "goto" or v} for one in answers]}


def finish_run(incident_id: UUID) -> None:
    """Write the results down as they were at the close; nothing where it is not closed any more."""
    with transaction.atomic():
        incident = locked(incident_id)
        if incident.state == State.CLOSED and (run := run_of(incident)):
            run.save(update_fields=["results"])


def go_on(incident_id: UUID) -> None:
    """It is not closed any more: what acts fulfilled is read from them again."""
    with transaction.atomic():
        incident = locked(incident_id)
        run = PlaybookRun.objects.filter(incident=incident).first()
        if run is None or incident.state == State.CLOSED:
            return
        run.results = {step: result for step, result in run.results.items() if not result.get("act")}
        run.save(update_fields=["results"])


def steps(incident: Incident) -> list[Step]:
    """The steps in order, with what became of each. Empty where there is no run."""
    return steps_of(run_of(incident))


def steps_of(run: PlaybookRun | None) -> list[Step]:
    """The same of a run as `run_of` gives it."""
    if run is None:
        return []
    asked = path(run.steps, run.results)
    return [_step(step, run.results.get(step["id"], {}), off=step["id"] not in asked) for step in run.steps]


def path(steps: list[dict[str, Any]], results: dict[str, dict[str, Any]]) -> set[str]:
    """The ids of the steps that are asked: in order, and where an answer names the step to `goto`, on from there."""
    asked: set[str] = set()
    until: str | None = None
    for step in steps:
        if until is not None and step["id"] != until:
            continue
        asked.add(step["id"])
        answer = results.get(step["id"], {}).get("answer", "")
        until = next(
            (choice["goto"] for choice in step.get("answers", ()) if choice["code"] == answer and "goto" in choice),
            None,
        )
    return asked


def _step(step: dict[str, Any], result: dict[str, Any], *, off: bool) -> Step:
    return Step(
        id=step["id"],
        kind=step["kind"],
        title=step["title"],
        help=step.get("help", ""),
        required=bool(step.get("required")),
        answers=tuple((answer["code"], answer["label"]) for answer in step.get("answers", ())),
        messages=_messages(step),
        by_act=_by_act(step),
        state=result.get("state", ""),
        at=parse_datetime(result["at"]) if result.get("at") else None,
        answer=result.get("answer", ""),
        reason=result.get("reason", ""),
        off=off,
        relay=step.get("relay", ""),
    )


def _messages(step: dict[str, Any]) -> tuple[str, ...]:
    """A step names one message, or several in the order in which they are to be thought of."""
    named = step.get("message") or []
    return tuple(named) if isinstance(named, list) else (named,)


def _by_act(step: dict[str, Any]) -> bool:
    return step["kind"] in BY_ACT or step["kind"] == "close" or step.get("fulfilled_by") == "verdict"


def _fulfilled(run: PlaybookRun, incident: Incident, attempts: Iterable[Attempt]) -> dict[str, dict[str, Any]]:
    """What acts have fulfilled: {step id: result}. An act outweighs an earlier skip; a tick by hand stands."""
    placed = [(act.placed_at, act) for act in attempts if act.placed_at and act.paged_id is None]
    acts = [act for _at, act in sorted(placed, key=lambda one: one[0])]
    found: dict[str, dict[str, Any]] = {}
    for step in run.steps:
        if run.results.get(step["id"], {}).get("state") == "done":
            continue
        if fact := _fact(step, incident, acts):
            at, by, answer = fact
            found[step["id"]] = {
                "state": "done", "at": at.isoformat(), "by": by and str(by), "answer": answer, "act": True,
            }  # fmt: skip
    return found


def _fact(step: dict[str, Any], incident: Incident, acts: list[Attempt]) -> tuple[datetime, UUID | None, str] | None:
    """(when, by whom, answer) of the act that fulfils a step, or None."""
    kind = step["kind"]
    if step.get("fulfilled_by") == "verdict":
        return (incident.verdict_at, incident.owner_id, incident.verdict) if incident.verdict_at else None
    if kind == "look":
        return (incident.evidence_shown_at, incident.owner_id, "") if incident.evidence_shown_at else None
    if kind in BY_ACT:
        wanted = _messages(step)
        for act in acts:
            if act.kind == BY_ACT[kind] and _fits(step, act, wanted):
                assert act.placed_at is not None
                return act.placed_at, act.by_id, ""
        return _pressed(incident, kind, wanted) if incident.drill else None
    if kind == "note":
        note = incident.notes.order_by("at").first()
        return (note.at, note.by_id, "") if note else None
    if kind == "close" and incident.closed_at:
        return incident.closed_at, incident.owner_id, ""
    return None


def _fits(step: dict[str, Any], act: Attempt, wanted: tuple[str, ...]) -> bool:
    """Whether an act of a step's kind is what it asks for: one of its messages, or a relay of its kind switched on."""
    if step["kind"] == "relay":
        return act.relay is not None and act.relay.kind == step["relay"] and bool(act.data.get("on"))
    return not wanted or (act.message is not None and act.message.name in wanted)


def _pressed(incident: Incident, kind: str, wanted: tuple[str, ...]) -> tuple[datetime, UUID | None, str] | None:
    """In a drill nothing leaves the house: that the key was pressed is what the step asks for."""
    rows = Event.objects.filter(
        kind=PRESSED, subject_id=incident.pk, data__act=kind if kind in ("talk", "relay") else "send"
    )
    if kind == "talk" and wanted:
        fitting = Message.objects.filter(organisation_id=incident.organisation_id, name__in=wanted)
        rows = rows.filter(data__message__in=[str(pk) for pk in fitting.values_list("pk", flat=True)])
    first = rows.order_by("id").first()
    return (first.at, first.by_id, "") if first else None


def step_done(incident_id: UUID, *, step_id: str, answer: str, token: int, by: User, at: datetime) -> PlaybookRun:
    """Tick a step by hand. `answer` is one of the step's codes where it has any.

    Raises Refused: `step` (none such), `act` (only the act itself fulfils it), `answer`, or Stale.
    """
    answer = answer.strip()
    with transaction.atomic():
        incident, run, step = _held(incident_id, step_id, token=token, by=by)
        if _by_act(step):
            raise Refused("act", _("This step is done by doing it, not by a tick. Or skip it with a reason."))
        codes = [choice["code"] for choice in step.get("answers", ())]
        if codes and answer not in codes:
            raise Refused("answer", _("Choose one of the answers."))
        if len(answer) > LONGEST_ANSWER:
            raise Refused("answer", _("An answer has at most %(most)s characters.") % {"most": LONGEST_ANSWER})
        result = {"state": "done", "at": at.isoformat(), "by": str(by.pk), "answer": answer}
        return _write(incident, run, step_id, result, kind="incident.step_done", by=by, at=at)


def step_skipped(incident_id: UUID, *, step_id: str, reason: str, token: int, by: User, at: datetime) -> PlaybookRun:
    """Leave a step out, with a reason that the report shows; of a required one supervisors are told.

    Raises Refused: `step`, `reason`, `done`, or Stale.
    """
    reason = reason.strip()
    if not 3 <= len(reason) <= LONGEST_REASON:
        raise Refused("reason", _("Say in a few words why this step is left out (3 to 200 characters)."))
    with transaction.atomic():
        incident, run, step = _held(incident_id, step_id, token=token, by=by)
        if run.results.get(step["id"], {}).get("state") == "done":
            raise Refused("done", _("This step is done already."))
        result = {"state": "skipped", "at": at.isoformat(), "by": str(by.pk), "reason": reason}
        required = _owed(_step(step, {}, off=step_id not in path(run.steps, run.results)))
        return _write(incident, run, step_id, result, kind="incident.step_skipped", by=by, at=at, required=required)


def _held(incident_id: UUID, step_id: str, *, token: int, by: User) -> tuple[Incident, PlaybookRun, dict[str, Any]]:
    incident = locked(incident_id, by=by)
    check_token(incident, token, by)
    run = run_of(incident)
    step = next((step for step in run.steps if step["id"] == step_id), None) if run else None
    if run is None or step is None:
        raise Refused("step", _("There is no such step. Reload the page."))
    return incident, run, step


def _write(
    incident: Incident,
    run: PlaybookRun,
    step_id: str,
    result: dict[str, Any],
    *,
    kind: str,
    by: User,
    at: datetime,
    **codes: Any,
) -> PlaybookRun:
    stored = PlaybookRun.objects.get(pk=run.pk).results  # what acts fulfil is not written down before the end
    before = {key: value for key, value in stored.get(step_id, {}).items() if key != "was"}
    run.results = {**stored, step_id: {**result, "was": before}}
    run.save(update_fields=["results"])
    events.record(kind, incident, by=by, at=at, step=step_id, **codes)
    return run


def take_step_back(incident: Incident, event: Event, by: User, at: datetime) -> None:
    """Undo a tick or a skip: the step is as it was before it."""
    run = PlaybookRun.objects.get(incident=incident)
    step_id = event.data["step"]
    before = run.results.get(step_id, {}).get("was")
    rest = {step: result for step, result in run.results.items() if step != step_id}
    run.results = {**rest, step_id: before} if before else rest
    run.save(update_fields=["results"])


def spoken_since(incident: Incident, event: Event) -> str:
    """A verdict is not taken back once something went out because of it: it is changed, and the change is told."""
    if event.kind != "incident.verdict" or not incident.attempts.filter(created_at__gte=event.at, paged=None).exists():
        return ""
    return str(_("Something has gone out since. Decide anew: the change is kept beside the first verdict."))


def missing(incident: Incident) -> list[str]:
    """The close guard: required steps on the way taken that are neither done nor skipped, in words."""
    return [str(_("“%(step)s”") % {"step": step.title}) for step in steps(incident) if _owed(step)]


def _owed(step: Step) -> bool:
    return step.required and not step.state and not step.off and step.kind != "close"
