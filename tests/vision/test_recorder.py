"""A stream that is kept and not looked at, and lends its pictures when it is asked for them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from cameras.vision import decoding
from cameras.vision.clip import ClipOrder, cut
from cameras.vision.h264 import sequence_header
from cameras.vision.ingest import Frame, Stream
from cameras.vision.opening import StreamError
from cameras.vision.recorder import Recorder
from soc.demo.cameras import faults

from .world import World


def until(wanted: Callable[[], object], within_s: float = 15.0) -> None:
    limit, pause = time.monotonic() + within_s, threading.Event()
    while not wanted():
        assert time.monotonic() < limit, "it did not come to that"
        pause.wait(0.05)


@pytest.fixture
def recorder(world: World):
    made = Recorder(lambda: Stream(world.address("street")), name="street")
    made.start()
    yield made
    made.stop()
    made.join(10)
    assert not made.alive()


def test_packets_are_kept_and_no_picture_is_decoded(recorder: Recorder, monkeypatch):
    looks = []
    monkeypatch.setattr(decoding.Decoder, "decode", lambda *args: looks.append(args))
    stream = recorder.wait(10)
    assert stream is not None
    assert stream.info is not None
    assert (stream.info.video.width, stream.info.video.height) == (768, 576)
    until(lambda: len(held := stream.ring.snapshot()) > 25 and held[-1].monotonic - held[0].monotonic > 2.0)
    packets = stream.ring.snapshot()
    assert next(p for p in packets if p.kind == "video").keyframe
    clip = cut(packets, stream.info, ClipOrder(packets[-1].monotonic - 0.5, 1.0, 0.5))
    assert clip.duration_s > 1.0
    assert (stream.frames, looks) == (0, [])


def test_its_pictures_are_lent_from_a_keyframe_on_and_not_after(recorder: Recorder):
    stream = recorder.wait(10)
    assert stream is not None
    for _ in range(2):
        seen: list[Frame] = []
        recorder.look(seen.append, should_stop=lambda seen=seen: len(seen) > 5)
        assert seen[0].keyframe
        assert [f.stamp.number for f in seen] == list(range(seen[0].stamp.number, seen[0].stamp.number + len(seen)))
        count, kept = len(seen), len(stream.ring.snapshot())
        until(lambda kept=kept: len(stream.ring.snapshot()) > kept + 8)
        assert len(seen) == count
    assert recorder.stream() is stream  # the same connection all the time


def test_an_error_of_whoever_looks_is_his_own_and_the_stream_goes_on(recorder: Recorder):
    assert recorder.wait(10) is not None

    def broken(frame: Frame) -> None:
        raise RuntimeError("mine")

    with pytest.raises(RuntimeError, match="mine"):
        recorder.look(broken, should_stop=lambda: False)
    assert recorder.stream() is not None


def test_a_stream_that_fails_is_told_to_whoever_looks_and_comes_back():
    with World() as own:
        recorder = Recorder(lambda: Stream(own.address("street")), name="street")
        recorder.start()
        try:
            first = recorder.wait(10)
            assert first is not None
            seen: list[Frame] = []
            errors: list[StreamError] = []

            def look() -> None:
                try:
                    recorder.look(seen.append, should_stop=lambda: False)
                except StreamError as error:
                    errors.append(error)

            looking = threading.Thread(target=look)
            looking.start()
            until(lambda: seen)
            own.misbehave("street", faults.OFFLINE)
            looking.join(5)
            assert [error.fault for error in errors] == ["ended"]
            until(lambda: recorder.trouble)
            assert recorder.stream() is None
            own.behave("street")
            until(lambda: recorder.stream())
            assert recorder.stream() is not first
            assert recorder.trouble is None
        finally:
            recorder.stop()
            recorder.join(10)


def test_the_header_of_a_keyframe_tells_one_stream_from_another():
    start = b"\x00\x00\x00\x01"
    first, second = b"\x67\x42\xc0\x1f\xaa", b"\x67\x42\xc0\x28\xbb"
    picture = start + b"\x65\x88\x80"
    assert sequence_header(start + first + start + b"\x68\xce" + picture, "h264") == first
    assert sequence_header(start + second + picture, "h264") == second
    assert sequence_header(picture + start + second, "h264") == b""
    assert (
        sequence_header(start + b"\x40\x01\x0c" + start + b"\x42\x01\x01" + start + b"\x26\x01", "hevc")
        == b"\x42\x01\x01"
    )
    assert sequence_header(start + first, "mjpeg") == b""
