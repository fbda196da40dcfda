"""What happens by itself after something happened. Handlers take an event id and may run twice."""

from incidents.models import Incident
from responses.actions import paging, performing, playbooks, sending
from soc.core import clock, events
from soc.core.models import Event

ON_CALL = 3  # the level of an escalation at which somebody is paged


@events.reaction("attempt.planned", "attempt.retried", name="responses.perform", lease_s=30.0, atomic=False)
def perform(event_id: int) -> None:
    """The outward act."""
    performing.perform(Event.objects.get(pk=event_id).subject_id)


@events.reaction("attempt.unclear", name="responses.settle", lease_s=30.0, atomic=False)
def settle(event_id: int) -> None:
    """Ask what became of an act that was begun and not finished."""
    performing.settle(Event.objects.get(pk=event_id).subject_id)


@events.reaction("attempt.declined", "attempt.ended", "attempt.failed", name="responses.carry_on")
def carry_on(event_id: int) -> None:
    """A call brought no yes: the next responder of the same order."""
    sending.carry_on(Event.objects.get(pk=event_id).subject_id, at=clock.db_now())


@events.reaction("dispatch.lifted", name="responses.carry_on_all")
def carry_on_all(event_id: int) -> None:
    """Orders that a stop held up go on."""
    sending.carry_on_all(Event.objects.get(pk=event_id).organisation_id, at=clock.db_now())


@events.reaction("incident.escalated", name="responses.page_on_call")
def page_on_call(event_id: int) -> None:
    """Nobody claimed it, or took over from an owner who has gone, and the deadline of whoever is on call has passed."""
    event = Event.objects.get(pk=event_id)
    if event.data.get("level") == ON_CALL:
        paging.page_on_call(event.subject_id, escalation=event.pk, at=clock.db_now())


@events.reaction("approval.raised", name="responses.page_for_approval")
def page_for_approval(event_id: int) -> None:
    """Nobody gave their word in time on what an incident waits for."""
    event = Event.objects.get(pk=event_id)
    if "incident" in event.data and event.data.get("level") == 1:
        paging.page_for_approval(event.subject_id, raised=event.pk, at=clock.db_now())


@events.reaction("incident.claimed", name="responses.start_run")
def start_run(event_id: int) -> None:
    """Freeze the playbook."""
    playbooks.start_run(_incident(event_id))


@events.reaction("incident.closed", name="responses.finish_run")
def finish_run(event_id: int) -> None:
    """Keep the playbook's results as they ended."""
    playbooks.finish_run(Event.objects.get(pk=event_id).subject_id)


@events.reaction("incident.undone", "incident.reopened", name="responses.go_on")
def go_on(event_id: int) -> None:
    """Orders go on that the close held up, and what it wrote down of the playbook is open again."""
    event = Event.objects.get(pk=event_id)
    sending.carry_on_all(event.organisation_id, at=clock.db_now())  # first: attempts are locked before incidents
    playbooks.go_on(event.subject_id)


def _incident(event_id: int) -> Incident:
    return Incident.objects.select_related("site").get(pk=Event.objects.get(pk=event_id).subject_id)
