"""What a case of the blind audit was, once it is over: kindly, at once, and with its true time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from incidents.funnel import REAL
from incidents.models import Alert, AuditCase, Incident
from incidents.models.incident import State
from incidents.outcomes import Verdict
from soc.console.sentences import Line, why

WITHDRAWN: Final[dict[str, Any]] = {
    "urgent": gettext_lazy("It was withdrawn: something urgent came."),
    "waiting": gettext_lazy("It was withdrawn: too much waits."),
    "few": gettext_lazy("It was withdrawn: too few are on shift."),
    "site": gettext_lazy("It was withdrawn: something in earnest goes on at this site."),
    "unclaimed": gettext_lazy("It was withdrawn: nobody had time for it."),
    "export": gettext_lazy("It was ended: what did not happen is not exported."),
}


@dataclass(frozen=True)
class Told:
    """What the pane says. `judged`: an operator ended it; `said`: their verdict; `was`: what it truly was; `came`: what
    follows from both; `why`: what context really said of it."""

    judged: bool
    said: str
    was: str
    came: str
    why: list[Line]


def of(incident: Incident) -> Told | None:
    """None while it goes on, and for every incident in earnest."""
    if incident.state != State.CLOSED:
        return None
    rows = AuditCase.objects.revealed().select_related(
        "candidate__site", "candidate__zone", "candidate__camera", "judged_by"
    )
    case = rows.filter(incident=incident).first()
    return None if case is None else tell(case)


def tell(case: AuditCase) -> Told:
    judged = bool(case.verdict)
    said = _said(case) if judged else str(WITHDRAWN.get(case.given_up, _("It was withdrawn.")))
    return Told(judged, said, was(case), _came(case) if judged else "", why(case.candidate))


def _said(case: AuditCase) -> str:
    who = case.judged_by.sign if case.judged_by else "?"
    if case.acted:
        return _("%(sign)s acted: that counts as real.") % {"sign": who}
    return _("%(sign)s said: %(verdict)s.") % {"sign": who, "verdict": Verdict(case.verdict).label}


def was(case: AuditCase) -> str:
    """What was shown, and when it really was, in the site's own time."""
    words = {"when": when(case.candidate.captured_at, case)}
    if case.kind == AuditCase.Kind.INJECTED:
        ended = _outcome(case)
        if ended:
            return _("It was a recorded intrusion of %(when)s, which ended as: %(outcome)s.") % {
                **words,
                "outcome": ended,
            }
        return _("It was a recorded intrusion of %(when)s.") % words
    return _("It was noticed on %(when)s, and the filter had held it back.") % words


def when(at: datetime, case: AuditCase) -> str:
    return date_format(at.astimezone(case.candidate.site.zone_info), "j M Y, H:i")


def _outcome(case: AuditCase) -> str:
    alert = Alert.objects.filter(candidate=case.candidate).select_related("incident").first()
    return str(alert.incident.get_outcome_display()) if alert and alert.incident.outcome else ""


def _came(case: AuditCase) -> str:
    real = case.verdict in REAL
    if case.kind == AuditCase.Kind.INJECTED:
        if real:
            return _("You recognised it. That is what counts.")
        return _(
            "It was real, and easy to take for something else. Look at it once more: that is all that follows from it."
        )
    if real:
        return _("The filter may have missed something: a supervisor looks at it. Thank you.")
    if case.verdict == Verdict.CANNOT_TELL:
        return _("Not being able to tell is an answer too. It is kept as one.")
    return _("By your word the filter was right to hold it back. Thank you.")
