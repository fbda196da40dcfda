"""What the cover pages show, gathered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from cameras.actions import asking
from cameras.actions.contacts import contacts_of
from cameras.actions.muting import instructions_now, muted_now, next_arming, storms_now
from cameras.actions.presence import open_of
from cameras.actions.standing import standing
from cameras.categories import MUTABLE, Family, category
from cameras.models import AccessWindow, Candidate, Muting, Storm, Zone
from incidents.models import Incident
from soc.console.sentences import place, title, what
from soc.core import approving
from soc.core.models import Organisation, Site, User
from soc.core.rights import Act

MOST_EXPECTED = 100
LAST_MUTED = 5


@dataclass(frozen=True)
class Muted:
    """One snooze or test: how much it has kept back, and the last of that."""

    row: Muting
    covers: str
    where: str
    count: int
    last: list[tuple[str, Candidate]]
    may_end: bool


@dataclass(frozen=True)
class Awaited:
    window: AccessWindow
    until: datetime | None  # open now, until then
    may_end: bool


@dataclass(frozen=True)
class Stormy:
    storm: Storm
    sites: int  # 0: all
    may_end: bool


def sites_of(user: User) -> QuerySet[Site]:
    return Site.objects.visible_to(user, Act.COVER).select_related("customer").order_by("name")


def overview(user: User, *, at: datetime) -> dict[str, Any]:
    """Everything that is not as usual now, at all sites that this user sees."""
    sites = sites_of(user)
    handles = user.may_anywhere(Act.CONSOLE)
    return {
        "muted": muted(sites, user, at=at),
        "awaited": awaited(sites, user, at=at) if handles else [],
        "storms": storms(user, at=at),
        "instructions": instructions_now(sites, at) if handles else [],
        "runaways": runaways(user),
        "at": at,
    }


def muted(sites: Any, user: User, *, at: datetime) -> list[Muted]:
    rows = muted_now(sites, at)
    ends = {
        Muting.Kind.SNOOZE: _sites_by(user, Act.MUTE),
        Muting.Kind.TEST: _sites_by(user, Act.TEST) | _sites_by(user, Act.TEST_VOUCHED),
    }
    found = []
    for row in rows:
        held = Candidate.objects.filter(site=row.site_id, captured_at__gte=row.starts_at, decision="watch")
        held = held.filter(reasons__contains=[{"code": "muted", "id": str(row.pk)}])
        last = list(held.select_related("camera", "zone", "signal_source").order_by("-captured_at")[:LAST_MUTED])
        found.append(
            Muted(
                row,
                covers(row),
                row.zone.name if row.zone else row.camera.name if row.camera else _("whole site"),
                held.count() if len(last) == LAST_MUTED else len(last),
                [(title(one.category, place(one)), one) for one in last],
                row.site_id in ends[Muting.Kind(row.kind)],
            )
        )
    return found


def covers(row: Muting) -> str:
    if frozenset(row.categories) == MUTABLE:
        return _("everything but threats and what is done to cameras")
    return ", ".join(what(code) for code in row.categories)


def _sites_by(user: User, act: Act) -> set[UUID]:
    return set(Site.objects.visible_to(user, act).values_list("pk", flat=True))


def awaited(sites: Any, user: User, *, at: datetime) -> list[Awaited]:
    rows = AccessWindow.objects.filter(site__in=sites, cancelled_at=None, ends_at__gt=at)
    rows = rows.select_related("site", "contact", "made_by").prefetch_related("zones").order_by("starts_at", "pk")
    mine = _sites_by(user, Act.PRESENCE)
    found = []
    for window in rows[:MOST_EXPECTED]:
        now = open_of([window], window.site, at)
        found.append(Awaited(window, now[0].until if now else None, window.site_id in mine))
    return sorted(found, key=lambda one: one.until is None)


def storms(user: User, *, at: datetime) -> list[Stormy]:
    """Of the organisations in which this user sees a site."""
    sites = Site.objects.visible_to(user, Act.COVER)
    going_on = storms_now(sites.order_by().values("organisation"), at)
    if not going_on:
        return []  # as on nearly every night, and asked for by every console
    may = _sites_by(user, Act.STORM)
    mine = set(sites.values_list("pk", flat=True))
    found = []
    for storm in going_on:
        chosen = {site.pk for site in storm.sites.all()}
        if chosen and not chosen & mine:
            continue
        whole = set(Site.objects.filter(organisation=storm.organisation_id).values_list("pk", flat=True))
        found.append(Stormy(storm, len(chosen), bool(may) and (chosen or whole) <= may))
    return found


def runaways(user: User) -> list[tuple[Incident, str]]:
    """The incidents that count what alarms for nothing."""
    rows = Incident.objects.visible_to(user, Act.CONSOLE).unfinished().exclude(counts="").select_related("site")
    found = []
    for incident in rows.order_by("-last_alert_at"):
        first = incident.alerts.select_related("candidate__zone", "candidate__camera").order_by("captured_at").first()
        found.append((incident, title(incident.category, place(first.candidate) if first else "")))
    return found


def organisations_of(user: User) -> list[Organisation]:
    """Where this user may start storm mode."""
    rows = Site.objects.visible_to(user, Act.STORM).values("organisation")
    return list(Organisation.objects.filter(pk__in=rows).order_by("name"))


def site_page(site: Site, user: User, *, at: datetime) -> dict[str, Any]:
    """One site: what is not as usual there, and the forms for what this user may do."""
    one = Site.objects.filter(pk=site.pk)
    stands = standing(site)
    state = stands.arm(at)
    may = {act: user.may(act, site) for act in (
        Act.MUTE, Act.MUTE_LONG, Act.TEST, Act.TEST_VOUCHED, Act.INSTRUCT, Act.PRESENCE, Act.ARM_VOUCHED, Act.CONSOLE,
    )}  # fmt: skip
    return {
        "site": site,
        "at": at,
        "state": state,
        "owner": stands.policy.owner,
        "next_arming": next_arming(site, at),
        "muted": muted(one, user, at=at),
        "awaited": awaited(one, user, at=at) if may[Act.CONSOLE] else [],
        "instructions": instructions_now(one, at) if may[Act.CONSOLE] else [],
        "asked": [one for one in approving.waiting_at(site.pk) if one.kind == asking.SNOOZE],
        "may_snooze": may[Act.MUTE],
        "most_snooze": may[Act.MUTE_LONG],
        "may_test": may[Act.TEST] or may[Act.TEST_VOUCHED],
        "test_asks": not may[Act.TEST],
        "may_instruct": may[Act.INSTRUCT],
        "may_expect": may[Act.PRESENCE],
        "may_arm": may[Act.ARM_VOUCHED] and stands.policy.owner == "customer",
        "may_extend": may[Act.CONSOLE],
        "zones": Zone.objects.filter(site=site, camera__enabled=True)
        .select_related("camera")
        .order_by("camera__name", "name"),
        "cameras": site.cameras.filter(enabled=True).order_by("name"),
        "contacts": contacts_of(site) if may[Act.CONSOLE] else [],
        "categories": [(code, what(code), category(code).family == Family.INTRUSION) for code in _in_order()],
    }


def _in_order() -> list[str]:
    """What may be snoozed: what cameras see first."""
    return sorted(MUTABLE, key=lambda code: (category(code).family != Family.INTRUSION, -category(code).rank))
