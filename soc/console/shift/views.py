"""Sitting down, a break, getting up. Each is a page on the desk; without scripts it is the whole console's page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from incidents import actions
from incidents.actions.shifts import MICROPHONES
from incidents.errors import Refused
from soc.console import queue, strip
from soc.console.centres import centres
from soc.console.door import asked_by_script, specialist
from soc.console.shift import reads
from soc.core import clock
from soc.core.models import Organisation, User
from soc.core.rights import Act


@specialist
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """The page that a shift starts from; for who is on shift already, the console."""
    user: Any = request.user
    if strip.on_shift(user) is not None or not user.may_anywhere(Act.HANDLE):
        return redirect("console-quiet" if asked_by_script(request) else "console")
    return _begin(request)


def _begin(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    user: Any = request.user
    facts = reads.page(user, workplace(user), at=clock.now())
    facts |= {"refused": refused, "accepted": set(request.POST.getlist("accepted")), "given": request.POST}
    return queue.on_desk(request, "console/shift/start.html", facts, refused=refused is not None)


@specialist
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Sit down. What is open is gathered again: what was not on the page yet is not accepted yet."""
    user: Any = request.user
    at, form = clock.now(), request.POST
    try:
        if strip.on_shift(user) is None:
            _tested(form)
        organisation = workplace(user)
        accepted = set(form.getlist("accepted"))
        items = reads.hand_over(user, at=at)
        for item in items:
            item["accepted_at"] = at.isoformat() if item["key"] in accepted else ""
        actions.start_shift(
            user=user, organisation=organisation, at=at, items=items, sound_heard=form.get("sound") == "yes",
            microphone=form.get("microphone", ""), desk=form.get("desk", ""),
        )  # fmt: skip
    except Refused as refused:
        return _begin(request, refused) if user.may_anywhere(Act.HANDLE) else _control(request, refused)
    return _control(request)


def _tested(form: QueryDict) -> None:
    """Whoever sits down has tried what they hear and speak with, or says that it does not work. Raises Refused."""
    if form.get("sound") not in {"yes", "no"}:
        raise Refused("sound", _("Play the three tones, and say whether you heard them."))
    if form.get("microphone") not in MICROPHONES:
        raise Refused("microphone", _("Test the microphone, or say that there is none."))


@specialist
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest) -> HttpResponse:
    """Get up, with a word for whoever sits down next; `then=logout`: and leave the console."""
    user: Any = request.user
    leaves = (request.POST or request.GET).get("then") == "logout"
    refused = None
    if request.method == "POST":
        try:
            actions.end_shift(user=user, at=clock.now(), last_words=request.POST.get("last_words", ""))
            if not leaves:
                return _control(request)
            _holds_nothing(user)
            logout(request)
            return redirect("login")
        except Refused as error:
            refused = error
    held, sits = reads.held_by(user), strip.on_shift(user) is not None
    if not (sits or (held and leaves) or refused):
        return redirect("console-quiet" if asked_by_script(request) else "console")
    facts = {"held": held, "sits": sits, "leaves": leaves, "refused": refused, "given": request.POST}
    facts["breaks"] = reads.breaks()
    return queue.on_desk(request, "console/shift/end.html", facts, refused=refused is not None)


def _holds_nothing(user: User) -> None:
    """Nor does anybody log off owning an incident who took it without sitting down. Raises Refused."""
    for held, _title in reads.held_by(user):
        raise Refused(
            "holding", _("You still hold %(incident)s: close it, or hand it back.") % {"incident": held.reference}
        )


@specialist
@require_safe
def now(request: HttpRequest) -> HttpResponse:
    """The control in the top bar and the banners, as they are now."""
    return _control(request)


@specialist
@require_POST
def rest(request: HttpRequest) -> HttpResponse:
    """A break of so many minutes."""
    user: Any = request.user
    at, minutes = clock.now(), request.POST.get("minutes", "")
    until = at + timedelta(minutes=int(minutes)) if minutes.isascii() and minutes.isdigit() and len(minutes) < 4 else at
    return _answer(request, lambda: actions.begin_break(user=user, until=until, by=user, at=at))


@specialist
@require_POST
def back(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    return _answer(request, lambda: actions.come_back(user=user, by=user, at=clock.now()))


def workplace(user: User) -> Organisation:
    """The organisation in which this user handles incidents; the first by name of several."""
    found = centres(user, Act.HANDLE)
    if not found:
        raise Refused("role", _("Your role may not handle incidents."))
    return found[0]


def _answer(request: HttpRequest, do: Callable[[], object]) -> HttpResponse:
    try:
        do()
    except Refused as refused:
        return _control(request, refused)
    return _control(request)


def _control(request: HttpRequest, refused: Refused | None = None) -> HttpResponse:
    """How the shift stands now; 409 with the words of a refusal."""
    if not asked_by_script(request) and refused is None:
        return redirect("console")
    user: Any = request.user
    facts = {"refused": refused, "may_handle": user.may_anywhere(Act.HANDLE)}
    status = 409 if refused else 200
    if asked_by_script(request):
        return render(request, "console/shift/stands.html", reads.now(user, at=clock.now()) | facts, status=status)
    return render(request, "console/console.html", queue.page(user) | facts, status=status)


def before_logging_out(request: HttpRequest) -> str:
    """Where whoever is on shift goes first, for nobody leaves without a hand-over, and whoever holds an incident; "" for
    everybody else, and for whoever has no console any more."""
    user: Any = request.user
    if not user.is_authenticated or not user.may_anywhere(Act.CONSOLE):
        return ""
    stays = strip.on_shift(user) is not None or bool(reads.held_by(user))
    return f"{reverse('console-shift-end')}?then=logout" if stays else ""
