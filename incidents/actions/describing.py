"""Describing whom and what one sees: a new card each time, so that whoever was told the last one knows what is new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from cameras.models import Camera
from incidents.actions.locking import locked
from incidents.errors import Refused
from incidents.models import Description
from incidents.models.incident import State
from incidents.subjects import MOST_SUBJECTS, newest, read
from soc.core import events
from soc.core.models import User

DESCRIBED = "incident.described"


def describe(
    incident_id: UUID, *, subject: int, kind: str, facts: Mapping[str, Any], camera: UUID | None, by: User, at: datetime
) -> Description:
    """Write the card of `subject` (1, 2, …) anew: `facts` as incidents/subjects.py names them, all of them each time. With
    no facts at all the subject is taken off the incident. `camera` is where it was last seen, now; None: as on the card before.

    The same card again is the one there is. Needs no claim: a colleague may see more. Raises Refused: `state`, `subject`, `fact`,
    `camera`.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        if incident.state == State.CLOSED:
            raise Refused("state", _("It is closed: what you saw belongs into a note."))
        if not 1 <= subject <= MOST_SUBJECTS:
            raise Refused("subject", _("At most %(most)s people and vehicles are described.") % {"most": MOST_SUBJECTS})
        read_facts = read(kind, facts)
        place = _camera(incident.site_id, camera)
        before = {row.subject: row for row in newest(incident.descriptions.all())}.get(subject)
        if before is None and not read_facts:
            raise Refused("fact", _("Say at least one thing that you see."))
        if before and place is None and (before.kind, before.facts) == (kind, read_facts):
            return before
        seen_at = at if place else before.last_seen_at if before else None
        last = incident.descriptions.aggregate(last=Max("version"))["last"] or 0
        found = Description(
            site=incident.site, incident=incident, version=last + 1, subject=subject, kind=kind, facts=read_facts, by=by, at=at,
            last_seen_at=seen_at, last_seen_camera=place or (before.last_seen_camera if before else None),
        )  # fmt: skip
        found.save()
        events.record(
            DESCRIBED, incident, by=by, at=at, version=found.version, card=subject, of=kind, facts=sorted(read_facts)
        )
    return found


def _camera(site_id: UUID, camera_id: UUID | None) -> Camera | None:
    if camera_id is None:
        return None
    found = Camera.objects.filter(pk=camera_id, site=site_id).first()
    if found is None:
        raise Refused("camera", _("There is no such camera at this site."))
    return found
