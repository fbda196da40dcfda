"""What the line made of what came in, as one JSON object: for smoke, faults and whoever wants to know."""

import json
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand
from django.core.serializers.json import DjangoJSONEncoder

from cameras.models import EXERCISES, Camera, Candidate
from incidents.models import Alert, Incident
from soc.core.feed.audiences import Audience
from soc.core.models import Delivery, Event


def report() -> dict[str, Any]:
    """Frames by their end, incidents with their clocks, and everything that would be a loss. Nothing of exercises."""
    frames: Counter[str] = Counter()
    for row in Camera.objects.values_list("frames", flat=True):
        frames.update({key: row.get(key, 0) for key in ("captured", "gated", "inferred", "dropped")})
    noticed = Candidate.objects.exclude(source__in=EXERCISES)
    raised = noticed.filter(decision=Candidate.Decision.RAISE)
    return {
        "frames": {key: frames[key] for key in ("captured", "gated", "inferred", "dropped")},
        "incidents": [
            {
                "id": str(incident.pk),
                "reference": incident.reference,
                "family": incident.family,
                "category": incident.category,
                "state": incident.state,
                "outcome": incident.outcome,
                "site": incident.site.name,
                "clock": incident.clock(),
                "painted_by": incident.painted_by,
            }
            for incident in Incident.objects.in_earnest().select_related("site").order_by("number")
        ],
        "alerts": [
            {
                "category": alert.category,
                "camera": alert.candidate.camera.name if alert.candidate.camera else None,
                "path": alert.candidate.camera.address if alert.candidate.camera else None,
                "captured": alert.captured_at,
                "raised": alert.raised_at,
                "incident": str(alert.incident_id),
            }
            for alert in Alert.objects.filter(incident__audit__isnull=True, incident__drill=False)
            .select_related("candidate__camera")
            .order_by("captured_at")
        ],
        "candidates": noticed.count(),
        "signals": Candidate.objects.filter(source="signal", signal_source__isnull=False).count(),
        "raised_without_incident": raised.filter(alert__isnull=True).count(),
        "owed": Delivery.objects.filter(done_at__isnull=True).count(),
        "positions": {
            audience.key: list(audience.events().values_list("seq", flat=True))
            for pk in Event.objects.order_by().values_list("organisation", flat=True).distinct()
            for audience in [Audience("ops", "organisation", pk)]
        },
    }


class Command(BaseCommand):
    help = "Print as JSON what the line made of what came in: frames, incidents with clocks, and what would be a loss."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(report(), cls=DjangoJSONEncoder))
