"""What waits for a supervisor, the gravest first; each with the place where something can be done about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from cameras.models import PolicyDraft
from incidents.models import CallNote, Incident
from incidents.models.incident import HELD, State
from responses.actions.paging import NOBODY
from responses.models import Attempt, PlaybookRun
from soc.console.approvals import reads as approvals
from soc.console.calls import reads as calls
from soc.console.door import ALERTS
from soc.console.strip import headline
from soc.console.wall.people import Operator
from soc.console.wall.queue import Queue, Shown
from soc.core import approving
from soc.core.models import Event, Organisation, User
from soc.core.rights import Act

MOST: Final = 8
ON_CALL: Final = 3  # the escalation at which whoever is on call is told
SKIPPED_FOR: Final = timedelta(hours=1)  # a step left out is shown for so long after its incident was closed


@dataclass(frozen=True, slots=True)
class Need:
    """`over`: what kind of thing it is; `title` and `words` say it. `href`, `act`: where something is done about it, and the word
    on that button; with `assign` it is to be given to somebody. `gravity`: 0 first. `since`: for how long it has waited."""

    key: str
    gravity: int
    over: str
    title: str
    words: str
    since: datetime | None
    href: str = ""
    act: str = ""
    assign: UUID | None = None


def needs(
    user: User, organisation: Organisation, seen: Queue, people: list[Operator], *, at: datetime
) -> tuple[list[Need], int]:
    """The first MOST of them, and how many there are. About half a dozen queries."""
    found = [
        *_for_you(user, organisation),
        *_people(people, at),
        *_held(seen, at),
        *_unclaimed(seen),
        *_signatures(user, organisation),
        *_approvals(user, organisation),
        *_skipped(user, organisation, at),
        *_calls(user, organisation, at),
    ]
    found.sort(key=lambda one: (one.gravity, one.since or at, one.key))
    return found[:MOST], len(found)


def _incident(one: Shown) -> str:
    return reverse("console-incident", args=[one.row.pk])


def _for_you(user: User, organisation: Organisation) -> Iterator[Need]:
    """A supervisor on shift is offered incidents like anybody, and their wall does not open them."""
    rows = Incident.objects.unclaimed().filter(organisation=organisation, offered_to=user, escalation=0)
    for row in rows.select_related("site", "owner", "offered_to").prefetch_related(ALERTS)[:1]:
        yield Need(
            f"offer:{row.pk}", 0, _("Offered to you"), _("%(title)s, %(site)s") % _names(Shown(row, headline(row))),
            _("You are on shift: it waits for your answer on the console."), row.offered_at, _incident(Shown(row, "")), _("Open"),
        )  # fmt: skip


def _people(people: list[Operator], at: datetime) -> Iterator[Need]:
    for one in people:
        sign = {"sign": one.user.sign}
        if one.silent:
            yield Need(
                f"silent:{one.user.pk}", 0, _("Does not answer"), _("%(sign)s does not answer") % sign,
                _("Asked “are you there?” and silent since. Nothing is offered to them. Go and look."), one.shift.silent_at,
                assign=one.on[0].row.pk if one.on else None, act=_("Give the incident to somebody") if one.on else "",
            )  # fmt: skip
        elif one.overdue:
            yield Need(
                f"break:{one.user.pk}", 4, _("Break is over"), _("%(sign)s is not back from the break") % sign,
                _("Until then nothing is offered to them."), one.shift.break_until,
            )  # fmt: skip


def _held(seen: Queue, at: datetime) -> Iterator[Need]:
    held = [one for ones in seen.held.values() for one in ones]
    told = _paged([one.row.pk for one in held if one.row.absent_since is not None])
    for shown in held:
        row = shown.row
        names = _names(shown) | {"sign": row.owner.sign if row.owner else ""}
        if row.absent_since is not None:
            yield Need(
                f"absent:{row.pk}", 0 if row.priority == 1 else 2, _("Its owner has gone"),
                _("%(title)s, %(site)s") % names,
                " ".join([_("%(sign)s holds it and no page of theirs answers.") % names, told.get(row.pk, "")]).strip(),
                row.absent_since, act=_("Give it to somebody"), assign=row.pk,
            )  # fmt: skip
        elif not row.verdict and row.verdict_by is None and row.state == State.CLAIMED:
            yield Need(
                f"undecided:{row.pk}", 1 if row.priority == 1 else 3, _("Still undecided"),
                _("%(title)s, %(site)s") % names, _("%(sign)s has it; the time for a verdict is over.") % names,
                row.claimed_at, reverse("console-wall-watch", args=[row.pk]), _("Watch"), row.pk,
            )  # fmt: skip


def _unclaimed(seen: Queue) -> Iterator[Need]:
    told = _paged([one.shown.row.pk for one in seen.waiting if one.shown.row.escalation >= ON_CALL])
    for one in seen.waiting:
        row, names = one.shown.row, _names(one.shown)
        if row.claimed_at is not None:
            words = _("It was in somebody's hands and was handed back, returned or left lying.")
            kind = _("Nobody has it any more")
        elif row.escalation >= ON_CALL:
            kind, words = _("Nobody claims it"), told.get(row.pk, _("Beyond its deadline for all."))
        elif row.escalation == 2:
            kind, words = _("Nobody claims it"), _("Beyond its deadline for operators: supervisors are to act.")
        else:
            continue
        yield Need(
            f"unclaimed:{row.pk}", 0 if row.priority == 1 else 2, kind, _("%(title)s, %(site)s") % names, words,
            row.queued_at, act=_("Give it to somebody"), assign=row.pk,
        )  # fmt: skip


def _paged(incidents: list[UUID]) -> dict[UUID, str]:
    """Of incidents nobody looks after: who was rung, and what came of it. Nothing of exercises, for which nobody is."""
    if not incidents:
        return {}
    found: dict[UUID, str] = {}
    for pk in Event.objects.filter(kind=NOBODY, subject_id__in=incidents).values_list("subject_id", flat=True):
        found[pk] = _("Nobody on call could be reached: none has a telephone number here. See the roster.")
    calls = Attempt.objects.filter(incident__in=incidents, kind=Attempt.Kind.CALL, paged__isnull=False)
    rung: dict[UUID, list[str]] = {}
    for call in calls.select_related("paged").order_by("created_at"):
        if call.paged is not None:
            rung.setdefault(call.incident_id, []).append(f"{call.paged.sign} ({call.get_status_display()})")
    return found | {pk: _("Paged: %(who)s.") % {"who": ", ".join(dict.fromkeys(who))} for pk, who in rung.items()}


def _signatures(user: User, organisation: Organisation) -> Iterator[Need]:
    """Changes of policies that would lose what was real: another supervisor's word is asked for, never the one's own."""
    rows = PolicyDraft.objects.visible_to(user, Act.SIGN).filter(organisation=organisation, sign_asked_at__isnull=False)
    for draft in rows.exclude(kept_by=user).select_related("site", "kept_by").order_by("sign_asked_at"):
        names = {"sign": draft.kept_by.sign, "site": draft.site.name}
        yield Need(
            f"sign:{draft.pk}", 3, _("Second signature"), _("%(sign)s: policy of %(site)s") % names,
            _("It would lose incidents that were real, so two decide."), draft.sign_asked_at,
            reverse("admin:core_site_policy", args=[draft.site_id]), _("See and decide"),
        )  # fmt: skip


def _approvals(user: User, organisation: Organisation) -> Iterator[Need]:
    """What waits for a second person: never for whoever asked. What was not decided in time stands further up."""
    for one in approving.to_decide(user).filter(organisation=organisation).exclude(asked_by=user)[:MOST]:
        facts = {"title": approvals.title(one), "where": one.site.name if one.site else organisation.name}
        gravity = 3 - one.level if one.kind != approvals.URGENT else 0
        yield Need(
            f"approval:{one.pk}", gravity, _("Approval, overdue") if one.level else _("Approval"),
            _("%(title)s, %(where)s") % facts,
            _("%(sign)s asks: %(reason)s") % {"sign": one.asked_by.sign, "reason": one.reason}, one.asked_at,
            f"{reverse('console-approvals')}#a-{one.pk}", _("See and decide"),
        )  # fmt: skip


def _skipped(user: User, organisation: Organisation, at: datetime) -> Iterator[Need]:
    """Steps that were required and left out, in incidents that go on or have just ended."""
    events = Event.objects.filter(
        organisation=organisation, kind="incident.step_skipped", at__gte=at - timedelta(hours=12), data__required=True
    )
    told = {(event.subject_id, event.data.get("step")): event for event in events.select_related("by").order_by("id")}
    if not told:
        return
    rows = Incident.objects.visible_to(user, Act.WALL).filter(pk__in={pk for pk, _step in told}, drill=False)
    shown = {row.pk: row for row in rows.select_related("site", "owner", "offered_to").prefetch_related(ALERTS)}
    for run in PlaybookRun.objects.filter(incident__in=list(shown)):
        incident = shown[run.incident_id]
        if incident.closed_at is not None and incident.closed_at < at - SKIPPED_FOR:
            continue
        for step in run.steps:
            event = told.get((incident.pk, step["id"]))
            result = run.results.get(step["id"], {})
            if event is None or result.get("state") != "skipped":
                continue
            facts: dict[str, Any] = _names(Shown(incident, headline(incident)))
            facts |= {
                "sign": event.by.sign if event.by else "",
                "step": step.get("title", ""),
                "reason": result["reason"],
            }
            goes_on = incident.state in HELD
            yield Need(
                f"skipped:{incident.pk}:{step['id']}", 4, _("Required step left out"),
                _("%(title)s, %(site)s") % facts, _("%(sign)s left out “%(step)s”: %(reason)s") % facts, event.at,
                reverse("console-wall-watch" if goes_on else "console-incident", args=[incident.pk]), _("Look"),
            )  # fmt: skip


def _calls(user: User, organisation: Organisation, at: datetime) -> Iterator[Need]:
    """Promised and not made, or callers whose note nobody has looked at again."""
    for note in calls.open_of(user, Act.WALL).filter(organisation=organisation, due_at__lte=at)[:MOST]:
        kind = _("Call promised") if note.kind == CallNote.Kind.PROMISED else _("Caller to beware of")
        facts = {"who": note.who, "site": note.site.name, "words": note.words, "sign": note.by.sign}
        yield Need(
            f"call:{note.pk}", 3, kind, _("%(who)s, %(site)s") % facts, _("%(words)s (noted by %(sign)s)") % facts, note.due_at,
            reverse("console-calls"), _("See"),
        )  # fmt: skip


def _names(shown: Shown) -> dict[str, Any]:
    return {"title": shown.title, "site": shown.row.site.name}
