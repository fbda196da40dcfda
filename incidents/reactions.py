from incidents.actions import raise_alert
from soc.core import events
from soc.core.clock import db_now
from soc.core.models import Event


@events.reaction("candidate.raised", name="incidents.raise_alert")
def on_candidate_raised(event_id: int) -> None:
    """Every candidate that context raised becomes an alert in an incident."""
    event = Event.objects.get(pk=event_id)
    raise_alert(event.subject_id, at=db_now())
