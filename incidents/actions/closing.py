"""Ending an incident: exactly one outcome, the state the site is left in, and nothing required left undone."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cameras.categories import Family
from incidents.actions.locking import check_token, locked, move
from incidents.actions.offering import offer, start_deadlines
from incidents.actions.shifts import now_free
from incidents.actions.undoing import standing
from incidents.audit.guard import is_exercise
from incidents.errors import Refused
from incidents.models import Incident
from incidents.outcomes import ALLOWED, ALLOWED_NOT_INTRUSION, Outcome, SeenAs, SiteState, Verdict
from incidents.outcomes import seen_as as suggested
from soc.core import events
from soc.core.models import User

# What else must be done before closing: each returns the words of what is missing. Registered by whoever owns the steps.
close_guards: list[Callable[[Incident], list[str]]] = []


def close(
    incident_id: UUID,
    *,
    outcome: str,
    site_state: str,
    summary: str,
    seen_as: str = "",
    token: int,
    by: User,
    at: datetime,
) -> Incident:
    """Close with one outcome. `summary` is what the customer reads; `seen_as` who it was, where it is not what the outcome says.

    Raises Refused: `verdict` (none yet), `outcome` (none, or not one that the verdict can end in), `site_state`, `seen_as`,
    `summary`, `steps` (a guard's words), `state`, or Stale.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        check_token(incident, token, by)
        if not incident.verdict:
            raise Refused("verdict", _("Decide first: is it real?"))
        if outcome not in Outcome.values:
            raise Refused("outcome", _("Choose exactly one outcome."))
        allowed = (ALLOWED if incident.family == Family.INTRUSION else ALLOWED_NOT_INTRUSION)[incident.verdict]
        if Outcome(outcome).group not in allowed:
            words = {"verdict": Verdict(incident.verdict).label, "outcome": Outcome(outcome).label}
            raise Refused(
                "outcome",
                _("The verdict is “%(verdict)s”: it cannot end as “%(outcome)s”. Change one of them.") % words,
            )
        if site_state not in SiteState.values:
            raise Refused("site_state", _("Say in which state the site is left."))
        seen_as = seen_as or suggested(outcome)
        if seen_as not in SeenAs.values:
            raise Refused("seen_as", _("Choose who or what it was."))
        summary = summary.strip()
        if len(summary) > 2000:
            raise Refused("summary", _("The summary has at most 2,000 characters."))
        missing = [words for guard in close_guards for words in guard(incident)]
        if missing:
            raise Refused("steps", _("Still to do: %(steps)s.") % {"steps": "; ".join(missing)})
        was = standing(incident)
        move(incident.close, outcome=outcome, site_state=site_state, summary=summary, at=at)
        incident.seen_as = seen_as
        incident.save()
        events.record(
            "incident.closed",
            incident,
            by=by,
            at=at,
            outcome=outcome,
            site_state=site_state,
            seen_as=seen_as,
            verdict=incident.verdict,
            was=was,
        )
        now_free(by.pk, at=at)
    return incident


def reopen(incident_id: UUID, *, by: User, at: datetime) -> Incident:
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        if is_exercise(incident.pk):
            raise Refused("exercise", _("This was an exercise of the audit: there is nothing to go on with."))
        move(incident.reopen)
        incident.seen_as = ""
        start_deadlines(incident, at=at)
        incident.save()
        events.record("incident.reopened", incident, by=by, at=at)
        offer(incident, at=at)
    return incident
