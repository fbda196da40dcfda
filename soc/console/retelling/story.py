"""An incident told again, instant by instant, from its events and rows: nothing was recorded for it.

Each `Moment` is one event, in the order in which it was recorded, with how everything stood right after it. What is asked of a
row (a stamp, a note, a step) is asked of its own time, so that nothing is shown earlier than it was there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from cameras.models import Candidate
from incidents.models import Alert, Description, Incident, Looking, Note
from incidents.models.incident import MAIN_PATH, OFFSETS, State
from soc.core.models import Event, Media, User

MOST: Final = 400  # moments of one incident; a runaway that counted for days has more
# What is no step of the story: the same again, or only about keeping.
BESIDE: Final = frozenset(
    {"incident.exported", "incident.export_signed", "incident.put_on_hold", "incident.hold_lifted"}
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the incident itself stood: `state` as of `State`, people by id, `escalation` 0..3."""

    state: str = State.OPEN
    owner: UUID | None = None
    offered_to: UUID | None = None
    verdict: str = ""
    priority: int = 0
    escalation: int = 0
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """`standing` is how it stood right after `event`. `seconds` since detection, never before it."""

    event: Event
    seconds: float
    standing: Standing


@dataclass(frozen=True)
class Evidence:
    """A picture or a clip, and from when on there was anything of it to see."""

    media: Media
    since: datetime
    place: str


class Story:
    """All that is known of how one incident went; `as_of` tells what there was at an instant. Eight queries or so."""

    def __init__(self, incident: Incident, *, watches: bool = True) -> None:
        """`watches`: whether it is told who watched silently, which whoever was watched is not."""
        self.incident = incident
        events = _events(incident) if watches else _events(incident).exclude(kind="incident.watched")
        self.events = list(events[: MOST + 1])
        self.cut = len(self.events) > MOST
        self.events = self.events[:MOST]
        self.moments = _moments(incident, self.events)
        self.alerts = list(incident.alerts.select_related("candidate__zone", "candidate__camera").order_by("raised_at"))
        self.notes = list(incident.notes.select_related("by").order_by("at"))
        self.descriptions = list(incident.descriptions.select_related("by").order_by("version"))
        paths = ("message", "camera", "responder", "paged")
        self.attempts = list(incident.attempts.select_related(*paths).order_by("created_at"))
        looks = Looking.objects.filter(incident=incident).select_related("user").order_by("since")
        self.looks = [one for one in looks if watches or not one.silent]
        self.evidence = list(_evidence(self.alerts, self.events))
        self.people = _people(self)

    def index(self, at: datetime) -> int:
        """The last moment at or before an instant; the first for anything earlier."""
        found = [number for number, moment in enumerate(self.moments) if moment.event.at <= at]
        return found[-1] if found else 0

    def stamps(self, at: datetime) -> list[tuple[str, datetime]]:
        """The response clock as far as it had come, in the order of its path."""
        clock = self.incident.clock()
        return [(name, when) for name in MAIN_PATH + OFFSETS if (when := clock[name]) is not None and when <= at]

    def alerts_by(self, at: datetime) -> list[Alert]:
        return [alert for alert in self.alerts if alert.raised_at <= at] or self.alerts[:1]

    def notes_by(self, at: datetime) -> list[Note]:
        return [note for note in self.notes if note.at <= at]

    def descriptions_by(self, at: datetime) -> list[Description]:
        """The newest of each subject that there was then."""
        newest = {one.subject: one for one in self.descriptions if one.at <= at}
        return [newest[subject] for subject in sorted(newest)]

    def evidence_by(self, at: datetime) -> list[Evidence]:
        return [one for one in self.evidence if one.since <= at]

    def attempts_by(self, at: datetime) -> list[Any]:
        return [one for one in self.attempts if one.created_at <= at]

    def looking_at(self, at: datetime) -> list[Looking]:
        """On whose screens it was open, as far as that is still known: of each person the last time is kept."""
        return [one for one in self.looks if one.since <= at <= one.seen_at]


def _events(incident: Incident) -> QuerySet[Event]:
    """Its own, those of its attempts, of its candidates, and of the pictures that were watched for it; in order."""
    until = (incident.closed_at or datetime.max.replace(tzinfo=incident.queued_at.tzinfo, year=9000)) + timedelta(
        minutes=5
    )
    attempts = incident.attempts.values_list("pk", flat=True)
    candidates = list(incident.alerts.values_list("candidate", flat=True))
    shown = Candidate.objects.filter(pk__in=candidates)
    media = [pk for pair in shown.values_list("clip", "snapshot") for pk in pair if pk]
    of = Q(subject_id=incident.pk) | Q(subject_id__in=list(attempts))
    of |= Q(subject_id__in=candidates, kind__in=["evidence.ready", "evidence.lost"])
    of |= Q(subject_id__in=media, kind="media.viewed", at__gte=incident.queued_at)
    of |= Q(kind="camera.viewed", site=incident.site_id, at__gte=incident.queued_at)
    rows = Event.objects.filter(of, organisation=incident.organisation_id, at__lte=until).exclude(kind__in=BESIDE)
    return rows.select_related("by").order_by("id")


def _moments(incident: Incident, events: Iterable[Event]) -> list[Moment]:
    found: list[Moment] = []
    before: dict[int, Standing] = {}
    standing = Standing(priority=incident.priority)
    for event in events:
        before[event.pk] = standing
        if event.kind == "incident.undone":
            standing = before.get(int(event.data["of"]), standing)
        elif event.subject_id == incident.pk:
            standing = _after(standing, event)
        seconds = max(0.0, (event.at - incident.captured_at).total_seconds())
        found.append(Moment(event, seconds, standing))
    return found


def _after(standing: Standing, event: Event) -> Standing:
    """How it stands once this has happened."""
    data, by = event.data, event.by_id
    match event.kind.removeprefix("incident."):
        case "opened":
            state = State.PARKED if data.get("why") == "runaway" else State.OPEN
            return replace(standing, state=state, priority=data.get("priority", standing.priority))
        case "folded" | "sounded":
            return replace(standing, priority=data.get("priority", standing.priority))
        case "offered":
            return replace(standing, offered_to=_id(data.get("to")))
        case "offered_to_all":
            return replace(standing, offered_to=None, escalation=max(1, standing.escalation))
        case "escalated":
            return replace(standing, escalation=max(int(data.get("level", 0)), standing.escalation))
        case "claimed":
            return replace(standing, state=State.CLAIMED, owner=by, offered_to=None, due_at=None)
        case "taken_over":
            return replace(standing, owner=by)
        case "reassigned":
            held = standing.state if standing.owner else State.CLAIMED
            return replace(standing, state=held, owner=_id(data.get("to")), offered_to=None)
        case "verdict":
            return replace(standing, state=State.WORKING, verdict=data.get("verdict", ""))
        case "waiting":
            return replace(standing, state=State.WAITING, due_at=_time(data.get("due_at")))
        case "resumed":
            return replace(standing, state=State.WORKING, due_at=None)
        case "parked":
            return replace(standing, state=State.PARKED, owner=None, due_at=_time(data.get("due_at")))
        case "returned" | "released" | "left_lying" | "reopened":
            return replace(standing, state=State.OPEN, owner=None, escalation=0, due_at=None)
        case "closed":
            return replace(standing, state=State.CLOSED, due_at=None)
    return standing


def _evidence(alerts: list[Alert], events: list[Event]) -> Iterable[Evidence]:
    """From when each picture and clip was told to be there; without such an event from when it was stored."""
    told: dict[tuple[UUID, str], datetime] = {}
    for event in events:
        if event.kind == "evidence.ready":
            for name in ("clip", "snapshot"):
                if name in event.data:
                    told.setdefault((event.subject_id, name), event.at)
    for alert in alerts:
        candidate = alert.candidate
        nearest = candidate.zone or candidate.camera
        for name in ("snapshot", "clip"):
            media = getattr(candidate, name)
            if media is not None:
                yield Evidence(media, told.get((candidate.pk, name), media.created_at), nearest.name if nearest else "")


def _people(story: Story) -> dict[UUID, User]:
    """Everybody who is named by id."""
    ids = {moment.standing.owner for moment in story.moments} | {moment.standing.offered_to for moment in story.moments}
    return User.objects.in_bulk([pk for pk in ids if pk])


def _id(value: Any) -> UUID | None:
    return UUID(str(value)) if value else None


def _time(value: Any) -> datetime | None:
    return parse_datetime(str(value)) if value else None
