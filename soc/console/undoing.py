"""What the reader may take back of the incident they look at: the words of the ring, and until when it runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from incidents import actions
from incidents.models import Incident
from incidents.outcomes import Verdict
from soc.core.models import User


def undoing(incident: Incident, user: User, *, at: datetime) -> dict[str, Any] | None:
    """{"words": what was done, "until": when it stands, "seconds": how long the ring runs in all} or None."""
    found = actions.undoable(incident, by=user, at=at)
    if found is None:
        return None
    return {"words": _words(incident, found), "until": found.until, "seconds": settings.UNDO_S}


def _words(incident: Incident, found: actions.Undoable) -> str:
    if found.kind == "incident.verdict":
        return _("Marked “%(verdict)s”") % {"verdict": Verdict(found.data["verdict"]).label}
    if found.kind == "incident.closed":
        return _("Closed: %(outcome)s") % {"outcome": incident.get_outcome_display()}
    return {
        "incident.parked": _("Parked"),
        "incident.released": _("Handed back"),
        "incident.step_done": _("Step ticked"),
        "incident.step_skipped": _("Step left out"),
    }[found.kind]
