"""Whether sites are armed: the policy in force, and what somebody did by hand. For pages, sweeps and watchers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import OuterRef, Subquery

from cameras.actions.circumstances import toggle_from
from cameras.actions.policies import in_force_of
from cameras.context.facts import Toggle
from cameras.context.policy import Policy
from cameras.context.schedule import ArmState
from cameras.models import ArmChange
from soc.core.models import Site

LONGEST: Final = timedelta(days=1)
MOST_CHANGES: Final = 500


@dataclass(frozen=True)
class Standing:
    """How a site stands: good for as long as neither a policy is published nor somebody arms or disarms."""

    policy: Policy
    toggle: Toggle | None = None

    def arm(self, at: datetime, zone: str = "") -> ArmState:
        """The arm state of a zone (its id), or of the site where none is given."""
        return self.policy.arm(at, zone, self.toggle)

    def anywhere(self, at: datetime) -> ArmState:
        """The site's arm state; disarmed as a whole, that of the zone with a schedule of its own that was armed first."""
        state = self.arm(at)
        if state.armed:
            return state
        zones = [one for zone in self.policy.zones if (one := self.arm(at, zone)).armed]
        return min(zones, key=_since, default=state)


@dataclass(frozen=True)
class Stood(Standing):
    """How a site stood at any time of a recording: by the policy in force now, and by what people had armed by hand until
    then. changes: the newest first.
    """

    changes: tuple[ArmChange, ...] = ()

    def arm(self, at: datetime, zone: str = "") -> ArmState:
        done = next((one for one in self.changes if one.at <= at and not (one.undone_at and one.undone_at <= at)), None)
        return self.policy.arm(at, zone, toggle_from(done) if done else None)


def _since(state: ArmState) -> datetime:
    return state.since or datetime.min.replace(tzinfo=UTC)


def standings(sites: Iterable[Site]) -> dict[UUID, Standing]:
    """Of many sites, by their ids, in two queries, however often each was armed; three where a policy was not read before."""
    found = list(sites)
    policies = in_force_of(found)
    # The last one of each by its index: all that was ever armed there is not gone through.
    last = ArmChange.objects.filter(site=OuterRef("pk"), undone_at=None).order_by("-at").values("pk")[:1]
    ids = Site.objects.filter(pk__in=[site.pk for site in found]).order_by().values_list(Subquery(last), flat=True)
    toggles = {row.site_id: toggle_from(row) for row in ArmChange.objects.filter(pk__in=ids)}
    return {site.pk: Standing(policies[site.pk], toggles.get(site.pk)) for site in found}


def standing(site: Site) -> Standing:
    return standings([site])[site.pk]


def stood(site: Site, begins: datetime) -> Stood:
    """For a recording that begins then, and is over within a day."""
    changes = ArmChange.objects.filter(site=site, at__lt=begins + LONGEST).order_by("-at")
    return Stood(standing(site).policy, changes=tuple(changes[:MOST_CHANGES]))
