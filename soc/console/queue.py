"""The console's own page: top bar, strip, and an empty desk that the feed fills."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from soc.console import card, strip
from soc.console.door import asked_by_script, specialist
from soc.console.keymap import commands
from soc.console.readiness import reads
from soc.console.shift import aside
from soc.console.shift import reads as shift
from soc.console.words import words
from soc.core import clock
from soc.core.models import User
from soc.core.rights import Act


@specialist
@require_safe
def console(request: HttpRequest) -> HttpResponse:
    """The page an operator keeps open all night."""
    return render(request, "console/console.html", page(request.user))  # type: ignore[arg-type]


@specialist
@require_safe
def quiet(request: HttpRequest) -> HttpResponse:
    """What the desk shows when there is nothing to handle: all quiet, or how to begin."""
    template = "console/quiet.html" if asked_by_script(request) else "console/console.html"
    return render(request, template, page(request.user))  # type: ignore[arg-type]


def on_desk(request: HttpRequest, template: str, facts: dict[str, Any], *, refused: bool) -> HttpResponse:
    """A page on the desk; without scripts it is the whole console's page. 409 where something was `refused`."""
    status = 409 if refused else 200
    if asked_by_script(request):
        return render(request, template, facts, status=status)
    frame = page(request.user) | facts | {"on_desk": template}  # type: ignore[arg-type]
    return render(request, "console/console.html", frame, status=status)


def page(user: User) -> dict[str, Any]:
    stands = shift.now(user, at=clock.now())
    return {
        **stands,
        **aside.beside(user, stands["shift"], at=clock.now()),
        "figures": strip.figures(user),
        "colleagues": strip.colleagues(user),
        "may_handle": user.may_anywhere(Act.HANDLE),
        "may_pick": user.may_anywhere(Act.TAKE_OVER),
        "readiness": user.may_anywhere(Act.READINESS),
        "reviews": user.may_anywhere(Act.FUNNEL),
        "pressing": reads.pressing(user, at=clock.now()) if user.may_anywhere(Act.TEND) else [],
        **strip.banners(user),
        "cover": user.may_anywhere(Act.COVER),
        "sets_phrase": user.may_anywhere(Act.CONTINGENCY),
        "words": words(),
        "keys": commands.shown(user),
        "settings": {
            "me": str(user.pk),
            "console": reverse("console"),
            "login": reverse("login"),
            "quiet": reverse("console-quiet"),
            "shift": reverse("console-shift-now"),
            "card": card.table(),
            "keys": commands.of(user),
            "incident": reverse("console-incident", args=["00000000-0000-0000-0000-000000000000"]),
        },
    }
