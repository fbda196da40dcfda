"""From a camera's frames to its conditions and its reference picture, in the thread that has them and on the keeper's row."""

from __future__ import annotations

from datetime import timedelta
from functools import cache, partial
from itertools import count
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from cameras.actions import keep_reference, renew_reference
from cameras.models import Camera, Condition
from cameras.vision import snapshot
from cameras.vision.condition import ConditionWatch, Limits
from cameras.vision.ingest import Frame
from cameras.vision.picture import Picture
from cameras.vision.types import FrameStamp
from cameras.watching import conditions
from cameras.watching.conditions import CameraCheck, References
from soc.core.models import Event, Media
from soc.demo.cameras import faults
from tests import factories as make
from tests.browser import scenes
from tests.factories import NIGHT
from tests.vision.world import World
from tests.watching.conftest import Watch, add_camera

PLAN = SimpleNamespace(privacy_masks=())
rng = np.random.default_rng(2)


@cache
def yard() -> np.ndarray:
    return cv2.resize(scenes.yard(figure=False), (384, 216))


@cache
def grains(shape: tuple[int, ...]) -> list[np.ndarray]:
    """A sensor's, and some light with it."""
    return [rng.normal(25, 2, shape).astype(np.float32) for _ in range(17)]


_taken = count()


def frame(seconds: float, image: np.ndarray | None = None) -> Frame:
    """With other grain than the sixteen before it."""
    at = NIGHT + timedelta(seconds=seconds)
    view = yard() if image is None else image
    grain = grains(view.shape)[next(_taken) % 17]
    picture = Picture.of_bgr((view + grain).clip(0, 255).astype(np.uint8))
    return Frame(FrameStamp(round(seconds * 100), at, at, 1000 + seconds), picture, False)


def feed(
    check: CameraCheck,
    begins: float,
    ends: float,
    image: np.ndarray | None = None,
    *,
    fps: float = 5,
    hurried: bool = False,
) -> list:
    told = []
    for n in range(round((ends - begins) * fps)):
        told += check.see(frame(begins + n / fps, image), hurried=hurried)
    return told


def blank() -> np.ndarray:
    return np.full((216, 384, 3), 60, np.uint8)


@pytest.mark.parametrize(("hurried", "looks", "late_s"), [(False, 20, 1.2), (True, 10, 2.2)])
def test_it_is_judged_once_a_second_and_told_with_the_time_it_was_first_seen(monkeypatch, hurried, looks, late_s):
    """In a process that falls behind its cameras every other second."""
    judged = []
    update = ConditionWatch.update
    monkeypatch.setattr(ConditionWatch, "update", lambda *a, **k: judged.append(a[2]) or update(*a, **k))
    check = CameraCheck(PLAN)
    feed(check, 0, 20, hurried=hurried)
    assert looks - 1 <= len(judged) <= looks + 1
    told = [one for one in feed(check, 20, 35, blank(), hurried=hurried) if one.began]
    assert [one.kind for one in told] == ["blinded"]
    assert abs(told[0].at - (NIGHT + timedelta(seconds=20))) <= timedelta(seconds=late_s)


def test_the_rate_is_counted_over_ten_seconds_and_anew_after_a_break():
    check = CameraCheck(PLAN)
    feed(check, 0, 30, fps=10)
    slow = [one for one in feed(check, 30, 65, fps=2) if one.began]
    assert [one.kind for one in slow] == ["slow"]
    check = CameraCheck(PLAN)
    feed(check, 0, 30, fps=10)
    assert not [one for one in feed(check, 90, 110, fps=10) if one.began]


def test_pictures_that_we_had_no_time_for_are_no_fault_of_the_camera():
    check = CameraCheck(PLAN)
    feed(check, 0, 30, fps=10)
    told = []
    for n in range(70):
        told += check.see(frame(30 + n / 2), skipped=n * 4)
    assert not [one for one in told if one.began]


def test_a_view_is_good_for_a_reference_after_seconds_by_day_and_at_once_where_it_was_asked_for():
    check = CameraCheck(PLAN)
    assert check.best(asked=True) is None
    feed(check, 0, 3)
    assert check.best(asked=True) is not None
    assert check.best(asked=False) is None
    feed(check, 3, 8)
    assert check.best(asked=False) is not None
    feed(check, 8, 10, blank())
    assert check.best(asked=True) is None


def test_by_night_a_better_picture_is_waited_for(monkeypatch):
    monkeypatch.setattr(conditions, "BY_NIGHT_S", 12.0)
    check = CameraCheck(PLAN)
    dim = yard() // 4
    lamp = dim - 10 * (dim > 10)
    lamp[80:140, 100:200] = 80
    feed(check, 0, 10, lamp)
    assert check.light < conditions.DIM
    assert check.best(asked=False) is None
    feed(check, 10, 16, lamp)
    assert check.best(asked=False) is not None


# --- the reference picture


@pytest.fixture
def check(camera) -> CameraCheck:
    found = CameraCheck(PLAN)
    feed(found, 0, 8)
    return found


@pytest.fixture
def references(camera, check) -> References:
    return References({camera.pk: check}.get)


@pytest.mark.django_db
def test_the_first_good_picture_is_stored_and_handed_over(camera, check, references):
    references.look_through([camera.pk])
    assert check._watch._reference is None
    feed(check, 8, 14)
    references.look_through([camera.pk])
    camera.refresh_from_db()
    assert camera.reference.kind == "snapshot"
    assert (camera.reference.started_at - NIGHT).total_seconds() >= 7
    assert Event.objects.get(kind="camera.view_kept").data["sha256"] == camera.reference.sha256
    references.look_through([camera.pk])
    feed(check, 14, 16)
    assert check._watch._reference is not None
    assert Media.objects.count() == 1


@pytest.mark.django_db
def test_a_renewed_view_is_taken_from_the_next_good_picture(camera, check, references, sam):
    away = make.make_media(camera.site, content=snapshot.take(frame(0, blank()).picture).jpeg)
    keep_reference(camera.pk, away, at=NIGHT)
    references.look_through([camera.pk])
    renew_reference(camera.pk, by=sam, at=NIGHT + timedelta(seconds=9))
    references.look_through([camera.pk])
    feed(check, 8, 10)
    references.look_through([camera.pk])
    camera.refresh_from_db()
    assert camera.reference is not None
    assert camera.reference != away


@pytest.mark.django_db
def test_no_picture_is_taken_that_shows_what_is_to_be_hidden_by_now(camera, check, references):
    references.look_through([camera.pk])
    feed(check, 8, 14)
    hidden = [[[0, 0], [0.5, 0], [0.5, 0.5]]]
    references.look_through([camera.pk])
    camera.refresh_from_db()
    assert camera.reference is not None
    Camera.objects.update(reference=None, privacy_masks=hidden)  # its watcher has not heard of it yet
    feed(check, 14, 22)
    references.look_through([camera.pk])
    feed(check, 22, 24)
    references.look_through([camera.pk])
    camera.refresh_from_db()
    assert camera.reference is None
    assert not keep_reference(camera.pk, make.make_media(camera.site), at=NIGHT, masks=[])
    assert keep_reference(camera.pk, make.make_media(camera.site), at=NIGHT, masks=hidden)


@pytest.mark.django_db
def test_a_lost_or_damaged_reference_is_no_reason_to_stop(camera, check, references):
    keep_reference(camera.pk, make.make_media(camera.site, content=b"not a picture"), at=NIGHT)
    references.look_through([camera.pk])
    assert not [one for one in feed(check, 8, 12) if one.began]


# --- the whole way, with a simulated camera


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.django_db(transaction=True)
def test_a_camera_that_sends_a_still_is_frozen_on_its_row_and_well_again(watch: Watch, site, world: World, monkeypatch):
    # A loaded machine is slow itself, and the simulated cameras are on it.
    quick = partial(ConditionWatch, limits=Limits(frozen_s=4.0, over_s=2.0, slow_s=600.0))
    monkeypatch.setattr(conditions, "ConditionWatch", quick)
    camera = add_camera(site, "street", f"rtsp://127.0.0.1:{world.port}/street")
    watch.until(lambda: watch.captured(camera.pk) > 20)
    watch.until(lambda: Camera.objects.get(pk=camera.pk).reference is not None, within_s=60)
    assert not Condition.objects.exists()
    world.misbehave("street", faults.STILL, 200)
    frozen = Condition.objects.filter(camera=camera, kind="frozen")
    watch.until(lambda: frozen.filter(ended_at=None).exists(), within_s=60)
    world.behave("street")
    watch.until(lambda: frozen.filter(ended_at__isnull=False).exists(), within_s=60)
    assert list(Condition.objects.values_list("kind", flat=True)) == ["frozen"]
    assert Camera.objects.get(pk=camera.pk).health == Camera.Health.ONLINE
