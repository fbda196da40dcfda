"""The clock of a centre: that of most of its sites. Pages about people and shifts go by it; pages about a site by the site's."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from soc.core.models import Organisation, Site


def centre_zone(organisation: Organisation) -> tzinfo:
    """UTC where it has no site yet."""
    zones = Counter(Site.objects.filter(organisation=organisation).values_list("time_zone", flat=True))
    return ZoneInfo(min(zones, key=lambda name: (-zones[name], name))) if zones else UTC


def local(text: str, zone: tzinfo) -> datetime | None:
    """What a field of kind datetime-local sent, by these clocks; None for what is none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=zone)
