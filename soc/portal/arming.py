"""Arming and disarming one's own site: for how long, what that does, and taking it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from cameras.actions.arming import CUSTOMER, PANEL, arm_by_customer, undo
from cameras.actions.standing import Standing, standing
from cameras.context.facts import Toggle
from cameras.errors import Refused
from cameras.models import ArmChange, Camera
from soc.core import clock
from soc.core.models import Site, User
from soc.core.rights import Act
from soc.portal.cover import moment
from soc.portal.views import _page

HOUR: Final = timedelta(hours=1)
AROUND: Final = timedelta(hours=2)  # shown before and after in the bar
WIDE: Final = 358.0  # of the bar, in its own units


@dataclass(frozen=True)
class Choice:
    """For how long. `value` goes into the form; `figure` stands beside the words; `does` is said below, `bar` drawn there."""

    value: str
    words: str
    figure: str
    ends: str
    button: str
    bar: Bar | None


@dataclass(frozen=True)
class Bar:
    """The hours around: a stretch from `left`, `width` wide of WIDE, that is other than before and after it."""

    left: float
    width: float
    begins: str
    span: str
    ends: str


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def arming(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page of one's own site; a POST arms or disarms it and goes home, 409 with the words of a refusal."""
    user, page = _page(request, "now")
    site = _site(user, pk)
    at = clock.now()
    refused: Refused | None = None
    if request.method == "POST":
        try:
            until = _until(request, site, at)
            arm_by_customer(site, armed=request.POST.get("armed") == "yes", until=until, by=user, at=at)
            return redirect(_home(site, page))
        except Refused as error:
            refused = error
    shown = _shown(site, user, at) | {"refused": refused, "chosen": request.POST.get("until", "")}
    return render(request, "portal/arming.html", page | shown, status=409 if refused else 200)


@login_required
@require_POST
def take_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Undo what was just done, within the seconds that it says."""
    user, page = _page(request, "now")
    try:
        row = undo(pk, by=user, at=clock.now())
    except ArmChange.DoesNotExist as error:
        raise Http404 from error
    except Refused as refused:
        return render(request, "portal/refused.html", page | {"refused": refused}, status=409)
    return redirect(_home(row.site, page))


def _site(user: User, pk: UUID) -> Site:
    found: Site | None = Site.objects.visible_to(user, Act.ARM).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _home(site: Site, page: dict[str, Any]) -> str:
    return f"{reverse('portal')}?site={site.pk}" if len(page["sites"]) > 1 else reverse("portal")


def _until(request: HttpRequest, site: Site, at: datetime) -> datetime | None:
    """What was chosen: an hour, the schedule's next border (None), or a time of the site's own day."""
    asked = request.POST.get("until", "")
    if asked == "hour":
        return at + HOUR
    if asked == "border":
        return None
    if asked != "time":
        raise Refused("until", _("Choose for how long."), field="until")
    try:
        said = datetime.fromisoformat(request.POST.get("time", ""))
    except ValueError as error:
        raise Refused("until", _("Write the day and the time."), field="time") from error
    return said.replace(tzinfo=site.zone_info) if said.tzinfo is None else said


def _shown(site: Site, user: User, at: datetime) -> dict[str, Any]:
    stands = standing(site)
    state = stands.arm(at)
    owner = stands.policy.owner
    why = {
        CUSTOMER: "",
        PANEL: _(
            "Your site is armed and disarmed at its alarm panel. What you do there holds; nothing can be changed here."
        ),
    }.get(
        owner,
        _(
            "Your site is armed by its schedule alone. If somebody comes while it is armed, say so and they are expected."
        ),
    )
    return {
        "site": site,
        "state": state,
        "arms": not state.armed,
        "held": why,
        "choices": [] if why else _choices(stands, site, at, armed=not state.armed),
        "cameras": Camera.objects.visible_to(user, Act.PORTAL).filter(site=site, enabled=True).count(),
        "least": (at.astimezone(site.zone_info) + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M"),
        "latest": moment(latest, site, at) if (latest := _border(stands, at, armed=not state.armed)) else "",
        "own_zones": bool(stands.policy.zones),
        "undo_s": settings.UNDO_S,
    }


def _border(stands: Standing, at: datetime, *, armed: bool) -> datetime | None:
    """When it ends by itself, whatever is chosen."""
    return stands.policy.arm(at, "", Toggle(armed, at, None, "portal", "")).until


def _choices(stands: Standing, site: Site, at: datetime, *, armed: bool) -> list[Choice]:
    border = _border(stands, at, armed=armed)
    found = []
    hour = at + HOUR
    if border is None or hour < border:
        words = _("1 hour")
        button = _("Arm for 1 hour") if armed else _("Disarm for 1 hour")
        until = _("until %(time)s") % {"time": moment(hour, site, at)}
        found.append(Choice("hour", words, until, moment(hour, site, at), button, _bar(site, at, hour)))
    if border is not None:
        words = _("Until it is disarmed again") if armed else _("Until it arms again")
        figure = moment(border, site, at)
        button = (_("Arm until %(time)s") if armed else _("Disarm until %(time)s")) % {"time": figure}
        found.append(Choice("border", words, figure, figure, button, _bar(site, at, border)))
    else:
        words = _("Until I disarm it") if armed else _("Until I arm it")
        button = _("Arm") if armed else _("Disarm")
        found.append(Choice("border", words, "", "", button, None))
    found.append(Choice("time", _("Choose a time"), "", "", _("Arm") if armed else _("Disarm"), None))
    return found


def _bar(site: Site, at: datetime, until: datetime) -> Bar:
    begins, ends = at - AROUND, until + AROUND
    whole = (ends - begins).total_seconds()
    left = WIDE * AROUND.total_seconds() / whole
    width = WIDE * (until - at).total_seconds() / whole
    words = {"from": moment(at, site, at), "to": moment(until, site, at)}
    span = _("%(from)s to %(to)s") % words
    return Bar(round(left, 1), round(width, 1), moment(begins, site, at), span, moment(ends, site, at))
