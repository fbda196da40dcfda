"""Cameras by lease: each is watched by one process, changed alone, left when it is out of use, and its counts add up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError

from cameras.models import Camera
from cameras.watching import keeper as module
from cameras.watching.keeper import LEASE
from soc.core.clock import db_now
from soc.core.models import Event
from tests import factories as make
from tests.vision.world import World
from tests.watching.conftest import add_camera, health

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(site, world: World) -> tuple[Camera, Camera]:
    return (
        add_camera(site, "street", f"rtsp://127.0.0.1:{world.port}/street"),
        add_camera(site, "quiet", f"rtsp://127.0.0.1:{world.port}/quiet"),
    )


def test_a_camera_has_one_watcher_and_a_dead_ones_are_taken_when_the_lease_is_over(watches, pair):
    first, second = watches(), watches()
    first.keeper.round(db_now())
    second.keeper.round(db_now())
    assert set(first.keeper.cameras) == {camera.pk for camera in pair}
    assert not second.keeper.cameras
    # The first one's rounds stop, as if it were stopped or dead; its threads go on.
    held = {pk: one.watcher for pk, one in first.keeper.cameras.items()}
    generations = {row.pk: row.generation for row in Camera.objects.all()}
    second.until(lambda: second.keeper.cameras, within_s=LEASE.total_seconds() + 2)
    assert set(second.keeper.cameras) == set(held)
    assert all(row.generation == generations[row.pk] + 1 for row in Camera.objects.all())
    # It wakes: what was taken is left, and not taken back.
    first.until(lambda: not first.keeper.cameras)
    assert not any(one.alive() for one in held.values())
    assert set(Camera.objects.values_list("leased_by", flat=True)) == {second.keeper.me}


def test_processes_share_what_is_free(watches, pair):
    one, two = watches(), watches()
    Camera.objects.filter(pk=pair[0].pk).update(enabled=False)
    one.keeper.round(db_now())
    Camera.objects.update(enabled=True)
    two.keeper.round(db_now())
    one.keeper.round(db_now())
    assert (set(one.keeper.cameras), set(two.keeper.cameras)) == ({pair[1].pk}, {pair[0].pk})


def test_a_change_begins_only_that_camera_anew_and_one_out_of_use_is_left(watch, pair):
    street, quiet = pair
    watch.until(lambda: watch.captured(street.pk) and watch.captured(quiet.pk))
    before = {pk: one.watcher for pk, one in watch.keeper.cameras.items()}
    make.make_zone(quiet, "Gate")
    watch.until(
        lambda: quiet.pk in watch.keeper.cameras and watch.keeper.cameras[quiet.pk].watcher is not before[quiet.pk]
    )
    watch.until(lambda: watch.captured(quiet.pk))
    assert not before[quiet.pk].alive()
    Camera.objects.filter(pk=quiet.pk).update(enabled=False)
    watch.until(lambda: quiet.pk not in watch.keeper.cameras)
    assert watch.keeper.cameras[street.pk].watcher is before[street.pk]
    row = Camera.objects.get(pk=quiet.pk)
    assert (row.leased_by, row.leased_until) == ("", None)


def test_a_camera_that_is_deleted_is_let_go_of(watch, pair, world: World):
    lonely = add_camera(pair[0].site, "third", f"rtsp://127.0.0.1:{world.port}/foliage")
    watch.until(lambda: watch.captured(lonely.pk))
    lonely.zones.all().delete()
    lonely.delete()
    watch.until(lambda: lonely.pk not in watch.keeper.cameras)
    assert watch.keeper.cameras[pair[0].pk].watcher.alive()


def test_a_camera_with_settings_that_cannot_be_used_is_its_own_trouble(watch, pair):
    street, quiet = pair
    Camera.objects.filter(pk=quiet.pk).update(username="new\nline")
    watch.until(lambda: watch.captured(street.pk) and health(quiet)[0] == "offline")
    assert "control character" in health(quiet)[1]


def test_counts_add_up_and_are_saved_once(watch, pair):
    street, _ = pair
    watch.until(lambda: watch.captured(street.pk) > 15)
    make.make_zone(street, "Gate")  # a second thread for the same camera
    first = watch.keeper.cameras[street.pk].watcher
    watch.until(lambda: street.pk in watch.keeper.cameras and watch.keeper.cameras[street.pk].watcher is not first)
    watch.until(lambda: watch.captured(street.pk) > 15)
    last = watch.keeper.cameras[street.pk].watcher
    watch.keeper.stop()
    watch.keeper.release()
    watch.keeper.release()
    counts = Camera.objects.get(pk=street.pk).frames
    assert counts["captured"] == counts["gated"] + counts["inferred"] + counts["dropped"]
    assert counts["captured"] == first.totals()["captured"] + last.totals()["captured"]
    assert counts["dropped"] == sum(counts["dropped_by"].values())


def test_the_database_away_stops_no_camera_and_loses_no_news(watch, pair, monkeypatch):
    street, _ = pair
    watch.until(lambda: watch.captured(street.pk))
    watched = watch.keeper.cameras[street.pk]
    real, failures = module.camera_lost, [0]

    def away(*args, **how):
        failures[0] += 1
        if failures[0] < 3:
            raise OperationalError("the connection was closed")
        real(*args, **how)

    monkeypatch.setattr(module, "camera_lost", away)
    watched.watcher._lost("ended", "The camera closed the connection.")
    for _ in range(2):
        with pytest.raises(OperationalError):
            watch.keeper.round(db_now())
    assert watched.watcher.alive()
    watch.keeper.round(db_now())
    assert failures[0] == 3
    # The camera itself goes on, so that it may be back by now: what happened is in the record all the same.
    assert Event.objects.filter(kind="camera.lost", subject_id=street.pk).exists()


def test_a_camera_called_lost_by_somebody_who_could_not_know_is_back_at_the_next_round(watch, pair):
    street, _ = pair
    watch.until(lambda: health(street)[0] == "online")
    Camera.objects.filter(pk=street.pk).update(health="offline", health_since=db_now(), lost_alert_at=db_now())
    watch.until(lambda: health(street)[0] == "online", within_s=3)
    assert Camera.objects.get(pk=street.pk).lost_alert_at is None


def test_a_thread_that_hangs_in_the_decoder_is_not_waited_for(watch, pair, monkeypatch):
    street, _ = pair
    watch.until(lambda: watch.captured(street.pk))
    hung = watch.keeper.cameras[street.pk]
    monkeypatch.setattr(hung.watcher, "alive", lambda: True)
    monkeypatch.setattr(module, "LEFT_ALONE_S", 1.0)
    make.make_zone(street, "Gate")
    began = db_now()
    watch.until(lambda: watch.keeper.cameras.get(street.pk) not in (None, hung))
    assert db_now() - began > timedelta(seconds=1)
