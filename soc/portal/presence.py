"""Saying whom one expects: a delivery today, the cleaner on Tuesdays, a contractor until Friday."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cameras.actions.presence import cancel, expect
from cameras.errors import Refused
from cameras.models import AccessWindow, SiteContact, Zone
from soc.core import clock
from soc.core.models import Site, User
from soc.core.rights import Act
from soc.portal.cover import awaited
from soc.portal.views import _page

DAYS = (
    (0, gettext_lazy("Mon")), (1, gettext_lazy("Tue")), (2, gettext_lazy("Wed")), (3, gettext_lazy("Thu")),
    (4, gettext_lazy("Fri")), (5, gettext_lazy("Sat")), (6, gettext_lazy("Sun")),
)  # fmt: skip


@never_cache
@login_required
@require_safe
def expected(request: HttpRequest) -> HttpResponse:
    """Everybody who is expected, now or later."""
    user, page = _page(request, "now")
    people = awaited(page["shown"], user, at=clock.now())
    return render(request, "portal/expected.html", page | {"awaited": people, "may_expect": _mine(user).exists()})


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def announce(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Say whom one expects at a site; a POST goes to the list, 409 with the words of a refusal beside its field."""
    user, page = _page(request, "now")
    site = _mine(user).filter(pk=pk).first()
    if site is None:
        raise Http404
    at = clock.now()
    refused: Refused | None = None
    if request.method == "POST":
        try:
            expect(site, **asked(request.POST, site), by=user, at=at)
            return redirect(_list(site, page))
        except Refused as error:
            refused = error
    return render(
        request,
        "portal/expect.html",
        page | form(request.POST, site, at) | {"refused": refused},
        status=409 if refused else 200,
    )


@login_required
@require_POST
def call_off(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Nobody is expected by this any more."""
    user, page = _page(request, "now")
    try:
        window = cancel(pk, by=user, at=clock.now())
    except AccessWindow.DoesNotExist as error:
        raise Http404 from error
    return redirect(_list(window.site, page))


def _mine(user: User) -> Any:
    return Site.objects.visible_to(user, Act.PRESENCE)


def _list(site: Site, page: dict[str, Any]) -> str:
    return f"{reverse('portal-expected')}?site={site.pk}" if len(page["sites"]) > 1 else reverse("portal-expected")


def form(given: QueryDict, site: Site, at: datetime) -> dict[str, Any]:
    """What the form offers, and what was typed into it before."""
    local = at.astimezone(site.zone_info).replace(second=0, microsecond=0)
    whole = local.replace(minute=0) + timedelta(hours=1)
    usual = {
        "kind": AccessWindow.Kind.DELIVERY,
        "how": "once",
        "people": "1",
        "starts": whole.strftime("%Y-%m-%dT%H:%M"),
        "ends": (whole + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"),
        "from_time": "19:00",
        "to_time": "21:00",
        "first": local.strftime("%Y-%m-%d"),
        "last": "",
        "label": "",
        "contact": "",
        "vehicles": "",
    }
    typed = {name: given.get(name, value if not given else "") for name, value in usual.items()}
    return {
        "site": site,
        "form": typed,
        "kinds": AccessWindow.Kind.choices,
        "days": [(day, words, str(day) in given.getlist("weekdays")) for day, words in DAYS],
        "zones": [(zone, str(zone.pk) in given.getlist("zones")) for zone in _zones(site)],
        "contacts": SiteContact.objects.filter(site=site, enabled=True),
        "least": local.strftime("%Y-%m-%dT%H:%M"),
    }


def _zones(site: Site) -> Any:
    return (
        Zone.objects.filter(site=site, camera__enabled=True).select_related("camera").order_by("name", "camera__name")
    )


def asked(given: QueryDict, site: Site) -> dict[str, Any]:
    """What the form says, for `expect`. Times are the site's own. Raises Refused for what cannot be read."""
    weekly = given.get("how") == "weekly"
    try:
        return {
            "kind": given.get("kind", ""),
            "label": given.get("label", ""),
            "people": int(given.get("people", "")),
            "vehicles": bool(given.get("vehicles")),
            "zones": [UUID(value) for value in given.getlist("zones")],
            "contact": UUID(whom) if (whom := given.get("contact", "")) else None,
            **(_weekly(given, site) if weekly else _once(given, site)),
        }
    except (ValueError, OverflowError) as error:
        raise Refused("form", _("Something here cannot be read. Look at times and numbers again.")) from error


def _once(given: QueryDict, site: Site) -> dict[str, Any]:
    return {"starts_at": _moment(given.get("starts", ""), site), "ends_at": _moment(given.get("ends", ""), site)}


def _weekly(given: QueryDict, site: Site) -> dict[str, Any]:
    """From the beginning of the first day to the end of the last."""
    days = [int(value) for value in given.getlist("weekdays")]
    if not days:
        raise Refused("hours", _("Choose days of the week."), field="weekdays")
    first, last = _moment(given.get("first", ""), site), _moment(given.get("last", ""), site)
    return {
        "starts_at": first,
        "ends_at": last + timedelta(days=1) if last else None,
        "weekdays": days,
        "from_time": _hour(given.get("from_time", "")),
        "to_time": _hour(given.get("to_time", "")),
    }


def _moment(said: str, site: Site) -> datetime | None:
    """A day, or a day and an hour, by the site's own clock; None where nothing was said. ValueError for what is no time."""
    return datetime.fromisoformat(said).replace(tzinfo=site.zone_info) if said else None


def _hour(said: str) -> time | None:
    return time.fromisoformat(said).replace(tzinfo=None) if said else None
