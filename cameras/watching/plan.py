"""What a camera's thread must know, read once per change: frozen, so that a thread never touches the database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from cameras.context.arming import Interval, arm_state
from cameras.models import Camera
from cameras.vision.address import Credentials, PinnedAddress, pin
from cameras.vision.types import ZoneShape


@dataclass(frozen=True)
class Plan:
    """One camera as its thread sees it. Equal plans need no restart."""

    camera_id: UUID
    site_id: UUID
    name: str
    address: str
    credentials: Credentials
    zones: tuple[ZoneShape, ...]
    intervals: tuple[Interval, ...]
    time_zone: str
    digest: str = ""  # of address and log-in
    # What a first look found usable. It may be written while the camera is watched, which is no reason to begin anew.
    probed: str = field(default="", compare=False)

    def pinned(self) -> PinnedAddress:
        """Looks the name up. Raises AddressRefused with words for the camera's page."""
        return pin(self.address, networks=settings.CAMERA_NETWORKS, credentials=self.credentials)

    def armed(self, at: datetime) -> bool:
        return arm_state(self.intervals, ZoneInfo(self.time_zone), at).armed


def plan_of(camera: Camera) -> Plan:
    """The plan of a camera with its zones and its site's schedule (prefetch them).

    Raises ValueError for settings that cannot be used, in words for the camera's page.
    """
    return Plan(
        camera_id=camera.pk,
        site_id=camera.site_id,
        name=str(camera),
        address=camera.address,
        credentials=Credentials(camera.username, camera.password),
        zones=tuple(
            ZoneShape(str(zone.pk), tuple((x, y) for x, y in zone.polygon), dwell_s=zone.dwell_s)
            for zone in camera.zones.all()
        ),
        intervals=tuple(row.interval() for row in camera.site.armingintervals.all()),
        time_zone=camera.site.time_zone,
        digest=camera.digest(),
        probed=camera.probed,
    )
