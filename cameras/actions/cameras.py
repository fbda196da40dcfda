"""How a camera is: with a picture or without, its clock, and whether it must be watched apart."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from cameras.actions.candidates import commit_candidate
from cameras.actions.conditions import begin, end
from cameras.actions.locking import locked
from cameras.models import Camera, Condition
from soc.core import events

# After a crash of the process that a suspect camera has to itself: how long it is left alone, doubling.
FIRST_RETRY_S, LONGEST_RETRY_S = 30.0, 600.0
# So many losses in so short a time are trouble too, however soon a picture comes back each time.
OFTEN, OFTEN_WITHIN, TOLD_AGAIN = 5, timedelta(minutes=10), timedelta(minutes=30)
CRASHES = (
    "What answers there makes the decoder crash; it is not watched. It is tried again later, in a process of its own."
)


def camera_back(camera_id: UUID, *, at: datetime) -> None:
    """A picture again, received at `at`: marked, and nothing is closed by it."""
    with transaction.atomic():
        row = locked(camera_id)
        if row is None or row.health == Camera.Health.ONLINE:
            return
        was = row.health
        # The picture counts at once: the row is else written now and then, and whose last picture is old is called lost.
        last = max(at, row.last_frame_at or at)
        Camera.objects.filter(pk=row.pk).update(
            health=Camera.Health.ONLINE, health_since=at, trouble="", lost_alert_at=None, last_frame_at=last
        )
        end(row, Condition.Kind.OFFLINE, at=at)
        if was == Camera.Health.OFFLINE:
            events.record("camera.back", row, by=None, at=at)


def camera_lost(camera_id: UUID, *, code: str, words: str, at: datetime) -> None:
    """No picture: the state changes at once, the alert follows when it has lasted (cameras.health)."""
    words = words[:240]
    with transaction.atomic():
        row = locked(camera_id)
        if row is None:
            return
        if row.health == Camera.Health.OFFLINE:
            if row.trouble != words:
                Camera.objects.filter(pk=row.pk).update(trouble=words)
            return
        Camera.objects.filter(pk=row.pk).update(health=Camera.Health.OFFLINE, health_since=at, trouble=words)
        condition = begin(row, Condition.Kind.OFFLINE, at=at, detail={"code": code})
        events.record("camera.lost", row, by=None, at=at, code=code)
        _tell_if_it_comes_and_goes(row, condition, at=at)


def _tell_if_it_comes_and_goes(camera: Camera, condition: Condition, *, at: datetime) -> None:
    """A camera that is lost again and again, each time for less than what makes an alert, guards as little as one that
    stays away. Told once in TOLD_AGAIN.
    """
    losses = Condition.objects.filter(camera=camera, kind=Condition.Kind.OFFLINE)
    times = losses.filter(began_at__range=(at - OFTEN_WITHIN, at)).count()
    if times < OFTEN or losses.filter(alert_at__gt=at - TOLD_AGAIN).exists():
        return
    Condition.objects.filter(pk=condition.pk).update(alert_at=at)
    Camera.objects.filter(pk=camera.pk).update(lost_alert_at=at)
    commit_candidate(
        site=camera.site,
        source="system",
        category="offline",
        camera=camera,
        captured_at=at,
        received_at=at,
        judged_at=at,
        dedup=f"offline-often:{camera.pk}:{at.isoformat()}",
        evidence={"losses": times, "within_s": int(OFTEN_WITHIN.total_seconds())},
    )


def camera_drifts(camera_id: UUID, *, offset_s: float, at: datetime) -> None:
    """Its clock is wrong by `offset_s` (camera minus ours): flagged, and one technical alert until it is right again."""
    with transaction.atomic():
        row = locked(camera_id)
        if row is None:
            return
        Camera.objects.filter(pk=row.pk).update(drifting=True, clock_offset_s=offset_s)
        if row.drifting:
            return
        condition = begin(row, Condition.Kind.DRIFT, at=at, detail={"offset_s": round(offset_s, 1)})
        Condition.objects.filter(pk=condition.pk).update(alert_at=at)
        commit_candidate(
            site=row.site,
            source="system",
            category="drift",
            camera=row,
            captured_at=at,
            received_at=at,
            judged_at=at,
            dedup=f"drift:{row.pk}:{at.isoformat()}",
            evidence={"offset_s": round(offset_s, 1)},
        )


def camera_on_time(camera_id: UUID, *, at: datetime) -> None:
    """Its clock is right again: the next time it is not counts anew."""
    with transaction.atomic():
        row = locked(camera_id)
        if row is None:
            return
        Camera.objects.filter(pk=row.pk, drifting=True).update(drifting=False, clock_offset_s=None)
        end(row, Condition.Kind.DRIFT, at=at)


def suspect_camera(camera_id: UUID, *, at: datetime) -> None:
    """A process crashed with this camera's bytes in its decoder. The camera goes to a process of its own.

    The first time at once. A camera that was suspect already waits, twice as long each time, and is lost meanwhile.
    """
    with transaction.atomic():
        row = locked(camera_id)
        if row is None:
            return
        again = row.suspect_since is not None
        crashes = row.crashes + 1
        wait_s = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2 ** min(crashes - 2, 20)) if again else 0.0
        Camera.objects.filter(pk=row.pk).update(
            suspect_since=row.suspect_since or at,
            crashes=crashes,
            retry_at=at + timedelta(seconds=wait_s),
            leased_by="",  # whoever held it is dead
            leased_until=None,
        )
        events.record("camera.suspected", row, by=None, at=at, crashes=crashes)
        if again:
            camera_lost(camera_id, code="crashed", words=CRASHES, at=at)


def clear_camera(camera_id: UUID, *, at: datetime) -> None:
    """Watched long enough without a crash: any process may have it again. How often it crashed is remembered."""
    with transaction.atomic():
        row = locked(camera_id)
        if row is None or row.suspect_since is None:
            return
        Camera.objects.filter(pk=row.pk).update(suspect_since=None, retry_at=None)
        events.record("camera.cleared", row, by=None, at=at)
