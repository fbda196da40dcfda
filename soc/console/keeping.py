"""How long an incident's pictures and videos are kept, and taking them out of here."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.http import require_safe

from incidents.export import package
from incidents.models import Incident
from soc.console.door import incident_of, specialist
from soc.core.models import User
from soc.core.rights import Act


def facts(incident: Incident, user: User) -> dict[str, Any]:
    """What the pane says of it, and what this user may do."""
    return {
        "days": incident.site.retention_days,
        "hold": incident.hold_at is not None,
        "may_hold": user.may(Act.HOLD, incident.site),
        "may_export": user.may(Act.EXPORT, incident.site),
    }


@specialist
@require_safe
def export(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The incident as one signed package."""
    user: Any = request.user
    incident = incident_of(user, pk)
    if not user.may(Act.EXPORT, incident.site):
        raise Http404
    return package.download(incident, by=user, reader="centre")
