"""Taking back the last act, for a few seconds: a verdict, a close, a park, a hand-back; steps come from whoever owns them.

Nothing is struck from the record: the act stays in it, and so does its being taken back. What went out of the house
cannot be taken back, and neither can what somebody else has gone on from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from incidents.actions.locking import check_token, gone_on, locked, move
from incidents.actions.shifts import at_work, hold_desks
from incidents.errors import Refused
from incidents.models import Incident, VerdictChange
from incidents.models.incident import HELD, State
from soc.core import events
from soc.core.models import Event, User
from soc.core.prepared import prepared

UNDONE: Final = "incident.undone"
# A press within the ring may take so long to arrive.
ON_THE_WAY: Final = timedelta(seconds=1)

# What takes an act back: (locked incident, its event, by, at). The incident is saved afterwards.
Reverse = Callable[[Incident, Event, User, datetime], None]
# Why an act cannot be taken back although it was the last, in words; "" where nothing is in the way.
Obstacle = Callable[[Incident, Event], str]

obstacles: list[Obstacle] = []

# What somebody does in an incident and that is passed over by an undo: it takes nothing from the act before.
BESIDE: Final = frozenset(
    {
        *("incident.noted", "incident.described", "incident.painted", "incident.stamped", "incident.watched"),
        *("incident.put_on_hold", "incident.hold_lifted", "incident.offered"),
        *("incident.quiet_asked",),
    }
)


@dataclass(frozen=True)
class Undoable:
    """The act that its doer may take back until `until`. `kind` and `data` are its event's."""

    kind: str
    until: datetime
    data: dict[str, Any]


def standing(incident: Incident) -> dict[str, Any]:
    """What an act is about to change and an undo restores, for the act's event: codes and instants, never words."""
    instants = {name: getattr(incident, name) for name in ("verdict_at", "verdict_by", "due_at")}
    kept = {name: at.isoformat() for name, at in instants.items() if at}
    return {"state": str(incident.state), "verdict": incident.verdict, **kept}


def undoable(incident: Incident, *, by: User, at: datetime) -> Undoable | None:
    """What `by` may take back of this incident now; None where there is nothing (any more)."""
    found = _last(incident, by=by)
    if found is None or found.at + _window() <= at or _obstacle(incident, found):
        return None
    return Undoable(found.kind, found.at + _window(), found.data)


def undo(incident_id: UUID, *, token: int, by: User, at: datetime) -> Incident:
    """Take back what `by` did last in this incident, if it can be and was at most UNDO_S ago. `token` is the page's.

    Raises Refused: `undo` (nothing to take back, in words why), Stale where somebody has gone on from it.
    """
    with transaction.atomic():
        incident = locked(incident_id, by=by)
        found = _last(incident, by=by)
        if found is None:
            raise Refused("undo", _("There is nothing of yours to take back here."))
        if found.at + _window() + ON_THE_WAY < at:
            seconds = settings.UNDO_S
            raise Refused("undo", _("Only for %(seconds)s seconds: it stands now.") % {"seconds": seconds})
        if words := _obstacle(incident, found):
            raise Refused("undo", words)
        hold_desks(by.pk)
        _still_his(incident, found, token, by)
        at_work(by.pk, at=at)
        reversers[found.kind](incident, found, by, at)
        incident.save()
        events.record(UNDONE, incident, by=by, at=at, of=found.pk, act=found.kind, token=incident.token)
    return incident


def _window() -> timedelta:
    return timedelta(seconds=settings.UNDO_S)


def _last(incident: Incident, *, by: User) -> Event | None:
    """The last act of `by` in this incident that is not taken back yet; None where that one cannot be."""
    taken_back: set[int] = set()
    for event in _own(incident.pk, by.pk):
        if event.kind == UNDONE:
            taken_back.add(int(event.data["of"]))
        elif event.pk not in taken_back:
            # A case of the blind audit ends without “was”: its end is not for its operator to take back.
            known = event.kind not in MOVES or "was" in event.data
            return event if event.kind in reversers and known else None
    return None


@prepared
def _own(incident: UUID, by: UUID) -> QuerySet[Event]:
    return Event.objects.filter(subject_id=incident, by=by).exclude(kind__in=BESIDE).order_by("-id")[:20]


def _obstacle(incident: Incident, event: Event) -> str:
    return next((words for words in (obstacle(incident, event) for obstacle in obstacles) if words), "")


def _still_his(incident: Incident, event: Event, token: int, by: User) -> None:
    """Raises Stale where somebody has gone on from the act, or the page is older than it."""
    left = LEFT_IN.get(event.kind)
    if left is None:
        check_token(incident, token, by)
        if incident.state not in HELD:  # a drill that was ended keeps its owner
            raise gone_on(incident, by)
    elif incident.state != left or incident.token != token:
        raise gone_on(incident, by)


# --- What takes each act back


def _held_again(incident: Incident, event: Event, by: User) -> dict[str, Any]:
    """In the hands of `by`, in the state from before. Gives what stood then."""
    was: dict[str, Any] = event.data.get("was") or {}
    move(incident.take_back, by=by, state=was.get("state", State.WORKING))
    incident.verdict_by, incident.due_at = _instant(was, "verdict_by"), _instant(was, "due_at")
    return was


def _verdict(incident: Incident, event: Event, by: User, at: datetime) -> None:
    was = _held_again(incident, event, by)
    incident.verdict, incident.verdict_at = was.get("verdict", ""), _instant(was, "verdict_at")
    VerdictChange(site=incident.site, incident=incident, verdict=incident.verdict, by=by, at=at).save()


def _let_go(incident: Incident, event: Event, by: User, at: datetime) -> None:
    """A park, or a hand-back that nobody has claimed yet: whoever was offered it loses the offer."""
    _held_again(incident, event, by)
    incident.token += 1
    incident.claim_by = incident.supervisor_by = incident.oncall_by = None
    incident.offered_to = incident.offered_at = None


def _close(incident: Incident, event: Event, by: User, at: datetime) -> None:
    """The summary stays: it is what the form is filled with when it is closed again."""
    _held_again(incident, event, by)
    incident.outcome = incident.site_state = incident.seen_as = ""
    incident.closed_at = None


def _instant(was: dict[str, Any], name: str) -> datetime | None:
    return parse_datetime(was[name]) if was.get(name) else None


reversers: dict[str, Reverse] = {
    "incident.verdict": _verdict,
    "incident.parked": _let_go,
    "incident.released": _let_go,
    "incident.closed": _close,
}
MOVES: Final = frozenset(reversers)  # they say in their event what stood before them
# The state that an act leaves behind where the incident is not its doer's any more.
LEFT_IN: Final = {
    "incident.parked": State.PARKED,
    "incident.released": State.OPEN,
    "incident.closed": State.CLOSED,
}
