"""Whether a camera keeps up with its own pictures, whether its thread keeps up with it, and how long to wait before it is tried
again.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from .opening import StreamError

LONGEST_GOP_S: Final = 20.0  # a camera may claim any distance between keyframes; the watchdog believes this much
MOST_LATE_S: Final = 4.0  # how far pictures may fall behind their own timestamps before they are no longer live
FORGIVEN_S: Final = 0.3  # of lateness, a second: cameras whose timestamps run too fast are not late
LATE_S: Final = 1.0  # so far behind, pictures are not decoded until what waits is read
BUSY_PART: Final = (
    0.05  # a thread that waits for its camera for less than this part of the time is behind, or soon will be
)
CAUGHT_UP_S: Final = 0.02  # waiting so long for a packet, it has read all there was
# So much of its stream may wait to be read, beside its largest picture: a thread that was served last, and will be again, is
# not behind, and before a still scene nearly all of a second is its keyframe. Half of what LATE_S allows: whoever skips to a
# keyframe loses more than that.
PILE_S: Final = 0.5
OPENED_S: Final = (
    5.0  # what came while many were opened at once is made up for by then: nothing is skipped on its account
)
HELD_S: Final = 10.0  # a connection that lasts so long was a good one


class Backoff:
    """Seconds to wait before the next attempt: doubling from `first` to `most`, with up to half taken off at
    random, so that a hundred cameras behind one switch do not come back in step.

    It begins anew when a connection has held: a camera that answers and breaks off again at once is waited for longer and
    longer too.
    """

    def __init__(
        self,
        *,
        first: float = 0.5,
        most: float = 15.0,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.first, self.most = first, most
        self._next, self._chance, self._monotonic = first, chance, monotonic
        self._opened: float | None = None

    def opened(self) -> None:
        """A connection has begun."""
        self._opened = self._monotonic()

    def next(self) -> float:
        if self._opened is not None and self._monotonic() - self._opened >= HELD_S:
            self.reset()
        self._opened = None
        wait, self._next = self._next, min(self._next * 2, self.most)
        return wait * (1 - 0.5 * self._chance())

    def reset(self) -> None:
        self._next = self.first


class Watchdog:
    """Says when a connected camera is blind: no new frame for max(least, 3 × the distance between keyframes).

    Until the first frame it waits `first_s`: for that a keyframe has to come. Pictures that arrive, but ever later
    than their own timestamps say (a line too thin for them), are as good as none.
    """

    def __init__(self, started: float, *, least_s: float = 3.0, first_s: float = 12.0) -> None:
        self.least_s, self.first_s = least_s, first_s
        self.late_s = 0.0  # of the last packet, by its own timestamp
        self._seen = False
        self._last_frame = started
        self._last_key: float | None = None
        self._gop_s = 0.0
        self._lag = Lag()

    def saw_packet(self, monotonic: float, keyframe: bool, media_s: float | None = None) -> None:
        """Note a video packet's arrival. media_s: its own timestamp in seconds, where it has one."""
        self.late_s = 0.0 if media_s is None else self._lag.of(media_s, monotonic)
        if self.late_s > MOST_LATE_S:
            raise StreamError("stalled", "its pictures come ever later")
        if not keyframe:
            return
        if self._last_key is not None:
            self._gop_s = min(max(self._gop_s, monotonic - self._last_key), LONGEST_GOP_S)
        self._last_key = monotonic

    def saw_frame(self, monotonic: float) -> None:
        self._last_frame, self._seen = monotonic, True

    @property
    def limit_s(self) -> float:
        return self.first_s if not self._seen else max(self.least_s, 3 * self._gop_s)

    def age_s(self, monotonic: float) -> float:
        return monotonic - self._last_frame

    def check(self, monotonic: float) -> None:
        """Raise StreamError("stalled") where the last frame is too old."""
        if monotonic - self._last_frame > self.least_s and self.age_s(monotonic) > self.limit_s:
            raise StreamError("stalled", f"no frame for {self.age_s(monotonic):.1f} s")


class Lag:
    """How much later than the best of its recent packets a packet comes, by its own timestamp."""

    def __init__(self) -> None:
        self._best: float | None = None  # arrival minus timestamp of the least late packet
        self._previous = (0.0, 0.0)

    def of(self, media_s: float, monotonic: float) -> float:
        before, arrived = self._previous
        self._previous = (media_s, monotonic)
        if self._best is None or not -1.0 <= media_s - before <= 5.0:  # timestamps jumped: a new count
            self._best = monotonic - media_s
            return 0.0
        self._best = min(self._best + FORGIVEN_S * (monotonic - arrived), monotonic - media_s)
        return monotonic - media_s - self._best


class Pace:
    """Whether a thread keeps up with its camera. One that does not finds the next packet waiting for it every time, and more
    and more behind that; what it sees would be older and older, as long as the network's buffers have room.

    unread: how many bytes wait to be read; gives None where nobody can tell, and then it is said of every busy thread.
    """

    def __init__(self, now: float, unread: Callable[[], int | None] = lambda: None) -> None:
        self.behind = False
        self._unread = unread
        self._since, self._waited, self._bytes = now, 0.0, 0
        self._opened = now
        self._largest = 0  # bytes of a packet, of all that came

    def step(self, waited_s: float, now: float, late_s: float, size: int = 0) -> bool:
        """After each video packet: how long it was waited for, how late it is by its own timestamp, how many bytes it has. Gives
        `behind`.
        """
        self._waited += waited_s
        self._bytes += size
        self._largest = max(self._largest, size)
        passed = now - self._since
        if self.behind:
            self.behind = waited_s < CAUGHT_UP_S or late_s > LATE_S / 2
        elif late_s > LATE_S or (passed >= 1.0 and self._waited < BUSY_PART * passed and self._piles_up(passed, now)):
            self.behind = True
        if passed >= 1.0:
            self._since, self._waited, self._bytes = now, 0.0, 0
        return self.behind

    def _piles_up(self, passed: float, now: float) -> bool:
        if now - self._opened < OPENED_S:
            return False
        unread = self._unread()
        return unread is None or unread > self._largest + PILE_S * self._bytes / passed
