"""What the audit's page shows, gathered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.audit.recall import by_site, estimate, together
from incidents.funnel import REAL
from incidents.models import AuditCase, KnownIntrusion
from incidents.outcomes import Verdict
from incidents.worth import Worth, percent
from soc.console.audit.told import WITHDRAWN, when
from soc.console.sentences import place, what
from soc.core.models import Site, User
from soc.core.rights import Act

PERIODS: Final = (30, 90, 365)  # days
A_PAGE: Final = 30
CANDIDATE: Final = ("candidate__site", "candidate__zone", "candidate__camera")


@dataclass(frozen=True, slots=True)
class Figures(Worth):
    """What the filter is worth at a site, or at all, with the part of known intrusions that operators recognised."""

    name: str = ""

    @property
    def seen(self) -> str:
        return percent(self.recall.seen.value)

    @property
    def seen_low(self) -> str:
        return percent(self.recall.seen.low)

    @property
    def seen_high(self) -> str:
        return percent(self.recall.seen.high)


@dataclass(frozen=True)
class Row:
    """One case that is over. `tone`: caution where the filter or an operator missed something; `result` says so in words."""

    case: AuditCase
    title: str
    truly: str
    shown: str
    said: str
    result: str
    tone: str = ""


def sites_of(user: User) -> list[Site]:
    rows = Site.objects.visible_to(user, Act.AUDIT_RESULTS)
    return list(rows.select_related("customer").order_by("name", "pk"))


def days_of(asked: str) -> int:
    return int(asked) if asked in map(str, PERIODS) else PERIODS[1]


def page(user: User, sites: list[Site], chosen: Site | None, *, days: int, at: datetime) -> dict[str, Any]:
    """The figures of the chosen site, or of all; `cases` is every case of theirs that is over, the newest first."""
    shown = [chosen] if chosen else sites
    since = at - timedelta(days=days)
    found = by_site(shown, since, at)
    names = {site.pk: site.name for site in shown}
    return {
        "at": at,
        "days": days,
        "periods": [(number, ngettext("%(n)s day", "%(n)s days", number) % {"n": number}) for number in PERIODS],
        "sites": sites,
        "site": chosen,
        "total": Figures(together(found)),
        "by_site": [] if chosen else [Figures(estimate(one), names[pk]) for pk, one in found.items()],
        "cases": cases_of(user, shown, since),
        "known": [_known(one, user) for one in known_of(user, shown)],
    }


def cases_of(user: User, sites: list[Site], since: datetime) -> QuerySet[AuditCase]:
    """Those that are over. Nobody is shown one that is not: whoever reads this may be shown it at the desk."""
    rows = AuditCase.objects.visible_to(user).revealed().filter(site__in=sites, revealed_at__gte=since)
    return rows.select_related("incident", "judged_by", "site", *CANDIDATE).order_by("-revealed_at", "pk")


def row(case: AuditCase) -> Row:
    candidate = case.candidate
    where = place(candidate)
    title = (
        _("%(what)s in %(place)s") % {"what": what(candidate.category), "place": where}
        if where
        else what(candidate.category)
    )
    shown = when(case.incident.queued_at, case) if case.incident else ""
    said = str(Verdict(case.verdict).label) if case.verdict else ""
    if case.acted:
        said = _("acted: real")
    result, tone = _result(case)
    return Row(case, title, when(candidate.captured_at, case), shown, said, result, tone)


def _result(case: AuditCase) -> tuple[str, str]:
    if not case.verdict:
        return str(WITHDRAWN.get(case.given_up, _("It was withdrawn."))), ""
    real = case.verdict in REAL
    if case.kind == AuditCase.Kind.INJECTED:
        return (_("recognised"), "") if real else (_("not recognised"), "caution")
    if real:
        return _("the filter may have missed it"), "caution"
    if case.verdict == Verdict.CANNOT_TELL:
        return _("nobody can tell"), ""
    return _("rightly held back"), ""


def known_of(user: User, sites: list[Site]) -> QuerySet[KnownIntrusion]:
    rows = KnownIntrusion.objects.visible_to(user).filter(candidate__site__in=sites)
    return rows.select_related("added_by", "candidate__clip", *CANDIDATE).order_by("-added_at", "pk")


def _known(one: KnownIntrusion, user: User) -> dict[str, Any]:
    """`until`: when its pictures are erased, unless its incident is on hold; `gone`: they are."""
    candidate, clip = one.candidate, one.candidate.clip
    erased = clip is None or not clip.there
    return {
        "one": one,
        "title": what(candidate.category),
        "place": place(candidate),
        "site": candidate.site,
        "at": candidate.captured_at,
        "gone": erased,
        "until": None if clip is None or erased else clip.created_at + timedelta(days=candidate.site.retention_days),
        "may": user.may(Act.AUDIT_MARK, candidate.site),
    }
