"""The open incident: a part of the console for its scripts, a whole page for a plain link."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from incidents.audit.guard import Exercise
from incidents.audit.revealing import break_off
from incidents.errors import Refused
from incidents.export import package
from soc.console import meanwhile, pane, queue
from soc.console.contained import HEADER, contained
from soc.console.door import asked_by_script, incident_of, specialist
from soc.core import clock
from soc.core.rights import Act


@specialist
@require_safe
def incident(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One incident as it is now."""
    return show(request, pk, chosen=chosen_alert(request))


def show(
    request: HttpRequest, pk: UUID, *, chosen: UUID | None = None, panel: str = "", outcome: str = "",
    refused: Refused | None = None, verb: str = "",
) -> HttpResponse:  # fmt: skip
    """The pane, 409 when an act was refused: as it is after what happened meanwhile, with the words of the refusal."""
    user: Any = request.user
    known = contained(pk)
    facts = pane.context(incident_of(user, pk), user, chosen=chosen, panel=panel, outcome=outcome, refused=refused)
    facts |= {"refused_verb": verb, "refused_words": meanwhile.words(facts["incident"], user, refused)}
    status = 409 if refused else 200
    if asked_by_script(request):
        answer = render(request, "console/pane.html", facts, status=status)
        answer[HEADER] = known
        return answer
    return render(request, "console/console.html", {**queue.page(user), **facts}, status=status)


@specialist
@require_safe
def export(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The incident as one signed package. One of the blind audit is none: it ends, and says so."""
    user: Any = request.user
    found = incident_of(user, pk)
    if not user.may(Act.EXPORT, found.site):
        raise Http404
    try:
        return package.download(found, by=user, reader="centre")
    except Exercise as refused:
        break_off(pk, "export", at=clock.now())
        return show(request, pk, refused=refused, verb="export")


def chosen_alert(request: HttpRequest) -> UUID | None:
    """Whose evidence is looked at: the address says so, of an act's answer too."""
    try:
        return UUID(request.GET.get("alert", ""))
    except ValueError:
        return None
