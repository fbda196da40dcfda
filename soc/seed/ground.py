"""The demonstration's plans: the ground of its sites in metres, and where its cameras hang."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cameras.models import Camera, SitePlan
from soc.core.models import Site
from soc.seed.rows import check, ensure

Corners = list[list[float]]


@dataclass(frozen=True)
class Ground:
    """`cameras`: by name, (x, y, heading, angle, reach); metres, degrees from north."""

    width_m: float
    height_m: float
    shapes: tuple[tuple[str, str, Corners], ...]
    cameras: dict[str, tuple[float, float, float, float, float]]


def _block(x: float, y: float, width: float, height: float) -> Corners:
    return [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]


GROUNDS: Final = {
    "Pinewick Depot": Ground(
        86, 62,
        (
            ("fence", "", [[84, 24], [84, 2], [2, 2], [2, 60], [84, 60], [84, 34]]),
            ("building", "Cold store", _block(10, 8, 32, 20)),
            ("building", "Workshop", _block(52, 6, 22, 10)),
            ("building", "Office", _block(8, 42, 20, 14)),
            ("gate", "Tern Lane gate", [[84, 24], [84, 34]]),
            ("path", "", [[84, 29], [60, 30], [40, 36], [28, 44]]),
        ),
        {"Loading yard": (42, 18, 112, 62, 36), "Back yard": (10, 28, 178, 58, 20)},
    ),
    "Quay Street Lot": Ground(
        60, 44,
        (
            ("building", "Kiosk", _block(6, 20, 10, 8)),
            ("fence", "", [[2, 2], [58, 2], [58, 42]]),
            ("path", "Footpath", [[2, 12], [58, 12]]),
            ("gate", "Barrier", [[20, 42], [30, 42]]),
            ("label", "Quay Street", [[44, 40]]),
        ),
        {"Forecourt": (16, 26, 82, 70, 38)},
    ),
    "Glasshouse": Ground(
        70, 48,
        (
            ("building", "Glasshouse", _block(8, 12, 34, 26)),
            ("building", "Pump house", _block(52, 34, 8, 6)),
            ("label", "Water tank", [[56, 44]]),
            ("fence", "Hedge", [[48, 3], [66, 3], [66, 30]]),
            ("path", "", [[60, 46], [48, 40], [44, 20]]),
        ),
        {"Orchard side": (42, 24, 62, 64, 28)},
    ),
}  # fmt: skip


def lay_out(site: Site) -> None:
    """Give a site of the demonstration its plan. One that has a plan keeps it, and its cameras their places."""
    ground = GROUNDS[site.name]
    shapes = [{"kind": kind, "points": points, "words": words} for kind, words, points in ground.shapes]
    size: dict[str, Any] = {"width_m": ground.width_m, "height_m": ground.height_m}
    _plan, made = ensure(SitePlan, site=site, defaults={**size, "shapes": shapes})
    if not made:
        return
    for camera in Camera.objects.filter(site=site, name__in=ground.cameras, on_plan__isnull=True):
        x, y, heading, angle, reach = ground.cameras[camera.name]
        camera.on_plan = {"x": x, "y": y, "heading": heading, "angle": angle, "reach": reach}
        check(camera)
        camera.save(update_fields=["on_plan"])
