"""What an operator does with an incident. Every act is a POST that answers the pane, or 409 with the words of a refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from incidents import actions
from incidents.errors import Refused
from incidents.models import Incident
from responses import actions as responses
from soc.console import card
from soc.console.calls import forms as calls
from soc.console.door import asked_by_script, must_see, specialist
from soc.console.incident import chosen_alert, show
from soc.core import clock
from soc.core.models import Site, User
from soc.core.rights import Act

Verb = Callable[[UUID, QueryDict, User, datetime], Any]
# Browser stamps come seconds after the fact at most; an older or later one is the browser's error.
STAMP_WITHIN = timedelta(seconds=30)


@sensitive_post_parameters("word")
@specialist
@require_POST
def act(request: HttpRequest, pk: UUID, verb: str) -> HttpResponse:
    """Do `verb` and answer the pane as it then is."""
    user: Any = request.user
    must_see(user, pk)  # what is not visible is a 404, whatever is asked of it
    if verb not in VERBS:
        raise Http404
    form = _spread(request.POST)
    try:
        VERBS[verb](pk, form, user, clock.now())
    except Refused as refused:
        panel = form.get("panel", "")
        return show(request, pk, chosen=chosen_alert(request), refused=refused, verb=verb, panel=panel)
    except Incident.DoesNotExist as error:
        raise Http404 from error
    if not asked_by_script(request):
        return redirect("console-incident", pk=pk)
    # “False: who or what was it?” is answered by the outcome too, so closing comes next.
    outcome = form.get("outcome", "") if verb == "decide" else ""
    return show(request, pk, chosen=chosen_alert(request), panel="close" if outcome else "", outcome=outcome)


@specialist
@require_POST
def painted(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The browser says that the offered row is on its screen."""
    user: Any = request.user
    must_see(user, pk)
    actions.painted(
        pk,
        painted_by="script" if request.POST.get("by") == "script" else "browser",
        by=user,
        at=stamp(request.POST, clock.now()),
    )
    return HttpResponse(status=204)


@specialist
@require_POST
def evidence_shown(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The browser says that the first picture of the incident is on its screen."""
    user: Any = request.user
    must_see(user, pk)
    actions.evidence_shown(pk, by=user, at=stamp(request.POST, clock.now()))
    return HttpResponse(status=204)


def stamp(form: QueryDict, now: datetime) -> datetime:
    """The browser's own instant, corrected there for skew, as far as it is believable; else now."""
    try:
        said = parse_datetime(form.get("at", ""))
    except ValueError:
        said = None
    if said is None or said.tzinfo is None or not now - STAMP_WITHIN <= said <= now:
        return now
    return said


# --- Verbs: what each takes from its form


def _spread(form: QueryDict) -> QueryDict:
    """A button carries one value, an answer to “who or what was it?” two: `pair` is “verdict outcome”."""
    verdict, _space, outcome = form.get("pair", "").partition(" ")
    if not outcome:
        return form
    spread = form.copy()
    spread["verdict"], spread["outcome"] = verdict, outcome
    return spread


def _token(form: QueryDict) -> int:
    return _number(form, "token")


def _number(form: QueryDict, name: str) -> int:
    try:
        return int(form.get(name, ""))
    except ValueError as error:
        raise Refused("form", _("The page sent something that cannot be read. Reload it and try again.")) from error


def _id(form: QueryDict, name: str) -> UUID:
    try:
        return UUID(form.get(name, ""))
    except ValueError as error:
        raise Refused("choose", _("Choose one first.")) from error


def _until(form: QueryDict, at: datetime) -> datetime:
    minutes = _number(form, "minutes")
    if not 0 < minutes <= 24 * 60:
        raise Refused("until", _("Write the minutes as a number, at least 1."))
    return at + timedelta(minutes=minutes)


def claim(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.claim(pk, by=by, at=at)


def decide(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.decide(pk, verdict=form.get("verdict", ""), token=_token(form), by=by, at=at)


def note(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.add_note(pk, text=form.get("text", ""), by=by, at=at)


def note_call(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    site = Incident.objects.values_list("site", flat=True).get(pk=pk)
    try:
        actions.note_call(site, **calls.fields(form), incident=pk, by=by, at=at)
    except Site.DoesNotExist as error:
        raise Http404 from error


def describe(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    camera = _id(form, "camera") if form.get("camera") else None
    actions.describe(pk, **card.read(form), camera=camera, by=by, at=at)


def park(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.park(pk, reason=form.get("reason", ""), until=_until(form, at), token=_token(form), by=by, at=at)


def wait(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.wait(pk, reason=form.get("reason", ""), until=_until(form, at), token=_token(form), by=by, at=at)


def resume(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.resume(pk, token=_token(form), by=by, at=at)


def release(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.release(pk, token=_token(form), by=by, at=at)


def take_over(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.take_over(pk, by=by, at=at)


def reopen(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.reopen(pk, by=by, at=at)


def close(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.close(
        pk, outcome=form.get("outcome", ""), site_state=form.get("site_state", ""), summary=form.get("summary", ""),
        seen_as=form.get("seen_as", ""), token=_token(form), by=by, at=at,
    )  # fmt: skip


def undo(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.undo(pk, token=_token(form), by=by, at=at)


def talk(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    responses.talk(
        pk, message_id=_id(form, "message"), camera_id=_id(form, "camera"), token=_token(form), by=by, at=at,
        dedup=_dedup("talk", pk, form, "message"),
    )  # fmt: skip


def switch(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    which, _space, state = form.get("relay", "").partition(" ")
    try:
        relay = UUID(which)
    except ValueError as error:
        raise Refused("choose", _("Choose one first.")) from error
    responses.switch(
        pk, relay_id=relay, on=state == "on", token=_token(form), by=by, at=at,
        dedup=f"switch:{pk}:{form.get('dedup', '')[:24]}:{relay}:{state[:3]}",
    )  # fmt: skip


def send(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    responses.send_responder(
        pk, responder_id=_id(form, "responder"), token=_token(form), by=by, at=at,
        dedup=_dedup("send", pk, form, "responder"),
    )  # fmt: skip


def _dedup(act: str, pk: UUID, form: QueryDict, subject: str) -> str:
    """One page state, one subject, one act: a second press on the same page is the same act."""
    return f"{act}:{pk}:{form.get('dedup', '')[:24]}:{form.get(subject, '')[:36]}"


def step_done(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    responses.step_done(
        pk, step_id=form.get("step", ""), answer=form.get("answer", ""), token=_token(form), by=by, at=at
    )


def step_skipped(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    responses.step_skipped(
        pk, step_id=form.get("step", ""), reason=form.get("reason", ""), token=_token(form), by=by, at=at
    )


def identify(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    contact = _id(form, "contact") if form.get("contact") else None
    actions.identify(pk, word=form.get("word", ""), contact=contact, token=_token(form), by=by, at=at)


def show_numbers(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.show_numbers(pk, token=_token(form), by=by, at=at)


def look(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.look(pk, token=_token(form), by=by, at=at)


def lift_quiet(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    """By whoever may; everybody else asks them."""
    if by.may(Act.LIFT_QUIET, Incident.objects.select_related("site").get(pk=pk).site):
        actions.lift_quiet(pk, reason=form.get("reason", ""), by=by, at=at)
    else:
        actions.ask_to_lift(pk, reason=form.get("reason", ""), token=_token(form), by=by, at=at)


def override_disarm(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.override_disarm(pk, reason=form.get("reason", ""), by=by, at=at)


def hold(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.hold(pk, reason=form.get("reason", ""), by=by, at=at)


def lift_hold(pk: UUID, form: QueryDict, by: User, at: datetime) -> None:
    actions.lift_hold(pk, reason=form.get("reason", ""), by=by, at=at)


VERBS: dict[str, Verb] = {
    verb.__name__.replace("_", "-"): verb
    for verb in (
        claim, decide, note, park, wait, resume, release, take_over, reopen, close, talk, send, step_done, step_skipped, hold,
        lift_hold, identify, look, override_disarm, show_numbers, undo, describe,
        note_call, switch, lift_quiet,
    )
}  # fmt: skip
