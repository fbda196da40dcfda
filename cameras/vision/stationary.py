"""What stands still: told from what moves, remembered where it stands, and looked at again now and then.

A parked car is reported once, when it comes. From then on it costs a look now and then, and it stays the same car though
the detector misses it, a light passes over it or the camera is away for minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .types import Box

SAME_PLACE: Final = 0.5  # overlap (IoU) with where it stopped, while it stands
LEFT_PLACE: Final = 0.15  # overlap under which it has left the place where it was stationary
MOVED_HITS: Final = 3  # hits in a row elsewhere that end a stand: who passes in front changes a box for a moment …
SETTLED_HITS: Final = 25  # … and so many of what still overlaps: it stands a little farther on, or was turned
MISSES: Final = 3  # looks in a row that did not find it, until it is believed to have gone
MISSED_AGAIN_S: Final = 1.0  # looks closer together than this are one look


@dataclass(frozen=True, slots=True)
class Patience:
    """How a kind of object is dealt with, in seconds.

    rest_s: stood for so long, it is remembered where it stood when it is lost sight of. still_s: stood for so long, it
    is stationary: frames are no longer inferred on its account. look_s: how often a stationary one is looked at again.
    forget_s: how long one that stood is remembered unseen. parks: such a thing is left standing; what is lost sight of
    at rest is believed to be there still.
    """

    rest_s: float
    still_s: float
    look_s: float
    forget_s: float
    parks: bool = False


# A person may stand to wait or to hide: looked at for two minutes without a break, then every few seconds, never dropped.
PERSON: Final = Patience(rest_s=10.0, still_s=120.0, look_s=4.0, forget_s=60.0)
PATIENCE: Final[Mapping[str, Patience]] = {
    "person": PERSON,
    "vehicle": Patience(rest_s=2.0, still_s=10.0, look_s=45.0, forget_s=900.0, parks=True),
}


def patience_with(kind: str) -> Patience:
    return PATIENCE.get(kind, PERSON)


@dataclass(slots=True)
class Stand:
    """Where and since when one object stands. Times in monotonic seconds."""

    place: Box
    since: float
    seen: float
    stationary: bool = False
    misses: int = 0
    missed: float = 0.0
    off: int = 0  # hits in a row that were elsewhere

    @classmethod
    def of(cls, box: Box, now: float) -> Stand:
        return cls(box, now, now)

    @property
    def stood_s(self) -> float:
        """How long it was seen to stand."""
        return self.seen - self.since

    @property
    def there(self) -> bool:
        """Whether it is believed to be where it stood, though perhaps unseen."""
        return self.stationary and self.misses < MISSES

    def hit(self, box: Box, now: float, patience: Patience) -> None:
        """It was seen: at its place still, or elsewhere."""
        self.misses = 0
        if self.place.iou(box) >= SAME_PLACE:
            self.seen, self.off = now, 0
            self.stationary = self.stationary or self.stood_s >= patience.still_s
            return
        self.off += 1
        left = self.place.iou(box) < LEFT_PLACE
        if self.off >= ((MOVED_HITS if left else SETTLED_HITS) if self.stationary else 1):
            self.place, self.since, self.seen, self.stationary, self.off = box, now, now, False, 0

    def miss(self, now: float) -> None:
        """A look did not find it."""
        if now - self.missed >= MISSED_AGAIN_S:
            self.misses, self.missed = self.misses + 1, now

    def lose(self, patience: Patience) -> None:
        """It is lost sight of: what parks and was at rest is believed to be there still."""
        self.stationary = self.stationary or (patience.parks and self.stood_s >= patience.rest_s)

    def due(self, now: float, looked: float, patience: Patience) -> bool:
        """Whether it should be looked at again; soon where the last look missed it. `looked`: when it was last due."""
        wait = MISSED_AGAIN_S if 0 < self.misses < MISSES else patience.look_s
        return self.stationary and now - looked >= wait

    def blurs(self, box: Box, patience: Patience) -> bool:
        """Whether a box that nobody takes is nevertheless no newcomer: it lies on what is parked and not seen otherwise."""
        shared = self.place.intersection(box)
        return patience.parks and self.stationary and shared >= 0.4 * min(self.place.area, box.area)

    def takes(self, box: Box, patience: Patience) -> bool:
        """Whether a box may be what stands here, seen again after a gap: by a headlight, half hidden."""
        if not patience.parks:
            return self.place.iou(box) >= SAME_PLACE
        shared = self.place.intersection(box)
        return self.place.iou(box) >= 0.6 * SAME_PLACE or shared >= 0.8 * min(self.place.area, box.area)
