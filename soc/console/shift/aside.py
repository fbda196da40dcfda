"""Beside the quiet night: what this operator took on, what comes up in the next hours, and what was tried when they sat down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from cameras.actions.muting import muted_now
from cameras.actions.standing import standings
from cameras.models import Muting
from incidents.models import HandOver, Shift
from incidents.models.incident import State
from soc.console.calls import reads as calls
from soc.console.cover import reads as cover
from soc.console.door import incidents_of
from soc.console.strip import headline
from soc.core.models import Site, User
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
    }


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
    names = dict(Site.objects.visible_to(user, Act.CONSOLE).values_list("pk", "name"))
    found = []
    for pk, stands in standings(Site.objects.filter(pk__in=names)).items():
        state = stands.anywhere(at)
        if state.until is not None and state.until > at:
            found.append(Coming(state.until, names[pk], _("arming ends") if state.armed else _("is armed")))
    return found
