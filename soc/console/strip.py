"""The queue strip and the "ops" face of the live feed: how an incident looks from afar, and everything a page starts from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import (
    BooleanField,
    Count,
    ExpressionWrapper,
    F,
    Min,
    Q,
    QuerySet,
    Value,
    prefetch_related_objects,
)
from django.template.loader import render_to_string

from cameras.models import Camera, Candidate
from incidents import actions
from incidents.models import Alert, Incident, Shift
from incidents.models.incident import HELD, State
from responses import actions as responses
from responses.models import Attempt
from soc.console import clockline
from soc.console.cover.reads import storms
from soc.console.door import incidents_of
from soc.console.sentences import place, title
from soc.core import clock
from soc.core.models import Event, User
from soc.core.prepared import prepared
from soc.core.rights import Act

INCIDENT = """opened folded sounded offered offered_to_all escalated claimed taken_over verdict noted parked waiting resumed
    due owner_back nobody_paged left_lying reassigned released returned closed reopened undone described painted
    stamped step_done step_skipped put_on_hold hold_lifted identified looked disarm_overridden arm_changed
    quiet_asked quiet_lifted quiet_kept"""
# What changes every pane of a site, or the banner, and no row: pages begin anew.
ANEW = frozenset(
    {
        *("storm.began", "storm.renewed", "storm.ended", "instruction.given", "instruction.ended"),
        *("presence.expected", "presence.cancelled"),
        *("dispatch.stopped", "dispatch.lifted"),
    }
)
# Who is at the desks: told as {"desk": user id}, and to everybody, for whoever is left alone is told so.
SHIFT = "started ended asked silent answered break break_over back"
ATTEMPT = "planned placed answered accepted declined ended failed exhausted on_my_way on_site left retried unclear"
KINDS = frozenset(
    {f"incident.{verb}" for verb in INCIDENT.split()}
    | {f"attempt.{verb}" for verb in ATTEMPT.split()}
    | {f"shift.{verb}" for verb in SHIFT.split()}
    | {"evidence.ready", "evidence.lost", "camera.lost", "camera.back"}
    | {"drill.pressed"}
    | ANEW
)
SHOWN = [State.OPEN, *HELD, State.PARKED]


COLUMNS: Final = (
    *(
        "priority",
        "state",
        "offered_to",
        "owner",
        "absent_since",
        "escalation",
        "queued_at",
        "turn_at",
        "painted_at",
        "due_at",
    ),
    *("captured_at", "category", "counts", "alert_count", "verdict", "verdict_by", "drill", "number", "site__name"),
    *("owner__call_sign", "owner__username", "offered_to__call_sign", "offered_to__username"),
)
BEYOND: Final = ("waiting", "oldest", "parked", "due")
MOST_ROWS: Final = 20  # in a snapshot: of each kind of row that a page may need next


def afar(pks: Iterable[UUID]) -> list[Incident]:
    """These incidents by urgency, with what a row of the strip shows of them and no more: of their alerts, however many came,
    only the one that each is named after. Two queries, made beforehand: rows are asked for at every event."""
    wanted = tuple(pks)
    found = _rows(wanted)
    first = {alert.incident_id: alert for alert in _named_after(wanted)}
    for incident in found:
        incident.named_after = first.get(incident.pk)  # type: ignore[attr-defined]
    return found


@prepared
def _rows(pks: tuple[UUID, ...]) -> QuerySet[Incident]:
    rows = Incident.objects.filter(pk__among=pks).select_related("site", "owner", "offered_to")
    return rows.only(*COLUMNS).by_urgency()


@prepared
def _named_after(incidents: tuple[UUID, ...]) -> QuerySet[Alert]:
    other = ExpressionWrapper(~Q(category=F("incident__category")), BooleanField())
    rows = Alert.objects.filter(incident__pk__among=incidents).annotate(other=other)
    named = ("candidate__camera", "candidate__zone", "candidate__signal_source")
    shown = rows.select_related(*named).only("incident", "category", *(f"{one}__name" for one in named))
    return shown.order_by("incident", "other", "captured_at", "raised_at").distinct("incident")


def lead(incident: Incident) -> Candidate | None:
    """What the incident is named after: the first alert of its highest category."""
    if hasattr(incident, "named_after"):
        return incident.named_after.candidate if incident.named_after else None
    alerts = list(incident.alerts.all())
    named = [alert for alert in alerts if alert.category == incident.category]
    return (named or alerts)[0].candidate if alerts else None


def headline(incident: Incident) -> str:
    first = lead(incident)
    return title(incident.category, place(first) if first else "")


def row(incident: Incident) -> dict[str, Any]:
    """One incident in the strip: its HTML, the same for all readers, and the fields a page decides by.

    Instants are ISO 8601; ids are strings or "". `sound`: whether it is to be heard until somebody claims it.
    """
    limit_s = settings.CLAIM_ALL_S[incident.priority - 1]
    shown = incident.state in SHOWN
    late_by = clockline.age(incident.late_by) if incident.late_by else ""
    facts = {"incident": incident, "title": headline(incident), "limit_s": limit_s, "late_by": late_by}
    return {
        "incident": str(incident.pk),
        "state": incident.state,
        "offered_to": str(incident.offered_to_id or ""),
        "owner": str(incident.owner_id or ""),
        "away": incident.absent_since is not None,
        "priority": incident.priority,
        "escalation": incident.escalation,
        "queued": incident.queued_at.isoformat(),
        "turn": incident.turn_at.isoformat(),
        "painted": incident.painted_at is not None,
        "due": incident.due_at.isoformat() if incident.due_at else "",
        "sound": incident.state == State.OPEN,
        "title": facts["title"],
        "where": incident.site.name,
        "html": render_to_string("console/row.html", facts) if shown else "",
    }


def rows(event: Event) -> dict[str, Any]:
    """What the consoles of an organisation show of one event. Raises nothing for subjects that are gone."""
    return many([event])[0]


def many(events: Sequence[Event]) -> list[dict[str, Any]]:
    """The same of several: an incident of which more is told among them is rendered once, as it is after the last."""
    subjects = [_incident_of(event) for event in events]
    found = afar({pk for pk in subjects if pk is not None})
    rendered = {incident.pk: row(incident) for incident in found}
    return [_shown(event, rendered.get(pk) if pk else None) for event, pk in zip(events, subjects, strict=True)]


def _shown(event: Event, rendered: dict[str, Any] | None) -> dict[str, Any]:
    if event.kind in ANEW:
        return {"stale": True}
    if event.subject_type == "shift":
        return {"desk": str(event.data.get("user") or event.by_id)}
    return rendered or {}


def _incident_of(event: Event) -> UUID | None:
    if event.kind in ANEW or event.subject_type == "shift":
        return None
    if event.subject_type == "incident":
        return event.subject_id
    if event.subject_type == "attempt":
        return (
            _id_of(event.data.get("incident"))
            or Attempt.objects.filter(pk=event.subject_id).values_list("incident", flat=True).first()
        )
    if event.subject_type == "candidate":
        return Incident.objects.filter(alerts__candidate=event.subject_id).values_list("pk", flat=True).first()
    return _id_of(event.data.get("incident"))


def queue(user: User) -> dict[str, Any]:
    """`rows`: what a console may need next of what is unfinished, and the user's own. `beyond`: the rest in numbers, where
    there is one: {"waiting", "oldest", "parked", "due"}, instants in ISO 8601 or "". Four queries, however much waits.

    user: with memberships, which would else be asked for again and again.
    """
    wanted = _next(user)
    rows = [row(incident) for incident in afar(wanted)]
    if len(wanted) < MOST_ROWS:
        return {"rows": rows, "beyond": None}  # no kind was cut short
    ((count, *rest),) = _beyond(user, tuple(wanted))
    return {"rows": rows, "beyond": dict(zip(BEYOND, map(_said, rest), strict=True)) if count else None}


@prepared
def _next(user: User) -> QuerySet[Incident, UUID]:
    mine = Q(owner=user, state__in=HELD) | Q(offered_to=user, state=State.OPEN)
    unfinished = Incident.objects.visible_to(user, Act.CONSOLE).unfinished()
    some = (unfinished.exclude(state=State.PARKED), unfinished.unclaimed(), unfinished.filter(state=State.PARKED))
    first = [kind.by_urgency().values_list("pk", flat=True)[:MOST_ROWS] for kind in some]
    return first[0].union(*first[1:], unfinished.filter(mine).values_list("pk", flat=True))


@prepared
def _beyond(user: User, shown: tuple[UUID, ...]) -> QuerySet[Incident, Any]:
    waits, parked = Q(state=State.OPEN), Q(state=State.PARKED)
    rest = Incident.objects.visible_to(user, Act.CONSOLE).unfinished().exclude(pk__among=shown)
    counted = rest.order_by().values(one_group=Value(1)).annotate(
        count=Count("pk"), waiting=Count("pk", filter=waits), oldest=Min("captured_at", filter=waits),
        parked=Count("pk", filter=parked), due=Min("due_at", filter=parked),
    )  # fmt: skip
    return counted.values_list("count", *BEYOND)


def _said(value: datetime | int | None) -> int | str:
    """A count as it is, an instant as pages read it."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, datetime) else value


def snapshot(user: User) -> dict[str, Any]:
    """Everything a console starts from: what waits, this user's shift, and the figures of a quiet night."""
    prefetch_related_objects([user], "memberships")
    return {
        **queue(user),
        "shift": on_shift(user) is not None,
        "figures": figures(user),
        "storm": render_to_string("console/storm.html", banners(user)).strip(),
    }


def banners(user: User) -> dict[str, Any]:
    """What stands above the pane for everybody of the centre."""
    return {"storms": storms(user, at=clock.now()), "dispatch_stops": responses.stops_of(user)}


def figures(user: User) -> dict[str, Any]:
    """How the night stands, for the quiet screen. Counts; `last` is an ISO instant or ""."""
    cameras = Camera.objects.visible_to(user, Act.CONSOLE).filter(enabled=True)
    last = (
        Incident.objects.visible_to(user, Act.CONSOLE)
        .as_known()
        .order_by("-queued_at")
        .values_list("queued_at", flat=True)
        .first()
    )
    shift = on_shift(user)
    done = Incident.objects.in_earnest().filter(owner=user, state=State.CLOSED)
    filtered = Candidate.objects.visible_to(user, Act.CONSOLE).exclude(decision=Candidate.Decision.RAISE)
    return {
        "sites": cameras.order_by().values("site").distinct().count(),
        "cameras": cameras.count(),
        "dark": cameras.filter(health=Camera.Health.OFFLINE).count(),
        "last": last.isoformat() if last else "",
        "filtered": filtered.filter(captured_at__gte=shift.started_at).count() if shift else 0,
        "closed": done.filter(closed_at__gte=shift.started_at).count() if shift else 0,
        "since": shift.started_at.isoformat() if shift else "",
    }


def on_shift(user: User) -> Shift | None:
    return Shift.objects.filter(user=user, ended_at__isnull=True).first()


def colleagues(user: User) -> list[dict[str, Any]]:
    """Who else holds something now: call-sign, headline, site."""
    held = incidents_of(user).filter(Q(state__in=HELD) & ~Q(owner=user)).by_urgency()
    return [{"sign": i.owner.sign, "title": headline(i), "site": i.site.name} for i in held if i.owner]


def beat(user_id: UUID, said: Mapping[str, Any]) -> None:
    """A page of theirs is alive. What it says of itself: {"visible": bool, "active": bool, "open": incident id or "",
    "silent": bool}. A script that says nothing of it is awake; a socket that was just opened has said nothing yet.
    """
    actions.seen(
        user_id,
        at=clock.now(),
        visible=said.get("visible", "type" in said) is not False,
        active=said.get("active") is True,
        looking=_id_of(said.get("open")),
        silent=said.get("silent") is True,
    )


def _id_of(word: Any) -> UUID | None:
    """A page's word for an incident; what is no id names none."""
    try:
        return UUID(word) if isinstance(word, str) else None
    except ValueError:
        return None
