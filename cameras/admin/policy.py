"""The policy of a site: its page, the draft kept while somebody types, and the publishing of it behind its replay.

It lies beside the site's page in the administration, but its door is a right of its own: supervisors and duty managers, who
administer nothing, come in as well, and installers, who propose. Whoever has no such right at the site finds nothing here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cameras.actions import gate
from cameras.admin import policy_page
from cameras.admin.policy_fields import Fields
from cameras.admin.policy_form import body_of
from cameras.admin.policy_page import Desk
from cameras.admin.policy_words import changes
from cameras.context.policy import PolicyRefused
from cameras.errors import Refused
from cameras.models import Policy
from soc.core import clock
from soc.core.admin.scope import rows
from soc.core.models import Site
from soc.core.rights import Act

View = Callable[[HttpRequest, Desk], HttpResponseBase]
LONGEST_NOTE, LONGEST_REASON = 240, 400


def at_site(act: Act) -> Callable[[View], Callable[..., HttpResponseBase]]:
    """Log-in first; 404 for whoever may not `act` at the site."""

    def guard(view: View) -> Callable[..., HttpResponseBase]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, pk: UUID) -> HttpResponseBase:
            user: Any = request.user
            may = Site.objects.visible_to(user, act).values("pk")
            own = rows(user, Site).values("pk") if user.is_superuser else Site.objects.none().values("pk")
            site = Site.objects.select_related("customer").filter(Q(pk__in=may) | Q(pk__in=own), pk=pk).first()
            if site is None:
                raise Http404
            return view(request, Desk(site, user, clock.now(), monday=_monday(request)))

        return guarded

    return guard


def _monday(request: HttpRequest) -> date | None:
    try:
        asked = date.fromisoformat(request.GET.get("week", ""))
    except ValueError:
        return None
    return date.fromordinal(asked.toordinal() - asked.weekday()) if 2000 < asked.year < 2100 else None


@at_site(Act.PROPOSE)
@require_safe
def show(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The draft, or with ?tab= the version in force, or history."""
    tab = request.GET.get("tab", "draft")
    if tab == "history":
        return render(
            request, "admin/cameras/policy/history.html", {**_frame(desk, tab), "versions": policy_page.history(desk)}
        )
    if tab == "in-force":
        desk.version = desk.in_force
        if desk.version is None:
            tab = "draft"
    return _page(request, desk, tab)


def _frame(desk: Desk, tab: str) -> dict[str, Any]:
    return {
        "desk": desk,
        "site": desk.site,
        "tab": tab,
        "administers": rows(desk.user, Site).filter(pk=desk.site.pk).exists(),
    }


def _page(request: HttpRequest, desk: Desk, tab: str = "draft", *, status: int = 200) -> HttpResponse:
    context = {**policy_page.page(desk), **_frame(desk, tab), "held_up": held_up_words(desk.held_up)}
    return render(request, "admin/cameras/policy/page.html", context, status=status)


@at_site(Act.PROPOSE)
@require_POST
def keep(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Keep the draft as it is typed. The page's own script gets the parts that hang on it."""
    by_script = request.headers.get("X-Requested-With") == "fetch"
    try:
        _keep(request, desk)
    except gate.HeldUp as held:
        if by_script:
            return JsonResponse({"held_up": held_up_words(held.code)}, status=409)
        return _held(request, desk, held)
    return parts(request, desk) if by_script else _back(desk)


@at_site(Act.PROPOSE)
@require_POST
def replay(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Keep it, and replay it over the last 30 days."""
    by_script = request.headers.get("X-Requested-With") == "fetch"
    try:
        _keep(request, desk)
        if desk.draft is not None and not desk.refused:
            gate.replay_draft(desk.draft, at=desk.at)
    except gate.HeldUp as held:
        if by_script:
            return JsonResponse({"held_up": held_up_words(held.code)}, status=409)
        return _held(request, desk, held)
    fresh = Desk(desk.site, desk.user, desk.at, monday=desk.monday)
    return parts(request, fresh) if by_script else _back(desk)


@at_site(Act.POLICY)
@require_POST
def publish(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Keep it and publish it, behind the replay. With `sign`: as it is kept, with a supervisor's word."""
    signature = None
    try:
        if "sign" in request.POST:
            seen = request.POST.get("digest", "")
            signature = gate.Signature(desk.user, request.POST.get("reason", "").strip()[:LONGEST_REASON])
        else:
            _keep(request, desk)
            if desk.draft is None or not desk.changes:
                raise gate.HeldUp("nothing")
            seen = desk.digest
        note = request.POST.get("note", "").strip()[:LONGEST_NOTE]
        gate.publish_draft(desk.site, by=desk.user, at=desk.at, seen=seen, note=note, signature=signature)
    except gate.HeldUp as held:
        return _held(request, desk, held)
    except PolicyRefused:
        return _held(request, desk, gate.HeldUp("refused"))
    except Refused as refused:
        return _held(request, desk, gate.HeldUp(refused.code))
    return _back(desk, tab="history")


@at_site(Act.PROPOSE)
@require_POST
def ask(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Ask a supervisor to sign for what would be lost."""
    if desk.draft is not None:
        gate.ask_to_sign(desk.draft, by=desk.user, at=desk.at)
    return _back(desk)


@at_site(Act.PROPOSE)
@require_POST
def drop(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Begin again from the version in force."""
    try:
        gate.drop(desk.site, by=desk.user, at=desk.at, seen=_seen(request))
    except gate.HeldUp as held:
        return _held(request, desk, held)
    return _back(desk)


@at_site(Act.POLICY)
@require_POST
def roll_back(request: HttpRequest, desk: Desk) -> HttpResponse:
    """An earlier version once more, as the next one, behind the same replay."""
    number = request.POST.get("number", "")
    version = Policy.objects.filter(site=desk.site, number=int(number)).first() if number.isdigit() else None
    if version is None:
        return _held(request, desk, gate.HeldUp("nothing"))
    version.site = desk.site
    try:
        gate.roll_back(version, by=desk.user, at=desk.at, note=request.POST.get("note", "").strip()[:LONGEST_NOTE])
    except gate.HeldUp as held:
        return _held(request, desk, held)
    except PolicyRefused:
        return _held(request, desk, gate.HeldUp("refused"))
    return _back(desk, tab="history")


# --- what they share


def _seen(request: HttpRequest) -> datetime | None:
    try:
        return parse_datetime(request.POST.get("kept", ""))
    except ValueError:
        return None


def _keep(request: HttpRequest, desk: Desk) -> None:
    """Keep what the form says. A form that says what is in force begins no draft."""
    if "owner" not in request.POST:
        return  # no form of the page: a button alone
    body = body_of(request.POST.dict(), desk.zones)
    if desk.draft is not None or changes(desk.before, body, desk.names):
        desk.draft = gate.keep(desk.site, body, by=desk.user, at=desk.at, seen=_seen(request))


def _held(request: HttpRequest, desk: Desk, held: gate.HeldUp) -> HttpResponse:
    fresh = Desk(desk.site, desk.user, desk.at, monday=desk.monday, held_up=held.code)
    return _page(request, fresh, status=409)


def _back(desk: Desk, tab: str = "") -> HttpResponse:
    address = reverse("admin:core_site_policy", args=[desk.site.pk])
    query = [f"tab={tab}"] if tab else [f"week={desk.monday}"] if desk.monday else []
    return redirect(f"{address}?{'&'.join(query)}" if query else address)


def parts(request: HttpRequest, desk: Desk) -> JsonResponse:
    """What hangs on the draft, drawn anew, by the id of its place; and which fields are wrong."""
    fields = Fields(desk.body, desk.problems)
    site, of_zones = policy_page.schedules(desk, fields)
    context = {"desk": desk, "site": desk.site, "held_up": ""}
    drawn = {
        f"part-{name}": render_to_string(f"admin/cameras/policy/{name}.html", context, request)
        for name in ("changes", "problems", "seven", "replay", "status")
    }
    weeks = {}
    for schedule in (site, *of_zones):
        if schedule.own:
            weeks[schedule.prefix] = render_to_string(
                "admin/cameras/policy/days.html", {"days": desk.week_of(schedule.prefix)}, request
            )
            drawn[f"holidays-{schedule.prefix}"] = render_to_string(
                "admin/cameras/policy/holidays.html",
                {"holidays": policy_page.holidays_of(desk, schedule.prefix)},
                request,
            )
    return JsonResponse(
        {
            "kept": desk.draft.kept_at.isoformat() if desk.draft else "",
            "digest": desk.digest,
            "parts": drawn,
            "weeks": weeks,
            "wrong": [{"path": one.path, "said": one.said, "warning": one.warning} for one in desk.problems],
            "regions": {one.prefix: policy_page.regions(one.country.value) for one in (site, *of_zones) if one.own},
            "blocked": bool(desk.lost) or bool(desk.refused),
            "lost": len(desk.lost),
            "signing": bool(desk.lost) and desk.may_sign,
        }
    )


def held_up_words(code: str) -> str:
    """Why something was not done, and what to do about it."""
    said = {
        "": "",
        "lost": _(
            "Not saved: incidents that were real would be lost. They are listed below; a supervisor may sign for them."
        ),
        "overtaken": _("Not done: somebody changed this draft meanwhile. This is how it is now."),
        "moved": _(
            "Not saved: another version was published since this draft was begun. Compare, then begin again from it."
        ),
        "busy": _("Not saved: incidents were opened or decided while it was replayed. Save again."),
        "nothing": _("Nothing is saved: there is no change, or it was saved or dropped meanwhile."),
        "own": _("Not signed: you had a hand in this draft. Another supervisor has to sign."),
        "no_reason": _("Not signed: say in some words why what would be lost may be."),
        "refused": _("Not saved: something in it is refused. What, stands at its field."),
        "in_the_way": _("Not rolled back: a draft is at work. Save it or drop it first."),
        "untold": _("Not saved: nothing can be replayed here, so nothing is known of what would be lost."),
    }
    return said.get(code, code)


def urls() -> list[URLPattern]:
    """Beside the site's own page. Names are in the administration's."""
    acts = {"keep": keep, "replay": replay, "publish": publish, "ask": ask, "drop": drop, "roll-back": roll_back}
    return [
        path("<uuid:pk>/policy/", show, name="core_site_policy"),
        *(path(f"<uuid:pk>/policy/{name}/", view, name=f"core_site_policy_{name}") for name, view in acts.items()),
    ]
