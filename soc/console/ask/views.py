"""The pages: a question with its answer, a site's candidates, one candidate. All by GET: an address can be kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from cameras.models import Candidate
from soc.console.ask import reads
from soc.console.ask.forms import CandidatesForm, QuestionForm, written
from soc.console.readiness.views import whoever_may
from soc.core import clock
from soc.core.models import Site, User
from soc.core.rights import Act


@whoever_may(Act.WHY)
@require_safe
def ask(request: HttpRequest) -> HttpResponse:
    """The question, and once there is one, its answer by the policy in force and by the draft."""
    user: Any = request.user
    site, sites = chosen(user, request.GET)
    asked = "category" in request.GET
    shown: dict[str, Any] = {"sites": sites, "site": site, "sides": [], "here": "ask"}
    if site is not None:
        form = QuestionForm(request.GET if asked else begun(site, request.GET), site=site)
        if asked and form.is_valid():
            shown["sides"] = reads.sides(form.question())
        if not asked:
            form.errors.clear()  # nobody has asked yet
        shown |= {"form": form, "asked": asked}
    return render(
        request, "console/ask/ask.html", shown | nav(user), status=400 if asked and not shown["sides"] else 200
    )


@whoever_may(Act.WHY)
@require_safe
def candidates(request: HttpRequest) -> HttpResponse:
    """What was noticed at a site, the ignored too, each with its reasons."""
    user: Any = request.user
    site, sites = chosen(user, request.GET)
    shown: dict[str, Any] = {"sites": sites, "site": site, "here": "why"}
    if site is not None:
        form = CandidatesForm(request.GET)
        rows = form.narrowed(reads.candidates_of(user, site), site.zone_info)
        page = Paginator(rows, reads.A_PAGE).get_page(request.GET.get("page"))
        shown |= {
            "form": form,
            "page": page,
            "whys": reads.whys(user, list(page)),
            "question": without_page(request.GET),
        }
    return render(request, "console/ask/candidates.html", shown | nav(user))


@whoever_may(Act.WHY)
@require_safe
def candidate(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One of them, with all it was judged by."""
    user: Any = request.user
    found: Candidate | None = reads.shown(user).filter(pk=pk).first()
    if found is None:
        raise Http404
    shown = {"why": reads.whys(user, [found])[0], "site": found.site, "again": again(found), "here": "why"}
    return render(request, "console/ask/candidate.html", shown | nav(user))


def again(row: Candidate) -> str:
    """The address of the question whether the same would happen now."""
    stayed = next((reason["seconds"] for reason in row.reasons if reason.get("code") in ("dwell", "short_stay")), "")
    asked = {
        "site": row.site_id, "zone": row.zone_id or "", "category": row.category, "dwell": stayed,
        "at": written(clock.now(), row.site.zone_info),
    }  # fmt: skip
    return f"{reverse('console-ask')}?{urlencode(asked)}"


def chosen(user: User, data: QueryDict) -> tuple[Site | None, list[Site]]:
    """The site that is asked about, the only one if there is but one, and those there are. Raises Http404 for a foreign one."""
    sites = list(reads.sites_of(user))
    if given := data.get("site"):
        found = next((site for site in sites if str(site.pk) == given), None)
        if found is None:
            raise Http404
        return found, sites
    return (sites[0] if len(sites) == 1 else None), sites


def begun(site: Site, data: QueryDict) -> dict[str, Any]:
    """The form before anything was asked: a person, now, in the zone that a link may have named."""
    at = written(clock.now(), site.zone_info)
    return {"category": "person", "at": at, "expected": "planned", "people": 1, "zone": data.get("zone", "")}


def without_page(data: QueryDict) -> str:
    kept = data.copy()
    kept.pop("page", None)
    return kept.urlencode()


def nav(user: User) -> dict[str, bool]:
    """Which other pages this user has."""
    return {"has_console": user.may_anywhere(Act.CONSOLE), "has_readiness": user.may_anywhere(Act.READINESS)}
