"""Cameras by lease: each is watched by one process, changed alone, left when it is out of use, and its counts add up."""

from __future__ import annotations

import time
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import OperationalError

from cameras.models import Camera
from cameras.models.watching import WatchProcess
from cameras.watching import keeper as module
from cameras.watching.shares import GIVEN_UP_A_ROUND, LEASE, Surplus
from soc.core.clock import db_now
from soc.core.models import Event
from tests import factories as make
from tests.vision.world import World
from tests.watching.conftest import People, Watch, add_camera, health

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pair(site, world: World) -> tuple[Camera, Camera]:
    return (
        add_camera(site, "street", f"rtsp://127.0.0.1:{world.port}/street"),
        add_camera(site, "quiet", f"rtsp://127.0.0.1:{world.port}/quiet"),
    )


@pytest.fixture
def six(site, world: World, monkeypatch) -> list[Camera]:
    """At a place where nobody is."""
    monkeypatch.setattr(People, "nobody", True)
    return [add_camera(site, f"camera {n}", f"rtsp://127.0.0.1:{world.port}/quiet") for n in range(6)]


def owners() -> dict[UUID, str]:
    return dict(Camera.objects.values_list("pk", "leased_by"))


def watched_by(watch: Watch) -> set[UUID]:
    """The cameras whose thread runs there."""
    return {pk for pk, one in watch.keeper.cameras.items() if one.watcher.alive() and not one.watcher.stopping()}


def test_a_camera_has_one_watcher_and_a_dead_ones_are_taken_when_the_lease_is_over(watches, pair):
    first, second = watches(), watches()
    first.keeper.round(db_now())
    # The first one's rounds stop, as if it were stopped or dead; its threads go on.
    held = {pk: one.watcher for pk, one in first.keeper.cameras.items()}
    assert set(held) == {camera.pk for camera in pair}
    generations = {row.pk: row.generation for row in Camera.objects.all()}
    second.keeper.round(db_now())
    assert not second.keeper.cameras
    began = time.monotonic()
    second.until(lambda: len(second.keeper.cameras) == 2, within_s=LEASE.total_seconds() + 10)
    assert time.monotonic() - began > LEASE.total_seconds() / 2, "taken from one that was alive a moment ago"
    assert set(second.keeper.cameras) == set(held)
    assert all(row.generation == generations[row.pk] + 1 for row in Camera.objects.all())
    assert [row.name for row in WatchProcess.objects.all()] == [second.keeper.me]
    # It wakes: what was taken is left, and not taken back beyond its share.
    first.until(lambda: not watched_by(first) & watched_by(second), within_s=10)
    assert not any(
        one.alive() for one in held.values() if one not in [w.watcher for w in first.keeper.cameras.values()]
    )


def test_another_process_takes_its_share_and_none_is_watched_twice(watches, six):
    first, second = watches(), watches()
    first.until(lambda: all(first.captured(camera.pk) for camera in six))
    threads = {pk: one.watcher for pk, one in first.keeper.cameras.items()}
    generations = {row.pk: row.generation for row in Camera.objects.all()}

    def both() -> bool:
        first.keeper.round(db_now())
        assert not watched_by(first) & watched_by(second)
        return len(watched_by(first)) == len(watched_by(second)) == 3

    second.until(both)
    second.until(lambda: all(second.captured(pk) for pk in watched_by(second)))
    # Those that stay were not touched; those that moved are of the next generation.
    assert all(first.keeper.cameras[pk].watcher is threads[pk] for pk in watched_by(first))
    moved = {row.pk for row in Camera.objects.all() if row.generation == generations[row.pk] + 1}
    assert moved == watched_by(second)
    for _ in range(3):  # and so it stays
        before = owners()
        first.keeper.round(db_now())
        second.keeper.round(db_now())
        assert owners() == before
    assert sorted(owners().values()) == sorted([first.keeper.me] * 3 + [second.keeper.me] * 3)

    # One ends as it should: the other has them at its next round.
    second.keeper.stop()
    second.keeper.release()
    first.keeper.round(db_now())
    assert watched_by(first) == {camera.pk for camera in six}


def test_a_camera_with_something_going_on_is_not_the_one_that_moves(watches, six, monkeypatch):
    first, second = watches(), watches()
    first.until(lambda: all(first.captured(camera.pk) for camera in six))
    busy = {camera.pk for camera in six[:3]}
    for pk, one in first.keeper.cameras.items():
        monkeypatch.setattr(one.watcher, "rank", lambda now, rank=3 if pk in busy else 1: rank)

    def both() -> bool:
        first.keeper.round(db_now())
        return len(watched_by(second)) == 3

    second.until(both)
    assert watched_by(first) == busy


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_database_whose_clock_is_set_keeps_no_camera_from_being_watched(watches, pair, hours: int):
    first, second = watches(), watches()
    first.keeper.round(db_now())
    assert len(watched_by(first)) == 2
    # The first one is dead; what it wrote is from before the clock was set.
    Camera.objects.update(leased_until=db_now() - timedelta(hours=hours))
    WatchProcess.objects.update(seen_at=db_now() - timedelta(hours=hours))
    second.keeper.round(db_now())
    assert len(watched_by(second)) == 2
    assert [row.name for row in WatchProcess.objects.all()] == [second.keeper.me]


def test_no_more_than_a_few_are_given_up_at_once_and_the_busy_ones_last():
    surplus = Surplus()
    ranked = [(2, "moves"), (1, "still"), (3, "clip"), (0, "dark"), *((1, f"still {n}") for n in range(9))]
    assert surplus.choose(ranked, 3, 100.0) == ["dark", "still", "still 0"]
    assert len(surplus.choose(ranked, 12, 101.0)) == GIVEN_UP_A_ROUND
    left = [(2, "moves"), (3, "clip")]
    assert surplus.choose(left, 2, 159.0) == []
    assert surplus.choose(left, 2, 160.0) == ["moves"]
    assert surplus.choose(left[1:], 1, 400.0) == ["clip"]
    assert surplus.choose(left, 0, 401.0) == []
    assert surplus.choose(left, 1, 402.0) == []  # patience begins anew


def test_other_hours_and_zones_reach_the_thread_without_a_new_connection(watch, pair):
    street, quiet = pair
    watch.until(lambda: watch.captured(street.pk) and watch.captured(quiet.pk))
    threads = {pk: one.watcher for pk, one in watch.keeper.cameras.items()}
    sight = threads[quiet.pk].sight
    make.arm_always(quiet.site)
    watch.until(lambda: threads[quiet.pk].sight is sight and sight.plan.arming(db_now()).armed)
    zone = make.make_zone(quiet, "Gate")
    watch.until(lambda: threads[quiet.pk].sight not in (sight, None))
    assert str(zone.pk) in {shape.id for shape in threads[quiet.pk].sight.plan.zones}
    before = watch.captured(quiet.pk)
    watch.until(lambda: watch.captured(quiet.pk) > before)
    assert {pk: one.watcher for pk, one in watch.keeper.cameras.items()} == threads
    assert not Event.objects.filter(subject_id=quiet.pk, kind="camera.lost").exists()


def readdress(camera: Camera) -> None:
    """The same place by another name: another address, looked at before."""
    camera.address = camera.address.replace("127.0.0.1", "127.1")
    Camera.objects.filter(pk=camera.pk).update(address=camera.address, probed=camera.digest())


def test_another_address_begins_only_that_camera_anew_and_one_out_of_use_is_left(watch, pair):
    street, quiet = pair
    watch.until(lambda: watch.captured(street.pk) and watch.captured(quiet.pk))
    before = {pk: one.watcher for pk, one in watch.keeper.cameras.items()}
    readdress(quiet)
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


def test_a_camera_that_is_deleted_is_let_go_of(watch, pair, world: World, monkeypatch):
    monkeypatch.setattr(People, "nobody", True)  # a camera that somebody was seen by is not deleted
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
    readdress(street)  # a second thread for the same camera
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


def test_how_a_camera_does_is_written_now_and_then_and_what_happens_to_it_at_once(watch, pair, monkeypatch):
    monkeypatch.setattr(module, "WRITE_S", 1.5)
    street, _ = pair
    watch.until(lambda: Camera.objects.get(pk=street.pk).measured.get("inferred_fps", 0) > 1)
    row = Camera.objects.get(pk=street.pk)
    assert 5 < row.measured["fps"] < 20
    assert 0 < row.measured["decode_ms"] < 100
    assert row.measured["inference_ms"] == 1.0
    assert 0 <= row.measured["age_ms"] < 2000
    assert 0 < row.measured["light"] < 1
    monkeypatch.setattr(module, "WRITE_S", 1000.0)
    before = row.frames
    watch.keeper.cameras[street.pk].watcher._lost("ended", "The camera closed the connection.")
    watch.keeper.round(db_now())
    assert Event.objects.filter(kind="camera.lost", subject_id=street.pk).exists()
    assert Camera.objects.get(pk=street.pk).frames == before


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
    readdress(street)
    began = db_now()
    watch.until(lambda: watch.keeper.cameras.get(street.pk) not in (None, hung))
    assert db_now() - began > timedelta(seconds=1)
