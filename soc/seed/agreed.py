"""What was agreed at the demonstration's sites in the month before its first run: policies, who was expected, what was muted."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from cameras.actions.circumstances import ends
from cameras.actions.muting import end_muting, snooze
from cameras.actions.policies import publish
from cameras.actions.presence import expect
from cameras.context.facts import Context, Dismissed, Expected, Muted
from cameras.models import AccessWindow, Muting, Policy, Zone
from soc.core.models import Site, User
from soc.seed import month
from soc.seed.month import BACK_PLACE, DEPOT, GLASSHOUSE, LONDON, PATH_PLACE, QUAY

Zones = Mapping[tuple[str, str], Zone]
Body = dict[str, Any]

FOOTPATH: Final = ("Forecourt", "Footpath")
HEDGE: Final = ("Orchard side", "Hedge")


def publish_versions(site: Site, zones: Zones, *, by: User, at: datetime) -> list[Policy]:
    """Add versions 2 and 3 to the one the site began with, as of the days on which they were wanted. The oldest first."""
    found = list(Policy.objects.filter(site=site).order_by("number"))
    if len(found) != 1 or site.name not in CHANGES:
        return found
    for days_ago, note, change in CHANGES[site.name]:
        body = copy.deepcopy(found[-1].body)
        change(body, zones)
        found.append(publish(site, body, by=by, at=_day(at, days_ago, time(10, 12)), note=note, based_on=found[-1]))
    return found


def _rule(zones: Zones, place: tuple[str, str], decision: str, **rest: Any) -> Body:
    rule = {"zone": str(zones[place].pk), "category": "person", "when": "armed", "decision": decision, "priority": None}
    return {**rule, "dwell_s": None, "cooldown_s": 0, "note": "", **rest}


def _path_four_seconds(body: Body, zones: Zones) -> None:
    body["rules"] = [
        _rule(zones, PATH_PLACE, "raise", dwell_s=4.0, note="The path is public: walking past is no reason")
    ]


def _path_cools_down(body: Body, zones: Zones) -> None:
    body["rules"][0]["cooldown_s"] = 60
    body["runaway"] = {"dismissed": 4, "within_min": 10, "look_min": 15}


def _footpath_watched(body: Body, zones: Zones) -> None:
    body["rules"] = [_rule(zones, FOOTPATH, "watch", note="Outside the barrier")]


def _footpath_six_seconds(body: Body, zones: Zones) -> None:
    body["rules"] = [
        _rule(zones, FOOTPATH, "raise", dwell_s=6.0, priority=3, note="Outside the barrier, but nobody waits there")
    ]


def _hedge(seconds: float) -> Any:
    def change(body: Body, zones: Zones) -> None:
        body["rules"] = [_rule(zones, HEDGE, "raise", dwell_s=seconds, note="Leaves")]

    return change


# By site: days ago, why, and what was changed from the version before.
CHANGES: Final[dict[str, list[tuple[int, str, Any]]]] = {
    DEPOT: [
        (19, "Passers-by on the path along the fence", _path_four_seconds),
        (7, "One at a time is enough on the path", _path_cools_down),
    ],
    QUAY: [
        (16, "Nobody on the footpath is looked at any more", _footpath_watched),
        (5, "Look again at whoever stays on the footpath", _footpath_six_seconds),
    ],
    GLASSHOUSE: [(13, "Leaves", _hedge(2.4)), (6, "Still leaves", _hedge(2.8))],
}


@dataclass
class Circumstances:
    """Who was expected at a site and what was muted, over the month."""

    site: Site
    windows: list[tuple[AccessWindow, frozenset[str]]] = field(default_factory=list)
    mutings: list[Muting] = field(default_factory=list)

    def context(self, at: datetime, *, dismissed: tuple[Dismissed, ...]) -> Context:
        """As of `at`."""
        expected = [
            Expected(str(window.pk), window.kind, window.people, until, zones, window.vehicles)
            for window, zones in sorted(self.windows, key=lambda one: (one[0].ends_at, one[0].pk))
            if (until := ends(window, self.site, at)) is not None
        ]
        muted = [
            Muted(
                str(row.pk),
                row.kind,
                row.ends_at,
                str(row.camera_id or ""),
                str(row.zone_id or ""),
                frozenset(row.categories),
            )
            for row in self.mutings
            if row.starts_at <= at < row.ends_at and (row.ended_at is None or row.ended_at > at)
        ]
        return Context(expected=tuple(expected), muted=tuple(muted), dismissed=dismissed)


def circumstances(site: Site, zones: Zones, people: Mapping[str, User], *, at: datetime) -> Circumstances:
    """Write the windows and the muting of this site. All of them are over: nothing of the past may hide anything today."""
    if site.name != DEPOT:
        return Circumstances(site)
    first, today, noor = month.first_day(at).astimezone(UTC), _day(at, 0, time(0)), people["noor"]
    cleaner = expect(
        site, kind="cleaner", label="Brightwell", starts_at=first, ends_at=today, weekdays=[1], from_time=time(19),
        to_time=time(21), by=noor, at=first,
    )  # fmt: skip
    came, gone = _day(at, 16, time(8)), _day(at, 14, time(17))
    repair = expect(
        site, kind="contractor", label="Fence repair", people=2, zones=[zones[BACK_PLACE].pk], starts_at=came, ends_at=gone,
        by=noor, at=came - timedelta(hours=15),
    )  # fmt: skip
    start = _day(at, month.ROAD_WORKS, time(15))
    path, why = zones[PATH_PLACE].pk, "Road works beside the fence"
    muting = snooze(site, categories=["person"], minutes=120, reason=why, zone=path, by=noor, at=start)
    muting = end_muting(muting.pk, by=people["tomas"], at=start + timedelta(minutes=85))
    where = frozenset({str(zones[BACK_PLACE].pk)})
    return Circumstances(site, [(cleaner, frozenset()), (repair, where)], [muting])


def _day(at: datetime, days_ago: int, wall: time) -> datetime:
    """A wall-clock time of a day before the day of `at`, in UTC."""
    day = at.astimezone(LONDON).date() - timedelta(days=days_ago)
    return datetime.combine(day, wall, LONDON).astimezone(UTC)
