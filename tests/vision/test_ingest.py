from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest

from cameras.vision.address import Credentials, pin
from cameras.vision.camera_clock import CameraClock, SenderClock
from cameras.vision.clip import ClipOrder, cut
from cameras.vision.faults import WORDS, CameraError
from cameras.vision.ingest import Frame, Stream
from cameras.vision.keeping_up import OPENED_S, Backoff, Pace, Watchdog
from cameras.vision.line_guard import Line
from cameras.vision.opening import OpenOptions, StreamError, classify, ffmpeg_options, hardware_trouble, peers
from soc.demo.cameras import faults
from soc.demo.cameras.auth import Login
from soc.demo.cameras.encode import encode, open_encoder

from .conftest import NOON
from .hostile import Hostile, reply
from .world import World

SDP = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t0\r\n"


def read_some(stream: Stream, frames: int = 5, *, limit_s: float = 20.0) -> list[Frame]:
    """Read until so many frames came; fails where that takes too long."""
    seen: list[Frame] = []
    until = time.monotonic() + limit_s
    stream.read(seen.append, should_stop=lambda: len(seen) >= frames or time.monotonic() > until)
    return seen


def fault_of(stream: Stream) -> str:
    with pytest.raises(StreamError) as caught:
        read_some(stream, 10_000)
    return caught.value.fault


# -- clock, watchdog, back-off ----------------------------------------------------------------------------------------


def test_the_cameras_clock_is_believed_within_a_second():
    clock, received = CameraClock(), NOON
    stamp = clock.stamp(7, received - timedelta(seconds=0.3), received, 5.0)
    assert (stamp.clock_source, stamp.captured, stamp.number) == ("rtcp", NOON - timedelta(seconds=0.3), 7)
    assert stamp.offset_s == pytest.approx(0.3)


@pytest.mark.parametrize("off", [-1.5, 2.0, 3600.0])
def test_a_clock_further_off_gives_the_arrival_and_is_flagged(off: float):
    stamp = CameraClock().stamp(1, NOON - timedelta(seconds=off), NOON, 5.0)
    assert (stamp.clock_source, stamp.captured) == ("arrival", NOON)
    assert stamp.offset_s == pytest.approx(off)
    assert stamp.drifting


def test_nothing_is_captured_after_it_was_received():
    stamp = CameraClock().stamp(1, NOON + timedelta(seconds=0.4), NOON, 5.0)
    assert stamp.captured == NOON
    assert stamp.offset_s == pytest.approx(-0.4)


def test_the_watchdog_waits_for_three_groups_but_three_seconds_at_least():
    dog = Watchdog(0.0)
    dog.check(11.9)  # before the first frame a keyframe may take its time
    with pytest.raises(StreamError):
        dog.check(12.1)
    dog.saw_frame(12.0)
    dog.check(14.9)
    with pytest.raises(StreamError) as caught:
        dog.check(15.1)
    assert caught.value.fault == "stalled"
    for at in (16.0, 18.0, 20.0):
        dog.saw_packet(at, keyframe=True)
        dog.saw_frame(at)
    assert dog.limit_s == pytest.approx(6.0)
    dog.check(25.9)


def test_pictures_that_come_ever_later_are_no_live_view():
    dog = Watchdog(0.0)
    for n in range(10):
        dog.saw_packet(n * 0.5, False, n * 0.1)
    with pytest.raises(StreamError, match="ever later"):
        dog.saw_packet(8.0, False, 1.0)


def test_timestamps_that_jump_drift_or_run_a_little_fast_are_forgiven():
    dog, media = Watchdog(0.0), 0.0
    for n in range(2000):
        media += 0.12 if n % 500 else 1000.0
        dog.saw_packet(n * 0.1, False, media)
    for n in range(2000, 4000):
        media += 0.08
        dog.saw_packet(n * 0.1, False, media)
    dog.saw_packet(403.0, False, media + 0.1)  # three seconds of nothing, then all of it at once
    dog.saw_packet(403.0, False, media + 3.1)


def test_the_back_off_doubles_to_its_limit_with_jitter_and_starts_anew():
    whole = Backoff(chance=lambda: 0.0)
    assert [whole.next() for _ in range(7)] == [0.5, 1, 2, 4, 8, 15, 15]
    whole.reset()
    assert whole.next() == 0.5
    assert Backoff(chance=lambda: 1.0).next() == 0.25


def test_only_a_connection_that_held_begins_the_back_off_anew():
    now = [0.0]
    waits = Backoff(chance=lambda: 0.0, monotonic=lambda: now[0])

    def connected_for(seconds: float) -> float:
        waits.opened()
        now[0] += seconds
        return waits.next()

    assert [connected_for(1.0) for _ in range(4)] == [0.5, 1, 2, 4]
    assert connected_for(11.0) == 0.5
    assert waits.next() == 1


# -- reading a file as if it were a camera ----------------------------------------------------------------------------


def as_camera(path: Path, **kwargs) -> Stream:
    address = pin("rtsp://127.0.0.1:1/x", networks=["127.0.0.0/8"])
    return Stream(address, opener=lambda address, options: av.open(str(path)), **kwargs)


def test_every_frame_is_numbered_and_every_packet_kept(footage: Callable[[str], Path]):
    stream, frames, packets, opened = as_camera(footage("quiet.mp4")), [], [], []
    with pytest.raises(StreamError) as caught:
        stream.read(frames.append, on_packet=packets.append, on_open=opened.append)
    assert caught.value.fault == "ended"
    assert [f.stamp.number for f in frames] == list(range(len(frames)))
    assert len(frames) > 50
    assert len([p for p in packets if p.kind == "video"]) >= len(frames)
    assert len(opened) == 1
    assert opened[0].video.codec_string.startswith("avc1.")
    assert stream.age_s() is not None


def test_numbers_go_on_over_a_reconnection_and_the_ring_starts_anew(footage: Callable[[str], Path]):
    stream = as_camera(footage("quiet.mp4"))
    first = read_some(stream, 10)
    second = read_some(stream, 10)
    assert second[0].stamp.number == first[-1].stamp.number + 1
    assert stream.ring.snapshot()[0].keyframe
    assert stream.ring.snapshot()[0].monotonic > first[-1].stamp.monotonic


def test_an_error_of_the_caller_passes_through(footage: Callable[[str], Path]):
    def broken(frame: Frame) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        as_camera(footage("quiet.mp4")).read(broken)


def test_a_picture_that_is_too_large_is_refused(footage: Callable[[str], Path]):
    stream = as_camera(footage("quiet.mp4"), options=OpenOptions(max_pixels=1000))
    with pytest.raises(StreamError) as caught:
        read_some(stream)
    assert caught.value.fault == "too_large"
    assert caught.value.permanent


def test_a_picture_of_a_few_pixels_is_not_called_too_large(tmp_path: Path):
    with av.open(str(tmp_path / "dot.mkv"), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 8, 8, "yuv420p"
        for _ in range(3):
            out.mux(stream.encode(av.VideoFrame(8, 8, "yuv420p")))
        out.mux(stream.encode())
    with pytest.raises(StreamError, match=r"damaged\. \(the picture is too small: 8×8\)") as caught:
        read_some(as_camera(tmp_path / "dot.mkv"))
    assert caught.value.fault == "garbage"


@pytest.mark.parametrize("jump_s", [-86_400.0, -3.0, 3.0, 86_400.0])
def test_our_own_clock_may_be_set_while_a_camera_is_read(footage: Callable[[str], Path], jump_s: float):
    looks = iter(range(10**6))

    def wall() -> datetime:
        number = next(looks)
        return NOON + timedelta(seconds=0.1 * number + (jump_s if number > 20 else 0.0))

    stream = as_camera(footage("quiet.mp4"), wall=wall)
    frames = read_some(stream, 40)
    assert all(f.stamp.captured <= f.stamp.received for f in frames)
    assert all(a.stamp.monotonic <= b.stamp.monotonic for a, b in pairwise(frames))
    age_s = stream.age_s()
    assert age_s is not None
    assert 0 <= age_s < 5


class Sender:
    """A packet that tells the sender's time in microseconds since 1970, or none."""

    def __init__(self, microseconds: int | None) -> None:
        self.told, self.asked = microseconds, 0

    def get_sidedata(self, kind: str) -> bytes:
        self.asked += 1
        return b"" if self.told is None else struct.pack("=qi", self.told, 0)


def test_the_senders_clock_is_asked_once_a_second_and_told_on_by_the_timestamps():
    clock, noon_us = SenderClock(0.0), round(NOON.timestamp() * 1e6)
    packets = [Sender(noon_us + 100_000 * n) for n in range(40)]
    times = [clock.of(p, 9000 * n, 1 / 90_000, 0.1 * n) for n, p in enumerate(packets)]
    assert times == [NOON + timedelta(seconds=0.1 * n) for n in range(40)]
    assert sum(p.asked for p in packets) <= 5
    # Timestamps that jump are not told on by; nor is a clock that is set for longer than a second.
    assert clock.of(Sender(noon_us), 10**9, 1 / 90_000, 4.0) == NOON
    assert clock.of(Sender(0), 10**9 + 9000 * 11, 1 / 90_000, 5.1) == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("told", [None, -1, -(2**63), 2**63 - 1, 2**62, 253_402_300_799_999_999])
def test_a_sender_that_tells_no_possible_time_tells_none(told: int | None):
    clock = SenderClock(0.0)
    assert [clock.of(Sender(told), pts, 1 / 90_000, 0.1) for pts in (0, 9000, None)] == [None, None, None]


# -- simulated cameras over real RTSP ---------------------------------------------------------------------------------


def test_a_camera_is_read_with_its_own_clock_and_a_clip_can_be_cut(world: World):
    stream = Stream(world.address("yard"))
    started = time.monotonic()
    frames = read_some(stream, 25)
    assert frames[0].stamp.monotonic - started < 10.0
    assert all(f.stamp.clock_source == "rtcp" for f in frames[2:])
    assert all(f.stamp.captured <= f.stamp.received for f in frames)
    assert stream.info is not None
    assert stream.info.audio is not None
    assert stream.info.audio.codec == "pcm_mulaw"
    clip = cut(stream.ring.snapshot(), stream.info, ClipOrder(frames[-1].stamp.monotonic - 0.5, 1.0, 0.5))
    assert clip.audio_codec == "aac"
    assert clip.duration_s > 1.0


def test_the_first_packet_is_the_keyframe_that_the_camera_begins_with(world: World):
    stream = Stream(world.address("quiet"))
    frames = read_some(stream, 3)
    video = [p for p in stream.ring.snapshot() if p.kind == "video"]
    assert video[0].keyframe
    assert frames[0].stamp.monotonic == video[0].monotonic


def test_a_size_that_changes_is_the_end_of_this_stream(footage: Callable[[str], Path], tmp_path):
    """The second half of the file is half as large, with parameter sets of its own, as after a switch in the camera."""
    path = tmp_path / "sizes.h264"
    with path.open("wb") as out:
        for width, height in ((640, 480), (320, 240)):
            encoder = open_encoder(width, height, Fraction(10), crf=30, preset="ultrafast")
            for number in range(10):
                picture = av.VideoFrame(width, height, "yuv420p")
                for unit in encode(encoder, picture, at_s=number / 10, key=number == 0):
                    out.write(b"".join(b"\0\0\0\1" + nal for nal in unit.nals))
    for looking, frames_seen in ((True, 10), (False, 0)):
        stream, frames, opened = as_camera(path), [], []
        stream.read(frames.append, on_open=opened.append, looking=lambda looking=looking: looking)
        assert len(frames) == frames_seen
        assert [(info.video.width, info.video.height) for info in opened] == [(640, 480)]
        assert len(stream.ring.snapshot()) == 10


def test_who_is_too_slow_for_a_camera_sees_fewer_pictures_and_none_that_is_old(world: World):
    """Each picture takes three times as long as the camera takes for one."""
    stream, ages, slow = Stream(world.address("street")), [], threading.Event()

    def look(frame: Frame) -> None:
        ages.append((datetime.now(UTC) - frame.stamp.captured).total_seconds())
        slow.wait(0.3)

    until = time.monotonic() + 8
    stream.read(look, should_stop=lambda: time.monotonic() > until)
    assert max(ages) < 2.5
    assert min(ages[-8:]) < 1.0  # it caught up
    assert stream.skipped > 10
    assert stream.skipped + len(ages) >= stream.packets - 1  # those before the next keyframe are counted too
    assert len(ages) > 8
    assert stream.ring.span().packets > 60  # all of it is kept


def test_a_thread_that_never_waits_is_behind_until_it_has_waited():
    pace = Pace(0.0)
    assert not any(pace.step(0.08, n / 10, 0.0) for n in range(60))  # it waits for four fifths of the time
    assert not any(pace.step(0.001, 6 + n / 10, 0.0) for n in range(8))  # a moment's work
    assert any(pace.step(0.001, 7 + n / 10, 0.0) for n in range(20))
    assert pace.step(0.001, 9.1, 0.0)
    assert not pace.step(0.05, 9.2, 0.0)
    assert pace.step(0.05, 9.3, 1.5)  # by its timestamps
    assert pace.step(0.05, 9.4, 0.8)
    assert not pace.step(0.05, 9.5, 0.2)


def test_a_thread_that_is_served_last_each_time_is_not_behind_while_nothing_piles_up():
    """Of many cameras that send at the same moment the last one finds its next picture waiting, and keeps up all the same."""
    unread = 3_000
    pace = Pace(0.0, lambda: unread)
    assert not any(pace.step(0.001, n / 10, 0.0, 5_000) for n in range(80))
    unread = 35_000  # of 50,000 bytes a second
    assert any(pace.step(0.001, 8 + n / 10, 0.0, 5_000) for n in range(15))


def behind_before_a_still_scene(unread: int, *, seconds: float) -> bool:
    """Whether a thread that never waits is behind with so many bytes unread, where a second is a keyframe and hardly more."""
    pace = Pace(0.0, lambda: unread)
    return any(pace.step(0.001, n / 10, 0.0, 800 if n % 10 else 50_000) for n in range(int(10 * seconds)))


def test_a_keyframe_that_waits_is_no_pile_though_it_is_nearly_a_second_of_bytes():
    assert not behind_before_a_still_scene(52_000, seconds=8)
    assert behind_before_a_still_scene(102_000, seconds=8)


def test_what_came_while_many_cameras_were_opened_is_looked_at_and_not_skipped():
    assert not behind_before_a_still_scene(102_000, seconds=OPENED_S)
    assert Pace(0.0, lambda: 102_000).step(0.001, 1.5, 1.1, 800)  # unless it is old by then


def test_what_nobody_has_read_yet_is_known():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as ours:
        theirs, _ = server.accept()
        with theirs:
            line = Line(ours, lambda: 0)
            assert line.unread() == 0
            theirs.sendall(b"x" * 1234)
            assert select.select([ours], [], [], 5)[0]
            assert line.unread() == 1234
    assert line.unread() is None


def test_packets_come_with_start_codes_for_a_live_view(world: World):
    packets: list = []
    stream = Stream(world.address("quiet"))
    stream.read(lambda frame: None, on_packet=packets.append, should_stop=lambda: len(packets) > 12)
    video = [p for p in packets if p.kind == "video"]
    assert video[0].keyframe
    assert all(p.data.startswith(b"\x00\x00\x00\x01") for p in video)


@pytest.mark.parametrize(
    ("fault", "expected", "within_s"),
    [
        (faults.OFFLINE, {"ended"}, 2),
        (faults.FREEZE, {"stalled", "timed_out"}, 12),
        (faults.GARBAGE, {"garbage", "ended", "timed_out", "stalled"}, 12),
        (faults.DRIP, {"stalled", "timed_out"}, 15),
    ],
)
def test_a_camera_that_fails_while_read_is_noticed_in_seconds(fault: str, expected: set[str], within_s: float):
    with World() as world:
        stream, failed = Stream(world.address("quiet")), threading.Event()
        seen: list[Frame] = []
        errors: list[StreamError] = []

        def read() -> None:
            try:
                stream.read(seen.append, should_stop=failed.is_set)
            except StreamError as error:
                errors.append(error)

        reading = threading.Thread(target=read)
        reading.start()
        try:
            until = time.monotonic() + 15
            while len(seen) < 5 and time.monotonic() < until:
                failed.wait(0.05)
            begun = time.monotonic()
            world.misbehave("quiet", fault)
            reading.join(20)
            assert not reading.is_alive()
            assert time.monotonic() - begun < within_s
            assert errors[0].fault in expected
        finally:
            failed.set()
            reading.join(15)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [(faults.OFFLINE, "ended"), (faults.NO_VIDEO, "no_video"), (faults.HANG, "timed_out")],
)
def test_a_camera_that_fails_at_the_door_says_why(fault: str, expected: str):
    with World() as world:
        world.misbehave("street", fault)
        options = OpenOptions(open_timeout_s=1.0, read_timeout_s=1.0)
        assert fault_of(Stream(world.address("street"), options=options)) == expected


def test_a_log_in_with_every_kind_of_character_is_accepted_and_a_wrong_one_refused():
    with World(login=Login("ad min", "p:@ss/w?rd#%ü")) as world:
        assert len(read_some(Stream(world.address("quiet", user="ad min", password="p:@ss/w?rd#%ü")), 2)) >= 2
        with pytest.raises(StreamError) as caught:
            read_some(Stream(world.address("quiet", user="ad min", password="wrong-one")))
        assert caught.value.fault == "unauthorised"
        assert caught.value.permanent
        assert "wrong-one" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_path_that_is_not_there_is_named(world: World):
    assert fault_of(Stream(world.address("nowhere"))) == "not_found"


# -- what answers is no camera ----------------------------------------------------------------------------------------


def test_a_closed_port_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert fault_of(Stream(pin(f"rtsp://127.0.0.1:{port}/", networks=["127.0.0.0/8"]))) == "refused"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda r: None, "ended"),
        (lambda r: b"\x00\xffabc\r\n\r\n" * 50, "garbage"),
        (lambda r: b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "garbage"),
        (lambda r: b"x" * 40_000, "garbage"),
        (lambda r: reply(r, "200 OK"), "garbage"),
        (lambda r: reply(r, "200 OK", "Content-Length: 99999999"), "garbage"),
        (lambda r: reply(r, "500 Oops"), "garbage"),
        (lambda r: reply(r, "453 Not Enough Bandwidth"), "busy"),
        (lambda r: reply(r, "401 Unauthorized", 'WWW-Authenticate: Digest realm="x", nonce="y"'), "unauthorised"),
        (lambda r: reply(r, "200 OK", body=SDP.replace("m=video", "m=text")), "no_video"),
        (lambda r: b"", "timed_out"),
    ],
)
def test_what_answers_wrongly_is_called_what_it_is(answer: Callable[[bytes], bytes | None], expected: str):
    with Hostile(answer) as server:
        address = server.address(Credentials("admin", "secret"))
        assert fault_of(Stream(address, options=OpenOptions(open_timeout_s=1.0))) == expected


@pytest.mark.parametrize("status", ["300 Choices", "301 Moved", "302 Found", "303 See", "305 Proxy", "307 Temporary"])
def test_a_redirection_is_not_followed(status: str):
    with Hostile(lambda r: reply(r, "401 Unauthorized")) as inside:
        there = f"Location: rtsp://127.0.0.1:{inside.port}/secret"
        with Hostile(lambda r: reply(r, status, there)) as camera:
            assert fault_of(Stream(camera.address())) == "redirected"
        assert inside.requests == []


def test_a_camera_that_sends_only_ffmpeg_elsewhere_is_let_go_of(world: World):
    """The description is asked for first by ourselves; this camera tells the two visitors apart."""
    there = f"Location: rtsp://127.0.0.1:{world.port}/quiet"

    def two_faced(request: bytes) -> bytes:
        ours = request.startswith(b"DESCRIBE") and b"CSeq: 1\r\n" in request
        return reply(request, "200 OK", body=SDP) if ours else reply(request, "302 Moved", there)

    with Hostile(two_faced) as camera:
        assert fault_of(Stream(camera.address())) == "redirected"


def test_ffmpeg_opens_nothing_but_rtsp():
    options = ffmpeg_options(OpenOptions())
    assert options["protocol_whitelist"] == "rtsp,rtp,udp,tcp,tls"
    assert options["rtsp_transport"] == "tcp"


@pytest.mark.parametrize("name", ["cuda", "vaapi", "no-such-device"])
def test_without_the_hardware_the_processor_decodes_and_it_is_said_why(world: World, name: str):
    trouble = hardware_trouble(name)
    if not trouble:
        pytest.skip(f"{name} works here")
    assert trouble.endswith("the processor decodes.")
    stream = Stream(world.address("quiet"), options=OpenOptions(hardware=name))
    assert len(read_some(stream, 3)) >= 3
    assert not stream.on_hardware


def test_peers_are_where_this_process_is_connected():
    with socket.create_server(("127.0.0.1", 0)) as server:
        before = peers()
        with socket.create_connection(server.getsockname()):
            fresh = [peer for inode, peer in peers().items() if inode not in before]
        assert server.getsockname() in fresh


def test_every_fault_has_words_and_an_unknown_error_too():
    assert all(words.endswith((".", "?")) for words in WORDS.values())
    assert classify(OSError(113, "No route to host")).fault == "unreachable"
    assert isinstance(classify(OSError()), CameraError)
