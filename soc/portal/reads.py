"""What a customer may see: incidents that a person has looked at, and never a quiet one while it goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Count, Min, OuterRef, Prefetch, Q, QuerySet, Subquery, When

from cameras.models import Angle
from incidents.models import Alert, Incident
from incidents.models.incident import IncidentQuerySet, State
from soc.core import chain
from soc.core.feed.audiences import audiences_of
from soc.core.models import Event, Media, Site, User
from soc.core.rights import Act


def sites_of(user: User) -> QuerySet[Site]:
    """In the order they are listed."""
    return Site.objects.visible_to(user, Act.PORTAL).select_related("customer").order_by("name", "pk")


def incidents_of(user: User) -> IncidentQuerySet:
    """Newest first. A quiet one (hold-up, duress, panic) appears when it is closed: until then whoever forces the
    customer may be looking at this very page."""
    rows: IncidentQuerySet = Incident.objects.visible_to(user, Act.PORTAL)
    going_on = Q(quiet=True) & ~Q(state=State.CLOSED)
    handled = rows.in_earnest().filter(claimed_at__isnull=False).exclude(going_on)
    return handled.select_related("site", "owner").order_by("-captured_at", "-number")


def may_be_told(incident: Incident) -> bool:
    """The same rule for one row, for the live feed."""
    return incident.claimed_at is not None and not (incident.quiet and incident.state != State.CLOSED)


def faces(incidents: Iterable[Incident]) -> dict[UUID, Alert]:
    """The alert that stands for each incident in a list: its first with a picture, else its first."""
    no_picture = Case(When(candidate__snapshot__isnull=False, then=0), default=1)
    best = Alert.objects.filter(incident=OuterRef("pk")).order_by(no_picture, "captured_at").values("pk")[:1]
    rows = Incident.objects.filter(pk__in=[incident.pk for incident in incidents]).annotate(best=Subquery(best))
    chosen = dict(rows.values_list("pk", "best"))
    alerts = _with_evidence(Alert.objects.filter(pk__in=chosen.values()))
    by_pk = {alert.pk: alert for alert in alerts}
    return {incident: by_pk[alert] for incident, alert in chosen.items() if alert in by_pk}


def alerts_of(incident: Incident, *, limit: int = 50) -> list[Alert]:
    """In the order they were captured, with their pictures, those of other cameras too."""
    views = Prefetch("candidate__angles", Angle.objects.select_related("camera", "clip").order_by("camera__name"))
    return list(_with_evidence(incident.alerts.order_by("captured_at")).prefetch_related(views)[:limit])


def _with_evidence(alerts: QuerySet[Alert]) -> QuerySet[Alert]:
    paths = ("candidate__camera", "candidate__zone", "candidate__clip", "candidate__snapshot")
    return alerts.select_related(*paths)


@dataclass(frozen=True)
class Viewing:
    """One person's viewings of an incident's videos."""

    user: User
    first: datetime
    times: int


def viewings(clips: Iterable[Media]) -> list[Viewing]:
    """Who watched, earliest first."""
    return _by_person(Event.objects.filter(kind="media.viewed", subject_id__in=[clip.pk for clip in clips]))


def live_viewings(incident: Incident) -> list[Viewing]:
    """Who looked through the site's cameras while it went on, earliest first."""
    rows = Event.objects.filter(kind="camera.viewed", site_id=incident.site_id, at__gte=incident.captured_at)
    return _by_person(rows.filter(at__lte=incident.closed_at) if incident.closed_at else rows)


def _by_person(events: QuerySet[Event]) -> list[Viewing]:
    people = events.exclude(by=None).values("by").annotate(first=Min("at"), times=Count("pk")).order_by("first")
    rows = list(people)
    users = User.objects.prefetch_related("memberships").in_bulk([row["by"] for row in rows])
    return [Viewing(users[row["by"]], row["first"], row["times"]) for row in rows]


def positions(user: User) -> dict[str, int]:
    """Where the user's portal audiences stand now. Read before the state of a page: the page's socket resumes after them."""
    head = chain.head()[0]
    return {audience.key: audience.last(head) for audience in audiences_of(user) if audience.face == "portal"}
