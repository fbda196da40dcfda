"""The site from above, as the pane draws it: the ground, what cameras see, the alarm's zone, and where somebody went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import hypot
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from cameras import on_plan
from cameras.models import Camera, SitePlan
from cameras.on_plan import Place, Point
from incidents.models import Incident
from soc.console.around import Seen
from soc.console.evidence import Evidence
from soc.core.models import User
from soc.core.prepared import prepared
from soc.core.rights import Act

WIDE, DEEP = 360.0, 280.0  # the drawing's own units; type is 12 of them
MARGIN: Final = 14.0
SCALES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)  # metres
ASPECT: Final = 16 / 9  # of pictures: another shape makes somebody stand a little nearer or farther than they do
MOST_POINTS: Final = 24
NEAR: Final = 0.08  # words in this part of the plan's width stand beside their place, not over it
BESIDE: Final = 8.0

TOWARDS: Final = {
    "north": pgettext_lazy("going", "north"), "north-east": pgettext_lazy("going", "north-east"),
    "east": pgettext_lazy("going", "east"), "south-east": pgettext_lazy("going", "south-east"),
    "south": pgettext_lazy("going", "south"), "south-west": pgettext_lazy("going", "south-west"),
    "west": pgettext_lazy("going", "west"), "north-west": pgettext_lazy("going", "north-west"),
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """kind: building | fence | gate | path | label. `d` is an SVG path; the words stand at x, y, and near an edge of the plan
    they begin or end there (`anchor`: "" | start | end)."""

    kind: str
    d: str
    words: str
    x: str
    y: str
    anchor: str


@dataclass(frozen=True)
class Mark:
    """A camera; `d`: what it sees. `speaker`: it can be heard there."""

    number: int
    name: str
    x: str
    y: str
    d: str
    own: bool
    lost: bool
    speaker: bool


@dataclass(frozen=True)
class Ground:
    """The picture that lies under the drawing, and how much of the plan it takes."""

    address: str
    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True)
class Drawn:
    """Everything in the drawing's own units, as text. `who`: where somebody was last seen; `sentence` says all of it in words."""

    box: str
    width: str
    height: str
    picture: Ground | None
    shapes: list[Shape]
    marks: list[Mark]
    zone: str
    zone_words: tuple[str, str, str]
    track: str
    who: tuple[str, str] | None
    words: str
    scale_m: int
    scale: str
    scale_x: str
    scale_y: str
    sentence: str


def site_plan(incident: Incident, user: User, seen: list[Seen], shown: Evidence) -> Drawn | None:
    """None for a site without a plan."""
    plan: SitePlan | None = next(iter(_plan(user, incident.site_id)), None)
    return draw(plan, seen, shown) if plan else None


@prepared
def _plan(user: User, site: UUID) -> QuerySet[SitePlan]:
    rows: QuerySet[SitePlan] = SitePlan.objects.visible_to(user, Act.CONSOLE).filter(site=site)
    return rows.select_related("picture")


def draw(plan: SitePlan, seen: list[Seen], shown: Evidence) -> Drawn:
    """The plan with what is seen on the evidence that is shown. What the cameras' places do not tell is left out."""
    unit = min(WIDE / plan.width_m, DEEP / plan.height_m)
    width, height = plan.width_m * unit, plan.height_m * unit
    placed = [(one, Place.of(one.camera.on_plan)) for one in seen if one.camera.on_plan]
    own = next(((one, place) for one, place in placed if one.own), None)
    zone, track, vehicle = _seen_there(own, shown) if own else ([], [], False)
    scale_m = max((m for m in SCALES if m * unit <= width / 4), default=SCALES[0])
    going = on_plan.went(track)
    words = _("heading %(direction)s") % {"direction": TOWARDS[going]} if going else ""
    middle = _middle(zone)
    return Drawn(
        box=f"{-MARGIN:.0f} {-MARGIN:.0f} {width + 2 * MARGIN:.1f} {height + 2 * MARGIN + 10:.1f}",
        width=_n(width),
        height=_n(height),
        picture=_ground(plan, unit),
        shapes=[_shape(shape, unit, width) for shape in plan.shapes],
        marks=[_mark(one, place, unit) for one, place in placed],
        zone=_path(zone, unit, closed=True),
        zone_words=(shown.place, _n(middle[0] * unit), _n(middle[1] * unit)) if zone else ("", "", ""),
        track=_path(track, unit) if len(track) > 1 else "",
        who=(_n(track[-1][0] * unit), _n(track[-1][1] * unit)) if track else None,
        words=words,
        scale_m=scale_m,
        scale=_n(scale_m * unit),
        scale_x=_n(scale_m * unit + 6),
        scale_y=_n(height + MARGIN),
        sentence=_sentence(plan, own, track, words, shown, vehicle=vehicle),
    )


def _ground(plan: SitePlan, unit: float) -> Ground | None:
    if plan.picture is None or not plan.picture.there:
        return None
    place = plan.picture_place or {"x": 0, "y": 0, "width": plan.width_m, "height": plan.height_m}
    of = {name: _n(place[name] * unit) for name in ("x", "y", "width", "height")}
    return Ground(reverse("media", args=[plan.picture_id]), **of)


def _seen_there(own: tuple[Seen, Place], shown: Evidence) -> tuple[list[Point], list[Point], bool]:
    """The zone on the ground, the track and whether it is a vehicle's; empty where the picture does not tell."""
    camera, place = own[0].camera, own[1]
    most = max(shown.tracks, key=lambda one: len(one.get("path") or ()), default=None)
    path = [point for point in (most or {}).get("path") or () if len(point) == 5]
    vehicle = bool(most) and str((most or {}).get("label", "")) not in {"", "person"}
    boxes = [] if vehicle else [point[1:] for point in path]
    known = on_plan.heights(camera.perspective, [])
    track = _fewer(on_plan.track(place, path, aspect=ASPECT, vehicle=vehicle, height=known))
    lies = known or on_plan.heights(None, boxes)
    zone = shown.alert.candidate.zone if shown.alert else None
    return on_plan.outline(place, zone.polygon, lies, aspect=ASPECT) if zone and lies else [], track, vehicle


def _fewer(points: list[Point]) -> list[Point]:
    if len(points) <= MOST_POINTS:
        return points
    return [points[round(n * (len(points) - 1) / (MOST_POINTS - 1))] for n in range(MOST_POINTS)]


def _n(value: float) -> str:
    return f"{value:.1f}"


def _path(points: Iterable[Point], unit: float, *, closed: bool = False) -> str:
    drawn = " ".join(f"{x * unit:.1f} {y * unit:.1f}" for x, y in points)
    return f"M{drawn}{'Z' if closed else ''}" if drawn else ""


def _middle(points: list[Point]) -> Point:
    return (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points)) if points else (0.0, 0.0)


def _shape(stored: dict[str, Any], unit: float, width: float) -> Shape:
    points = [(float(x), float(y)) for x, y in stored["points"]]
    x, y = (value * unit for value in _middle(points))
    closed = stored["kind"] == "building"
    anchor = "start" if x < width * NEAR else "end" if x > width * (1 - NEAR) else ""
    x += {"start": BESIDE, "end": -BESIDE}.get(anchor, 0)
    return Shape(stored["kind"], _path(points, unit, closed=closed), stored.get("words", ""), _n(x), _n(y + 4), anchor)


def _mark(one: Seen, place: Place, unit: float) -> Mark:
    (lx, ly), (rx, ry) = on_plan.cone(place)
    reach, wide = place.reach * unit, int(place.angle > 180)
    sector = (
        f"M{place.x * unit:.1f} {place.y * unit:.1f}L{lx * unit:.1f} {ly * unit:.1f}"
        f"A{reach:.1f} {reach:.1f} 0 {wide} 1 {rx * unit:.1f} {ry * unit:.1f}Z"
    )
    lost = one.camera.health == Camera.Health.OFFLINE
    return Mark(
        one.number, one.camera.name, _n(place.x * unit), _n(place.y * unit), sector, one.own, lost, one.camera.speaker
    )


def _sentence(
    plan: SitePlan, own: tuple[Seen, Place] | None, track: list[Point], words: str, shown: Evidence, *, vehicle: bool
) -> str:
    site = _("Plan of %(site)s, north is up.") % {"site": plan.site.name}
    if own is None or not track:
        return site
    place = own[1]
    away = round(hypot(track[-1][0] - place.x, track[-1][1] - place.y))
    facts = {"where": shown.place, "metres": away, "camera": own[0].camera.name, "number": own[0].number}
    last = (
        _("Vehicle last seen in %(where)s, about %(metres)d metres from camera %(number)d, %(camera)s")
        if vehicle
        else _("Person last seen in %(where)s, about %(metres)d metres from camera %(number)d, %(camera)s")
    ) % facts
    return f"{site} {last}{', ' + words if words else ''}."
