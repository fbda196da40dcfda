"""Everything the wall shows of one centre, gathered: what changes by the second here, the rest in `slow`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Q

from cameras.actions.muting import muted_now
from cameras.models import Camera
from cameras.troubles import BLIND
from incidents import targets as wanted
from incidents.models import Incident, Shift
from responses.actions.stopping import dispatch_stop
from soc.console.centres import whole
from soc.console.cover.reads import storms
from soc.console.wall import figures, needs, people, queue, spine
from soc.core.models import Organisation, Site, User
from soc.core.rights import Act, allows

DAY: Final = timedelta(hours=24)
MOST_ROWS: Final = 5


def page(user: User, organisation: Organisation, *, at: datetime) -> dict[str, Any]:
    """The wall as it is now, in about two dozen queries however much there is. `user` has their memberships at hand."""
    limits = wanted.targets([organisation.pk])
    handled = [one for one in wanted.handling(user, at - DAY, at, at=at) if one.organisation == organisation.pk]
    seen = queue.queue(user, organisation, limits, at=at)
    sites = Site.objects.visible_to(user, Act.WALL).filter(organisation=organisation)
    all_of_it = whole(user, organisation, Act.WALL)
    here = people.operators(organisation, seen.held, handled, at=at, sites=None if all_of_it else sites)
    waiting, n_needs = needs.needs(user, organisation, seen, here, at=at)
    measured, fresh = spine.gauges(user, organisation, at=at, whole=all_of_it)
    muted = muted_now(sites, at)
    urgent = next((one for one in handled if one.priority == 1), None)
    return {
        "at": at,
        "organisation": organisation,
        "whole": all_of_it,
        "queue": seen,
        "people": here,
        "working": working(here),
        "load_line": settings.LOAD_LINE,
        "urgent": figures.Told(urgent.late) if urgent else None,
        "strips": figures.strips(organisation, handled, limits),
        "hours": figures.hours(handled, at=at),
        "needs": waiting,
        "n_needs": n_needs,
        "gauges": measured,
        "fresh": fresh,
        "muted": muted[:MOST_ROWS],
        "n_muted": len(muted),
        **no_picture(user, organisation),
        "storms": [one for one in storms(user, at=at) if one.storm.organisation_id == organisation.pk],
        "stop": dispatch_stop(organisation),
        "drills": _drills(user, organisation),
        "may": may(user, organisation),
    }


def may(user: User, organisation: Organisation) -> dict[str, bool]:
    """What this user may do from the wall. A stop holds the whole centre, so only whoever has all of it may set one."""
    whole = any(one.organisation_id == organisation.pk and allows(one.role, Act.STOP) for one in user.memberships.all())
    found = {act.value: user.may_anywhere(act) for act in (Act.ASSIGN, Act.STORM, Act.DRILL, Act.FUNNEL, Act.COVER)}
    return found | {Act.STOP.value: whole}


def working(here: list[people.Operator]) -> dict[str, Any]:
    """How many of those on shift are at work, free, or on a break; `back`: when the first of these is back."""
    resting = [one for one in here if one.on_break]
    busy = [one for one in here if one.on]
    free = [one for one in here if not one.on and not one.on_break and one.heard and not one.silent]
    back = min((one.shift.break_until for one in resting if one.shift.break_until), default=None)
    return {
        "all": len(here),
        "there": len([one for one in here if not one.on_break and one.heard]),
        "busy": len(busy),
        "free": len(free),
        "resting": len(resting),
        "back": back,
    }


def no_picture(user: User, organisation: Organisation) -> dict[str, Any]:
    """Sites with cameras in use that guard nothing just now, the newest trouble first, and how many cameras of how many."""
    cameras = Camera.objects.visible_to(user, Act.WALL).filter(organisation=organisation, enabled=True)
    wrong = Q(health=Camera.Health.OFFLINE) | Q(conditions__kind__in=BLIND, conditions__ended_at__isnull=True)
    blind = list(cameras.filter(wrong).distinct().select_related("site").order_by("-health_since", "name"))
    by_site: dict[Any, dict[str, Any]] = {}
    for camera in blind:
        one = by_site.setdefault(camera.site_id, {"site": camera.site, "cameras": [], "since": camera.health_since})
        one["cameras"].append(camera)
    return {
        "blind": list(by_site.values())[:MOST_ROWS],
        "n_blind": len(blind),
        "n_blind_sites": len(by_site),
        "n_cameras": cameras.count(),
    }


def _drills(user: User, organisation: Organisation) -> dict[str, Any]:
    """The drill that goes on, if one does, and when the last one began."""
    rows = Incident.objects.visible_to(user, Act.DRILL).filter(organisation=organisation, drill=True)
    last = rows.select_related("site", "owner").order_by("-queued_at").first()
    return {"last": last, "going_on": last if last is not None and last.closed_at is None else None}


def to_whom(site: Site) -> list[User]:
    """Who is on shift and may handle what happens there: whom an incident of this site can be given to."""
    rows = Shift.objects.filter(organisation=site.organisation_id, ended_at__isnull=True).select_related("user")
    rows = rows.prefetch_related("user__memberships").order_by("user__call_sign", "user__username")
    return [shift.user for shift in rows if shift.user.may(Act.HANDLE, site)]
