"""Causes of needless alarms as the page lists them, and each one's suggestions, replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import QueryDict
from django.urls import reverse

from cameras.models import PolicyDraft
from incidents import causes as known
from incidents.causes import Cause, Weighed
from incidents.replaying import Lost
from soc.console.filter import words
from soc.console.filter.reads import Links
from soc.core.models import Media, Site, User
from soc.core.rights import Act


@dataclass(frozen=True)
class Listed:
    """A cause in the list. `listed`: where its incidents are; `weighed`: where its suggestions are."""

    cause: Cause
    what: str
    place: str
    when: str
    listed: str
    weighed: str


def causes(sites: Sequence[Site], link: Links) -> list[Listed]:
    """The most frequent first."""
    return [_listed(one, link) for one in known.causes(sites, since=link.since, until=link.until)]


def _listed(cause: Cause, link: Links) -> Listed:
    zone, category, outcome = cause.key
    narrower = {"zone": zone or "", "category": category, "outcome": outcome}
    asked = urlencode({**narrower, "days": link.days})
    return Listed(
        cause, words.what(cause), words.place(cause), words.when(cause),
        link.incidents("needless", site=cause.site.pk, **narrower),
        f"{reverse('console-filter-cause', args=[cause.site.pk])}?{asked}",
    )  # fmt: skip


def asked_for(site: Site, data: QueryDict, *, since: datetime, until: datetime) -> Cause | None:
    """The cause that a link names, if it is still one."""
    wanted = (data.get("zone", ""), data.get("category", ""), data.get("outcome", ""))
    for one in known.causes([site], since=since, until=until, most=None):
        zone, category, outcome = one.key
        if (str(zone or ""), category, outcome) == wanted:
            return one
    return None


@dataclass(frozen=True)
class Said:
    """One suggestion in words. `lost`: what it would lose, each with its clip and picture where this user may see them."""

    weighed: Weighed
    sentence: str
    reason: str
    result: str
    besides: str
    lost: list[tuple[Lost, UUID | None, UUID | None]]

    @property
    def kind(self) -> str:
        return self.weighed.suggestion.kind


def page(cause: Cause, user: User, *, since: datetime, until: datetime) -> dict[str, Any]:
    """A cause's suggestions, the possible ones first; or how much would have to be replayed, where it is too much to wait for."""
    common = {"cause": cause, "proposes": user.may(Act.PROPOSE, cause.site), "opens": user.may(Act.CONSOLE, cause.site)}
    if many := known.too_many(cause.site, since=since, until=until):
        return {**common, "too_many": many}
    weighing = known.weighed(cause, since=since, until=until)
    draft = PolicyDraft.objects.filter(site=cause.site).select_related("kept_by").first()
    return {**common, "weighing": weighing, "said": [_said(one, cause, user) for one in weighing.found], "draft": draft}


def _said(weighed: Weighed, cause: Cause, user: User) -> Said:
    media = {pk for one in weighed.lost for pk in (one.clip, one.snapshot) if pk}
    seen = set(Media.objects.visible_to(user).filter(pk__in=media).values_list("pk", flat=True))
    lost = [
        (one, one.clip if one.clip in seen else None, one.snapshot if one.snapshot in seen else None)
        for one in weighed.lost[:3]
    ]
    return Said(
        weighed,
        words.suggested(weighed, cause),
        words.reason(weighed),
        words.result(weighed),
        words.besides(weighed),
        lost,
    )
