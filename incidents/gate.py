"""What a policy's gate asks of incidents: which were real and would be lost, whether anything changed, what to show of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.urls import reverse

from cameras.actions.gate import Card
from cameras.context.policy import Policy
from incidents.models import Alert, Incident, VerdictChange
from incidents.models.incident import State
from incidents.replaying import Replayed, replay_with_losses
from soc.core.models import Media, Site, User
from soc.core.rights import Act


class Incidents:
    """Told to `cameras.actions.gate` at start."""

    def replay(self, site: Site, policy: Policy, *, since: datetime, until: datetime) -> Replayed:
        return replay_with_losses([site.pk], since=since, until=until, body_of={site.pk: policy})

    def moment(self, site: Site) -> tuple[Any, ...]:
        own = {"site": site}
        closed = Incident.objects.filter(**own, state=State.CLOSED).count()
        return Alert.objects.filter(**own).count(), VerdictChange.objects.filter(**own).count(), closed

    def cards(self, site: Site, ids: Collection[UUID], *, user: User) -> list[Card]:
        """Those of `ids` that are this site's, the newest first. Pictures only where the user may see them."""
        shown = Alert.objects.select_related(
            "candidate__zone", "candidate__camera", "candidate__clip", "candidate__snapshot"
        )
        rows = Incident.objects.filter(pk__in=ids, site=site).order_by("-captured_at")
        rows = rows.prefetch_related(Prefetch("alerts", shown.order_by("captured_at"), to_attr="told"))
        seen = set(Incident.objects.visible_to(user, Act.CONSOLE).filter(pk__in=ids).values_list("pk", flat=True))
        return [_card(row, user, linked=row.pk in seen) for row in rows]


def _card(incident: Any, user: User, *, linked: bool) -> Card:
    candidates = [alert.candidate for alert in incident.told]
    media = {item.pk: item for one in candidates for item in (one.clip, one.snapshot) if item and item.there}
    seen = set(Media.objects.visible_to(user).filter(pk__in=media).values_list("pk", flat=True))
    clips = [one.clip_id for one in candidates if one.clip_id in seen]
    pictures = [one.snapshot_id for one in candidates if one.snapshot_id in seen]
    places = [place.name for one in candidates if (place := one.zone or one.camera)]
    return Card(
        pk=incident.pk,
        reference=incident.reference,
        category=incident.category,
        priority=incident.priority,
        at=incident.captured_at,
        place=places[0] if places else "",
        said=incident.get_outcome_display() or incident.get_verdict_display(),
        clip=clips[0] if clips else None,
        picture=pictures[0] if pictures else None,
        kept=bool(media),
        url=reverse("console-incident", args=[incident.pk]) if linked else "",
    )
