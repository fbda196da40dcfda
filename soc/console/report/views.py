"""The report's one page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from soc.console.centres import asked_for, centres
from soc.console.readiness.views import whoever_may
from soc.console.report import reads
from soc.console.times import centre_zone, local
from soc.core import clock
from soc.core.models import Organisation
from soc.core.rights import Act


@whoever_may(Act.WALL)
@require_safe
def report(request: HttpRequest) -> HttpResponse:
    """The shift that is asked for, else the newest that has begun."""
    user: Any = request.user
    found = centres(user, Act.WALL)
    organisation = asked_for(found, request.GET.get("of", ""))
    if organisation is None:
        raise Http404
    at = clock.now()
    spans = reads.spans(organisation, at=at)
    span = _asked(request.GET, organisation, at) or spans[0]
    facts = reads.report(user, organisation, span, at=at)
    zone = centre_zone(organisation)
    frame = {
        "organisation": organisation,
        "centres": found,
        "spans": spans,
        "zone": zone,
        "zone_name": str(zone),
        "at": at,
    }
    return render(request, "console/report/report.html", facts | frame)


def _asked(given: QueryDict, organisation: Organisation, at: datetime) -> reads.Span | None:
    """From and to, by the centre's clock or with an offset of their own; None for what is no span."""
    zone = centre_zone(organisation)
    since, until = (_instant(given.get(name, ""), zone) for name in ("since", "until"))
    if since is None or until is None or not since < until <= since + reads.LONGEST or since > at:
        return None
    return reads.Span(since, until)


def _instant(text: str, zone: Any) -> datetime | None:
    try:
        whole = parse_datetime(text)
    except ValueError:
        return None
    return whole if whole and whole.tzinfo else local(text, zone)
