"""The incident that an incident follows, with what it ended in, in one line."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from incidents.models import Incident
from soc.console.clockline import age
from soc.core.models import User
from soc.core.rights import Act


@dataclass(frozen=True)
class Earlier:
    incident: Incident
    words: str


def earlier(incident: Incident, user: User) -> Earlier | None:
    """“Follows ND-1041, 6 min ago: false alarm, animal, Tomas”. None where there is none, or none that this user may see."""
    if incident.follows_id is None:
        return None
    rows = Incident.objects.visible_to(user, Act.CONSOLE).select_related("owner", "site")
    before = rows.filter(pk=incident.follows_id).first()
    if before is None:
        return None
    since = age(incident.captured_at - before.captured_at)
    facts = {"reference": before.reference, "ago": since, "ended": _ended(before)}
    return Earlier(before, _("Follows %(reference)s, %(ago)s ago: %(ended)s") % facts)


def _ended(before: Incident) -> str:
    """Verdict, outcome and who; what is not known yet is left out."""
    said = before.get_verdict_display() if before.verdict else before.get_state_display()
    outcome = before.get_outcome_display() if before.outcome else ""
    who = before.owner.sign if before.owner else ""
    return ", ".join(str(part).lower() if part is not who else part for part in (said, outcome, who) if part)
