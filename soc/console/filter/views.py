"""The filter's pages: for whoever of the centre may know how much of what is real it passes."""

from __future__ import annotations

from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from soc.console.door import View
from soc.console.filter import lists, reads
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
    shown = reads.page(user, sites, chosen, days=days_of(request), at=clock.now())
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


def days_of(request: HttpRequest) -> int:
    """One of the periods; the longest where none or nonsense is asked for."""
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, reads.PERIODS) else max(reads.PERIODS)
