"""Whether sites are armed: the policy in force, and what somebody did by hand. For pages, sweeps and watchers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cameras.actions.circumstances import toggle_from
from cameras.actions.policies import in_force_of
from cameras.context.facts import Toggle
from cameras.context.policy import Policy
from cameras.context.schedule import ArmState
from cameras.models import ArmChange
from soc.core.models import Site


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


def _since(state: ArmState) -> datetime:
    return state.since or datetime.min.replace(tzinfo=UTC)


def standings(sites: Iterable[Site]) -> dict[UUID, Standing]:
    """Of many sites, by their ids, in two queries."""
    found = list(sites)
    policies = in_force_of(found)
    rows = ArmChange.objects.filter(site__in=found, undone_at=None).order_by("site", "-at").distinct("site")
    toggles = {row.site_id: toggle_from(row) for row in rows}
    return {site.pk: Standing(policies[site.pk], toggles.get(site.pk)) for site in found}


def standing(site: Site) -> Standing:
    return standings([site])[site.pk]
