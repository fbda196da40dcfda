"""The page of calls, on the desk; without scripts it is the whole console's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from incidents import actions
from incidents.errors import Refused
from incidents.models import CallNote
from soc.console import queue
from soc.console.calls import forms, reads
from soc.console.door import asked_by_script, specialist
from soc.core import clock
from soc.core.models import User
from soc.core.rights import Act


@specialist
@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    """What is owed, what is overdue, and a form for one more."""
    return _page(request)


@specialist
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Note one more; 409 with the words of a refusal."""
    user: Any = request.user
    form = request.POST
    if not user.may_anywhere(Act.HANDLE):
        raise Http404
    try:
        actions.note_call(forms.site(form), **forms.fields(form), by=user, at=clock.now())
    except Refused as refused:
        return _page(request, refused, "add")
    except ObjectDoesNotExist as error:
        raise Http404 from error
    return _done(request)


@specialist
@require_POST
def act(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """End one (`done`, `dropped`) or put it off (`later`); 409 with the words of a refusal."""
    user: Any = request.user
    at = clock.now()
    try:
        if verb == "later":
            actions.put_off_call(pk, minutes=forms.minutes(request.POST), by=user, at=at)
        elif verb in CallNote.Ended.values:
            actions.end_call(pk, ended=verb, by=user, at=at)
        else:
            raise Http404
    except Refused as refused:
        # What is not theirs is not there, whatever is asked of it.
        if not CallNote.objects.visible_to(user, Act.HANDLE).filter(pk=pk).exists():
            raise Http404 from refused
        return _page(request, refused, str(pk))
    except CallNote.DoesNotExist as error:
        raise Http404 from error
    return _done(request)


def _done(request: HttpRequest) -> HttpResponse:
    return _page(request) if asked_by_script(request) else redirect("console-calls")


def _page(request: HttpRequest, refused: Refused | None = None, where: str = "") -> HttpResponse:
    """`where`: which form was refused, by the note's id or “add”. What was typed comes back."""
    user: User = request.user  # type: ignore[assignment]
    facts = reads.page(user, at=clock.now()) | {
        "refused": refused,
        "where": where,
        "given": request.POST if refused else {},
    }
    return queue.on_desk(request, "console/calls/calls.html", facts, refused=refused is not None)
