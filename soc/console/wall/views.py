"""The supervisors' wall. Its parts, asked for by its own module every few seconds, are the same without their frame."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cameras.errors import Refused as CameraRefused
from incidents import actions
from incidents.actions.watching import watch as begin_watch
from incidents.errors import Refused
from incidents.models import Incident
from soc.console import pane
from soc.console.centres import asked_for, centres
from soc.console.door import ALERTS, asked_by_script, incident_of
from soc.console.readiness.views import whoever_may
from soc.console.strip import headline
from soc.console.wall import acts, queue, reads, slow
from soc.console.words import words
from soc.core import clock
from soc.core.models import Organisation, User
from soc.core.rights import Act

NOBODYS = "00000000-0000-0000-0000-000000000000"  # in an address, where a page puts an incident's id
# Of what the pane can show: whatever somebody could do with it is left out.
READ_ONLY = {"offer": False, "mine": False, "may_override": False, "may_cover": False, "watching": True}
NOT_KEPT = {"may_hold": False, "may_export": False, "may_mark": False}


@whoever_may(Act.WALL)
@require_safe
def wall(request: HttpRequest) -> HttpResponse:
    """The wall of one centre. `of`: which, where there are several; `assign`, `do`: the panel that is open; `part`: slow, or what
    is to be heard, {"priority": 0..3}."""
    user, chosen, all_of_them = _whose(request)
    at = clock.now()
    if asked_by_script(request):
        if request.GET.get("part") == "heard":
            return JsonResponse({"priority": queue.loudest(user, chosen)})
        if request.GET.get("part") == "slow":
            return render(request, "console/wall/slow.html", slow.slow(user, chosen, at=at))
        return render(request, "console/wall/now.html", {"user": user, **reads.page(user, chosen, at=at)})
    return _page(request, user, chosen, all_of_them, at=at)


def _page(
    request: HttpRequest, user: User, chosen: Organisation, all_of_them: list[Organisation], *, at: datetime,
    panel: dict[str, Any] | None = None, status: int = 200,
) -> HttpResponse:  # fmt: skip
    facts = reads.page(user, chosen, at=at) | {
        "organisations": all_of_them,
        "panel": panel or _panel(request, user, chosen),
        "settings": _settings(user),
        "words": words(),
    }
    return render(request, "console/wall/wall.html", facts, status=status)


def _panel(request: HttpRequest, user: User, chosen: Organisation) -> dict[str, Any] | None:
    """What is asked for before something is done: the incident and to whom, or a control's form."""
    if (verb := request.GET.get("do", "")) in acts.VERBS:
        return acts.form(verb, user, chosen)
    try:
        pk = UUID(request.GET.get("assign", ""))
    except ValueError:
        return None
    return _assigning(user, chosen, pk)


def _assigning(user: User, chosen: Organisation, pk: UUID) -> dict[str, Any]:
    rows = Incident.objects.visible_to(user, Act.ASSIGN).unfinished().filter(organisation=chosen)
    incident = rows.select_related("site", "owner").prefetch_related(ALERTS).filter(pk=pk).first()
    if incident is None:
        raise Http404
    whom = [one for one in reads.to_whom(incident.site) if one.pk != incident.owner_id]
    return {"name": "assign", "incident": incident, "title": headline(incident), "whom": whom}


@whoever_may(Act.ASSIGN)
@require_POST
def assign(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Give an incident to somebody at a desk; 409 with the words of a refusal."""
    user, chosen, all_of_them = _whose(request)
    at = clock.now()
    incident = (
        Incident.objects.visible_to(user, Act.ASSIGN).select_related("organisation", "site").filter(pk=pk).first()
    )
    if incident is None:
        raise Http404
    chosen = incident.organisation
    try:
        to = next((one for one in reads.to_whom(incident.site) if str(one.pk) == request.POST.get("to")), None)
        if to is None:
            raise Refused("to", acts.CHOOSE)
        actions.reassign(pk, to=to, reason=request.POST.get("reason", ""), by=user, at=at)
    except Refused as refused:
        panel = _assigning(user, chosen, pk) if incident.state != "closed" else None
        panel = {**(panel or {"name": "told"}), "refused": refused, "given": request.POST}
        return _page(request, user, chosen, all_of_them, at=at, panel=panel, status=409)
    return _back(chosen, all_of_them)


@whoever_may(Act.WALL)
@require_POST
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """Use a control: begin or end a storm or a drill, stop or allow dispatches; 409 with the words of a refusal."""
    user, chosen, all_of_them = _whose(request)
    if verb not in acts.VERBS or not user.may_anywhere(acts.VERBS[verb]):
        raise Http404
    at = clock.now()
    try:
        acts.do(verb, request.POST, user, chosen, at=at)
    except (Refused, CameraRefused) as refused:
        panel = {**acts.form(verb, user, chosen), "refused": refused, "given": request.POST}
        return _page(request, user, chosen, all_of_them, at=at, panel=panel, status=409)
    return _back(chosen, all_of_them)


@whoever_may(Act.WALL)
@require_safe
def watch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Somebody's incident as it goes on, without a key to press in it: they are not told, the record is."""
    user: Any = request.user
    prefetch_related_objects([user], "memberships")
    try:
        begin_watch(pk, by=user, at=clock.now())
    except Incident.DoesNotExist as error:
        raise Http404 from error
    facts = pane.context(incident_of(user, pk), user) | READ_ONLY
    facts["keeping"] |= NOT_KEPT
    if asked_by_script(request):
        return render(request, "console/wall/watched.html", facts)
    addresses = {"console": reverse("console-wall"), "incident": reverse("console-wall-watch", args=[NOBODYS])}
    facts |= {"settings": _settings(user) | addresses, "words": words(), "may_assign": user.may_anywhere(Act.ASSIGN)}
    return render(request, "console/wall/watch.html", facts)


def _settings(user: User) -> dict[str, str]:
    return {"login": reverse("login"), "me": str(user.pk)}


def _whose(request: HttpRequest) -> tuple[User, Organisation, list[Organisation]]:
    """Who looks, at which centre, of which. 404 for a centre that is not theirs."""
    user: Any = request.user
    prefetch_related_objects([user], "memberships")
    found = centres(user, Act.WALL)
    centre = asked_for(found, request.POST.get("of") or request.GET.get("of", ""))
    if centre is None:
        raise Http404
    return user, centre, found


def _back(chosen: Organisation, all_of_them: list[Organisation]) -> HttpResponse:
    address = reverse("console-wall")
    return redirect(f"{address}?of={chosen.pk}" if len(all_of_them) > 1 else address)
