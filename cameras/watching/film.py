"""One growing clip of one camera: of all that was noticed there in windows that overlap. Knows no database and no disk.

Every scene (a candidate, or the view of another camera's) wants the seconds from BEFORE_S before its trigger to AFTER_S after
it. Scenes whose windows overlap share a film: each gets a first cut at once, all get the whole one, which grows with them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

from cameras.vision.best import Shot
from cameras.vision.clip import Clip, ClipOrder
from cameras.vision.opening import StreamInfo
from cameras.vision.picture import Picture
from cameras.vision.ring import MediaPacket, PacketRing
from cameras.vision.types import Box

BEFORE_S, AFTER_S = 6.0, 8.0
EARLY_S = 0.4  # enough of the moment itself to see what it is about
TAIL_S = 0.3  # packets of the last moment are still on their way
LONGEST_S = 60.0  # then another film begins
MOST_BYTES: Final = 48 * 1024 * 1024
ABSORB_S: Final = 4.0  # a ring reaches back further than that

Path = Callable[[], Sequence[tuple[float, Box]]]


class Scene(Protocol):
    """What a film is of. `trigger`: monotonic s; `held`: what the ring had at that moment."""

    @property
    def camera_id(self) -> UUID: ...
    @property
    def trigger(self) -> float: ...
    @property
    def ring(self) -> PacketRing: ...
    @property
    def info(self) -> StreamInfo: ...
    @property
    def held(self) -> tuple[MediaPacket, ...]: ...
    def light(self) -> Scene:
        """Itself without packets and planes: a film has them."""


@dataclass(frozen=True, eq=False)
class Proof:
    """What a candidate's evidence is made of. `path` and `best` are asked when the clip is cut: the track goes on."""

    camera_id: UUID
    dedup: str
    trigger: float
    trigger_at: datetime
    ring: PacketRing
    info: StreamInfo
    held: tuple[MediaPacket, ...]
    picture: Picture | None
    path: Path
    label: str
    score: float
    zone: Sequence[tuple[float, float]]
    box: Box | None = None
    track: str = ""  # of two candidates the same, where it is the same object
    best: Callable[[], Shot | None] = lambda: None

    def light(self) -> Proof:
        return replace(self, held=(), picture=None)

    def drawn(self, starts: float) -> dict[str, Any]:
        """Its track as data beside the picture: times in seconds from `starts` (monotonic), boxes 0..1."""
        rows = [[round(t - starts, 3), *(round(v, 4) for v in box.as_tuple())] for t, box in self.path()]
        return {"id": self.track or self.dedup, "label": self.label, "score": round(self.score, 3), "path": rows}

    def overlay(self, starts: float) -> dict[str, Any]:
        track = self.drawn(starts)
        return {"tracks": [track] if track["path"] else [], "zone": [list(point) for point in self.zone]}


@dataclass(frozen=True, eq=False)
class View:
    """The same moment as another camera saw it: of an Angle row."""

    camera_id: UUID
    angle_id: UUID
    trigger: float
    ring: PacketRing
    info: StreamInfo
    held: tuple[MediaPacket, ...]

    def light(self) -> View:
        return replace(self, held=())


def overlay(scenes: Iterable[Scene], clip: Clip) -> dict[str, Any]:
    """Everything that is data beside a film: all tracks of all its candidates, each once; each one's zone and moment."""
    proofs = [scene for scene in scenes if isinstance(scene, Proof)]
    tracks = {track["id"]: track for track in (p.drawn(clip.starts_monotonic) for p in proofs) if track["path"]}
    moments = [
        {
            "id": proof.dedup,
            "trigger_s": round(proof.trigger - clip.starts_monotonic, 3),
            "zone": [list(point) for point in proof.zone],
        }
        for proof in proofs
    ]
    zone = moments[0]["zone"] if moments else []
    return {
        "tracks": list(tracks.values()),
        "zone": zone,
        "alerts": moments,
        "trigger_s": round(clip.trigger_s, 3),
        "codec": clip.codec,
    }


@dataclass(eq=False)
class Film:
    """Scenes of one connection of one camera, and the packets for them.

    `covered`: up to where (monotonic s) the last cut that all scenes were given reaches; `served`: scenes that have a cut at
    all; `done`: nothing more will be cut. Packets are taken from the ring in time and given out under a lock of its own; the
    rest belongs to the desk.
    """

    camera_id: UUID
    ring: PacketRing
    info: StreamInfo
    scenes: list[Scene] = field(default_factory=list)
    served: set[int] = field(default_factory=set)
    covered: float = float("-inf")
    not_before: float = float("-inf")
    done: bool = False
    kept: Any = None  # the Media that all scenes were given last
    size: int = 0
    _packets: list[MediaPacket] = field(default_factory=list)
    _packing: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, scene: Scene) -> Film:
        film = cls(scene.camera_id, scene.ring, scene.info)
        film.add(scene)
        return film

    @property
    def begin(self) -> float:
        return min(scene.trigger for scene in self.scenes) - BEFORE_S

    @property
    def until(self) -> float:
        return max(scene.trigger for scene in self.scenes) + AFTER_S

    def takes(self, scene: Scene) -> bool:
        """Whether this scene's window overlaps, of the same connection, and the film stays within its bounds."""
        if scene.ring is not self.ring or scene.info != self.info or self.done or self.size > MOST_BYTES:
            return False
        begin, until = scene.trigger - BEFORE_S, scene.trigger + AFTER_S
        overlaps = begin <= self.until and until >= self.begin
        return overlaps and max(until, self.until) - min(begin, self.begin) <= LONGEST_S

    def add(self, scene: Scene) -> None:
        if self.scenes and scene.trigger < self.begin + BEFORE_S:
            self.covered = float("-inf")  # it begins earlier now
        self.scenes.append(scene.light())
        self._take(scene.held)

    def absorb(self) -> None:
        """Take what came since, before the ring lets it go."""
        with self._packing:
            last = self._packets[-1].monotonic if self._packets else None
        if last is None or last < self.until:
            self._take(self.ring.snapshot())

    def _take(self, offered: Sequence[MediaPacket]) -> None:
        with self._packing:
            if self._packets:
                if offered and offered[0].monotonic > self._packets[-1].monotonic:
                    return  # the ring was emptied for another connection: its packets belong to another film
                early = [packet for packet in offered if packet.monotonic < self._packets[0].monotonic]
                early = _from(early, self.begin)
                late = [packet for packet in offered if packet.monotonic > self._packets[-1].monotonic]
                self._packets = [*early, *self._packets, *late]
                self.size += sum(packet.size for packet in early) + sum(packet.size for packet in late)
            else:
                self._packets = _from(offered, self.begin)
                self.size = sum(packet.size for packet in self._packets)

    def order(self, reach: float) -> tuple[tuple[MediaPacket, ...], ClipOrder]:
        """What to cut, from its begin up to `reach` (monotonic s)."""
        first = min(scene.trigger for scene in self.scenes)
        with self._packing:
            return tuple(self._packets), ClipOrder(first, BEFORE_S, reach - first)

    def unserved(self) -> list[Scene]:
        return [scene for scene in self.scenes if id(scene) not in self.served]

    def due(self) -> float:
        """When (monotonic s) there is something to cut next: a first cut for a new scene, or more for all of them."""
        if self.done:
            return float("inf")
        first = min((scene.trigger + EARLY_S for scene in self.unserved()), default=float("inf"))
        return max(min(first, self.grows_at()), self.not_before)

    def grows_at(self) -> float:
        """When the next scene's seconds after its trigger are over; where more scenes follow soon, not for each of them."""
        ends = sorted(scene.trigger + AFTER_S for scene in self.scenes if scene.trigger + AFTER_S > self.covered)
        if not ends:
            return float("inf")
        spaced = max(ends[0], self.covered + AFTER_S)
        return min(spaced, ends[-1]) + TAIL_S

    def over(self, now: float) -> bool:
        """Whether nothing is left to be done, and nobody can join any more."""
        return now > self.until + BEFORE_S + TAIL_S and self.due() == float("inf")


def _from(packets: Sequence[MediaPacket], begin: float) -> list[MediaPacket]:
    """From the last keyframe before `begin` on: a film holds no more than it needs."""
    keys = [n for n, p in enumerate(packets) if p.kind == "video" and p.keyframe and p.monotonic <= begin]
    return list(packets[keys[-1] if keys else 0 :])
