"""What one browser is still to be sent of a camera: bounded, and never old for long. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final, Literal

from cameras.watching.live import KEY

Way = Literal["jpeg", "h264"]

LATE_S: Final = 2.0  # a picture that waited longer is left out, with all up to the next keyframe
MOST_BYTES: Final = 8_000_000
ON_THE_WAY: Final[dict[Way, int]] = {"jpeg": 2, "h264": 48}  # sent and not yet answered; video is small and needs all
KIND_AT: Final = 8  # the byte of a video frame that says KEY or DELTA


class Waiting:
    """JPEG: only the newest picture. H.264: every picture in order; whoever is too slow goes on at a later keyframe."""

    def __init__(self, way: Way) -> None:
        self.way: Way = way
        self._queue: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._key_wanted = True

    def begin(self, way: Way) -> None:
        """Another stream: nothing of the old one is of use."""
        self.way = way
        self._clear()
        self._key_wanted = True

    @property
    def room(self) -> int:
        """How many may be on their way to the browser."""
        return ON_THE_WAY[self.way]

    def put(self, body: bytes, now: float) -> None:
        """Take a frame as it came from the watch process, at `now` (monotonic s)."""
        if self.way == "jpeg":
            self._clear()
        else:
            self._drop_late(now)
            if body[KIND_AT] == KEY:
                self._key_wanted = False
            elif self._key_wanted:
                return
        self._queue.append((now, body))
        self._bytes += len(body)

    def take(self) -> bytes | None:
        """The next to send, None where there is none."""
        if not self._queue:
            return None
        _since, body = self._queue.popleft()
        self._bytes -= len(body)
        return body

    def _drop_late(self, now: float) -> None:
        while self._queue and (now - self._queue[0][0] > LATE_S or self._bytes > MOST_BYTES):
            self.take()
            while self._queue and self._queue[0][1][KIND_AT] != KEY:
                self.take()
            self._key_wanted = not self._queue

    def _clear(self) -> None:
        self._queue.clear()
        self._bytes = 0
