"""The best picture of each track so far: large, sure, and not cut off by the picture's edge."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from . import snapshot
from .picture import Picture
from .snapshot import Snapshot
from .types import Box, FrameStamp

BETTER: Final = 1.15  # by so much, or the one there is stays: pictures must not change for nothing
CUT_OFF: Final = 0.4  # what a picture is worth of somebody who is only half in it
EDGE: Final = 0.006  # of the picture's side: as close to it as a detector draws its boxes
# Most pictures are replaced by a better one before anybody asks for them, and to make one small costs as much as to notice
# motion in ten. So they are kept as they are for a while, as long as there is room for them.
SETTLED_S: Final = 30.0
ROOM: Final = 4 * 1024 * 1024  # bytes for each camera, beside its newest picture


def worth(box: Box, score: float) -> float:
    """How good a picture of an object is: its score times the root of its area, less where the edge cuts it off."""
    cut = box.x1 <= EDGE or box.y1 <= EDGE or box.x2 >= 1 - EDGE or box.y2 >= 1 - EDGE
    return score * math.sqrt(box.area) * (CUT_OFF if cut else 1.0)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a track: when it was made, where the object is in it (0..1) and how sure the detector was.

    `picture` until it has stood for a while, then `jpeg`: somebody who comes nearer has a better one in every frame.
    """

    captured: datetime
    monotonic: float
    box: Box
    score: float
    picture: Picture | None
    jpeg: Snapshot | None = None

    @property
    def worth(self) -> float:
        return worth(self.box, self.score)

    def taken(self) -> Snapshot:
        """As JPEG, whether it is one already or not."""
        if self.jpeg is not None:
            return self.jpeg
        assert self.picture is not None, "a shot has its picture until it has its JPEG"
        return snapshot.take(self.picture)


class BestShots:
    """One camera's. At most `most` tracks are remembered, the longest unseen goes first. Written by the camera's thread;
    `of` may be asked by any."""

    def __init__(self, most: int = 12) -> None:
        self.most = most
        self._shots: OrderedDict[int, Shot] = OrderedDict()
        self._settles_at = math.inf  # when the oldest picture has stood for long enough, or before
        self._offered = False  # whether there are others since that was reckoned

    def offer(self, track: int, picture: Picture, stamp: FrameStamp, box: Box, score: float) -> None:
        """A track as it is in one frame: kept where it is notably better than the best so far."""
        had = self._shots.get(track)
        if had is None or worth(box, score) > had.worth * BETTER:
            self._shots[track] = Shot(stamp.captured, stamp.monotonic, box, score, picture)
            self._offered = True
        self._shots.move_to_end(track)
        while len(self._shots) > self.most:
            self._shots.popitem(last=False)

    def settle(self, monotonic: float) -> None:
        """Make small what has stood for SETTLED_S, and the oldest of what there is no room for. A picture that is the best of
        several is made small once.
        """
        if monotonic <= self._settles_at and not self._offered:
            return
        pictures: dict[int, list[int]] = {}  # tracks of each, newest first
        waiting = sorted(
            ((shot.monotonic, track) for track, shot in self._shots.items() if shot.picture is not None), reverse=True
        )
        for _, track in waiting:
            pictures.setdefault(id(self._shots[track].picture), []).append(track)
        room, self._settles_at, self._offered = ROOM, math.inf, False
        for number, tracks in enumerate(pictures.values()):
            shot = self._shots[tracks[0]]
            assert shot.picture is not None, "it is among those that are waiting"
            room -= shot.picture.y.size * 3 // 2
            if monotonic - shot.monotonic <= SETTLED_S and (room >= 0 or number == 0):
                self._settles_at = shot.monotonic + SETTLED_S
                continue
            jpeg = shot.taken()
            for one in tracks:
                self._shots[one] = replace(self._shots[one], jpeg=jpeg, picture=None)

    def of(self, track: int) -> Shot | None:
        return self._shots.get(track)
