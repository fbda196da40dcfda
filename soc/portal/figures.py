"""What the filter did for a customer, in figures and plain words. Reduction is never told without recall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from incidents.funnel import NEEDLESS, REAL, Funnel, funnel, incidents_of
from incidents.outcomes import Outcome
from incidents.worth import worth
from soc.core import clock
from soc.core.models import Site
from soc.core.plot import Bar, narrowing, plot
from soc.portal import cards, reads
from soc.portal.views import _page

PERIODS: Final = (7, 30)  # days
REAL_SHOWN: Final = 10


@dataclass(frozen=True)
class Step:
    """One line of the story: how often, and what of. `width`: % of the widest, by the logarithm."""

    name: str
    value: int
    words: str
    width: float
    href: str = ""


@never_cache
@require_safe
@login_required
def figures(request: HttpRequest) -> HttpResponse:
    """From what moved to what was real, and how we know that we miss little."""
    user, page = _page(request, "figures")
    days = int(asked) if (asked := request.GET.get("days", "")) in map(str, PERIODS) else max(PERIODS)
    shown: list[Site] = page["shown"]
    counted = funnel(shown, until=clock.now(), days=days)
    together, _each = worth(shown, since=counted.since, until=counted.until)
    real = reads.incidents_of(user).filter(pk__in=_within(shown, counted).filter(verdict__in=REAL).values("pk"))
    return render(
        request,
        "portal/figures.html",
        page
        | {
            "days": days,
            "periods": [(number, ngettext("%(n)s day", "%(n)s days", number) % {"n": number}) for number in PERIODS],
            "steps": steps(counted, page["query"]),
            "worth": together,
            "by_hour": plot(_hours(counted), labels=8),
            "real": cards.cards(list(real[:REAL_SHOWN])),
            "others": others(shown, counted),
        },
    )


def steps(counted: Funnel, query: str) -> list[Step]:
    total = counted.total
    values = (total.moved, total.candidates, total.raised, total.incidents, total.real)
    wide = narrowing(values)
    words = (
        ngettext("picture in which something moved", "pictures in which something moved", values[0]),
        ngettext(
            "time somebody or something was in a watched place",
            "times somebody or something was in a watched place",
            values[1],
        ),
        ngettext("time that was not as agreed with you", "times that was not as agreed with you", values[2]),
        ngettext("time a specialist looked", "times a specialist looked", values[3]),
        ngettext("time it was real", "times it was real", values[4]),
    )
    names = ("moved", "candidates", "raised", "incidents", "real")
    hrefs = ("", "#hours", "#hours", f"{reverse('portal-timeline')}{query}", "#real")
    return [
        Step(name, value, said, width, href if value else "")
        for name, value, said, width, href in zip(names, values, words, wide, hrefs, strict=True)
    ]


def others(sites: Sequence[Site], counted: Funnel) -> list[tuple[str, int]]:
    """(what it was, how often) of what was not real, the most frequent first."""
    rows = _within(sites, counted).filter(verdict__in=NEEDLESS).exclude(outcome="")
    found = rows.values_list("outcome").annotate(number=Count("pk")).order_by("-number", "outcome")
    return [(str(Outcome(outcome).label), number) for outcome, number in found]


def _within(sites: Sequence[Site], counted: Funnel) -> Any:
    span: tuple[datetime, datetime] = (counted.since, counted.until)
    return incidents_of(sites).filter(captured_at__range=span)


def _hours(counted: Funnel) -> list[Bar]:
    words = _("%(hour)s: %(noticed)s noticed, %(raised)s passed on, %(real)s real")
    bars = []
    for hour, count in counted.by_hour.items():
        told = {"hour": f"{hour:02d}:00", "noticed": count.candidates, "raised": count.raised, "real": count.real}
        bars.append(Bar(f"{hour:02d}", words % told, count.candidates, count.raised, count.real))
    return bars
