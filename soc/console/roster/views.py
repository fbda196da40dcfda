"""The roster's page and its two acts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from incidents.actions import rostering
from incidents.errors import Refused
from incidents.models import RosterEntry
from soc.console.centres import asked_for, centres
from soc.console.readiness.views import whoever_may
from soc.console.roster import reads
from soc.console.times import centre_zone, local
from soc.core import clock
from soc.core.models import Organisation
from soc.core.rights import Act


@whoever_may(Act.CONSOLE)
@require_safe
def roster(request: HttpRequest) -> HttpResponse:
    """A week."""
    return _page(request, _centre(request, request.GET.get("of", "")))


def _centre(request: HttpRequest, asked: str) -> Organisation:
    user: Any = request.user
    found = asked_for(centres(user, Act.CONSOLE), asked)
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, organisation: Organisation, refused: Refused | None = None) -> HttpResponse:
    user: Any = request.user
    facts = reads.week(user, organisation, request.GET.get("week", ""), at=clock.now())
    facts |= {"refused": refused, "given": request.POST}
    return render(request, "console/roster/roster.html", facts, status=409 if refused else 200)


@whoever_may(Act.ASSIGN)
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """One more entry; back to its week."""
    user: Any = request.user
    form = request.POST
    organisation = _centre(request, form.get("of", ""))
    zone = centre_zone(organisation)
    try:
        starts, ends = local(form.get("starts", ""), zone), local(form.get("ends", ""), zone)
        if starts is None or ends is None:
            raise Refused("span", _("Give a day and a time for the beginning and the end."))
        entry = rostering.add_to_roster(
            organisation,
            user=_id(form.get("user", "")),
            duty=form.get("duty", ""),
            starts_at=starts,
            ends_at=ends,
            by=user,
            at=clock.now(),
        )
    except Organisation.DoesNotExist as error:
        raise Http404 from error
    except Refused as refused:
        return _page(request, organisation, refused)
    return _back(organisation, entry.starts_at.astimezone(zone).date().isoformat())


@whoever_may(Act.ASSIGN)
@require_POST
def strike(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take an entry off; back to its week."""
    user: Any = request.user
    try:
        entry = RosterEntry.objects.select_related("organisation").get(pk=pk)
        rostering.strike_off_roster(pk, by=user, at=clock.now())
    except RosterEntry.DoesNotExist as error:
        raise Http404 from error
    except Refused as refused:
        return _page(request, entry.organisation, refused)
    zone = centre_zone(entry.organisation)
    return _back(entry.organisation, entry.starts_at.astimezone(zone).date().isoformat())


def _back(organisation: Organisation, day: str) -> HttpResponse:
    return redirect(f"{reverse('console-roster')}?of={organisation.pk}&week={day}")


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Refused("user", _("Choose somebody whose role fits this duty.")) from error
