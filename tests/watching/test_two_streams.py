"""A camera with a large and a small picture: the small one is looked at, the large one is kept, and each stands in for the
other.
"""

from __future__ import annotations

import pytest

from cameras.models import Camera, Candidate
from cameras.vision.probe import ProbeReport
from cameras.watching import streams
from soc.core.models import Event
from soc.demo.cameras import faults
from tests import factories as make
from tests.vision.world import World
from tests.watching.conftest import Watch, add_camera, health

pytestmark = pytest.mark.django_db(transaction=True)

WIDE, SMALL = 768, 640  # pixels: of the street and of the quiet camera, which stand for one camera's two pictures


@pytest.fixture
def own():
    with World() as running:
        yield running


@pytest.fixture
def both(site, own: World) -> Camera:
    make.arm_always(site)
    address = f"rtsp://127.0.0.1:{own.port}"
    return add_camera(site, "gate", f"{address}/quiet", sub_address=f"{address}/street")


def pictures(watch: Watch, camera: Camera) -> tuple[bool, bool]:
    """Whether the small one is looked at, and the large one kept, just now."""
    ours = watch.keeper.cameras[camera.pk].watcher.streams
    kept, looked = ours.on_air(), ours.looked
    small = looked is not None and looked.address.path == "/street" and bool(looked.frames)
    return small, kept is not None and kept.address.path == "/quiet"


def test_the_small_picture_is_looked_at_and_the_large_one_is_kept(watch: Watch, both: Camera):
    watch.until(lambda: watch.captured(both.pk) > 10 and pictures(watch, both) == (True, True))
    ours = watch.keeper.cameras[both.pk].watcher.streams
    large = ours.kept()
    assert large.frames == 0  # never decoded
    assert health(both) == ("online", "")
    watch.until(lambda: Candidate.objects.filter(camera=both, clip__isnull=False).exists())
    clip = Candidate.objects.filter(camera=both, clip__isnull=False).earliest("captured_at").clip
    assert clip.overlay["tracks"]
    watch.end()
    assert not ours.alive()


def test_without_the_large_picture_the_small_one_is_evidence(watch: Watch, both: Camera, own: World):
    watch.until(lambda: pictures(watch, both) == (True, True))
    own.misbehave("quiet", faults.OFFLINE)
    watch.until(lambda: "large picture is missing" in health(both)[1])
    assert health(both)[0] == "online"
    assert watch.keeper.cameras[both.pk].watcher.streams.kept().address.path == "/street"
    before = Candidate.objects.count()
    watch.until(lambda: Candidate.objects.count() > before)
    own.behave("quiet")
    watch.until(lambda: health(both) == ("online", "") and pictures(watch, both) == (True, True))
    assert not Event.objects.filter(kind="camera.lost").exists()


def test_without_the_small_picture_the_large_one_is_looked_at(watch: Watch, both: Camera, own: World, monkeypatch):
    monkeypatch.setattr(streams, "probe", lambda *args, **how: ProbeReport())
    watch.until(lambda: pictures(watch, both) == (True, True))
    large = watch.keeper.cameras[both.pk].watcher.streams.kept()
    own.misbehave("street", faults.OFFLINE)
    watch.until(lambda: large.frames > 5 and "small picture is missing" in health(both)[1])
    assert watch.keeper.cameras[both.pk].watcher.streams.kept() is large  # nothing of what was kept is lost
    own.behave("street")
    watch.until(lambda: health(both) == ("online", "") and pictures(watch, both) == (True, True))
    assert not Event.objects.filter(kind="camera.lost").exists()


def test_without_either_the_camera_is_lost_and_comes_back(watch: Watch, quick, both: Camera, own: World):
    watch.until(lambda: pictures(watch, both) == (True, True))
    for name in ("quiet", "street"):
        own.misbehave(name, faults.OFFLINE)
    watch.until(lambda: health(both)[0] == "offline")
    for name in ("quiet", "street"):
        own.behave(name)
    watch.until(lambda: health(both) == ("online", "") and pictures(watch, both) == (True, True))


def test_a_small_picture_that_a_first_look_refuses_is_never_opened_here(watch: Watch, site, own: World, monkeypatch):
    looks, reports = [], {"/quiet": ProbeReport(), "/street": ProbeReport("crashed", "It brought the test down.")}
    monkeypatch.setattr(streams, "probe", lambda at, **how: looks.append(at.path) or reports[at.path])
    opened = []
    real = streams.Stream
    monkeypatch.setattr(streams, "Stream", lambda at, **how: opened.append(at.path) or real(at, **how))
    address = f"rtsp://127.0.0.1:{own.port}"
    camera = add_camera(site, "gate", f"{address}/quiet", sub_address=f"{address}/street", looked_at=False)
    watch.until(lambda: watch.captured(camera.pk) > 5 and "makes the decoder crash" in health(camera)[1])
    assert set(opened) == {"/quiet"}
    assert looks == ["/quiet", "/street"]
    camera.refresh_from_db()
    assert camera.probed == ""  # the next process looks again


def test_a_first_look_is_at_both(watch: Watch, site, own: World, monkeypatch):
    looks = []
    monkeypatch.setattr(streams, "probe", lambda at, **how: looks.append(at.path) or ProbeReport())
    address = f"rtsp://127.0.0.1:{own.port}"
    camera = add_camera(site, "gate", f"{address}/quiet", sub_address=f"{address}/street", looked_at=False)
    watch.until(lambda: watch.captured(camera.pk) > 5 and pictures(watch, camera) == (True, True))
    camera.refresh_from_db()
    assert camera.probed == camera.digest()
    assert looks == ["/quiet", "/street"]


def test_a_camera_with_masks_is_read_by_its_large_picture_alone(watch: Watch, both: Camera, own: World):
    Camera.objects.filter(pk=both.pk).update(privacy_masks=[[[0, 0], [0.5, 0], [0.5, 0.5]]])
    watch.until(lambda: watch.captured(both.pk) > 5)
    assert not own.cameras["street"].viewers
    ours = watch.keeper.cameras[both.pk].watcher.streams
    assert ours.kept() is ours.looked


def test_a_picture_too_large_to_be_looked_at_is_only_kept(watch: Watch, quick, site, own: World, settings):
    settings.LOOKED_PIXELS = 100_000
    address = f"rtsp://127.0.0.1:{own.port}"
    alone = add_camera(site, "alone", f"{address}/quiet")
    camera = add_camera(site, "gate", f"{address}/quiet", sub_address=f"{address}/foliage")
    watch.until(lambda: "give the address of its small picture" in health(alone)[1])
    watch.until(lambda: watch.captured(camera.pk) > 3)
    ours = watch.keeper.cameras[camera.pk].watcher.streams
    watch.until(lambda: ours.kept() is not None and ours.kept().address.path == "/quiet")
    assert health(camera) == ("online", "")
