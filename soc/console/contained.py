"""Which events an answer's pane has in it already: of these its page need not fetch the incident when the feed tells of them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from soc.core.events import subscribers
from soc.core.models import Event
from soc.core.prepared import prepared

HEADER: Final = "X-Events"
MOST: Final = 30


def contained(incident: UUID) -> str:
    """The ids of the incident's newest events, for HEADER. Called before anything of the incident is read, so that what is
    read then is at least as new; sealed or not, for what is visible stands.

    Left out is what something still reacts to: that may change the pane without a word of its own.
    """
    return " ".join(str(event.pk) for event in _newest(incident, MOST) if not subscribers(event.kind))


@prepared
def _newest(incident: UUID, most: int) -> QuerySet[Event]:
    return Event.objects.filter(subject_id=incident).order_by("-id").only("id", "kind")[:most]
