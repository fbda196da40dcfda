"""The chain in one piece, for a file: stamps → mask → gate → detector → tracker → zones → sightings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from .card import ModelCard
from .detector import Detector
from .files import pictures_of
from .ingest import Frame
from .light import LightMeter, Profile
from .mask import Mask
from .motion import MotionGate
from .perspective import Perspective
from .picture import Picture
from .scene import Scene
from .tracker import Tracker
from .types import Detection, FrameStamp, Motion, Point, Presence, Sighting, Track, ZoneShape

Polygons = Sequence[Sequence[Point]]


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
    short: tuple[Sighting, ...] = ()  # stays that ended before the dwell of their zone, while that was armed


class Eye:
    """Mask, gate, detector, tracker and zones of one camera, called in one thread: for replays and for tests.

    The watcher does the same with the detector behind a slot. infer_fps: most inferences a second of video. min_score: asked
    of the detector whatever the light; without it day_score and night_score, or those of the detector's card. largest: of the
    pictures that the detector gets, (width, height) in pixels. armed: which zones are armed at a time, where that
    matters: who was let be before one was counts anew. asked: the zones with the dwell times asked for at a time, where these
    change.
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
        ignore_areas: Polygons = (),
        privacy_masks: Polygons = (),
        perspective: Perspective | None = None,
        largest: tuple[int, int] | None = None,
        armed: Callable[[datetime], frozenset[str]] | None = None,
        asked: Callable[[datetime], tuple[ZoneShape, ...]] | None = None,
        gate: MotionGate | None = None,
        tracker: Tracker | None = None,
    ) -> None:
        self.detector, self.min_score, self.largest, self.armed, self.asked = detector, min_score, largest, armed, asked
        self.day_score, self.night_score = day_score, night_score
        self.gate = gate or MotionGate(ignore=tuple(tuple(polygon) for polygon in ignore_areas))
        self.scene = Scene(zones, perspective=perspective, tracker=tracker)
        self.mask = Mask(privacy_masks) if privacy_masks else None
        self._classes = frozenset(name for zone in self.scene.zones.zones for name in zone.classes)
        self._light = LightMeter()
        self._pause = 1.0 / infer_fps
        self._inferred: float | None = None

    def see(self, frame: Frame) -> Step:
        """Take one frame through the chain."""
        stamp = frame.stamp
        picture = self.mask.of(frame.picture) if self.mask else frame.picture
        motion = self.gate.update(picture.y, stamp.monotonic)
        if not self._is_worth_a_look(motion, stamp.monotonic):
            return Step(frame, motion)
        if self.asked is not None and (zones := self.asked(stamp.captured)) != self.scene.zones.zones:
            self.scene.zones.replan(zones)
        if self.armed is not None:
            self.scene.arm(self.armed(stamp.captured))
        found = self._detected(picture, motion, stamp.monotonic)
        asked_for = [d for d in found if d.kind in self._classes or d.label in self._classes]
        tracks, update = self.scene.update(stamp, asked_for, aspect=picture.width / picture.height)
        short = tuple(one for one in update.short if self.armed is None or one.zone_id in self.armed(one.at))
        return Step(frame, motion, True, tuple(found), tracks, update.sightings, update.present, short)

    def _detected(self, picture: Picture, motion: Motion, monotonic: float) -> list[Detection]:
        least, card = self.min_score, getattr(self.detector, "card", None)
        if least is None and isinstance(card, ModelCard):
            light = self._light.update(picture, monotonic)
            least = Profile.of(card, light, self.day_score, self.night_score).min_score
        small = picture.shrunk(*self.largest) if self.largest else picture
        return self.detector.detect(small, motion=motion.boxes, min_score=least)

    def _is_worth_a_look(self, motion: Motion, monotonic: float) -> bool:
        still = not (motion.active or motion.global_change or self.scene.worth_a_look(monotonic))
        if still and self._inferred is not None:  # who stands there from the beginning has not moved before it
            return False
        if self._inferred is not None and monotonic - self._inferred < self._pause - 1e-3:
            return False
        self._inferred = monotonic
        return True


def frames_of(path: Path | str, *, started: datetime) -> Iterator[Frame]:
    """The frames of a video file, stamped as if it had begun at `started` (aware); monotonic counts from zero.

    Raises FileRefused where it cannot be read; at the end where only some of it could not.
    """
    latest = 0.0
    for shown in pictures_of(Path(path)):
        latest = max(latest, shown.seconds)  # what was cut together from several may count backwards
        at = started + timedelta(seconds=latest)
        yield Frame(FrameStamp(shown.number, at, at, latest), shown.picture, shown.number == 0)


def steps(path: Path | str, eye: Eye, *, started: datetime) -> Iterator[Step]:
    """The chain over a file, frame by frame."""
    return (eye.see(frame) for frame in frames_of(path, started=started))


def sightings(path: Path | str, eye: Eye, *, started: datetime) -> Iterator[Sighting]:
    """What in a file deserves attention."""
    return (found for step in steps(path, eye, started=started) for found in step.sightings)
