"""What the stages pass to each other. Coordinates are fractions of the picture, 0..1, from its top left
corner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, get_args

ClockSource = Literal["rtcp", "arrival"]
Direction = Literal["both", "left", "right"]
Point = tuple[float, float]

# What a detector's label means to the people who read it. A zone may ask for a kind or for one label.
KINDS: Final[dict[str, str]] = {
    "person": "person",
    "bicycle": "vehicle",
    "car": "vehicle",
    "motorcycle": "vehicle",
    "bus": "vehicle",
    "truck": "vehicle",
}


def kind_of(label: str) -> str:
    """The kind ("person", "vehicle") a label belongs to; a label without one is its own kind."""
    return KINDS.get(label, label)


def _check_point(point: Point) -> None:
    if not all(math.isfinite(v) and 0.0 <= v <= 1.0 for v in point):
        raise ValueError(f"a point must lie in the picture (0..1), got {point}")


def _check_aware(name: str, at: datetime) -> None:
    if at.tzinfo is None or at.utcoffset() is None:
        raise ValueError(f"{name} must carry its time zone")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the picture: left, top, right, bottom, each 0..1, with left < right and top < bottom."""

    x1: float
    y1: float
    x2: float
    y2: float

    def __post_init__(self) -> None:
        if 0.0 <= self.x1 < self.x2 <= 1.0 and 0.0 <= self.y1 < self.y2 <= 1.0:
            return
        _check_point((self.x1, self.y1))
        _check_point((self.x2, self.y2))
        if not (self.x1 < self.x2 and self.y1 < self.y2):
            raise ValueError(f"a box needs a width and a height, got {self.as_tuple()}")

    @classmethod
    def clipped(cls, x1: float, y1: float, x2: float, y2: float) -> Box | None:
        """The part of a rectangle that lies in the picture, or None where there is none."""
        if not (math.isfinite(x1) and math.isfinite(y1) and math.isfinite(x2) and math.isfinite(y2)):
            return None
        x1, y1 = min(max(float(x1), 0.0), 1.0), min(max(float(y1), 0.0), 1.0)
        x2, y2 = min(max(float(x2), 0.0), 1.0), min(max(float(y2), 0.0), 1.0)
        return cls(x1, y1, x2, y2) if x1 < x2 and y1 < y2 else None

    def as_tuple(self) -> tuple[float, float, float, float]:
        return (self.x1, self.y1, self.x2, self.y2)

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> Point:
        return ((self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2)

    @property
    def foot(self) -> Point:
        """Where a standing person touches the ground: the middle of the lower edge."""
        return ((self.x1 + self.x2) / 2, self.y2)

    def intersection(self, other: Box) -> float:
        """Shared area, as a fraction of the picture."""
        # Most boxes of a picture lie apart, and each is held against each.
        if self.x1 >= other.x2 or other.x1 >= self.x2 or self.y1 >= other.y2 or other.y1 >= self.y2:
            return 0.0
        width = min(self.x2, other.x2) - max(self.x1, other.x1)
        return width * (min(self.y2, other.y2) - max(self.y1, other.y1))

    def iou(self, other: Box) -> float:
        """Intersection over union, 0..1."""
        if not (shared := self.intersection(other)):
            return 0.0  # slivers, too, have an area of nothing
        return shared / (self.area + other.area - shared)


@dataclass(frozen=True, slots=True)
class Detection:
    """One object a detector believes it saw. `score` is 0..1."""

    label: str
    score: float
    box: Box

    def __post_init__(self) -> None:
        if not self.label:
            raise ValueError("a detection needs a label")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score lies in 0..1, got {self.score}")

    @property
    def kind(self) -> str:
        return kind_of(self.label)


@dataclass(frozen=True, slots=True)
class FrameStamp:
    """When a frame was made and when it came in.

    `captured` is the camera's own clock where it sends one and is not over a second off ("rtcp"), else the
    time of arrival ("arrival"). `monotonic` is this machine's monotonic clock at arrival, in seconds:
    durations are computed from it. `offset_s` is arrival minus the camera's clock in seconds (network delay
    included), or None where the camera tells no time; it is kept when the clock was not believed.
    """

    number: int
    captured: datetime
    received: datetime
    monotonic: float
    clock_source: ClockSource = "arrival"
    offset_s: float | None = None

    def __post_init__(self) -> None:
        _check_aware("captured", self.captured)
        _check_aware("received", self.received)

    @property
    def drifting(self) -> bool:
        """True where the camera tells a time and it was too far off to be used."""
        return self.clock_source == "arrival" and self.offset_s is not None


@dataclass(frozen=True, slots=True)
class Motion:
    """What changed in a frame. `score` is the changed part of the picture, 0..1; boxes are largest first.

    `global_change` marks a sudden change of the whole picture (a lamp, the switch to infrared): no boxes
    then. `active` holds for a while after the last change, so that a person who stands still is not dropped
    at once.
    """

    score: float = 0.0
    boxes: tuple[Box, ...] = ()
    global_change: bool = False
    active: bool = False


@dataclass(frozen=True, slots=True)
class Track:
    """One object followed through time. `path` holds (monotonic seconds, x, y) of its foot point, newest last.

    `stationary`: it has stood still for long, and is remembered where it stands. Then `last_seen` may be before the
    frame it is given with: it is believed to be there until looks in a row have missed it.
    """

    id: int
    label: str
    box: Box
    score: float
    first_seen: datetime
    last_seen: datetime
    hits: int
    path: tuple[tuple[float, float, float], ...] = ()
    best_score: float = 0.0
    stationary: bool = False

    @property
    def kind(self) -> str:
        return kind_of(self.label)


def _check_line(zone: str, line: tuple[Point, Point]) -> None:
    if len(line) != 2 or line[0] == line[1]:
        raise ValueError(f"zone {zone}: a line needs two different points")
    for point in line:
        _check_point(point)


@dataclass(frozen=True, slots=True)
class ZoneShape:
    """A polygon somebody drew, and what in it deserves attention.

    `dwell_s`: seconds an object must be inside before it is a sighting; `dwells`: others for some categories. `classes`:
    kinds or labels that count. `min_score`: the least best score of a track that counts, 0..1. `loiter_s`: seconds inside
    after which a person loiters as well, 0 where nobody asks. `line`: crossing it is a sighting of its own, inside the polygon or
    not; `line_direction` says to which side, as seen going from its first to its second point.
    """

    id: str
    polygon: tuple[Point, ...]
    dwell_s: float = 1.0
    classes: frozenset[str] = field(default_factory=lambda: frozenset({"person"}))
    min_score: float = 0.0
    loiter_s: float = 0.0
    line: tuple[Point, Point] | None = None
    line_direction: Direction = "both"
    dwells: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        if len(self.polygon) < 3:
            raise ValueError(f"zone {self.id}: a polygon needs three points or more")
        for point in self.polygon:
            _check_point(point)
        for seconds in (self.dwell_s, *(seconds for _, seconds in self.dwells)):
            if not (math.isfinite(seconds) and seconds >= 0):
                raise ValueError(f"zone {self.id}: dwell must be zero seconds or more")
        if not (math.isfinite(self.loiter_s) and self.loiter_s >= 0):
            raise ValueError(f"zone {self.id}: loitering must be zero seconds or more")
        if self.line is not None:
            _check_line(self.id, self.line)
        if self.line_direction not in get_args(Direction):
            raise ValueError(f"zone {self.id}: a line is crossed to the left, to the right, or both")
        if not self.classes:
            raise ValueError(f"zone {self.id}: name at least one class")

    @classmethod
    def whole_picture(cls, id: str = "all", **kwargs: object) -> ZoneShape:
        """A zone that covers everything the camera sees."""
        return cls(id=id, polygon=((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)), **kwargs)  # type: ignore[arg-type]

    def dwell_of(self, category: str) -> float:
        """Seconds inside that this category asks for; loitering: 0 where nobody asks."""
        for name, seconds in self.dwells:
            if name == category and (category != "loitering" or self.loiter_s):
                return seconds
        return self.loiter_s if category == "loitering" else self.dwell_s

    def counts(self, track: Track) -> bool:
        wanted = track.kind in self.classes or track.label in self.classes
        return wanted and max(track.best_score, track.score) >= self.min_score


@dataclass(frozen=True, slots=True)
class Presence:
    """An object that is in a zone now, whether or not it was already reported."""

    track: Track
    zone_id: str
    entered_at: datetime
    dwell_s: float
    reported: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """An object did what a zone asks for: what becomes a candidate.

    `category` says what, as a code of the categories' table: person or vehicle (it stayed for the dwell time), loitering
    (for the loitering time), line_crossing, group (`track` is the one that completed it). `at` is the capture time of
    the frame that decided it, `stamp` that frame's stamp; `dwell_s` seconds inside. `direction`: to which side of the
    line it went, "" without a line. `people`: how many people were in the camera's zones then, 1 at least.
    """

    track: Track
    zone_id: str
    entered_at: datetime
    dwell_s: float
    stamp: FrameStamp
    category: str
    direction: str = ""
    people: int = 1

    @property
    def at(self) -> datetime:
        return self.stamp.captured

    @property
    def label(self) -> str:
        return self.track.label

    @property
    def kind(self) -> str:
        return self.track.kind

    @property
    def box(self) -> Box:
        return self.track.box

    @property
    def score(self) -> float:
        """The best score the track ever had, 0..1."""
        return max(self.track.best_score, self.track.score)


@dataclass(frozen=True, slots=True)
class Departure:
    """Somebody who was reported has left a zone, or was lost sight of in it, after `stayed_s` seconds inside."""

    track_id: int
    zone_id: str
    stayed_s: float


@dataclass(frozen=True, slots=True)
class ZoneUpdate:
    """What zones say about one inferred frame.

    `short`: who was in a zone and left it before its dwell time, told when that is certain: as sightings of the frame that
    showed them there last. `left`: how long those stayed that were reported.
    """

    sightings: tuple[Sighting, ...] = ()
    present: tuple[Presence, ...] = ()
    short: tuple[Sighting, ...] = ()
    left: tuple[Departure, ...] = ()
