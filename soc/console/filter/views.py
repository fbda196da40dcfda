"""The filter's pages: for whoever of the centre may know how much of what is real it passes."""

from __future__ import annotations

from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST, require_safe

from cameras.actions import gate
from incidents.causes import Cause, suggestion_for
from incidents.funnel import began
from soc.console.door import View, asked_by_script
from soc.console.filter import lists, reads, suggested
from soc.core import clock
from soc.core.models import Site
from soc.core.rights import MATRIX, Act, Role


def reviewer(view: View) -> View:
    """Log-in first; 404 for whoever sees figures as nobody of the centre. Hands their sites on."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user: Any = request.user
        if not user.roles() & MATRIX[Act.FUNNEL] & Role.of_centre():
            raise Http404
        return view(request, reads.sites_of(user), *args, **kwargs)

    return guarded


@reviewer
@require_safe
def figures(request: HttpRequest, sites: list[Site]) -> HttpResponse:
    """From frames with motion to what was real; what false alarms came from, and what would have stopped them."""
    user: Any = request.user
    chosen = chosen_of(request, sites)
    shown = reads.page(user, sites, chosen, days=days_of(request.GET), at=clock.now())
    shown["causes"] = suggested.causes([chosen] if chosen else sites, shown["link"])
    return render(request, "console/filter/figures.html", shown | {"has_console": user.may_anywhere(Act.CONSOLE)})


@reviewer
@require_safe
def incidents(request: HttpRequest, sites: list[Site]) -> HttpResponse:
    """The incidents that a number of the first page counts."""
    user: Any = request.user
    chosen = chosen_of(request, sites)
    asked = lists.Asked.of(request.GET)
    rows = lists.incidents([chosen] if chosen else sites, asked)
    listed = Paginator(rows, lists.A_PAGE).get_page(request.GET.get("page"))
    shown = {"listed": listed, "asked": asked, "site": chosen, "query": lists.without_page(request.GET)}
    return render(request, "console/filter/incidents.html", shown | {"has_console": user.may_anywhere(Act.CONSOLE)})


@reviewer
@require_safe
def cause(request: HttpRequest, sites: list[Site], pk: UUID) -> HttpResponse:
    """What would have stopped the needless alarms of one cause, replayed. Asked for by the page; a page of its own without."""
    user: Any = request.user
    found, since, until = _cause_of(request.GET, sites, pk)
    shown = suggested.page(found, user, since=since, until=until) if found else {"cause": None}
    shown |= {"days": days_of(request.GET), "has_console": user.may_anywhere(Act.CONSOLE)}
    frame = "console/filter/suggested.html" if asked_by_script(request) else "console/filter/cause.html"
    return render(request, frame, shown)


@reviewer
@require_POST
def draft(request: HttpRequest, sites: list[Site], pk: UUID) -> HttpResponse:
    """Make a suggestion the site's draft: to be looked at, replayed and published on the policy's own page."""
    user: Any = request.user
    site = _own(sites, pk)
    if not user.may(Act.PROPOSE, site):
        raise Http404
    found, since, until = _cause_of(request.POST, sites, pk)
    kind = request.POST.get("kind", "")
    wanted = suggestion_for(found, kind, since=since, until=until) if found else None
    if wanted is None or wanted.suggestion.body is None:
        return render(request, "console/filter/refused.html", {"code": "gone"}, status=409)
    try:
        gate.keep(
            site, wanted.suggestion.body, by=user, at=clock.now(), seen=parse_datetime(request.POST.get("seen", ""))
        )
    except (gate.HeldUp, ValueError):
        return render(request, "console/filter/refused.html", {"code": "overtaken"}, status=409)
    return redirect("admin:core_site_policy", site.pk)


def _own(sites: list[Site], pk: UUID) -> Site:
    found = next((site for site in sites if site.pk == pk), None)
    if found is None:
        raise Http404
    return found


def _cause_of(data: QueryDict, sites: list[Site], pk: UUID) -> tuple[Cause | None, datetime, datetime]:
    """The cause that is asked for, and the time that it is looked for in. 404 for a site of others."""
    site, until = _own(sites, pk), clock.now()
    since = began(site.zone_info, until=until, days=days_of(data))
    return suggested.asked_for(site, data, since=since, until=until), since, until


def chosen_of(request: HttpRequest, sites: list[Site]) -> Site | None:
    """The site that is asked for; None: all. 404 for one that is not among them."""
    if not (asked := request.GET.get("site", "")):
        return None
    try:
        wanted = UUID(asked)
    except ValueError:
        raise Http404 from None
    for site in sites:
        if site.pk == wanted:
            return site
    raise Http404


def days_of(data: QueryDict) -> int:
    """One of the periods; the longest where none or nonsense is asked for."""
    asked = data.get("days", "")
    return int(asked) if asked in map(str, reads.PERIODS) else max(reads.PERIODS)
