"""Beside the quiet night: what this operator took on, what comes up in the next hours, and what was tried when they sat down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from cameras.actions.muting import muted_now
from cameras.actions.standing import standings
from cameras.models import Muting
from incidents.models import HandOver, Shift
from incidents.models.incident import State
from responses.reach import Reach, reach
from soc.console.calls import reads as calls
from soc.console.cover import reads as cover
from soc.console.door import incidents_of
from soc.console.strip import headline
from soc.console.times import centre_zone
from soc.core.models import Organisation, Site, User
from soc.core.rights import Act

AHEAD: Final = timedelta(hours=4)
MOST: Final = 8


@dataclass(frozen=True, slots=True, order=True)
class Coming:
    """What is due at `at`, and where. `words` says what; `late`: that time has passed, and it was not done."""

    at: datetime
    where: str
    words: str
    late: bool = False


@dataclass(frozen=True, slots=True)
class Telephone:
    """What is known of a telephone that is rung where nobody claims, in words; `wrong`: somebody should look into it."""

    words: str
    wrong: bool


def beside(user: User, shift: Shift | None, *, at: datetime) -> dict[str, Any]:
    """For the side of the quiet screen of somebody on shift; empty for everybody else, who was handed nothing."""
    if shift is None:
        return {}
    told = HandOver.objects.filter(shift=shift).prefetch_related("outgoing").first()
    ahead = coming(user, shift, at=at)
    return {
        "told": told,
        "told_items": told.items[:MOST] if told else [],
        "told_more": max(0, len(told.items) - MOST) if told else 0,
        "coming": ahead[:MOST],
        "coming_more": max(0, len(ahead) - MOST),
        "reach": telephones(shift.organisation, at=at),
    }


def telephones(organisation: Organisation, *, at: datetime) -> list[Telephone]:
    """Whether somebody can be rung where nobody claims: who, and whether they ever answered."""
    zone = centre_zone(organisation)
    found = [_telephone(one, zone) for one in reach(organisation.pk, at=at)]
    return found or [Telephone(_("Nobody on call or in the lead has a telephone: nobody can be rung"), wrong=True)]


def _telephone(one: Reach, zone: tzinfo) -> Telephone:
    who = {"who": one.user.sign}
    first = _("%(who)s is on call") % who if one.rostered else _("Nobody on call has a telephone, %(who)s leads") % who
    if one.rung_at is None:
        return Telephone(_("%(first)s, never rung so far") % {"first": first}, wrong=not one.rostered)
    told = {"first": first, "day": date_format(one.rung_at.astimezone(zone), "j M, H:i")}
    if one.answered:
        return Telephone(_("%(first)s, answered when rung on %(day)s") % told, wrong=not one.rostered)
    return Telephone(_("%(first)s, did not answer when rung on %(day)s") % told, wrong=True)


def coming(user: User, shift: Shift, *, at: datetime) -> list[Coming]:
    """Within AHEAD, soonest first: parked incidents that return, the end of a break, of snoozes and tests, visits that begin and
    end, sites that are armed or open, calls that were promised and are due, or overdue.
    """
    sites, last = cover.sites_of(user), at + AHEAD
    found = [
        Coming(one.due_at, one.site.name, _("parked incident returns: %(title)s") % {"title": headline(one)})
        for one in incidents_of(user).filter(state=State.PARKED, due_at__gt=at)
        if one.due_at is not None
    ]
    if shift.break_until is not None and shift.break_until > at:
        found.append(Coming(shift.break_until, "", _("your break ends")))
    for muting in muted_now(sites, at):
        ends = _("test ends") if muting.kind == Muting.Kind.TEST else _("snooze ends")
        found.append(Coming(muting.ends_at, muting.site.name, ends))
    for one in cover.awaited(Site.objects.visible_to(user, Act.CONSOLE), user, at=at):
        kind = str(one.window.get_kind_display())
        if one.until is not None:
            found.append(Coming(one.until, one.window.site.name, _("no longer expected: %(who)s") % {"who": kind}))
        elif one.window.starts_at > at:
            found.append(Coming(one.window.starts_at, one.window.site.name, _("expected: %(who)s") % {"who": kind}))
    for note in calls.open_of(user)[: MOST * 2]:
        found.append(Coming(note.due_at, note.site.name, calls.told(note), late=note.due_at <= at))
    found.extend(_borders(user, at))
    return sorted(one for one in found if one.at <= last)


def _borders(user: User, at: datetime) -> list[Coming]:
    """Where a schedule arms or disarms next."""
    sites = list(Site.objects.visible_to(user, Act.CONSOLE).only("name", "time_zone"))
    stands, found = standings(sites), []
    for site in sites:
        state = stands[site.pk].anywhere(at)
        if state.until is not None and state.until > at:
            found.append(Coming(state.until, site.name, _("arming ends") if state.armed else _("is armed")))
    return found
