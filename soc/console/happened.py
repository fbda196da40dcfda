"""What happened, in words: one short sentence for every kind of event, for the retelling of an incident and for the record.

An event has codes and ids only. What they mean is looked up here, many events at a time; a kind that this version does not
know is shown as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.outcomes import Outcome, SeenAs, Verdict
from responses.models import PlaybookRun
from soc.console.clockline import LABELS
from soc.console.sentences import what
from soc.core.models import Event, User

Words = str | Promise

SAID: Final[dict[str, Words]] = {
    "incident.opened": gettext_lazy("Opened: %(category)s"),
    "incident.folded": gettext_lazy("Another alert joined: %(category)s"),
    "incident.sounded": gettext_lazy("Another alert joined and sounded: %(category)s"),
    "incident.offered": gettext_lazy("Offered to %(to)s"),
    "incident.offered_to_all": gettext_lazy("Not claimed in time: offered to everyone"),
    "incident.escalated": gettext_lazy("Shown to %(level)s: %(why)s"),
    "incident.nobody_paged": gettext_lazy("Nobody on call could be reached: nobody was paged"),
    "incident.painted": gettext_lazy("On a screen"),
    "incident.stamped": gettext_lazy("Stamp: %(stamp)s"),
    "incident.claimed": gettext_lazy("Claimed"),
    "incident.taken_over": gettext_lazy("Taken over from %(before)s"),
    "incident.reassigned": gettext_lazy("Given to %(to)s"),
    "incident.left_lying": gettext_lazy("Nothing was done and no page was in sight: back to the queue"),
    "incident.owner_back": gettext_lazy("The owner is back"),
    "incident.verdict": gettext_lazy("Verdict: %(verdict)s"),
    "incident.noted": gettext_lazy("A note was written"),
    "incident.described": gettext_lazy("A description was written, version %(version)s"),
    "incident.parked": gettext_lazy("Parked"),
    "incident.waiting": gettext_lazy("Waiting for something, watched"),
    "incident.resumed": gettext_lazy("Gone on with"),
    "incident.due": gettext_lazy("The time to look again has come"),
    "incident.returned": gettext_lazy("Back from parking"),
    "incident.released": gettext_lazy("Handed back to the queue"),
    "incident.closed": gettext_lazy("Closed%(outcome)s"),
    "incident.reopened": gettext_lazy("Opened again"),
    "incident.undone": gettext_lazy("Taken back: %(act)s"),
    "incident.step_done": gettext_lazy("A step was ticked: %(step)s"),
    "incident.step_skipped": gettext_lazy("A step was left out: %(step)s"),
    "incident.identified": gettext_lazy("Somebody of the site gave a passcode"),
    "incident.looked": gettext_lazy("Looked at the site since it was disarmed"),
    "incident.disarm_overridden": gettext_lazy("A supervisor let it end without passcode and look"),
    "incident.arm_changed": gettext_lazy("The site was armed or disarmed"),
    "incident.numbers_shown": gettext_lazy("Asked for the numbers of the site's people"),
    "incident.watched": gettext_lazy("Watched by a supervisor"),
    "incident.put_on_hold": gettext_lazy("Its evidence was put on hold"),
    "incident.hold_lifted": gettext_lazy("The hold on its evidence was lifted"),
    "incident.exported": gettext_lazy("Exported as a package"),
    "incident.export_signed": gettext_lazy("The exported package was signed"),
    "attempt.planned": gettext_lazy("Ordered: %(act)s"),
    "attempt.placed": gettext_lazy("Out: %(act)s"),
    "attempt.answered": gettext_lazy("Answered: %(act)s"),
    "attempt.accepted": gettext_lazy("Said yes"),
    "attempt.declined": gettext_lazy("Said no"),
    "attempt.on_my_way": gettext_lazy("On the way"),
    "attempt.on_site": gettext_lazy("On site"),
    "attempt.left": gettext_lazy("Left the site"),
    "attempt.ended": gettext_lazy("Over: %(act)s"),
    "attempt.failed": gettext_lazy("Did not happen: %(act)s"),
    "attempt.retried": gettext_lazy("Tried again: %(act)s"),
    "attempt.unclear": gettext_lazy("Not known whether it happened, so it is asked about: %(act)s"),
    "attempt.exhausted": gettext_lazy("Nobody is left to call"),
    "evidence.ready": gettext_lazy("A picture or a clip is there"),
    "evidence.lost": gettext_lazy("A clip could not be kept"),
    "evidence.erased": gettext_lazy("Evidence was erased, as the site keeps it for so long"),
    "evidence.retention": gettext_lazy("How long evidence is kept was changed"),
    "media.viewed": gettext_lazy("Looked at a picture or a clip"),
    "camera.viewed": gettext_lazy("Looked through a camera, live"),
    "camera.lost": gettext_lazy("A camera was lost"),
    "camera.back": gettext_lazy("A camera is back"),
    "camera.condition_began": gettext_lazy("A camera's trouble began"),
    "camera.condition_ended": gettext_lazy("A camera's trouble is over"),
    "camera.speaker_checked": gettext_lazy("A loudspeaker was asked"),
    "camera.view_renewed": gettext_lazy("A camera's view was said to be right as it is"),
    "camera.view_kept": gettext_lazy("A camera's view was kept as its reference"),
    "plan.picture_put": gettext_lazy("A picture was laid under the plan"),
    "plan.picture_taken_away": gettext_lazy("The picture under the plan was taken away"),
    "drill.began": gettext_lazy("A drill was begun"),
    "drill.pressed": gettext_lazy("In a drill, nothing went out: %(act)s"),
    "drill.ended": gettext_lazy("The drill was ended"),
    "dispatch.stopped": gettext_lazy("All dispatches were stopped"),
    "dispatch.lifted": gettext_lazy("Dispatches go on"),
    "incident.quiet_asked": gettext_lazy("Asked a supervisor to let something be heard at the site"),
    "incident.quiet_lifted": gettext_lazy("Something may be heard at the site again"),
    "incident.quiet_kept": gettext_lazy("It stays silent at the site"),
    "approval.asked": gettext_lazy("A second person's word was asked for"),
    "approval.granted": gettext_lazy("A second person granted it"),
    "approval.refused": gettext_lazy("A second person refused it"),
    "approval.withdrawn": gettext_lazy("What was asked for was withdrawn"),
    "approval.raised": gettext_lazy("Nobody decided in time: shown further up"),
    "site.address_changed": gettext_lazy("The site's address was changed, by two people"),
    "callnote.made": gettext_lazy("A call was noted: promised, or from a caller to beware of"),
    "callnote.put_off": gettext_lazy("A promised call was put off"),
    "callnote.ended": gettext_lazy("A noted call was ended"),
    "callnote.overdue": gettext_lazy("A noted call was overdue"),
    "storm.began": gettext_lazy("Storm mode began"),
    "storm.renewed": gettext_lazy("Storm mode was made longer"),
    "storm.ended": gettext_lazy("Storm mode was ended"),
    "instruction.given": gettext_lazy("A temporary instruction was given"),
    "instruction.ended": gettext_lazy("A temporary instruction was ended"),
    "muting.began": gettext_lazy("Muted, or put on test"),
    "muting.ended": gettext_lazy("No longer muted or on test"),
    "presence.expected": gettext_lazy("Somebody is expected"),
    "presence.cancelled": gettext_lazy("Nobody is expected any more"),
    "arming.armed": gettext_lazy("The site was armed"),
    "arming.disarmed": gettext_lazy("The site was disarmed"),
    "arming.undone": gettext_lazy("Arming or disarming was taken back"),
    "passcode.given": gettext_lazy("A passcode was given"),
    "passcode.refused": gettext_lazy("A passcode was wrong"),
    "policy.drafted": gettext_lazy("A policy was drafted"),
    "policy.draft_dropped": gettext_lazy("A draft of a policy was dropped"),
    "policy.sign_asked": gettext_lazy("A signature for a policy was asked for"),
    "policy.published": gettext_lazy("A policy was published"),
    "playbook.published": gettext_lazy("A playbook was published"),
    "shift.started": gettext_lazy("Started a shift"),
    "shift.ended": gettext_lazy("Ended a shift"),
    "shift.break": gettext_lazy("A break began"),
    "shift.back": gettext_lazy("Back from a break"),
    "shift.break_over": gettext_lazy("A break is over, and nobody is back"),
    "shift.asked": gettext_lazy("Asked: are you there?"),
    "shift.answered": gettext_lazy("Answered that somebody is there"),
    "shift.silent": gettext_lazy("Did not answer: supervisors were told"),
    "roster.added": gettext_lazy("Put on the roster: %(duty)s"),
    "roster.struck": gettext_lazy("Struck off the roster: %(duty)s"),
    "review.drawn": gettext_lazy("Drawn or chosen for a quality review"),
    "review.done": gettext_lazy("The quality review was done"),
    "review.read": gettext_lazy("The operator read the quality review"),
    "contingency.key_set": gettext_lazy("The phrase of the contingency packs was set"),
    "contingency.pack_taken": gettext_lazy("A desk took a contingency pack"),
    "audit.revealed": gettext_lazy("An exercise of the blind audit was judged"),
    "audit.withdrawn": gettext_lazy("An exercise of the blind audit was withdrawn"),
    "audit.marked": gettext_lazy("Put among the known intrusions"),
    "audit.known_used": gettext_lazy("A known intrusion is used again"),
    "audit.known_rested": gettext_lazy("A known intrusion was taken out of use"),
}
ACTS: Final[dict[str, Words]] = {
    "talk": gettext_lazy("voice at the site"),
    "call": gettext_lazy("call"),
    "text": gettext_lazy("text message"),
    "relay": gettext_lazy("light, siren or gate"),
    "send": gettext_lazy("sending somebody"),
    "ask": gettext_lazy("asking for numbers"),
}
WHY: Final[dict[str, Words]] = {
    "unclaimed": gettext_lazy("not claimed in time"),
    "undecided": gettext_lazy("claimed and not decided"),
    "absent": gettext_lazy("the owner has gone"),
    "skipped": gettext_lazy("a required step was left out"),
}
LEVELS: Final[dict[Any, Words]] = {
    1: gettext_lazy("everyone"),
    2: gettext_lazy("supervisors"),
    3: gettext_lazy("whoever is on call"),
}
DUTIES: Final[dict[str, Words]] = {
    "operator": gettext_lazy("operator"),
    "lead": gettext_lazy("lead"),
    "on_call": gettext_lazy("on call"),
}


class Teller:
    """Words for many events: the people whom they name are looked up once."""

    def __init__(self, events: Iterable[Event]) -> None:
        events = list(events)
        ids = {
            str(event.data[name])
            for event in events
            for name in ("to", "before", "user")
            if _is_id(event.data.get(name))
        }
        self.people = {str(pk): user for pk, user in User.objects.in_bulk(list(ids)).items()}
        self.titles = _titles({event.subject_id for event in events if "step" in event.data})

    def say(self, event: Event) -> str:
        """One sentence without its doer and without its end."""
        said = SAID.get(event.kind)
        if said is None:
            return event.kind
        if event.kind == "incident.offered" and not event.data.get("to"):
            return _("Offered to nobody any more")
        return str(said) % self._facts(event)

    def _facts(self, event: Event) -> dict[str, str]:
        data = event.data
        act = str(data.get("act", ""))
        return {
            "category": what(data.get("category", "")),
            "to": self._sign(data.get("to")),
            "before": self._sign(data.get("before")),
            "why": str(WHY.get(data.get("why", ""), data.get("why", ""))),
            "level": str(LEVELS.get(data.get("level"), _("everyone"))),
            "stamp": str(LABELS.get(data.get("stamp", ""), data.get("stamp", ""))),
            "verdict": _label(Verdict, data.get("verdict", "")),
            "outcome": _closed(data),
            "act": _plain(SAID[act]) if act in SAID else str(ACTS.get(act, act)),
            "step": self.titles.get((event.subject_id, data.get("step")), str(data.get("step", ""))),
            "version": str(data.get("version", "")),
            "duty": str(DUTIES.get(data.get("duty", ""), data.get("duty", ""))),
        }

    def _sign(self, pk: Any) -> str:
        known = self.people.get(str(pk))
        return known.sign if known else _("somebody")


def _titles(incidents: set[UUID]) -> dict[tuple[UUID, Any], str]:
    """What the steps of these incidents are called, as they were frozen for each."""
    if not incidents:
        return {}
    runs = PlaybookRun.objects.filter(incident__in=incidents).values_list("incident", "steps")
    return {(incident, step["id"]): step["title"] for incident, steps in runs for step in steps}


def kinds() -> list[tuple[str, str]]:
    """Every kind that is told of, by its words, for choosing."""
    return sorted(((kind, _plain(words)) for kind, words in SAID.items()), key=lambda pair: pair[1])


def _plain(words: Words) -> str:
    """Without what follows the colon: what kind of thing it is."""
    text = str(words)
    return text.partition("%(")[0].rstrip(": ")


def _closed(data: dict[str, Any]) -> str:
    outcome = _label(Outcome, data.get("outcome", ""))
    if not outcome:
        return ""
    seen = _label(SeenAs, data.get("seen_as", ""))
    return f": {outcome}, {seen.lower()}" if seen and seen != outcome else f": {outcome}"


def _label(choices: Any, value: str) -> str:
    return str(choices(value).label) if value in choices.values else ""


def _is_id(value: Any) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
