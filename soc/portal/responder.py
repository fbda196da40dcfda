"""The responder's page: no log-in, only the link of their text message. What they need to come, and nothing else.

Views: parse, read or act, render. Who may see what is `responses.actions.links`; a wrong link is a 404, one that has ended
a 410 without a fact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

import pghistory
from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from incidents import subjects
from incidents.models import Alert, Description, Incident
from incidents.models.incident import State
from responses.actions import Link, answer_link, find_link
from responses.actions.links import ANSWERS, Stand
from soc.core import clock as time
from soc.core.media import opened, record_view
from soc.core.models import Media, Site
from soc.portal import cards, clock, sentences

URGENCY = {
    1: pgettext_lazy("priority", "Urgent"),
    2: pgettext_lazy("priority", "High"),
    3: pgettext_lazy("priority", "Normal"),
}
STEPS: list[tuple[str, Promise]] = [
    ("accepted_at", _("Accept")),
    ("on_my_way_at", _("On my way")),
    ("on_site_at", _("On site")),
    ("left_at", _("Done")),
]
WORDS: dict[str, Promise] = {
    "accept": _("Accept"),
    "on-my-way": _("I am on my way"),
    "here": _("I am here"),
    "done": _("Done, I am leaving"),
}
VERBS = frozenset(verb for verbs in ANSWERS.values() for verb in verbs)

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True)
class Step:
    """One of the four steps; `figure` is when it was done, `current` the one to do now."""

    word: Promise
    figure: str
    current: bool


@dataclass(frozen=True)
class Sheet:
    """What a responder needs to know of an incident, and all that the page ever gets of it. `people`: who and what is there as
    it was last described, each with where and when it was last seen ("" where nobody said).
    """

    site: Site
    priority: int
    urgency: Promise
    quiet: bool
    closed: bool
    seen: str
    place: str
    when: str
    at: datetime
    picture: UUID | None
    caption: str
    people: list[tuple[str, str]]


def private(view: View) -> View:
    """Headers of every answer: kept by nobody, indexed by nobody, and its address told to no other site.

    The referrer policy is `same-origin` where there is a form, not `no-referrer`: with that one a browser sends forms
    with the origin `null`, which the protection against forged forms rightly refuses. Other sites get nothing either way.
    """

    @never_cache
    @wraps(view)
    def answered(request: HttpRequest, **names: Any) -> HttpResponseBase:
        # Administrators' history would put the address, the token in it, into every statement sent to the database.
        pghistory.context(url="/r/…")
        response = view(request, **names)
        response.setdefault("Referrer-Policy", "no-referrer")
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        return response

    return answered


@private
@require_safe
def page(request: HttpRequest, token: str) -> HttpResponse:
    """What is asked of the responder, and how things stand."""
    at = time.now()
    link = find_link(token, at=at)
    return _page(request, token, link, at=at) if link else _nothing(request)


@private
@require_POST
def answer(request: HttpRequest, token: str, answer: str) -> HttpResponse:
    """Accept, decline, on my way, here, done. Twice is once; what does not fit any more changes nothing."""
    if answer not in VERBS:
        return _nothing(request)
    at = time.now()
    link = answer_link(token, answer, at=at)
    if link is None:
        return _nothing(request)
    if link.stand == Stand.ENDED:
        return _page(request, token, link, at=at)
    response = redirect("responder", token=token)
    response.status_code = 303
    return response


@private
@require_safe
def picture(request: HttpRequest, token: str, pk: UUID) -> HttpResponse:
    """A snapshot of exactly this link's incident. Who saw it is recorded by the attempt, since nobody is logged in."""
    at = time.now()
    link = find_link(token, at=at)
    if link is None:
        return _nothing(request)
    if link.stand == Stand.ENDED:
        return _page(request, token, link, at=at)
    item = _pictures(link.incident).filter(pk=pk).first() if link.shows else None
    if item is None:
        return _nothing(request)
    file = opened(item)
    if file is None:
        return _nothing(request)
    with file:
        content = file.read()
    if request.method == "GET":
        record_view(item, by=None, at=at, attempt=link.call.pk, responder=link.responder.pk)
    headers = {"X-Content-Type-Options": "nosniff", "Content-Disposition": "inline"}
    return HttpResponse(content, content_type=item.content_type, headers=headers)


def _page(request: HttpRequest, token: str, link: Link, *, at: datetime) -> HttpResponse:
    desk = {"number": settings.TWILIO_FROM}
    if link.stand == Stand.ENDED:
        return render(request, "portal/responder_ended.html", desk, status=410)
    bright = next((verb for verb in link.answers if verb != "decline"), "")
    answer_by = link.call.answer_by if link.stand == Stand.OFFERED else None
    response = render(
        request,
        "portal/responder.html",
        desk
        | {
            "stand": link.stand,
            "reference": link.incident.reference,
            "centre": link.incident.organisation.name,
            "said": _said(link),
            "token": token,
            "sheet": sheet(link.incident) if link.shows else None,
            "steps": _steps(link),
            "bright": reverse("responder-answer", args=[token, bright]) if bright else "",
            "bright_word": WORDS.get(bright, ""),
            "may_decline": "decline" in link.answers,
            "answer_until": clock.hour(answer_by, link.incident.site.zone_info, seconds=True) if answer_by else "",
            "answer_by": answer_by,
            "now": at,
        },
    )
    response["Referrer-Policy"] = "same-origin"
    return response


def sheet(incident: Incident) -> Sheet:
    """The incident's newest sight of what it is named after, which is what a responder may meet."""
    alert = _lead(incident)
    site, zone = incident.site, incident.site.zone_info
    at = alert.captured_at if alert else incident.captured_at
    place = cards.place(alert) if alert else site.name
    hour = clock.hour(at, zone, seconds=True)
    return Sheet(
        site=site,
        priority=incident.priority,
        urgency=URGENCY.get(incident.priority, URGENCY[3]),
        quiet=incident.quiet,
        closed=incident.state == State.CLOSED,
        seen=sentences.seen(incident.category, place),
        place=place,
        when=hour,
        at=at,
        picture=_picture(alert),
        caption=f"{hour}, {place}",
        people=[(subjects.sentence(card), _last_seen(card, site)) for card in subjects.current(incident)],
    )


def _last_seen(card: Description, site: Site) -> str:
    if card.last_seen_at is None or card.last_seen_camera is None:
        return ""
    told = {"place": card.last_seen_camera.name, "time": clock.hour(card.last_seen_at, site.zone_info, seconds=True)}
    return str(_("Last seen: %(place)s, %(time)s.")) % told


def _picture(alert: Alert | None) -> UUID | None:
    snapshot = alert.candidate.snapshot if alert else None
    return snapshot.pk if snapshot and snapshot.there else None


def _lead(incident: Incident) -> Alert | None:
    """The newest alert of the incident's category, one with a picture first; else the newest at all."""
    paths = ("candidate__camera", "candidate__zone", "candidate__snapshot", "site")
    alerts = list(incident.alerts.select_related(*paths).order_by("-captured_at", "pk"))
    named = [alert for alert in alerts if alert.category == incident.category] or alerts
    return next((alert for alert in named if alert.candidate.snapshot_id), named[0] if named else None)


def _pictures(incident: Incident) -> QuerySet[Media]:
    snapshots = incident.alerts.filter(candidate__snapshot__isnull=False).values("candidate__snapshot")
    return Media.objects.filter(pk__in=snapshots, kind=Media.Kind.SNAPSHOT, erased_at=None)


def _steps(link: Link) -> list[Step]:
    """The four steps; one that was passed over (there already, without a word on the way) counts as done."""
    stamps = [getattr(link.call, name) for name, _word in STEPS]
    done = max((number for number, stamp in enumerate(stamps, 1) if stamp), default=0)
    zone = link.incident.site.zone_info
    return [
        Step(word, clock.hour(stamp, zone, seconds=True) if stamp else "", number == done)
        for number, ((_name, word), stamp) in enumerate(zip(STEPS, stamps, strict=True))
    ]


def _said(link: Link) -> str:
    """At the top: whose link this is, then what they said last."""
    call, zone = link.call, link.incident.site.zone_info
    for stamp, words in (
        (call.declined_at, _("declined %(time)s")),
        (call.left_at, _("left %(time)s")),
        (call.on_site_at, _("on site since %(time)s")),
        (call.on_my_way_at, _("on the way since %(time)s")),
        (call.accepted_at, _("accepted %(time)s")),
    ):
        if stamp:
            return str(words) % {"time": clock.hour(stamp, zone, seconds=True)}
    names = {"name": link.responder.name, "time": clock.hour(link.until, zone)}
    return str(_("only for %(name)s, until %(time)s")) % names


def _nothing(request: HttpRequest) -> HttpResponse:
    return render(request, "404.html", status=404)
