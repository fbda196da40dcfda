"""How long an incident's pictures and videos are kept, and who may take them out of here."""

from __future__ import annotations

from typing import Any

from incidents.audit import known
from incidents.models import Incident
from incidents.models.incident import State
from soc.core.models import User
from soc.core.rights import Act


def facts(incident: Incident, user: User, *, exercise: bool) -> dict[str, Any]:
    """What the pane says of it, and what this user may do: nothing with an exercise that is over."""
    return {
        "days": incident.site.retention_days,
        "hold": incident.hold_at is not None,
        "may_hold": not exercise and user.may(Act.HOLD, incident.site),
        "may_export": not exercise and user.may(Act.EXPORT, incident.site),
        "may_retell": incident.state == State.CLOSED and user.may(Act.REVIEW, incident.site),
        "may_mark": user.may(Act.AUDIT_MARK, incident.site) and known.shows(incident) is not None,
    }
