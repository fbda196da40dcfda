"""The retelling's one page. A moment of it, asked for by its own module, is the same without its frame."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from soc.console.door import asked_by_script
from soc.console.readiness.views import whoever_may
from soc.console.retelling import reads
from soc.core.rights import Act


@whoever_may(Act.SEE)
@require_safe
def retelling(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One closed incident at the moment that is asked for."""
    user: Any = request.user
    incident = reads.incidents_of(user).filter(pk=pk).first()
    if incident is None:
        raise Http404
    facts = reads.page(incident, user, _number(request.GET.get("n", "")))
    frame = "console/retelling/moment.html" if asked_by_script(request) else "console/retelling/retelling.html"
    return render(request, frame, facts)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
