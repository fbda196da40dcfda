"""What cameras do to a watcher: every failure is one camera's own, said in words, recorded, and over when it is over."""

from __future__ import annotations

import logging
import socket
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest

from cameras.actions import standing
from cameras.models import Camera, Candidate, Condition
from cameras.vision.probe import ProbeReport
from cameras.vision.types import FrameStamp
from cameras.watching import streams
from cameras.watching.plan import plan_of
from cameras.watching.streams import CRASHED
from cameras.watching.watcher import Watcher
from soc.core.models import Event
from soc.demo.cameras import faults
from soc.demo.cameras.auth import Login
from tests import factories as make
from tests.factories import NIGHT
from tests.vision.hostile import Hostile, reply
from tests.vision.test_ingest import SDP
from tests.vision.world import World
from tests.watching.conftest import Watch, add_camera, health

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "hunter2-is-secret"


def told(camera: Camera) -> list[str]:
    rows = Event.objects.filter(subject_id=camera.pk, kind__in=["camera.lost", "camera.back"]).order_by("pk")
    return [row.kind for row in rows]


@pytest.mark.slow
def test_cameras_of_every_bad_kind_are_offline_with_words_and_their_neighbour_is_watched(
    watch: Watch, quick, site, world: World, caplog
):
    caplog.set_level(logging.DEBUG)
    make.arm_always(site)
    with ExitStack() as at_the_end, socket.create_server(("127.0.0.1", 0)) as free:
        locked = at_the_end.enter_context(World(login=Login("admin", "right-one")))
        there = f"Location: rtsp://127.0.0.1:{world.port}/quiet"
        answers = {
            "garbage": lambda r: b"\x00\xffabc\r\n\r\n" * 50,
            "no video": lambda r: reply(r, "200 OK", body=SDP.replace("m=video", "m=text")),
            "redirect": lambda r: reply(r, "302 Moved", there),
            "hang": lambda r: b"",
        }
        places = {name: at_the_end.enter_context(Hostile(answer)).port for name, answer in answers.items()}
        closed = free.getsockname()[1]
        free.close()
        words = {
            "closed": (f"rtsp://127.0.0.1:{closed}/", "refused the connection"),
            "forbidden": ("rtsp://8.8.8.8/cam", "outside the networks"),
            "password": (f"rtsp://127.0.0.1:{locked.port}/quiet", "user name and password"),
            "garbage": (f"rtsp://127.0.0.1:{places['garbage']}/", "not a camera stream"),
            "no video": (f"rtsp://127.0.0.1:{places['no video']}/", "no video"),
            "redirect": (f"rtsp://127.0.0.1:{places['redirect']}/", "another address"),
            "hang": (f"rtsp://127.0.0.1:{places['hang']}/", "did not answer"),
        }
        bad = {
            name: add_camera(site, name, address, username="admin", password=SECRET)
            for name, (address, _) in words.items()
        }
        good = add_camera(site, "street", f"rtsp://127.0.0.1:{world.port}/street")
        watch.until(lambda: all(health(one)[0] == "offline" for one in bad.values()), within_s=40)
        before = watch.captured(good.pk)
        # Who stood there before and comes back is nobody new: one candidate is enough.
        watch.until(lambda: watch.captured(good.pk) > before + 20 and Candidate.objects.exists(), within_s=40)

        for name, (_, fragment) in words.items():
            assert fragment in health(bad[name])[1], (name, health(bad[name]))
            assert told(bad[name]) == ["camera.lost"], name
        assert set(Candidate.objects.values_list("camera", flat=True)) == {good.pk}
        assert health(good) == ("online", "")
        assert SECRET not in caplog.text
        assert not any(SECRET in str(row.data) for row in Event.objects.all())
        assert not any(SECRET in row.trouble for row in Camera.objects.all())

        # Put right, it comes back; nobody else is started anew.
        threads = {pk: one.watcher for pk, one in watch.keeper.cameras.items()}
        bad["password"].password = "right-one"
        bad["password"].save(update_fields=["password"])
        Camera.objects.filter(pk=bad["password"].pk).update(probed=bad["password"].digest())
        watch.until(lambda: health(bad["password"]) == ("online", ""), within_s=30)
        assert told(bad["password"]) == ["camera.lost", "camera.back"]
        changed = {pk for pk, one in watch.keeper.cameras.items() if one.watcher is not threads[pk]}
        assert changed == {bad["password"].pk}


@pytest.mark.slow
@pytest.mark.parametrize("fault", [faults.OFFLINE, faults.FREEZE, faults.DRIP, faults.GARBAGE])
def test_a_camera_that_fails_while_watched_is_lost_and_comes_back(watch: Watch, quick, site, fault: str):
    with World() as own:
        camera = add_camera(site, "quiet", f"rtsp://127.0.0.1:{own.port}/quiet")
        other = add_camera(site, "street", f"rtsp://127.0.0.1:{own.port}/street")
        watch.until(lambda: health(camera)[0] == health(other)[0] == "online")
        own.misbehave("quiet", fault)
        watch.until(lambda: health(camera)[0] == "offline")
        before = watch.captured(other.pk)
        watch.until(lambda: watch.captured(other.pk) > before + 5)
        assert health(camera)[1].endswith((".", ")", "?"))
        own.behave("quiet")
        watch.until(lambda: health(camera) == ("online", ""))
    assert told(camera)[:2] == ["camera.lost", "camera.back"]
    assert told(other) == []


# -- the first look ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_new_address_is_looked_at_once_and_a_restart_does_not_look_again(watches, site, world: World, monkeypatch):
    looks = []
    real = streams.probe
    monkeypatch.setattr(streams, "probe", lambda *args, **how: looks.append(args) or real(*args, **how))
    camera = add_camera(site, "quiet", f"rtsp://127.0.0.1:{world.port}/quiet", looked_at=False)
    first = watches()
    first.until(lambda: health(camera)[0] == "online", within_s=60)
    camera.refresh_from_db()
    assert camera.probed == camera.digest()
    before = first.captured(camera.pk)
    first.until(lambda: first.captured(camera.pk) > before)  # what was found is no reason to begin anew
    first.end()
    second = watches()
    second.until(lambda: second.captured(camera.pk) > 3)
    assert len(looks) == 1


def test_a_changed_password_is_another_address(camera):
    before = camera.digest()
    camera.password = "other"
    assert camera.digest() != before
    assert "other" not in camera.digest()


@pytest.mark.parametrize(
    ("report", "code", "words"),
    [
        (ProbeReport("crashed", "It brought the test down."), "crashed", CRASHED),
        (ProbeReport("no_video", "The camera answered, but sends no video."), "no_video", "sends no video"),
    ],
)
def test_what_a_first_look_refuses_is_never_connected_to(
    watch: Watch, site, world: World, monkeypatch, report: ProbeReport, code: str, words: str
):
    monkeypatch.setattr(streams, "probe", lambda *args, **how: report)
    connected = []
    monkeypatch.setattr(streams, "Stream", lambda *args, **how: connected.append(args))
    bad = add_camera(site, "bad", f"rtsp://127.0.0.1:{world.port}/quiet", looked_at=False)
    watch.until(lambda: health(bad)[0] == "offline")
    assert words in health(bad)[1]
    assert Event.objects.get(subject_id=bad.pk, kind="camera.lost").data["code"] == code
    assert connected == []
    assert Camera.objects.get(pk=bad.pk).probed == ""


def test_a_first_look_that_takes_long_keeps_nobody_waiting_and_ends_with_its_watcher(watch: Watch, site, world: World):
    with Hostile(lambda request: b"") as silent:
        slow = add_camera(site, "slow", f"rtsp://127.0.0.1:{silent.port}/", looked_at=False)
        other = add_camera(site, "street", f"rtsp://127.0.0.1:{world.port}/street")
        watch.until(lambda: watch.captured(other.pk) > 5)
        Camera.objects.filter(pk=slow.pk).update(enabled=False)
        began = time.monotonic()
        watch.until(lambda: slow.pk not in watch.keeper.cameras)
        assert time.monotonic() - began < 10, "half of what a look may take"


# -- the camera's clock -----------------------------------------------------------------------------------------------


@pytest.fixture
def clocked(watch: Watch, camera):
    """say(second, offset) → a frame's stamp is judged at that second, and the row hears of it."""
    one = Watcher(plan_of(camera, standing(camera.site)), 1, watch.desk)

    def say(second: float, offset: float | None) -> Camera:
        at = NIGHT + timedelta(seconds=second)
        source = "rtcp" if offset is not None and abs(offset) <= 1 else "arrival"
        one._judge_clock(FrameStamp(0, at, at, second, source, offset))
        while one.news:
            watch.keeper._tell(camera.pk, one.news.popleft())
        return Camera.objects.get(pk=camera.pk)

    say.watcher = one
    return say


def drifts() -> int:
    return Candidate.objects.filter(category="drift").count()


def test_a_clock_that_is_wrong_for_ten_seconds_is_one_alert_until_it_is_right_again(clocked):
    for second in range(10):
        assert not clocked(second, 90.0).drifting
    row = clocked(10.5, 90.0)
    assert (row.drifting, row.clock_offset_s) == (True, -90.0)
    clocked(30, 91.0)
    assert drifts() == 1
    alert = Candidate.objects.get(category="drift")
    assert (alert.priority, alert.decision) == (3, "raise")
    row = clocked(31, 0.1)
    assert (row.drifting, row.clock_offset_s) == (False, None)
    clocked(32, 90.0)
    clocked(43, 90.0)
    assert drifts() == 2


def test_a_clock_that_is_wrong_now_and_then_or_silent_is_no_alert(clocked):
    for second in range(40):
        clocked(second, 90.0 if second % 8 else 0.0)
    clocked(50, None)
    assert drifts() == 0


def test_a_camera_that_tells_no_time_any_more_has_no_clock_that_is_wrong(clocked):
    for second in range(12):
        clocked(second, 90.0)
    assert clocked(40, None).drifting
    row = clocked(75, None)
    assert (row.drifting, row.clock_offset_s) == (False, None)
    assert not Condition.objects.filter(kind="drift", ended_at=None).exists()


def test_a_camera_that_was_away_for_minutes_is_given_time_to_tell_it_again(clocked):
    for second in range(12):
        clocked(second, 90.0)
    clocked.watcher._lost("stalled", "It sends no new pictures.")
    assert clocked(300, None).drifting
    clocked(301, 90.0)
    assert drifts() == 1


def test_an_episode_outlives_the_watcher_that_found_it(watches, camera):
    for second in (0, 20):
        watch = watches()
        one = Watcher(plan_of(Camera.objects.get(pk=camera.pk), standing(camera.site)), 1, watch.desk)
        for step in (0, 11):
            at = NIGHT + timedelta(seconds=second + step)
            one._judge_clock(FrameStamp(0, at, at, second + step, "arrival", -30.0))
        while one.news:
            watch.keeper._tell(camera.pk, one.news.popleft())
    assert drifts() == 1
    assert Camera.objects.get(pk=camera.pk).clock_offset_s == 30.0
