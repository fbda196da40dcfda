"""What a camera's thread must know, read once per change: frozen, so that a thread never touches the database."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, cast
from uuid import UUID

from django.conf import settings

from cameras.actions import Standing
from cameras.actions.covers import Cover
from cameras.context.policy import Policy
from cameras.context.policy import read as read_policy
from cameras.models import Camera, Zone
from cameras.vision.address import Credentials, PinnedAddress, pin
from cameras.vision.types import Direction, Point, ZoneShape

Polygon = tuple[Point, ...]

OURS: Final = Camera.Analytics.OURS.value


HOUSE: Final = Standing(read_policy({}, time_zone="UTC", version="house"))
# Categories whose stay in a zone is measured here.
STAYS: Final = ("person", "group", "vehicle", "loitering")


@dataclass(frozen=True)
class Arming:
    """How the zones stand at a time: which are armed (their ids), and each with the dwell times asked for then. until: none of
    this changes before, unless somebody changes it; None: for long.
    """

    armed: frozenset[str]
    zones: tuple[ZoneShape, ...]
    until: datetime | None


@dataclass(frozen=True)
class Plan:
    """One camera as its thread sees it. Equal plans need no change; plans with the same `connection` no new connection.

    sub_address: of the small picture, empty where there is none. analytics: who looks at the pictures, "ours" or
    "camera". model: the card of its detector, empty for the house's. day_score, night_score: the least scores asked
    for, None for the detector's. perspective: how tall a person is at two places, ((far feet, height), (near feet,
    height)), 0..1. standing: policy in force and arming by hand: what is asked of stays, and when. covers: what people muted
    or whom they expect, for a time.
    """

    camera_id: UUID
    site_id: UUID
    name: str
    address: str
    credentials: Credentials
    zones: tuple[ZoneShape, ...]
    standing: Standing = HOUSE
    covers: frozenset[Cover] = frozenset()
    digest: str = ""  # of addresses and log-in
    # What a first look found usable. It may be written while the camera is watched, which is no reason to begin anew.
    probed: str = field(default="", compare=False)
    sub_address: str = ""
    analytics: str = OURS
    model: str = ""
    day_score: float | None = None
    night_score: float | None = None
    ignore_areas: tuple[Polygon, ...] = ()
    privacy_masks: tuple[Polygon, ...] = ()
    perspective: tuple[Point, Point] | None = None

    @property
    def connection(self) -> tuple[object, ...]:
        """What the stream itself is made of: where this differs, the camera is connected anew."""
        return (self.site_id, self.address, self.sub_address, self.credentials, self.digest, self.privacy_masks)

    @property
    def looks(self) -> tuple[object, ...]:
        """What gate, detector, tracker and zones are made of: where this differs, they begin anew."""
        return (
            self.zones,
            self.analytics,
            self.model,
            self.day_score,
            self.night_score,
            self.ignore_areas,
            self.perspective,
        )

    @property
    def classes(self) -> frozenset[str]:
        """Every kind or label that some zone of this camera counts."""
        return frozenset(name for zone in self.zones for name in zone.classes)

    def pinned(self) -> PinnedAddress:
        """Looks the name up. Raises AddressRefused with words for the camera's page."""
        return pin(self.address, networks=settings.CAMERA_NETWORKS, credentials=self.credentials)

    def pinned_sub(self) -> PinnedAddress | None:
        """The same for the small picture, None where there is none."""
        if not self.sub_address:
            return None
        return pin(self.sub_address, networks=settings.CAMERA_NETWORKS, credentials=self.credentials)

    def arming(self, at: datetime) -> Arming:
        """Of this moment. Cheap, but not for every picture: it holds until `until`."""
        states = {zone.id: self.standing.arm(at, zone.id) for zone in self.zones}
        return Arming(
            frozenset(pk for pk, state in states.items() if state.armed),
            tuple(_asked(zone, self.standing.policy, armed=states[zone.id].armed) for zone in self.zones),
            min((state.until for state in states.values() if state.until is not None), default=None),
        )

    def covered(self, at: datetime) -> frozenset[tuple[str, str]]:
        """What covers which zone at this moment, as pairs of ids."""
        if not self.covers:
            return frozenset()
        camera = str(self.camera_id)
        return frozenset(
            (one.id, zone.id) for one in self.covers for zone in self.zones if one.covers(camera, zone.id, at)
        )


def plan_of(camera: Camera, standing: Standing, covers: frozenset[Cover] = frozenset()) -> Plan:
    """The plan of a camera with its zones (prefetch them), at a site that stands so.

    Raises ValueError for settings that cannot be used, in words for the camera's page.
    """
    return Plan(
        camera_id=camera.pk,
        site_id=camera.site_id,
        name=str(camera),
        address=camera.address,
        credentials=Credentials(camera.username, camera.password),
        zones=tuple(_shape(zone) for zone in camera.zones.all()),
        standing=standing,
        covers=frozenset(one for one in covers if one.camera in ("", str(camera.pk))),
        digest=camera.digest(),
        probed=camera.probed,
        sub_address=camera.sub_address,
        analytics=camera.analytics,
        model=camera.model,
        day_score=camera.day_score,
        night_score=camera.night_score,
        ignore_areas=polygons(camera.ignore_areas),
        privacy_masks=polygons(camera.privacy_masks),
        perspective=_perspective(camera.perspective),
    )


def _asked(zone: ZoneShape, policy: Policy, *, armed: bool) -> ZoneShape:
    """The zone with the dwell times that the policy asks for instead of the zone's own."""
    own = {"loitering": zone.loiter_s}
    asked = ((code, policy.dwell_of(zone.id, code, armed=armed, own=own.get(code, zone.dwell_s))) for code in STAYS)
    dwells = tuple((code, seconds) for code, seconds in asked if seconds != own.get(code, zone.dwell_s))
    return replace(zone, dwells=dwells) if dwells else zone


def _shape(zone: Zone) -> ZoneShape:
    return ZoneShape(
        str(zone.pk),
        _polygon(zone.polygon),
        dwell_s=zone.dwell_s,
        classes=frozenset(zone.classes),
        loiter_s=zone.loiter_s,
        line=_line(zone.line),
        line_direction=cast(Direction, zone.line_direction),
    )


def _line(points: list[list[float]] | None) -> tuple[Point, Point] | None:
    if points is None:
        return None
    first, second = _polygon(points)
    return first, second


def _polygon(points: list[list[float]]) -> Polygon:
    return tuple((float(x), float(y)) for x, y in points)


def polygons(rows: list[list[list[float]]]) -> tuple[Polygon, ...]:
    """Outlines as a plan has them, from a row."""
    return tuple(_polygon(points) for points in rows)


def _perspective(value: dict[str, Any] | None) -> tuple[Point, Point] | None:
    if value is None:
        return None
    (far, near) = (value["far"], value["near"])
    return (float(far[0]), float(far[1])), (float(near[0]), float(near[1]))
