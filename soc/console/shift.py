"""Sitting down and getting up."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from incidents import actions
from incidents.errors import Refused
from soc.console import queue
from soc.console.door import asked_by_script, specialist
from soc.core import clock
from soc.core.models import Organisation, User
from soc.core.rights import MATRIX, Act


@specialist
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    return answer(request, lambda: actions.start_shift(user=user, organisation=workplace(user), at=clock.now()))


@specialist
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    return answer(request, lambda: actions.end_shift(user=user, at=clock.now()))


def workplace(user: User) -> Organisation:
    """The organisation in which this user handles incidents; the first by name of several."""
    held = user.memberships.filter(role__in=MATRIX[Act.HANDLE]).select_related(
        "organisation", "customer__organisation", "site__organisation"
    )
    found = [m.organisation or (m.customer or m.site).organisation for m in held]  # type: ignore[union-attr]
    if not found:
        raise Refused("role", _("Your role may not handle incidents."))
    return min(found, key=lambda organisation: organisation.name)


def answer(request: HttpRequest, do: Any) -> HttpResponse:
    """The shift's toggle as it then is; 409 with the words of a refusal."""
    refused = None
    try:
        do()
    except Refused as error:
        refused = error
    if not asked_by_script(request) and refused is None:
        return redirect("console")
    user: Any = request.user
    template = "console/shift.html" if asked_by_script(request) else "console/console.html"
    return render(request, template, {**queue.page(user), "refused": refused}, status=409 if refused else 200)
