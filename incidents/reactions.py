import logging

from incidents.actions import raise_alert, raise_alone
from soc.core import deliveries, events
from soc.core.clock import db_now
from soc.core.models import Event

log = logging.getLogger(__name__)

RAISE = "incidents.raise_alert"


@events.reaction("candidate.raised", name=RAISE)
def on_candidate_raised(event_id: int) -> None:
    """Every candidate that context raised becomes an alert in an incident: folded where it can be, and by the shortest way
    there is once folding has failed for too long. What fails there too is tried again.
    """
    event = Event.objects.get(pk=event_id)
    if deliveries.failed(event_id, RAISE) < deliveries.PATIENCE:
        raise_alert(event.subject_id, at=db_now())
        return
    try:
        raise_alert(event.subject_id, at=db_now())
    except Exception:  # whatever it is, an operator must see the alarm
        log.exception("candidate %s cannot be folded: it gets an incident of its own", event.subject_id)
        raise_alone(event.subject_id, at=db_now())
