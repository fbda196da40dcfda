"""Who is expected at a site, and when. Every window has an end and ends by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from cameras.actions.circumstances import ends
from cameras.errors import Refused
from cameras.models import AccessWindow, SiteContact, Zone
from soc.core import events
from soc.core.models import Site, User
from soc.core.prepared import prepared
from soc.core.rights import Act

ONCE: Final = timedelta(days=14)
WEEKLY: Final = timedelta(days=366)
AHEAD: Final = timedelta(days=366)
MOST_PEOPLE: Final = 200


@dataclass(frozen=True)
class Open:
    """A window that is open now, and until when."""

    window: AccessWindow
    until: datetime


def expect(
    site: Site,
    *,
    kind: str,
    starts_at: datetime | None,
    ends_at: datetime | None,
    people: int = 1,
    label: str = "",
    vehicles: bool = False,
    zones: Collection[UUID] = (),
    weekdays: Collection[int] = (),
    from_time: time | None = None,
    to_time: time | None = None,
    contact: UUID | None = None,
    by: User,
    at: datetime,
) -> AccessWindow:
    """People who are expected: once from `starts_at` to `ends_at`; or with `weekdays` on those days from `from_time` to
    `to_time` of the site's own time, within `starts_at`..`ends_at`. Without `zones`: everywhere. What is past stays as it was:
    a window begins now at the earliest.

    Raises Refused with its field: `kind`, `no_end`, `inverted`, `past`, `too_long`, `too_far`, `hours`, `people`, `zones`,
    `contact`, `label`; Site.DoesNotExist where `by` may not say so.
    """
    site = Site.objects.visible_to(by, Act.PRESENCE).get(pk=site.pk)
    if kind not in AccessWindow.Kind.values:
        raise Refused("kind", _("Say who comes."), field="kind")
    begins, over = _span(starts_at, ends_at, weekly=bool(weekdays), at=at)
    _check_hours(weekdays, from_time, to_time)
    if not 1 <= people <= MOST_PEOPLE:
        raise Refused("people", _("Say how many people, from 1 to %(most)s.") % {"most": MOST_PEOPLE}, field="people")
    label = label.strip()
    if len(label) > 120:
        raise Refused("label", _("A name or firm has at most 120 characters."), field="label")
    places = list(Zone.objects.filter(pk__in=zones, site=site))
    if len(places) != len(set(zones)):
        raise Refused("zones", _("A place that you chose does not belong to this site."), field="zones")
    whom = SiteContact.objects.filter(pk=contact, site=site, enabled=True).first() if contact else None
    if contact and whom is None:
        raise Refused("contact", _("The person you chose is not listed at this site."), field="contact")
    with transaction.atomic():
        window = AccessWindow(
            site=site,
            kind=kind,
            label=label,
            people=people,
            vehicles=vehicles,
            starts_at=begins,
            ends_at=over,
            weekdays=sorted(set(weekdays)),
            from_time=from_time if weekdays else None,
            to_time=to_time if weekdays else None,
            contact=whom,
            made_by=by,
            made_at=at,
        )
        window.save(force_insert=True)
        window.zones.set(places)
        span = {"starts_at": begins.isoformat(), "ends_at": over.isoformat()}
        events.record("presence.expected", window, by=by, at=at, who=kind, people=people, **span)
    return window


def cancel(window_id: UUID, *, by: User, at: datetime) -> AccessWindow:
    """Nobody is expected by this window any more. One that was cancelled, or is over, stays as it is. AccessWindow.DoesNotExist
    where `by` may not.
    """
    with transaction.atomic():
        rows = AccessWindow.objects.visible_to(by, Act.PRESENCE).select_for_update(of=("self",), no_key=True)
        window: AccessWindow = rows.select_related("site").get(pk=window_id)
        if window.cancelled_at is None and window.ends_at > at:
            window.cancelled_at, window.cancelled_by = at, by
            window.save(update_fields=["cancelled_at", "cancelled_by"])
            events.record("presence.cancelled", window, by=by, at=at)
    return window


def _span(
    starts_at: datetime | None, ends_at: datetime | None, *, weekly: bool, at: datetime
) -> tuple[datetime, datetime]:
    if starts_at is None:
        raise Refused("no_start", _("Say from when."), field="starts_at")
    if ends_at is None:
        raise Refused("no_end", _("Say until when: nobody is expected for ever."), field="ends_at")
    if ends_at <= starts_at:
        raise Refused("inverted", _("The end lies before the beginning."), field="ends_at")
    if ends_at <= at:
        raise Refused("past", _("That is over already."), field="ends_at")
    most = WEEKLY if weekly else ONCE
    if ends_at - starts_at > most:
        words = (
            _("A year at most. Say it again then.") if weekly else _("Two weeks at most, or choose days of the week.")
        )
        raise Refused("too_long", words, field="ends_at")
    if starts_at - at > AHEAD:
        raise Refused("too_far", _("That is more than a year ahead."), field="starts_at")
    return max(starts_at, at), ends_at


def _check_hours(weekdays: Collection[int], from_time: time | None, to_time: time | None) -> None:
    if not weekdays:
        return
    if not set(weekdays) <= set(range(7)):
        raise Refused("hours", _("Choose days of the week."), field="weekdays")
    if from_time is None or to_time is None:
        raise Refused("hours", _("Say from which hour to which hour on these days."), field="from_time")
    if from_time == to_time:
        raise Refused("hours", _("The hours begin and end at the same time."), field="to_time")


def open_windows(site: Site, at: datetime) -> list[Open]:
    """Everybody who is expected at the site at `at`. Their zones are prefetched."""
    return open_of(_windows(site.pk, at), site, at)


@prepared
def _windows(site: UUID, at: datetime) -> QuerySet[AccessWindow]:
    rows = AccessWindow.objects.filter(site=site, cancelled_at=None, starts_at__lte=at, ends_at__gt=at)
    return rows.select_related("contact").prefetch_related("zones")


def open_of(windows: Iterable[AccessWindow], site: Site, at: datetime) -> list[Open]:
    """Those of some windows of a site that are open at `at`, what closes first first."""
    found = ((window, ends(window, site, at)) for window in windows)
    return sorted((Open(window, until) for window, until in found if until is not None), key=lambda one: one.until)
