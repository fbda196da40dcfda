"""What the filter's pages show, gathered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from incidents.funnel import Count, Funnel, OfCamera, by_camera, funnel
from incidents.worth import Worth, worth
from soc.core.models import Site, User
from soc.core.plot import Bar, Plot, narrowing, plot
from soc.core.rights import Act, Role, scoped

PERIODS: Final = (1, 7, 30)  # days
HOUR: Final = timedelta(hours=1)


def sites_of(user: User) -> list[Site]:
    """The sites whose figures this user sees as one of the centre; a customer's own are in the portal."""
    paths = {"organisation": "organisation", "customer": "customer", "site": ""}
    rows = Site.objects.filter(scoped(user, Act.FUNNEL, **paths, among=Role.of_centre()))
    return list(rows.select_related("customer").order_by("name", "pk"))


@dataclass(frozen=True)
class Stage:
    """One stage of the funnel: what it counts, how much, how wide it is drawn (%), and where that is shown."""

    name: str
    label: str
    value: int
    width: float
    href: str
    of_before: str = ""


@dataclass(frozen=True)
class Row:
    """A site's, or a camera's, line in the table. Links are empty where there is nothing to open."""

    name: str
    href: str
    count: Count
    worth: Worth | None
    links: dict[str, str]


def page(user: User, sites: list[Site], chosen: Site | None, *, days: int, at: datetime) -> dict[str, Any]:
    """The funnel of the chosen site, or of all of them."""
    shown = [chosen] if chosen else sites
    counted = funnel(shown, until=at, days=days)
    together, each = worth(shown, since=counted.since, until=counted.until)
    link = Links(user, chosen, counted.since, counted.until, days)
    return {
        "at": at,
        "days": days,
        "periods": [(number, period_words(number)) for number in PERIODS],
        "sites": sites,
        "site": chosen,
        "funnel": counted,
        "total": counted.total,
        "worth": together,
        "stages": stages(counted.total, link),
        "by_hour": plot(_hours(counted, link), labels=8),
        "by_day": plot(_days(counted, link), labels=6) if days > 1 else None,
        "rows": _rows(shown, chosen, counted, each, link),
        "link": link,
    }


def period_words(days: int) -> str:
    return _("today") if days == 1 else ngettext("%(n)s day", "%(n)s days", days) % {"n": days}


class Links:
    """Where the things that a number counts are listed. A reader who may not open them gets no link."""

    def __init__(self, user: User, site: Site | None, since: datetime, until: datetime, days: int) -> None:
        self.site, self.since, self.until, self.days = site, since, until, days
        self.lists_candidates = user.may_anywhere(Act.WHY)
        self.opens = user.may_anywhere(Act.CONSOLE)

    def incidents(self, kind: str = "", *, site: UUID | None = None, **narrower: Any) -> str:
        asked = {"kind": kind, "site": site or (self.site.pk if self.site else ""), "since": self.since.isoformat()}
        asked |= {"until": self.until.isoformat(), **narrower}
        return f"{reverse('console-filter-incidents')}?{urlencode({k: v for k, v in asked.items() if v != ''})}"

    def candidates(self, decision: str = "", *, site: UUID | None = None, **narrower: Any) -> str:
        """Of one site, for that page lists no more at once; without one the table by site."""
        wanted = site or (self.site.pk if self.site else None)
        if not self.lists_candidates:
            return ""
        if wanted is None:
            return "#cameras"
        asked = {"site": wanted, "decision": decision, "since": self.since.isoformat(), "until": self.until.isoformat()}
        asked |= {"seen": "1", **narrower}
        return f"{reverse('console-whys')}?{urlencode({k: v for k, v in asked.items() if v != ''})}"


def stages(total: Count, link: Links) -> list[Stage]:
    values = (total.moved, total.candidates, total.raised, total.incidents, total.real)
    wide = narrowing(values)
    names = (
        ("moved", _("Frames with motion"), "#cameras"),
        ("candidates", _("Noticed"), link.candidates()),
        ("raised", _("Raised"), link.candidates("raise")),
        ("incidents", _("Incidents"), link.incidents()),
        ("real", _("Real"), link.incidents("real")),
    )
    found = []
    for number, (name, label, href) in enumerate(names):
        before = values[number - 1] if number else 0
        part = one_in(values[number], before) if number else ""
        found.append(Stage(name, label, values[number], wide[number], href if values[number] else "", part))
    return found


def one_in(part: int, whole: int) -> str:
    """How much of the stage before is left, in words that stay true for one in a million."""
    if not whole or not part:
        return ""
    percent = 100 * part / whole
    if percent >= 10:
        return _("%(n)s %%") % {"n": round(percent)}
    if percent >= 1:
        return _("%(n)s %%") % {"n": f"{percent:.1f}"}
    return _("1 in %(n)s") % {"n": f"{round(whole / part):,}".replace(",", "\u202f")}


def _hours(counted: Funnel, link: Links) -> list[Bar]:
    return [_bar(f"{hour:02d}", f"{hour:02d}:00", count, link, hour=hour) for hour, count in counted.by_hour.items()]


def _days(counted: Funnel, link: Links) -> list[Bar]:
    return [_bar(_day(day), date_format(day, "l j F"), count, link, day=day) for day, count in counted.by_day.items()]


def _bar(label: str, when: str, count: Count, link: Links, **span: Any) -> Bar:
    """span: the hour or the day that it is of, as the lists behind it are asked for."""
    return Bar(
        label,
        _told(when, count),
        count.candidates,
        count.raised,
        count.real,
        all_href=link.candidates(**span),
        raised_href=link.candidates("raise", **span),
        real_href=link.incidents("real", **span),
    )


def _day(day: date) -> str:
    return date_format(day, "j M")


def _told(when: str, count: Count) -> str:
    words = _("%(when)s: %(noticed)s noticed, %(raised)s raised, %(real)s real")
    return words % {"when": when, "noticed": count.candidates, "raised": count.raised, "real": count.real}


def _rows(shown: list[Site], chosen: Site | None, counted: Funnel, each: dict[UUID, Worth], link: Links) -> list[Row]:
    if chosen is not None:
        return [_camera_row(one, link) for one in by_camera(chosen, since=counted.since, until=counted.until)]
    rows = []
    for site in shown:
        count = counted.by_site[site.pk]
        links = {
            "candidates": link.candidates(site=site.pk),
            "raised": link.candidates("raise", site=site.pk),
            "incidents": link.incidents(site=site.pk),
            "real": link.incidents("real", site=site.pk),
            "needless": link.incidents("needless", site=site.pk),
        }
        rows.append(Row(site.name, f"?site={site.pk}", count, each[site.pk], links))
    return rows


def _camera_row(one: OfCamera, link: Links) -> Row:
    href = reverse("console-camera", args=[one.camera]) if one.camera and link.opens else ""
    narrower: dict[str, Any] = {"camera": one.camera} if one.camera else {}
    links = {
        "candidates": link.candidates(**narrower),
        "raised": link.candidates("raise", **narrower),
        "incidents": link.incidents(**narrower),
        "real": link.incidents("real", **narrower),
        "needless": link.incidents("needless", **narrower),
    }
    return Row(one.name or _("without a camera"), href, one.count, None, links)


__all__ = ["PERIODS", "Links", "Plot", "Row", "Stage", "one_in", "page", "period_words", "sites_of", "stages"]
