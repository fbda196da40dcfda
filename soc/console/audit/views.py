"""The audit's pages: what all cases come to, and which intrusions are shown again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from incidents.audit.known import mark as mark_known
from incidents.audit.known import put_to_use
from incidents.errors import Refused
from incidents.models import Incident, KnownIntrusion
from soc.console.audit import reads
from soc.console.readiness.views import whoever_may
from soc.core import clock
from soc.core.models import Site
from soc.core.rights import Act


@whoever_may(Act.AUDIT_RESULTS)
@require_safe
def results(request: HttpRequest) -> HttpResponse:
    """What the filter misses, with its interval and beside what it spares; every case that is over."""
    return _results(request)


@whoever_may(Act.AUDIT_MARK)
@require_POST
def mark(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A closed, genuine incident is shown again from now on."""
    try:
        mark_known(pk, by=request.user, at=clock.now())  # type: ignore[arg-type]
    except Incident.DoesNotExist as error:
        raise Http404 from error
    except Refused as refused:
        return _results(request, refused=refused)
    return redirect("console-audit")


@whoever_may(Act.AUDIT_MARK)
@require_POST
def known(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A known intrusion out of use, or back."""
    try:
        put_to_use(pk, request.POST.get("use") == "yes", by=request.user, at=clock.now())  # type: ignore[arg-type]
    except KnownIntrusion.DoesNotExist as error:
        raise Http404 from error
    return redirect("console-audit")


def _results(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    user: Any = request.user
    sites = reads.sites_of(user)
    chosen = _chosen(request, sites)
    days = reads.days_of(request.GET.get("days", ""))
    page = reads.page(user, sites, chosen, days=days, at=clock.now())
    listed = Paginator(page.pop("cases"), reads.A_PAGE).get_page(request.GET.get("page"))
    shown = {"listed": listed, "rows": [reads.row(case) for case in listed], "refused": refused}
    has_console = {"has_console": user.may_anywhere(Act.CONSOLE)}
    return render(request, "console/audit/results.html", page | shown | has_console, status=409 if refused else 200)


def _chosen(request: HttpRequest, sites: list[Site]) -> Site | None:
    """The site that is asked for; None: all. 404 for one that is not among them."""
    asked = request.GET.get("site", "")
    found = next((site for site in sites if str(site.pk) == asked), None)
    if asked and found is None:
        raise Http404
    return found
