"""What a camera may do to whoever reads it: each is noticed in seconds, said in words, costs little memory, and is over
when it is over. What the whole watcher makes of it is in tests/watching/test_hostile.py.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from cameras.vision import keeping_up, line_guard
from cameras.vision.ingest import Frame, Stream
from cameras.vision.opening import OpenOptions, StreamError
from soc.demo.cameras import faults
from soc.demo.cameras.clips import load

from .world import World

ROOT = Path(__file__).parents[2]


@dataclass
class Reading:
    """A camera that is read again and again, in a thread of its own. `ends`: how each connection ended, "" by itself."""

    stream: Stream
    frames: list[Frame] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                self.stream.read(self.frames.append, should_stop=self.stop.is_set)
                self.ends.append("")
            except StreamError as error:
                self.words.append(str(error))
                self.ends.append(error.fault)
            self.stop.wait(0.2)

    def until(self, wanted: Callable[[], object], within_s: float = 20.0) -> None:
        limit = time.monotonic() + within_s
        while not wanted():
            assert time.monotonic() < limit, (self.ends, self.words, len(self.frames))
            self.stop.wait(0.05)

    def more(self, count: int, within_s: float = 20.0) -> list[Frame]:
        """The next so many frames."""
        before = len(self.frames)
        self.until(lambda: len(self.frames) >= before + count, within_s)
        return self.frames[before:]

    def size(self) -> tuple[str, int]:
        info = self.stream.info
        return (info.video.codec, info.video.width) if info else ("", 0)


@contextmanager
def reading(stream: Stream) -> Iterator[Reading]:
    one = Reading(stream)
    thread = threading.Thread(target=one.run, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        one.stop.set()
        thread.join(15)


@pytest.fixture
def own() -> Iterator[World]:
    """With a camera `fast` of 30 pictures a second: what takes so many pictures takes less time."""
    with World(films={"fast": load("quiet").faster(3)}) as running:
        yield running


@pytest.mark.parametrize(
    ("fault", "times", "ends"),
    [(faults.RESET, 2, {"ended"}), (faults.HALF, 1, {"timed_out", "stalled"}), (faults.BOMB, 2, {"too_large"})],
)
def test_what_breaks_a_stream_is_said_each_time_and_over_when_it_is_over(
    own: World, fault: str, times: int, ends: set[str]
):
    options = OpenOptions(open_timeout_s=2.0, read_timeout_s=1.5)
    with reading(Stream(own.address("fast"), options=options)) as one:
        one.more(3)
        own.misbehave("fast", fault)
        one.until(lambda: len(one.ends) >= times)
        assert set(one.ends) <= ends
        own.behave("fast")
        one.more(40)


@pytest.mark.parametrize("guarded", [True, False])
def test_a_picture_that_never_ends_is_cut_off_before_it_fills_the_memory(own: World, monkeypatch, guarded: bool):
    """FFmpeg collects its parts; a sound now and then keeps every time-out away."""
    monkeypatch.setattr(line_guard.Line, "look", line_guard.Line.look if guarded else lambda self: None)
    with reading(Stream(own.address("fast"))) as one:
        one.more(3)
        before = peak = psutil.Process().memory_info().rss
        own.misbehave("fast", faults.ENDLESS)
        limit = time.monotonic() + 20
        while not one.ends and time.monotonic() < limit:
            peak = max(peak, psutil.Process().memory_info().rss)
            one.stop.wait(0.02)
        assert ("without an end" in one.words[0]) == guarded
        gained = (peak - before) / (1024 * 1024)
        assert (gained < 60) if guarded else (gained > 20)
        own.behave("fast")
        one.more(3)


def test_a_picture_that_claims_to_be_huge_is_refused_before_memory_is_given_to_it(own: World):
    with reading(Stream(own.address("fast"))) as one:
        one.more(3)
        own.misbehave("fast", faults.BOMB)
        one.until(lambda: one.ends)
        assert one.stream.bad_packets == 1, "the decoder itself must refuse it, and not who gets the picture"
        assert "16000×16000" in one.words[0]


@pytest.mark.parametrize(
    ("fault", "before", "during"),
    [(faults.RESIZE, ("h264", 768), ("h264", 384)), (faults.CODEC, ("h264", 768), ("mjpeg", 768))],
)
def test_another_size_and_another_codec_are_another_stream_and_go_on(
    own: World, fault: str, before: tuple[str, int], during: tuple[str, int]
):
    with reading(Stream(own.address("fast"))) as one:
        one.more(3)
        assert one.size() == before
        own.misbehave("fast", fault)
        one.until(lambda: one.size() == during)
        assert one.more(5)[-1].picture.width == during[1]
        own.behave("fast")
        one.until(lambda: one.size() == before)
        one.more(5)


@pytest.mark.parametrize("fault", [faults.CORRUPT, faults.CLOCK, faults.TIMESTAMPS])
def test_damage_and_wrong_clocks_keep_no_picture_back(own: World, fault: str):
    with reading(Stream(own.address("fast"))) as one:
        one.more(3)
        own.misbehave("fast", fault)
        seen = one.more(90)
        assert all(frame.stamp.captured <= frame.stamp.received for frame in seen)
        assert all(abs((f.stamp.received - f.stamp.captured).total_seconds()) <= 1.0 for f in seen)
        assert not set(one.ends) - {""}  # damaged parameter sets may look like another size
        if fault == faults.CLOCK:
            one.until(lambda: one.frames[-1].stamp.drifting)
        own.behave("fast")
        one.until(lambda: one.frames[-1].stamp.clock_source == "rtcp" and not one.frames[-1].stamp.drifting)


@pytest.mark.parametrize("watched", [True, False])
def test_only_a_watchdog_notices_a_camera_that_sends_sound_and_no_pictures(own: World, monkeypatch, watched: bool):
    """The connection is busy, so that no time-out of the network ends it. Time runs fivefold for the reader."""
    if not watched:
        monkeypatch.setattr(keeping_up.Watchdog, "check", lambda self, monotonic: None)
    with reading(Stream(own.address("fast"), monotonic=lambda: time.monotonic() * 5)) as one:
        one.more(3)
        own.misbehave("fast", faults.SOUND_ONLY)
        one.stop.wait(2.5)
        assert bool(one.ends) == watched
        assert set(one.ends) <= {"stalled"}
        if watched:
            own.behave("fast")
            one.more(3)


CORRUPTED = """
import random, resource, sys, tempfile
import av
from cameras.vision.address import pin
from cameras.vision.ingest import Stream
from cameras.vision.opening import StreamError
from soc.demo.cameras.clips import load
from soc.demo.cameras.faults import damage

chance, units = random.Random(5), load("foliage").units
with tempfile.NamedTemporaryFile(suffix=".h264") as file:
    for number in range(int(sys.argv[1])):
        for nal in units[number % len(units)].nals:
            file.write(b"\\0\\0\\0\\1" + (damage(nal, chance) if number else nal))
    file.flush()
    seen, peak = 0, 0
    stream = Stream(pin("rtsp://127.0.0.1:1/x", networks=["127.0.0.0/8"]), opener=lambda a, o: av.open(file.name))
    def count(frame):
        global seen, peak
        seen += 1
        if seen == 100:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(200):  # a changed size ends a stream, and the file begins anew: as long as it takes
        try:
            stream.read(count, should_stop=lambda: stream.frames + stream.bad_packets >= int(sys.argv[1]))
        except StreamError:
            pass
        if stream.frames + stream.bad_packets >= int(sys.argv[1]):
            break
    print(stream.frames + stream.bad_packets, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) // 1024)
"""

BOMBS = """
import io, resource, sys
import cv2, numpy as np
from cameras.vision import snapshot
from cameras.vision.picture import PictureRefused
warm = snapshot.decode(cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
done, good = cv2.imencode(".jpg", np.zeros((3000, 4000, 3), np.uint8), [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
refused = 0
for height, width in ((65500, 65500), (5700, 5700), (65535, 500)):
    data = bytearray(good.tobytes())
    at = data.index(b"\\xff\\xc2") + 5
    data[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    try:
        snapshot.decode(bytes(data))
    except PictureRefused:
        refused += 1
picture = snapshot.decode(good.tobytes())
print(refused, picture.width, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def in_a_process(script: str, *arguments: str) -> list[int]:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [int(word) for word in done.stdout.split()]


def test_thousands_of_damaged_pictures_are_read_in_little_memory():
    looked, gained_mib = in_a_process(CORRUPTED, "2000")
    assert looked >= 2000
    assert gained_mib < 100


def test_a_picture_from_outside_costs_less_than_a_hundred_megabytes_or_is_refused():
    refused, width, gained_mib = in_a_process(BOMBS)
    assert (refused, width) == (3, 4000)
    assert gained_mib < 100
