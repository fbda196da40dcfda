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
SETTLED_S: Final = 1.0


def worth(box: Box, score: float) -> float:
    """How good a picture of an object is: its score times the root of its area, less where the edge cuts it off."""
    cut = box.x1 <= EDGE or box.y1 <= EDGE or box.x2 >= 1 - EDGE or box.y2 >= 1 - EDGE
    return score * math.sqrt(box.area) * (CUT_OFF if cut else 1.0)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a track: when it was made, where the object is in it (0..1) and how sure the detector was.

    `picture` until it has stood for a second, then `jpeg`: somebody who comes nearer has a better one in every frame.
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
        self._settles_at = math.inf  # when the oldest picture has stood for a second, or before

    def offer(self, track: int, picture: Picture, stamp: FrameStamp, box: Box, score: float) -> None:
        """A track as it is in one frame: kept where it is notably better than the best so far."""
        had = self._shots.get(track)
        if had is None or worth(box, score) > had.worth * BETTER:
            self._shots[track] = Shot(stamp.captured, stamp.monotonic, box, score, picture)
            self._settles_at = min(self._settles_at, stamp.monotonic + SETTLED_S)
        self._shots.move_to_end(track)
        while len(self._shots) > self.most:
            self._shots.popitem(last=False)

    def settle(self, monotonic: float) -> None:
        """Make small what has stood for a second: planes are megabytes, and belong to the decoder. A picture that is the
        best of several is made small once.
        """
        if monotonic <= self._settles_at:
            return
        small: dict[int, Snapshot] = {}
        waits = math.inf
        for track, shot in list(self._shots.items()):
            if shot.picture is None:
                continue
            if monotonic - shot.monotonic <= SETTLED_S:
                waits = min(waits, shot.monotonic + SETTLED_S)
                continue
            jpeg = small.get(id(shot.picture)) or small.setdefault(id(shot.picture), shot.taken())
            self._shots[track] = replace(shot, jpeg=jpeg, picture=None)
        self._settles_at = waits

    def of(self, track: int) -> Shot | None:
        return self._shots.get(track)
