"""The record's one page."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from soc.console.readiness.views import whoever_may
from soc.console.search import reads
from soc.core.rights import Act


@whoever_may(Act.SEE)
@require_safe
def record(request: HttpRequest) -> HttpResponse:
    """What fits the search, newest first."""
    user: Any = request.user
    if not (user.may_anywhere(Act.AUDIT) or user.may_anywhere(Act.CONSOLE)):
        raise Http404
    asked = reads.asked_of(user, request.GET)
    facts = reads.found(user, asked) | reads.choices(user)
    kept = request.GET.copy()
    kept.pop("before", None)
    return render(
        request, "console/search/record.html", facts | {"asked": asked, "given": request.GET, "kept": kept.urlencode()}
    )
