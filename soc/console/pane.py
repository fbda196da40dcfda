"""Everything the incident's pane shows, gathered once for its templates."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from incidents import actions, targets
from incidents.models import Incident, Note
from incidents.models.incident import HELD, State
from incidents.outcomes import ALLOWED, ALLOWED_NOT_INTRUSION, DISMISSED, Outcome, SeenAs, SiteState, Verdict
from incidents.outcomes import seen_as as suggested
from responses import actions as responses
from soc.console import around, card, clockline, keeping, playbook
from soc.console.approvals import reads as approvals
from soc.console.audit import told
from soc.console.cover import first as first_of_all
from soc.console.earlier import earlier
from soc.console.evidence import evidence
from soc.console.sentences import URGENCY, place, what, why
from soc.console.site_plan import site_plan
from soc.console.strip import headline, lead
from soc.console.undoing import undoing
from soc.core import clock
from soc.core.models import User
from soc.core.prepared import prepared
from soc.core.rights import Act

LAST = 5
KEYS = "123456789"


def context(
    incident: Incident,
    user: User,
    *,
    chosen: UUID | None = None,
    panel: str = "",
    outcome: str = "",
    refused: object = None,
) -> dict[str, Any]:
    """`chosen`: the alert whose evidence is asked for; `panel`: the one to open; `outcome`: what was already said it was;
    `refused`: the words of an act that was just refused."""
    at = clock.now()
    mine = incident.state in HELD and incident.owner_id == user.pk
    handles = user.may(Act.HANDLE, incident.site)
    attempts = playbook.attempts(incident)
    talking = playbook.on_air(attempts)
    first = lead(incident)
    exercise = told.of(incident)
    target = targets.target(incident.organisation_id, incident.priority)
    seen, shown = around.cameras(incident, user), evidence(incident, chosen=chosen, at=at)
    ended = past(incident, user)
    run = responses.run_of(incident, attempts)
    steps = playbook.steps(incident, run)
    coming = next((shown for shown in steps if shown.state == "next"), None)
    offered = playbook.switches(run, attempts) if mine else []
    messages = responses.available_messages(incident, attempts) if mine else []
    about = bright(incident, mine=mine, coming=coming)
    return {
        "incident": incident,
        "title": headline(incident),
        "urgency": URGENCY.get(incident.priority, ""),
        "mine": mine,
        "offer": handles and incident.state == State.OPEN and _offered(incident, user),
        "handles": handles,
        "may_take_over": incident.state in HELD
        and not mine
        and handles
        and (incident.absent_since is not None or user.may(Act.TAKE_OVER, incident.site)),
        "may_dispatch": user.may(Act.DISPATCH, incident.site),
        "target": target,
        "stops": clockline.stops(incident, on_air=talking is not None, soon_s=target.soon_s),
        "decided": clockline.minutes(incident.verdict_at - incident.captured_at) if incident.verdict_at else "",
        "total": clockline.minutes(incident.closed_at - incident.captured_at) if incident.closed_at else "",
        "evidence": shown,
        **around.facts(seen),
        "compare": around.compare(incident, shown, user, seen),
        "plan": site_plan(incident, user, seen, shown),
        "looking": [other.sign for other in actions.lookers(incident, at) if other.pk != user.pk],
        "late_by": clockline.age(incident.late_by) if incident.late_by else "",
        "earlier": earlier(incident, user),
        "why": exercise.why if exercise else why(first) if first else [],
        "exercise": exercise,
        "policy": first.policy_version if first else "",
        "alerts": [(alert, what(alert.category), place(alert.candidate)) for alert in incident.alerts.all()],
        "past": ended,
        "past_false": sum(row.verdict in DISMISSED for row, _took in ended),
        "notes": _notes(incident.pk),
        "playbook": run.playbook.name if run else "",
        "steps": [shown for shown in steps if not (about == "verdict" and shown.open and shown.by_verdict)],
        "next_step": coming if about == "step" else None,
        "bright": about,
        "sent": playbook.sent(attempts),
        "talking": talking,
        "messages": messages,
        "to_say": playbook.to_say(coming, messages),
        "switches": offered,
        "to_switch": playbook.to_switch(coming, offered),
        "speakers": responses.talk_cameras(incident) if mine else [],
        "responders": responses.available_responders(incident) if mine else [],
        "dedup": playbook.dedup(incident, attempts),
        "undo": undoing(incident, user, at=at) if handles else None,
        **card.facts(incident, mine=mine, cameras=[one.camera for one in seen]),
        **approvals.beside(incident),
        "may_lift": incident.hushed and user.may(Act.LIFT_QUIET, incident.site),
        "stopped": playbook.stopped(incident) if mine else "",
        "dismissals": DISMISSALS,
        "outcomes": outcomes(incident),
        **(_aside(incident) if mine else {}),
        "site_states": list(zip("ABCD", SiteState.choices, strict=False)),
        "seen_as": list(SeenAs),
        "seen_suggested": suggested(outcome) if outcome in Outcome.values else "",
        "outcome": outcome,
        "panel": "" if incident.state == State.CLOSED else panel,
        "refused": refused,
        "keeping": keeping.facts(incident, user, exercise=exercise is not None),
        **first_of_all.facts(incident, user, at=at),
    }


def _aside(incident: Incident) -> dict[str, int]:
    """How many minutes it may be put aside, and kept and waited for, at most."""
    return {"park_most": int(actions.park_at_most(incident).total_seconds() // 60), "wait_most": settings.WAIT_MIN}


def bright(incident: Incident, *, mine: bool, coming: playbook.Shown | None) -> str:
    """What the one bright block is about while the incident is in this user's hands: verdict | waiting | step | close."""
    if not mine:
        return ""
    if not incident.verdict:
        return "verdict"
    if incident.state == State.WAITING:
        return "waiting"
    return "step" if coming else "close"


def _offered(incident: Incident, user: User) -> bool:
    """Whether this user may claim it: offered to them, to nobody, or by now to everyone."""
    return incident.escalation > 0 or incident.offered_to_id in (None, user.pk)


def past(incident: Incident, user: User) -> list[tuple[Incident, str]]:
    """How the last incidents here ended, newest first, each with its time from detection to closing."""
    ended = _ended(user, incident.site_id, incident.pk)
    return [(row, clockline.minutes(row.closed_at - row.captured_at)) for row in ended if row.closed_at]


@prepared
def _ended(user: User, site: UUID, but: UUID) -> QuerySet[Incident]:
    rows = Incident.objects.visible_to(user, Act.CONSOLE).in_earnest().filter(site=site, state=State.CLOSED)
    shown = ("captured_at", "closed_at", "verdict", "outcome", "owner__username", "owner__call_sign")
    return rows.exclude(pk=but).select_related("owner").only(*shown).order_by("-closed_at")[:LAST]


@prepared
def _notes(incident: UUID) -> QuerySet[Note]:
    return Note.objects.filter(incident=incident).select_related("by")


# “False” asks at once who or what it was: verdict, key and outcome of each answer.
DISMISSALS = [
    (Verdict.FALSE.value, "1", Outcome.ANIMAL),
    (Verdict.FALSE.value, "2", Outcome.WEATHER),
    (Verdict.FALSE.value, "3", Outcome.LIGHT),
    (Verdict.FALSE.value, "4", Outcome.OUTSIDE_ZONE),
    (Verdict.FALSE.value, "5", Outcome.DETECTOR),
    (Verdict.AUTHORISED.value, "6", Outcome.STAFF),
    (Verdict.AUTHORISED.value, "7", Outcome.CONTRACTOR),
    (Verdict.AUTHORISED.value, "8", Outcome.DELIVERY),
    (Verdict.AUTHORISED.value, "9", Outcome.USER_ERROR),
    (Verdict.AUTHORISED.value, "0", Outcome.TEST),
]


def outcomes(incident: Incident) -> list[tuple[str, Outcome, str]]:
    """How it may end under its verdict: key, outcome, and who it was then; empty before a verdict."""
    table = ALLOWED if incident.family == "intrusion" else ALLOWED_NOT_INTRUSION
    groups = table.get(incident.verdict, frozenset())
    fitting = [outcome for outcome in Outcome if outcome.group in groups]
    keys = KEYS + "0" + "QWERTYUIOP"
    return [(key, outcome, suggested(outcome).value) for key, outcome in zip(keys, fitting, strict=False)]
