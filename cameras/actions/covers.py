"""What keeps people at a site from being raised for a time, as whoever watches must know it: a snooze, a test, an access window.

Somebody is reported once, and was only watched while one of these held. When it is over they count anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from cameras.actions.circumstances import ends_if_readable
from cameras.models import AccessWindow, Muting
from soc.core.models import Site

# Known for so long after it ended: what was captured before the end is looked at after it.
KNOWN: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Cover:
    """over: when it ends, or ended. camera, zones: ids; empty: every one of the site."""

    id: str
    over: datetime
    camera: str = ""
    zones: frozenset[str] = frozenset()

    def covers(self, camera: str, zone: str, at: datetime) -> bool:
        return at < self.over and self.camera in ("", camera) and (not self.zones or zone in self.zones)


def covers(sites: Iterable[Site], at: datetime) -> dict[UUID, frozenset[Cover]]:
    """What holds at `at`, or did until a moment ago, at these sites, by their ids. Two small queries, whatever their number."""
    found = {site.pk: site for site in sites}
    known: dict[UUID, set[Cover]] = defaultdict(set)
    since = at - KNOWN
    early = Q(ended_at=None) | Q(ended_at__gt=since)
    for muting in Muting.objects.filter(early, site__in=found, starts_at__lte=at, ends_at__gt=since):
        zones = frozenset({str(muting.zone_id)}) if muting.zone_id else frozenset()
        over = min(muting.ends_at, muting.ended_at or muting.ends_at)
        known[muting.site_id].add(Cover(str(muting.pk), over, str(muting.camera_id or ""), zones))
    early = Q(cancelled_at=None) | Q(cancelled_at__gt=since)
    windows = AccessWindow.objects.filter(early, site__in=found, starts_at__lte=at, ends_at__gt=since)
    for window in windows.prefetch_related("zones"):
        zones = frozenset(str(zone.pk) for zone in window.zones.all())
        for over in _closes(window, found[window.site_id], (since, at)):
            over = min(over, window.cancelled_at or over)
            known[window.site_id].add(Cover(str(window.pk), over, "", zones))
    return {pk: frozenset(known[pk]) for pk in found}


def _closes(window: AccessWindow, site: Site, moments: Iterable[datetime]) -> Iterator[datetime]:
    """When the window closes in which each of these moments lies."""
    for moment in moments:
        if (end := ends_if_readable(window, site, max(moment, window.starts_at))) is not None:
            yield end
