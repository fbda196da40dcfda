"""Who may come in: a view of this face is for specialists, and for everybody else it is not there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponseBase

from incidents.models import Alert, Incident
from soc.core.models import User
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
        prefetch_related_objects([user], "memberships")
        if not user.may_anywhere(Act.CONSOLE):
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


ALERTS: Prefetch = Prefetch(
    "alerts",
    Alert.objects.select_related(
        "candidate__site", "candidate__camera", "candidate__zone", "candidate__signal_source",
        "candidate__clip", "candidate__snapshot",
    ).order_by("captured_at", "raised_at"),
)  # fmt: skip


def incidents_of(user: User) -> Any:
    """The incidents on this user's console, with all that a row or the pane shows of them."""
    rows = Incident.objects.visible_to(user, Act.CONSOLE)
    return rows.select_related("site__customer", "owner", "offered_to", "hold_by").prefetch_related(ALERTS)


def incident_of(user: User, pk: UUID) -> Incident:
    """One of them, or 404."""
    found: Incident | None = incidents_of(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def must_see(user: User, pk: UUID) -> None:
    """404 where it is none of theirs."""
    if not Incident.objects.visible_to(user, Act.CONSOLE).filter(pk=pk).exists():
        raise Http404


def asked_by_script(request: HttpRequest) -> bool:
    """Whether the page's own modules ask (they want a part of a page), rather than a plain link or form."""
    return request.headers.get("X-Requested-With") == "fetch"
