"""What a customer reads of the people they expect, of what is watched less for a time, and of what they just did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from cameras.actions.muting import muted_now, storms_now
from cameras.actions.presence import open_of
from cameras.models import AccessWindow, ArmChange, Condition, Muting
from soc.core.models import Site, User
from soc.core.rights import Act
from soc.portal import clock

_NEAR = timedelta(hours=20)
_DAYS: tuple[Promise, ...] = (
    gettext_lazy("Mondays"), gettext_lazy("Tuesdays"), gettext_lazy("Wednesdays"), gettext_lazy("Thursdays"),
    gettext_lazy("Fridays"), gettext_lazy("Saturdays"), gettext_lazy("Sundays"),
)  # fmt: skip
# What a snooze covers, in a customer's words.
_COVERED: dict[str, Promise] = {
    "person": gettext_lazy("people"),
    "group": gettext_lazy("groups of people"),
    "loitering": gettext_lazy("people who stay"),
    "line_crossing": gettext_lazy("crossings of the line"),
    "vehicle": gettext_lazy("vehicles"),
    "alarm": gettext_lazy("the alarm panel"),
}


@dataclass(frozen=True)
class Reduced:
    """Something is watched less for a time: what, where and until when; never why staff did it."""

    headline: str
    detail: str


@dataclass(frozen=True)
class Awaited:
    """Somebody who is expected: now, or from `when` on."""

    pk: UUID
    site: str
    who: str
    when: str
    where: str
    now: bool
    may_cancel: bool


@dataclass(frozen=True)
class Undo:
    """What this reader did to a site just now, and can still take back for so many seconds."""

    pk: UUID
    site: str
    armed: bool
    seconds: float


def moment(at: datetime, site: Site, now: datetime) -> str:
    """An hour; further off with its day."""
    near = abs(at - now) < _NEAR
    return clock.hour(at, site.zone_info) if near else date_format(at.astimezone(site.zone_info), "D j M H:i")


def reduced(sites: Iterable[Site], *, at: datetime) -> list[Reduced]:
    """Everything that is raised less than usual at these sites now."""
    shown = list(sites)
    several = len(shown) > 1
    lines = [_muted(row, at, several) for row in muted_now(shown, at)]
    wild = Condition.objects.filter(site__in=shown, kind=Condition.Kind.RUNAWAY, ended_at=None)
    for condition in wild.select_related("camera__site").order_by("began_at"):
        where = f"{condition.camera.site.name}, {condition.camera.name}" if several else condition.camera.name
        detail = _(
            "Since %(time)s what repeats in one place is looked at every quarter of an hour. Anybody elsewhere in the"
            " picture raises an alarm as ever. Service is needed."
        )
        since = {"time": moment(condition.began_at, condition.camera.site, at)}
        lines.append(Reduced(_("%(camera)s reports too much for nothing") % {"camera": where}, detail % since))
    for storm in storms_now({site.organisation_id for site in shown}, at):
        chosen = {site.pk for site in storm.sites.all()}
        for site in shown:
            if not chosen or site.pk in chosen:
                words = {"time": moment(storm.ends_at, site, at), "site": site.name}
                headline = _("%(site)s: people come first") if several else _("People come first")
                detail = _(
                    "Many sites report at once, as in a storm. Until %(time)s people, hold-up, fire and other threats come"
                    " before vehicles, ordinary alarms of panels and faults of cameras. None of them is left out."
                )
                lines.append(Reduced(headline % words, detail % words))
    return lines


def _muted(row: Muting, at: datetime, several: bool) -> Reduced:
    where = row.zone.name if row.zone else row.camera.name if row.camera else ""
    if several:
        where = f"{row.site.name}, {where}" if where else row.site.name
    words = {"where": where, "time": moment(row.ends_at, row.site, at)}
    always = _("Until %(time)s. Hold-up, fire and other threats raise an alarm all the same.")
    if row.kind == Muting.Kind.TEST:
        headline = _("%(where)s is on test") if where else _("Your site is on test")
        return Reduced(headline % words, always % words)
    named = [str(_COVERED[code]) for code in row.categories if code in _COVERED]
    words["what"] = ", ".join(named) or _("faults of cameras")
    headline = _("%(where)s: no alarm for %(what)s") if where else _("No alarm for %(what)s")
    return Reduced(headline % words, always % words)


def awaited(sites: Iterable[Site], user: User, *, at: datetime) -> list[Awaited]:
    """Who is expected at these sites: those whose time it is first, then in the order in which they come."""
    shown = list(sites)
    rows = AccessWindow.objects.visible_to(user, Act.PORTAL).filter(site__in=shown, cancelled_at=None, ends_at__gt=at)
    windows = list(rows.select_related("site").prefetch_related("zones").order_by("starts_at", "pk"))
    mine = set(Site.objects.visible_to(user, Act.PRESENCE).values_list("pk", flat=True))
    lines = []
    for window in windows:
        now = bool(open_of([window], window.site, at))
        zones = ", ".join(zone.name for zone in window.zones.all()) or _("everywhere")
        people = ngettext("%(n)d person", "%(n)d people", window.people) % {"n": window.people}
        if window.vehicles:
            people = _("%(people)s with a vehicle") % {"people": people}
        who = " ".join(filter(None, [str(window.get_kind_display()).capitalize(), window.label]))
        where = _("%(people)s, %(zones)s") % {"people": people, "zones": zones}
        lines.append(Awaited(window.pk, window.site.name, who, _when(window, at), where, now, window.site_id in mine))
    return sorted(lines, key=lambda one: not one.now)


def _when(window: AccessWindow, at: datetime) -> str:
    site = window.site
    words = {"from": moment(window.starts_at, site, at), "to": moment(window.ends_at, site, at)}
    if not window.weekdays:
        return _("%(from)s to %(to)s") % words if window.starts_at > at else _("until %(to)s") % words
    assert window.from_time is not None
    assert window.to_time is not None
    days = ", ".join(str(_DAYS[day]) for day in window.weekdays)
    last = date_format(window.ends_at.astimezone(site.zone_info), "j M Y")
    hours = f"{window.from_time:%H:%M}–{window.to_time:%H:%M}"
    return _("%(days)s %(hours)s, until %(last)s") % {"days": days, "hours": hours, "last": last}


def undoable(sites: Iterable[Site], user: User, *, at: datetime) -> Undo | None:
    """The last thing that this reader did to a site, while it can be undone."""
    since = at - timedelta(seconds=settings.UNDO_S)
    rows = ArmChange.objects.visible_to(user, Act.ARM).filter(by=user, how=ArmChange.How.PORTAL, site__in=list(sites))
    row = rows.filter(at__gt=since).filter(Q(undone_at=None)).select_related("site").order_by("-at").first()
    if row is None:
        return None
    left = row.at + timedelta(seconds=settings.UNDO_S) - at
    return Undo(row.pk, row.site.name, row.armed, round(left.total_seconds(), 1))


def home(page: dict[str, Any], user: User, *, at: datetime) -> dict[str, Any]:
    """What the first page shows of all this. `site` is chosen, or there is only one."""
    site = page["site"]
    people = awaited(page["shown"], user, at=at)
    return {
        "reduced": reduced(page["shown"], at=at),
        "awaited": people[:4],
        "more_awaited": max(0, len(people) - 4),
        "undo": undoable(page["shown"], user, at=at),
        "may_arm": site is not None and user.may(Act.ARM, site),
        "may_expect": user.may_anywhere(Act.PRESENCE),
    }
