"""Loss is an alert after a minute, once, whoever should have been watching; a dark site is one alert, and a graver one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import connection

from cameras import health
from cameras.actions import camera_back, camera_lost
from cameras.health import SETTLING, Pauses, raise_lost_cameras
from cameras.models import Camera, Candidate
from soc.core.models import Event
from tests import factories as make
from tests.factories import NIGHT


@pytest.fixture(autouse=True)
def settled(monkeypatch) -> None:
    monkeypatch.setattr(health, "SETTLING", timedelta(0))
    monkeypatch.setattr(health, "_pauses", Pauses())


def after(seconds: float) -> datetime:
    return NIGHT + timedelta(seconds=seconds)


def lose(camera: Camera, seconds: float = 0) -> None:
    camera_lost(camera.pk, code="ended", words="The camera closed the connection.", at=after(seconds))


def raised() -> list[str]:
    return sorted(Candidate.objects.values_list("category", flat=True))


def test_a_camera_lost_for_a_minute_is_one_alert_for_each_loss(camera):
    lose(camera)
    assert raise_lost_cameras(after(59)) == 0
    assert raise_lost_cameras(after(60)) == 1
    assert raise_lost_cameras(after(61)) == raise_lost_cameras(after(600)) == 0
    alert = Candidate.objects.get()
    assert (alert.category, alert.priority, alert.decision, alert.camera_id) == ("offline", 3, "raise", camera.pk)
    camera_back(camera.pk, at=after(700))
    assert raise_lost_cameras(after(701)) == 0
    lose(camera, 800)
    assert raise_lost_cameras(after(861)) == 1
    assert raised() == ["offline", "offline"]


def test_a_camera_that_returns_in_time_is_no_alert(camera):
    lose(camera)
    camera_back(camera.pk, at=after(50))
    assert raise_lost_cameras(after(70)) == 0


def test_a_camera_that_is_back_is_not_lost_by_its_old_last_picture(camera):
    """The row's last picture is written now and then: it must not be older than the return itself."""
    Camera.objects.filter(pk=camera.pk).update(last_frame_at=NIGHT)
    lose(camera, 1)
    raise_lost_cameras(after(100))
    camera_back(camera.pk, at=after(120))
    assert raise_lost_cameras(after(121)) == 0
    camera.refresh_from_db()
    assert (camera.health, camera.trouble, camera.last_frame_at) == ("online", "", after(120))
    assert raised() == ["offline"]


def test_a_camera_that_nobody_watches_any_more_is_lost_since_its_last_picture(camera):
    Camera.objects.filter(pk=camera.pk).update(last_frame_at=NIGHT)
    assert raise_lost_cameras(after(59)) == 0
    assert raise_lost_cameras(after(61)) == 1
    camera.refresh_from_db()
    assert (camera.health, camera.health_since) == ("offline", NIGHT)
    assert camera.trouble == health.UNWATCHED
    assert Event.objects.get(kind="camera.lost").data["code"] == "unwatched"


def test_a_new_camera_that_nobody_watches_is_found_too(site):
    make.make_camera(site, health=Camera.Health.UNKNOWN)
    assert raise_lost_cameras(after(0)) == 0
    assert raise_lost_cameras(after(59)) == 0
    assert raise_lost_cameras(after(60)) == 1


def test_a_camera_out_of_use_is_nobodys_loss_and_counts_anew_when_it_is_back_in_use(camera):
    lose(camera)
    Camera.objects.filter(pk=camera.pk).update(enabled=False)
    assert raise_lost_cameras(after(90)) == 0
    Camera.objects.filter(pk=camera.pk).update(enabled=True)
    assert raise_lost_cameras(after(100)) == raise_lost_cameras(after(150)) == 0
    assert raise_lost_cameras(after(161)) == 1


def test_after_a_pause_watchers_get_time_to_write_before_a_camera_is_called_unwatched(camera, monkeypatch):
    monkeypatch.setattr(health, "SETTLING", SETTLING)
    Camera.objects.filter(pk=camera.pk).update(last_frame_at=NIGHT)
    for second in range(500, 520):
        assert raise_lost_cameras(after(second)) == 0
    assert raise_lost_cameras(after(520)) == 1


def test_a_pause_keeps_nobody_waiting_who_is_known_to_be_lost(camera, monkeypatch):
    monkeypatch.setattr(health, "SETTLING", SETTLING)
    lose(camera)
    assert raise_lost_cameras(after(500)) == 1


@pytest.fixture
def three(site) -> list[Camera]:
    return [make.make_camera(site, f"Camera {n}") for n in range(3)]


def test_all_cameras_of_an_armed_site_are_one_graver_alert(site, three):
    make.arm_always(site)
    for second, camera in enumerate(three):
        lose(camera, second * 20)
    assert raise_lost_cameras(after(60)) == 1
    assert raise_lost_cameras(after(200)) == 0
    alert = Candidate.objects.get()
    assert (alert.category, alert.priority, alert.camera, alert.site) == ("site_lost", 2, None, site)
    assert set(Camera.objects.values_list("lost_alert_at", flat=True)) == {after(60)}


def test_a_disarmed_site_and_one_with_a_picture_left_have_an_alert_for_each_camera(site, three):
    for camera in three:
        lose(camera)
    assert raise_lost_cameras(after(61)) == 3
    Candidate.objects.all()._raw_delete("default")
    make.arm_always(site)
    for camera in three:
        camera_back(camera.pk, at=after(70))
    for camera in three[:2]:
        lose(camera, 100)
    Camera.objects.filter(pk=three[2].pk).update(last_frame_at=after(160))
    assert raise_lost_cameras(after(161)) == 2
    assert raised() == ["offline", "offline"]


def test_the_last_camera_to_go_is_the_loss_of_the_site(site, three):
    make.arm_always(site)
    lose(three[0])
    assert raise_lost_cameras(after(61)) == 1
    for camera in three[1:]:
        lose(camera, 100)
    assert raise_lost_cameras(after(161)) == 1
    assert raised() == ["offline", "site_lost"]


def test_a_site_with_one_camera_is_lost_with_it_and_the_alert_says_which(site, camera):
    """Nobody looks there any more, and it may have been put out for that."""
    make.arm_always(site)
    lose(camera)
    raise_lost_cameras(after(61))
    assert raised() == ["site_lost"]
    assert Candidate.objects.get().camera == camera


def test_a_dead_watcher_is_the_loss_of_every_armed_site(site, three, other_site, other_camera):
    make.arm_always(site)
    make.arm_always(other_site)
    Camera.objects.update(last_frame_at=NIGHT)
    assert raise_lost_cameras(after(61)) == 2
    assert raised() == ["site_lost", "site_lost"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("armed", [True, False])
def test_two_spines_at_once_raise_one(site, three, armed: bool, monkeypatch):
    if armed:
        make.arm_always(site)
    for camera in three:
        lose(camera)
    gate = threading.Barrier(4)

    def spine() -> int:
        try:
            gate.wait(10)
            return raise_lost_cameras(after(61))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        counted = sum(one.result(30) for one in [pool.submit(spine) for _ in range(4)])
    counted += raise_lost_cameras(after(62))
    assert counted == Candidate.objects.count() == (1 if armed else 3)
