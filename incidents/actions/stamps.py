"""The response clock's stamps that come from screens, speakers and phones. Each is set once; later ones change nothing."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from incidents.actions.locking import locked
from incidents.models import Incident
from incidents.models.incident import OFFSETS
from soc.core import events
from soc.core.models import User
from soc.core.rights import Act


def painted(incident_id: UUID, *, painted_by: str, by: User, at: datetime) -> None:
    """The pushed row reached a screen. `painted_by` says whose word it is: a browser's after painting, or a script's.

    A browser's clock is corrected for skew but not trusted: the stamp is kept between queued and claimed.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by, act=Act.CONSOLE)
        if incident.painted_at is not None:
            return
        incident.painted_at = max(at, incident.queued_at)
        if incident.claimed_at:
            incident.painted_at = min(incident.painted_at, incident.claimed_at)
        incident.painted_by = painted_by
        incident.save(update_fields=["painted_at", "painted_by"])
        events.record("incident.painted", incident, by=by, at=at, painted_by=painted_by)


def evidence_shown(incident_id: UUID, *, by: User, at: datetime) -> None:
    """The first evidence frame is on the screen."""
    stamp_by(incident_id, "evidence_shown", by=by, at=at)


def stamp(incident_id: UUID, name: str, *, at: datetime) -> None:
    """Set `<name>_at` if nothing set it before. Raises ValueError for a name that is not an offset of the clock."""
    stamp_by(incident_id, name, by=None, at=at)


def stamp_by(incident_id: UUID, name: str, *, by: User | None, at: datetime) -> None:
    if name not in OFFSETS:
        raise ValueError(f"{name} is not a stamp of the response clock")
    with transaction.atomic():
        incident: Incident = locked(incident_id, by=by, act=Act.CONSOLE)
        if getattr(incident, f"{name}_at") is not None:
            return
        setattr(incident, f"{name}_at", max(at, incident.captured_at))
        incident.save(update_fields=[f"{name}_at"])
        events.record("incident.stamped", incident, by=by, at=at, stamp=name)
