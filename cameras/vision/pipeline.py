"""The chain in one piece, for a file: stamps → gate → detector → tracker → zones → sightings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import av

from .detector import Detector
from .ingest import Frame
from .light import LightMeter, Profile
from .motion import MotionGate
from .opening import describe
from .picture import MAX_PIXELS, Picture
from .tracker import Tracker
from .types import Detection, FrameStamp, Motion, Presence, Sighting, Track, ZoneShape
from .zones import ZoneWatch


@dataclass(frozen=True, slots=True)
class Step:
    """What the chain made of one frame. `inferred` is False where the gate let it pass without a look."""

    frame: Frame
    motion: Motion
    inferred: bool = False
    detections: tuple[Detection, ...] = ()
    tracks: tuple[Track, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    present: tuple[Presence, ...] = ()


class Eye:
    """Gate, detector, tracker and zones of one camera, called in one thread: for replays and for tests.

    The watcher does the same with the detector behind a slot. infer_fps: most inferences a second of video.
    min_score: asked of the detector whatever the light; else day_score or night_score, else its card's.
    """

    def __init__(
        self,
        detector: Detector,
        zones: Iterable[ZoneShape],
        *,
        infer_fps: float = 5.0,
        min_score: float | None = None,
        day_score: float | None = None,
        night_score: float | None = None,
        gate: MotionGate | None = None,
        tracker: Tracker | None = None,
    ) -> None:
        self.detector, self.min_score, self.scores = detector, min_score, (day_score, night_score)
        self.meter = LightMeter()
        self.gate, self.tracker, self.zones = gate or MotionGate(), tracker or Tracker(), ZoneWatch(zones)
        self._pause = 1.0 / infer_fps
        self._inferred: float | None = None

    def see(self, frame: Frame) -> Step:
        """Take one frame through the chain."""
        stamp = frame.stamp
        motion = self.gate.update(frame.picture.y, stamp.monotonic)
        if not self._is_worth_a_look(motion, stamp.monotonic):
            return Step(frame, motion)
        least = self.min_score
        if least is None:
            light = self.meter.update(frame.picture, stamp.monotonic)
            least = Profile.of(self.detector.card, light, *self.scores).min_score
        found = self.detector.detect(frame.picture, motion=motion.boxes, min_score=least)
        tracks = self.tracker.update(stamp, found)
        update = self.zones.update(stamp, tracks)
        return Step(frame, motion, True, tuple(found), tracks, update.sightings, update.present)

    def _is_worth_a_look(self, motion: Motion, monotonic: float) -> bool:
        self.tracker.expire(monotonic)
        if not (motion.active or motion.global_change or self.tracker.following):
            return False
        if self._inferred is not None and monotonic - self._inferred < self._pause - 1e-3:
            return False
        self._inferred = monotonic
        return True


def frames_of(path: Path | str, *, started: datetime) -> Iterator[Frame]:
    """The frames of a video file, stamped as if it had begun at `started` (aware); monotonic counts from
    zero.

    Raises StreamError where the file has no usable video, and what PyAV raises where it is no video at all.
    """
    with av.open(str(path), options={"max_pixels": str(MAX_PIXELS)}) as container:
        describe(container)
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        first: float | None = None
        for number, image in enumerate(container.decode(stream)):
            seconds = float(image.time or 0.0)
            first = seconds if first is None else first
            at = started + timedelta(seconds=seconds - first)
            stamp = FrameStamp(number, at, at, seconds - first)
            yield Frame(stamp, Picture.of_frame(image), bool(image.key_frame))


def steps(path: Path | str, eye: Eye, *, started: datetime) -> Iterator[Step]:
    """The chain over a file, frame by frame."""
    return (eye.see(frame) for frame in frames_of(path, started=started))


def sightings(path: Path | str, eye: Eye, *, started: datetime) -> Iterator[Sighting]:
    """What in a file deserves attention."""
    return (found for step in steps(path, eye, started=started) for found in step.sightings)
