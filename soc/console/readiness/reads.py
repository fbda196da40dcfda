"""What the readiness pages show, gathered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Max

from cameras.actions import Standing, standing, standings
from cameras.context.schedule import ArmState
from cameras.models import EXERCISES, Camera, Candidate, Condition
from cameras.troubles import BLIND, Sight, sights
from soc.console.readiness.words import clips_lost, dropped, explain
from soc.core.models import Media, Site, User
from soc.core.rights import Act

SOON: Final = timedelta(hours=1)
OLD: Final = timedelta(seconds=10)
HISTORY: Final = 30
SITES_A_PAGE: Final = 40
LOST_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True)
class Row:
    """One camera in the list. `wrong`: its open conditions, the gravest first; `age_s`: of its last picture, seconds; `lost`:
    its candidates of the last day whose clips will not come.
    """

    camera: Camera
    wrong: list[Condition]
    blind: bool
    age_s: float | None
    dropped_percent: float | None
    lost: int = 0

    @property
    def old(self) -> bool:
        return self.age_s is None or self.age_s > OLD.total_seconds()


@dataclass(frozen=True)
class SiteState:
    """One site in the list. `soon`: it is armed within the hour; `pressing`: it is armed, or soon, and not all see, or its
    policy cannot be read.
    """

    site: Site
    state: ArmState
    rows: list[Row]
    sight: Sight
    soon: bool
    unseen: list[str] = field(default_factory=list)
    unreadable: bool = False

    @property
    def blind(self) -> int:
        return len(self.sight.blind)

    @property
    def wrong(self) -> int:
        return sum(bool(row.wrong) or row.blind for row in self.rows)

    @property
    def pressing(self) -> bool:
        return self.unreadable or (bool(self.blind) and (self.state.armed or self.soon))


def sites_of(user: User, *, at: datetime) -> list[SiteState]:
    """The sites whose readiness this user may see, those that are not ready and armed first."""
    rows = Site.objects.visible_to(user, Act.READINESS).order_by("name")
    found = {site.pk: site for site in rows}
    seen, stand = sights(found.values()), standings(found.values())
    lost = lost_clips([camera.pk for sight in seen.values() for camera in sight.cameras], at=at)
    states = [_site(found[pk], sight, stand[pk], at, lost) for pk, sight in seen.items() if sight.cameras]
    return sorted(states, key=lambda one: (not one.pressing, not one.blind, not one.wrong, one.site.name))


def pressing(user: User, *, at: datetime) -> list[SiteState]:
    """The sites that are armed within the hour, or are, with a camera that sees nothing."""
    return [state for state in sites_of(user, at=at) if state.pressing]


def lost_clips(cameras: list[UUID], *, at: datetime) -> dict[UUID, tuple[int, datetime]]:
    """Of cameras whose evidence could not be kept within the last day: how many clips, and when the newest was to be of."""
    rows = Candidate.objects.filter(camera__in=cameras, captured_at__gt=at - LOST_WITHIN, evidence__has_key="lost")
    found = rows.values("camera").annotate(count=Count("pk"), newest=Max("captured_at"))
    return {row["camera"]: (row["count"], row["newest"]) for row in found}


def _site(
    site: Site, sight: Sight, stands: Standing, at: datetime, lost: dict[UUID, tuple[int, datetime]]
) -> SiteState:
    state = stands.anywhere(at)
    soon = not state.armed and state.until is not None and state.until - at <= SOON
    rows = [_row(one, one.pk in sight.blind, at, lost.get(one.pk, (0, at))[0]) for one in sight.cameras]
    rows.sort(key=lambda row: (not row.blind, not row.wrong, row.camera.name))
    unseen = [str(zone) for zone in sight.unseen]
    return SiteState(site, state, rows, sight, soon, unseen, unreadable=stands.policy.unreadable)


def _row(camera: Camera, blind: bool, at: datetime, clips: int) -> Row:
    wrong = sorted(camera.open_conditions, key=lambda one: (one.kind not in BLIND, one.began_at))  # type: ignore[attr-defined]
    age_s = (at - camera.last_frame_at).total_seconds() if camera.last_frame_at else None
    captured, lost = camera.frames.get("captured", 0), camera.frames.get("dropped", 0)
    return Row(camera, wrong, blind, None if age_s is None else max(age_s, 0.0), _percent(lost, captured), clips)


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 1) if whole else None


def camera_of(user: User, pk: UUID) -> Camera | None:
    rows = Camera.objects.visible_to(user, Act.READINESS).select_related("site__customer", "reference")
    found: Camera | None = rows.prefetch_related("zones").filter(pk=pk).first()
    return found


def camera_page(camera: Camera, user: User, *, at: datetime) -> dict[str, Any]:
    """Everything of one camera."""
    history = list(camera.conditions.order_by("-began_at")[:HISTORY])
    now = [one for one in history if one.ended_at is None]
    older = camera.conditions.filter(ended_at=None).exclude(pk__in=[one.pk for one in now])
    video = Camera.objects.visible_to(user, Act.VIDEO).filter(pk=camera.pk).exists()
    state = standing(camera.site).anywhere(at)
    age_s = (at - camera.last_frame_at).total_seconds() if camera.last_frame_at else None
    frames = camera.frames
    return {
        "camera": camera,
        "site": camera.site,
        "at": at,
        "state": state,
        "video": video,
        "tends": user.may(Act.TEND, camera.site),
        "now": [(one, explain(one)) for one in [*now, *older]],
        "history": [(one, explain(one)) for one in history if one.ended_at is not None],
        "age_s": None if age_s is None else max(age_s, 0.0),
        "old": age_s is None or age_s > OLD.total_seconds(),
        "measured": camera.measured,
        "inference_ms": camera.measured.get("inference_ms") or frames.get("inference_ms"),
        "frames": frames,
        "dropped": dropped(frames),
        "lost": _lost(camera, at),
        "dropped_percent": _percent(frames.get("dropped", 0), frames.get("captured", 0)),
        "last_kept": _last_kept(camera) if video and camera.health == Camera.Health.OFFLINE else None,
        "host": camera.leased_by.rpartition(":")[0].partition(":")[0],
    }


def _lost(camera: Camera, at: datetime) -> str:
    """What became of its evidence within the last day, where some was lost."""
    if camera.pk not in (found := lost_clips([camera.pk], at=at)):
        return ""
    count, newest = found[camera.pk]
    rows = Candidate.objects.filter(camera=camera, captured_at=newest, evidence__has_key="lost")
    return clips_lost(count, rows.values_list("evidence__lost", flat=True).first() or "")


def _last_kept(camera: Camera) -> Media | None:
    """The newest picture that was stored of it; none from before its view or its masks were changed."""
    rows = (
        Candidate.objects.filter(camera=camera, snapshot__isnull=False)
        .exclude(source__in=EXERCISES)
        .select_related("snapshot")
    )
    if camera.reference_at:
        rows = rows.filter(captured_at__gt=camera.reference_at)
    newest = rows.order_by("-captured_at").first()
    return newest.snapshot if newest else camera.reference
