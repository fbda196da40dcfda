"""What stays in one camera's zones became: which candidates they are, and how long they were in the end."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import Final

from cameras.vision.types import Departure, Sighting
from cameras.watching.pending import PendingStay

MOST_SHORT: Final = (
    6  # stays too short for their zone that become candidates within SHORT_WITHIN_S; the rest is counted
)
SHORT_WITHIN_S: Final = 60.0
MOST_REMEMBERED: Final = 500


class Stays:
    """One camera's, for as long as it is watched. Two threads call it, each step of it is one: what is missed between them
    is a length that stays unknown.
    """

    def __init__(self) -> None:
        self.left_out = 0  # short ones that became no candidate, since there were too many
        self._short: deque[float] = deque(maxlen=MOST_SHORT)
        self._dedups: OrderedDict[tuple[int, str], tuple[str, ...]] = OrderedDict()

    def has_room(self, monotonic: float) -> bool:
        """Whether one more short stay may become a candidate; then it counts."""
        if len(self._short) == MOST_SHORT and monotonic - self._short[0] < SHORT_WITHIN_S:
            self.left_out += 1
            return False
        self._short.append(monotonic)
        return True

    def note(self, sighting: Sighting, dedup: str) -> None:
        """A sighting became this candidate. Who crosses a line does not stay on it."""
        if sighting.category == "line_crossing":
            return
        key = (sighting.track.id, sighting.zone_id)
        self._dedups[key] = (*self._dedups.get(key, ()), dedup)
        while len(self._dedups) > MOST_REMEMBERED:
            self._dedups.popitem(last=False)

    def over(self, departures: Iterable[Departure]) -> list[PendingStay]:
        """What is known of candidates now. One who comes back soon is the same candidate still: the longer stay counts."""
        found = ((self._dedups.get((one.track_id, one.zone_id), ()), one.stayed_s) for one in departures)
        return [PendingStay(dedups, round(stayed_s, 2)) for dedups, stayed_s in found if dedups]
