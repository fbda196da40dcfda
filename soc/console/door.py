"""Who may come in: a view of this face is for specialists, and for everybody else it is not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase

from incidents.models import Alert, Incident
from soc.core.models import Approval, Membership, User
from soc.core.prepared import keep, prepared
from soc.core.rights import Act

View = Callable[..., HttpResponseBase]


class SpecialistRequest(HttpRequest):
    """A request whose user is logged in (for type checkers)."""

    user: User


def specialist(view: View) -> View:
    """Log-in first; 404 for whoever has no console."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user: Any = request.user
        # Every read and every right below begins with them: asked for once a request.
        keep(user, "memberships", _memberships(user.pk))
        if not user.may_anywhere(Act.CONSOLE):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


SHOWN = Alert.objects.select_related(
    "candidate__site", "candidate__camera", "candidate__zone", "candidate__signal_source",
    "candidate__clip", "candidate__snapshot",
).order_by("captured_at", "raised_at")  # fmt: skip
ALERTS: Prefetch = Prefetch("alerts", SHOWN)


@prepared
def _memberships(user: UUID) -> QuerySet[Membership]:
    return Membership.objects.filter(user=user)


@prepared
def _one(user: User, pk: UUID) -> QuerySet[Incident]:
    # Whether something waits for a second person there: nearly never, so what it is is asked for only then.
    asks = Exists(Approval.objects.filter(site=OuterRef("site"), state=Approval.State.WAITING))
    return with_people(Incident.objects.visible_to(user, Act.CONSOLE)).filter(pk=pk).annotate(asks=asks)


@prepared
def _alerts(incident: UUID) -> QuerySet[Alert]:
    return SHOWN.filter(incident=incident)


def incidents_of(user: User) -> Any:
    """The incidents on this user's console, with all that a row or the pane shows of them."""
    return with_people(Incident.objects.visible_to(user, Act.CONSOLE)).prefetch_related(ALERTS)


def with_people(rows: QuerySet[Incident]) -> QuerySet[Incident]:
    return rows.select_related("site__customer", "owner", "offered_to", "hold_by")


def incident_of(user: User, pk: UUID) -> Incident:
    """One of them, or 404. The pane of an open incident begins here, many times a second: two queries, made beforehand."""
    found: Incident | None = next(iter(_one(user, pk)), None)
    if found is None:
        raise Http404
    alerts = _alerts(found.pk)
    for alert in alerts:
        alert.incident = found
    keep(found, "alerts", alerts)
    return found


def must_see(user: User, pk: UUID) -> None:
    """404 where it is none of theirs."""
    if not Incident.objects.visible_to(user, Act.CONSOLE).filter(pk=pk).exists():
        raise Http404


def asked_by_script(request: HttpRequest) -> bool:
    """Whether the page's own modules ask (they want a part of a page), rather than a plain link or form."""
    return request.headers.get("X-Requested-With") == "fetch"
