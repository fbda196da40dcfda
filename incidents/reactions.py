import logging
from collections import defaultdict
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from cameras.actions.dismissals import note_dismissal, take_back
from cameras.context.place import same_place
from cameras.models import EXERCISES, ArmChange
from incidents.actions import raise_alert, raise_alone, tell_incidents
from incidents.models import Alert, Incident
from incidents.outcomes import DISMISSED
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
    candidate = Event.objects.values_list("subject_id", flat=True).get(pk=event_id)
    if deliveries.failed(event_id, RAISE) < deliveries.PATIENCE:
        raise_alert(candidate, at=db_now())
        return
    try:
        raise_alert(candidate, at=db_now())
    except Exception:  # whatever it is, an operator must see the alarm
        log.exception("candidate %s cannot be folded: it gets an incident of its own", candidate)
        raise_alone(candidate, at=db_now())


@events.reaction("incident.verdict", "incident.undone", name="incidents.note_dismissals")
def on_verdict(event_id: int) -> None:
    """What a camera showed and a specialist called false or authorised is noted for the filter; and taken back where the verdict
    is another now. By the verdict as it is, so that two of these in either order, or twice, come to the same.

    One verdict dismisses a place once, however many came there: five who were let in together are no runaway.
    """
    event = Event.objects.get(pk=event_id)
    # Under its lock: else this could note what an undo beside it has just taken back.
    incident = Incident.objects.select_for_update(of=("self",), no_key=True).get(pk=event.subject_id)
    shown = Alert.objects.filter(incident=incident, candidate__camera__isnull=False)
    if incident.verdict in DISMISSED:
        # What came after the verdict, nobody had looked at when it was given.
        seen = shown.filter(raised_at__lte=event.at).exclude(candidate__source__in=EXERCISES)
        note_dismissal(_one_of_each_place(seen), at=event.at)
    else:
        take_back(shown.values_list("candidate", flat=True))


def _one_of_each_place(alerts: QuerySet[Alert]) -> list[UUID]:
    """Candidates, by id: the last one of each camera, zone, category and place in the picture."""
    rows = alerts.order_by("-captured_at", "-pk").values_list(
        "candidate", "candidate__camera", "candidate__zone", "candidate__category", "candidate__evidence__box"
    )
    found: list[UUID] = []
    places: dict[tuple[Any, ...], list[Any]] = defaultdict(list)
    for candidate, *where, box in rows:
        known = places[tuple(where)]
        if not any(same_place(box, other) for other in known):
            known.append(box)
            found.append(candidate)
    return found


@events.reaction("arming.armed", "arming.disarmed", "arming.undone", name="incidents.tell_of_arming")
def on_arm_change(event_id: int) -> None:
    """Whoever handles an incident there sees at once who armed or disarmed the site, how and when."""
    event = Event.objects.get(pk=event_id)
    tell_incidents(ArmChange.objects.get(pk=event.subject_id), at=event.at)
