"""The readiness pages. A part of a page, asked for by its own module every few seconds, is the same without its frame."""

from __future__ import annotations

from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from cameras.actions import condition_ended, renew_reference
from cameras.actions.speaker import check_speaker
from cameras.models import Camera, Condition, PolicyDraft
from soc.console.approvals import reads as approvals
from soc.console.door import View, asked_by_script
from soc.console.readiness import reads
from soc.console.words import words
from soc.core import clock
from soc.core.models import Site
from soc.core.rights import Act


def whoever_may(act: Act) -> Any:
    """Log-in first; 404 for whoever may not `act` anywhere."""

    def guard(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            user: Any = request.user
            if not user.may_anywhere(act):
                raise Http404
            return view(request, *args, **kwargs)

        return guarded

    return guard


@whoever_may(Act.READINESS)
@require_safe
def cameras(request: HttpRequest) -> HttpResponse:
    """All sites, those that are armed or soon will be with a blind camera first."""
    user: Any = request.user
    at = clock.now()
    page = Paginator(reads.sites_of(user, at=at), reads.SITES_A_PAGE).get_page(request.GET.get("page"))
    frame = "console/readiness/sites.html" if asked_by_script(request) else "console/readiness/list.html"
    proposes = set(Site.objects.visible_to(user, Act.PROPOSE).values_list("pk", flat=True))
    drafts = PolicyDraft.objects.visible_to(user, Act.SIGN).filter(sign_asked_at__isnull=False)
    policies = {"proposes": proposes, "to_sign": set(drafts.values_list("site", flat=True))}
    facts = {"page": page, "at": at, "has_console": user.may_anywhere(Act.CONSOLE), **policies}
    if not asked_by_script(request):
        facts["nobody"] = approvals.nobody(user)
    return render(request, frame, facts)


@whoever_may(Act.READINESS)
@require_safe
def camera(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One camera: its picture for those who may see it, what is wrong, what is measured, what was."""
    user: Any = request.user
    found = reads.camera_of(user, pk)
    if found is None:
        raise Http404
    shown = reads.camera_page(found, user, at=clock.now())
    frame = "console/readiness/facts.html" if asked_by_script(request) else "console/readiness/camera.html"
    return render(request, frame, {**shown, "words": words(), "has_console": user.may_anywhere(Act.CONSOLE)})


@whoever_may(Act.TEND)
@require_POST
def renew(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The view as it is now is as it shall be."""
    found = _tended(request, pk)
    renew_reference(found.pk, by=request.user, at=clock.now())  # type: ignore[arg-type]
    return redirect("console-camera", found.pk)


@whoever_may(Act.TEND)
@require_POST
def serviced(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What made it alarm for nothing is gone: it is not flagged any more, until it is a runaway again."""
    found = _tended(request, pk)
    condition_ended(found.pk, kind=Condition.Kind.RUNAWAY, at=clock.now())
    return redirect("console-camera", found.pk)


@whoever_may(Act.TEND)
@require_POST
def speaker(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the camera whether it takes sound; some seconds at most, and nothing is heard there."""
    found = _tended(request, pk)
    check_speaker(found.pk, by=request.user, at=clock.now())  # type: ignore[arg-type]
    return redirect("console-camera", found.pk)


def _tended(request: HttpRequest, pk: UUID) -> Camera:
    user: Any = request.user
    found: Camera | None = Camera.objects.visible_to(user, Act.TEND).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
