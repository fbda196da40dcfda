"""The process that reads cameras and is measured: `python -m bench.ingest_reader PORT`.

Each line of its input is a question {"do": …, "camera": …, "seconds": …}, each line of its output the answer. Its threads
are those of a watch process, without a database: what they see and say goes nowhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import av
import django

from bench.baselines import pss

LOOPBACK: Final = ["127.0.0.0/8"]
SETTLE_S: Final = 0.5
WITHIN_S: Final = 40.0


class Meter:
    """Processor time and frames of the calling thread, from one keyframe to another at least `seconds` later."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._created = seconds, time.monotonic()
        self._began: tuple[float, float, int] | None = None  # monotonic s, processor s, frames
        self.frames = 0
        self.cpu_s = 0.0
        self.done = False

    def saw(self, keyframe: bool) -> None:
        """After a frame was dealt with."""
        self.frames += 1
        now, spent = time.monotonic(), time.thread_time()
        if self.done or not keyframe or now - self._created < SETTLE_S:
            return
        if self._began is None:
            self._began = (now, spent, self.frames)
        elif now - self._began[0] >= self._seconds - 0.2:
            self.cpu_s, self.frames, self.done = spent - self._began[1], self.frames - self._began[2], True

    def answer(self) -> dict[str, float]:
        return {"ms": 1000 * self.cpu_s / max(self.frames, 1), "frames": self.frames}


def bare(port: int, camera: str, seconds: float) -> dict[str, float]:
    """PyAV alone: demux and decode, every frame let go of at once."""
    from cameras.vision.opening import OpenOptions, ffmpeg_options

    meter = Meter(seconds)
    options = ffmpeg_options(OpenOptions())
    with av.open(f"rtsp://127.0.0.1:{port}/{camera}", options=options, timeout=(5.0, 3.0)) as container:
        video = container.streams.video[0]
        video.thread_type = "NONE"
        for packet in container.demux(video):
            for frame in packet.decode():
                meter.saw(bool(frame.key_frame))
            if meter.done:
                break
    return meter.answer()


def ingest(port: int, camera: str, seconds: float, *, gate: bool) -> dict[str, float]:
    """A stream as a camera's thread reads it; with the motion gate or without."""
    from cameras.vision.address import pin
    from cameras.vision.ingest import Frame, Stream
    from cameras.vision.motion import MotionGate

    meter, judge = Meter(seconds), MotionGate()

    def take(frame: Frame) -> None:
        if gate:
            judge.update(frame.picture.y, frame.stamp.monotonic)
        meter.saw(frame.keyframe)

    stream = Stream(pin(f"rtsp://127.0.0.1:{port}/{camera}", networks=LOOPBACK))
    stream.read(take, should_stop=lambda: meter.done)
    return meter.answer()


def first(port: int, camera: str, *, bare: bool) -> dict[str, float]:
    """How long it takes from the connection to the first decoded picture."""
    from cameras.vision.address import pin
    from cameras.vision.ingest import Frame, Stream

    url = f"rtsp://127.0.0.1:{port}/{camera}"
    began = time.monotonic()
    if bare:
        with av.open(url, options={"rtsp_transport": "tcp"}, timeout=(10.0, 5.0)) as container:
            next(container.decode(video=0))
            return {"ms": 1000 * (time.monotonic() - began)}
    seen: list[Frame] = []
    Stream(pin(url, networks=LOOPBACK)).read(seen.append, should_stop=lambda: bool(seen))
    return {"ms": 1000 * (time.monotonic() - began)}


def watch(port: int, camera: str, seconds: float) -> dict[str, float]:
    """The whole thread of a watched camera: stream, ring, gate, and what else it does with a frame."""
    watcher = _watcher(port, camera)
    watcher.start()
    try:
        _until(lambda: watcher.last_frame is not None and watcher.last_frame.stamp.number > 5)
        ours = time.pthread_getcpuclockid(watcher._thread.ident or 0)
        began, frames = _at_keyframe(watcher, ours)
        threading.Event().wait(seconds - 0.2)
        ended, last = _at_keyframe(watcher, ours)
        return {"ms": 1000 * (ended - began) / (last - frames), "frames": last - frames}
    finally:
        watcher.stop()
        watcher.join(10)


def many(port: int, count: int, fill_s: float, seconds: float) -> dict[str, float]:
    """So many cameras in this process: processor time, memory with full rings, and pictures that did not come through.

    fill_s: how long they are watched before; seconds: how long they are measured.
    """
    before = pss([os.getpid()])
    watchers = [_watcher(port, f"idle-{number}") for number in range(count)]
    slots = _slot_bytes()
    for watcher in watchers:
        watcher.start()
    try:
        # FFmpeg tells no timestamp of a connection's first packet where the camera's first report comes just before it.
        _until(lambda: all(one.last_frame and one.last_frame.pts is not None for one in watchers))
        first = [_place(one) for one in watchers]
        threading.Event().wait(fill_s)
        spent, began = time.process_time(), time.monotonic()
        started = [_place(one)[0] for one in watchers]
        threading.Event().wait(seconds)
        spent, took = time.process_time() - spent, time.monotonic() - began
        ended = [_place(one) for one in watchers]
        memory, slots = pss([os.getpid()]) - before, _slot_bytes() - slots
        lost = [round((b[1] - a[1]) * 10) - (b[0] - a[0]) for a, b in zip(first, ended, strict=True)]
        counts = [one.totals() for one in watchers]
        return {
            "cpu": spent / took,
            "ms": 1000 * spent / sum(b[0] - a for a, b in zip(started, ended, strict=True)),
            "mib": memory / count,
            "slot_mib": slots / count / 2**20,
            "lost": sum(map(abs, lost)),
            "dropped": sum(one["dropped"] for one in counts),
            "offline": sum(not one.online for one in watchers),
            "late_s": max(time.monotonic() - one.last_frame.stamp.monotonic for one in watchers if one.last_frame),
        }
    finally:
        for watcher in watchers:
            watcher.stop()
        for watcher in watchers:
            watcher.join(10)


def _place(watcher: Any) -> tuple[int, float]:
    """The number of a camera's newest frame, and its own time in seconds."""
    frame = watcher.last_frame
    return frame.stamp.number, frame.pts / 90_000


def _watcher(port: int, camera: str) -> Any:
    from cameras.vision.address import Credentials
    from cameras.vision.types import ZoneShape
    from cameras.watching.plan import Plan
    from cameras.watching.watcher import Desk, Watcher

    class Nowhere:
        def put(self, pending: object) -> bool:
            return True

        def add(self, stay: object) -> None:
            return

        def prove(self, proof: object) -> None:
            return

    nowhere: Any = Nowhere()
    zone = ZoneShape.whole_picture("yard")
    plan = Plan(
        uuid4(),
        UUID(int=0),
        camera,
        f"rtsp://127.0.0.1:{port}/{camera}",
        Credentials(""),
        (zone,),
        digest="known",
        probed="known",
    )
    return Watcher(plan, 1, Desk(nowhere, nowhere, _answer, "bench", inside=_marks().inside, leave=_marks().leave))


def _answer(ref: Any) -> None:
    """A worker that sees nothing, at once: a camera is looked at now and then though nothing moves."""
    from cameras.vision.slots import SlotGone, attach

    try:
        with attach(ref.name) as reader:
            frame = reader.read()
            if frame is not None:
                reader.post(frame, [], inference_ms=1.0, model="none")
    except SlotGone:
        return


@cache
def _marks() -> Any:
    from cameras.watching.quarantine import Marks

    return Marks("bench")


def _at_keyframe(watcher: Any, clock: int) -> tuple[float, int]:
    """Processor time of a thread and the number of its frame, just after a keyframe. Looks now and then: that is this
    thread's time.
    """
    number = -1
    pause = threading.Event()
    while True:
        frame = watcher.last_frame
        if frame.stamp.number != number:
            if number >= 0 and frame.keyframe:
                pause.wait(0.02)  # it is being dealt with
                return time.clock_gettime(clock), frame.stamp.number
            number = frame.stamp.number
        pause.wait(0.01)


def _slot_bytes() -> int:
    """Shared memory of this process's slots: reserved, whether used or not."""
    from cameras.vision.slot_layout import PREFIX, default_directory

    total = 0
    for path in Path(default_directory()).glob(f"{PREFIX}.bench.{os.getpid()}.*"):
        with contextlib.suppress(FileNotFoundError):  # a connection has just ended
            total += path.stat().st_blocks * 512
    return total


def _until(wanted: Callable[[], bool]) -> None:
    limit, pause = time.monotonic() + WITHIN_S, threading.Event()
    while not wanted():
        if time.monotonic() > limit:
            raise RuntimeError("the cameras were not all seen in time")
        pause.wait(0.1)


def main(port: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "soc.settings")
    django.setup()
    from cameras.watching import watcher  # noqa: F401  as a watch process has it loaded before its first camera
    from cameras.watching.loaded import keep_what_is_loaded

    keep_what_is_loaded()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        match asked.pop("do"):
            case "bare":
                answer = bare(port, **asked)
            case "ingest":
                answer = ingest(port, **asked, gate=False)
            case "gate":
                answer = ingest(port, **asked, gate=True)
            case "watch":
                answer = watch(port, **asked)
            case "first":
                answer = first(port, **asked)
            case "many":
                answer = many(port, **asked)
            case other:
                raise ValueError(other)
        print(json.dumps(answer), flush=True)
    _marks().close()


if __name__ == "__main__":
    main(int(sys.argv[1]))
