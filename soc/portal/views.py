"""Views: parse, read, render. Every read starts at what the user may see; anything else is a 404."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cameras.actions import standings
from cameras.models import Camera
from incidents.export import package
from soc.core import clock as time
from soc.core.models import Site, User
from soc.core.rights import Act
from soc.portal import cards, clock, cover, reads, sentences

EARLIER = 4
PAGE = 20


def _page(request: HttpRequest, tab: str) -> tuple[User, dict[str, Any]]:
    """The user and what every page of the portal needs. 404 for whoever has no site here, and for a site of others."""
    user: Any = request.user
    positions = reads.positions(user)  # before any state is read: the socket resumes after them
    sites = list(reads.sites_of(user))
    if not sites:
        raise Http404
    chosen = _chosen(request, sites) or (sites[0] if len(sites) == 1 else None)
    return user, {
        "tab": tab,
        "positions": positions,
        "sites": sites,
        "site": chosen,
        "shown": [chosen] if chosen else sites,
        "query": f"?site={chosen.pk}" if chosen and len(sites) > 1 else "",
        "zone": (chosen or sites[0]).time_zone,
        "roles": sorted(filter(None, map(sentences.role_word, user.roles()))),
    }


def _chosen(request: HttpRequest, sites: list[Site]) -> Site | None:
    if not (asked := request.GET.get("site")):
        return None
    for site in sites:
        if str(site.pk) == asked:
            return site
    raise Http404


@never_cache
@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Now: armed or not, what happened last, and whether the cameras see."""
    user, page = _page(request, "now")
    at = time.now()
    newest = cards.cards(reads.incidents_of(user).filter(site__in=page["shown"])[: EARLIER + 1])
    cameras = Camera.objects.visible_to(user, Act.PORTAL).filter(site__in=page["shown"], enabled=True)
    watched = list(cameras.select_related("site").order_by("site__name", "name"))
    stand = standings(page["shown"])
    states = [cards.site_state(site, stand[site.pk], at=at) for site in page["shown"]]
    return render(
        request,
        "portal/home.html",
        page
        | {
            "states": states,
            "armed": sum(state.armed for state in states),
            "newest": newest[0] if newest else None,
            "earlier": newest[1:],
            "cameras": len(watched),
            "trouble": cards.trouble(watched, at=at, several_sites=page["site"] is None),
            **cover.home(page, user, at=at),
        },
    )


@never_cache
@require_safe
@login_required
def timeline(request: HttpRequest) -> HttpResponse:
    """Everything that a person has looked at, newest first, by day."""
    user, page = _page(request, "timeline")
    rows = reads.incidents_of(user).filter(site__in=page["shown"])
    listed = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    incidents = list(listed.object_list)
    shown = zip(incidents, cards.cards(incidents), strict=True)
    days: dict[str, list[cards.Card]] = {}
    for incident, card in shown:
        days.setdefault(clock.day(incident.captured_at, incident.site.zone_info), []).append(card)
    return render(request, "portal/timeline.html", page | {"listed": listed, "days": list(days.items())})


@never_cache
@require_safe
@login_required
def incident(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One incident: its video, what was done and when, how it ended, who watched."""
    user, page = _page(request, "timeline")
    item = get_object_or_404(reads.incidents_of(user), pk=pk)
    alerts = reads.alerts_of(item)
    clips = cards.clips(alerts, item.site)
    asked = request.GET.get("clip", "")
    first = next((clip for clip in clips if clip.video), clips[0] if clips else None)
    playing = next((clip for clip in clips if str(clip.alert) == asked), first)
    may_know = user.may(Act.WHO_WATCHED, item.site)
    return render(
        request,
        "portal/incident.html",
        page
        | {
            "zone": item.site.time_zone,
            "incident": item,
            "card": cards.cards([item])[0],
            "day": clock.day(item.captured_at, item.site.zone_info),
            "hour": clock.hour(item.captured_at, item.site.zone_info),
            "playing": playing,
            "others": [clip for clip in clips if clip is not playing],
            "stops": clock.stops(item),
            "ending": sentences.ending(item),
            "left_as": sentences.left_as(item),
            "may_know": may_know,
            "may_export": user.may(Act.EXPORT, item.site),
            "watchers": cards.watchers(item, alerts, reader=user) if may_know else [],
        },
    )


@require_safe
@login_required
def export(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One's own incident as one signed package."""
    user: Any = request.user
    item = get_object_or_404(reads.incidents_of(user), pk=pk)
    if not user.may(Act.EXPORT, item.site):
        raise Http404
    return package.download(item, by=user, reader="customer")
