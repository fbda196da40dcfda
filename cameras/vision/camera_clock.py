"""The camera's own clock: what it says of when a picture was made, and whether that is believed."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from .types import FrameStamp

LARGEST_OFFSET_S: Final = 1.0  # a camera's clock further off than this is not believed
SENDER_AGAIN_S: Final = 1.0  # how often the sender's clock is asked for; between, its timestamps tell as much
SENDER_FIRST_S: Final = 5.0  # at first with every packet, since it comes with the first report
_LATEST_US: Final = 2**32 * 1_000_000  # a camera's clock in the year 2106 or later is none
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class CameraClock:
    """Judges the sender's wall clock (`prft` side data, from RTCP sender reports) against the time of
    arrival.
    """

    def __init__(self, *, largest_offset_s: float = LARGEST_OFFSET_S) -> None:
        self.largest_offset_s = largest_offset_s

    def captured(self, sent: datetime | None, received: datetime) -> datetime:
        """When a packet's picture was made: by the sender's clock where it is believed, else when it came in."""
        if sent is None or abs((received - sent).total_seconds()) > self.largest_offset_s:
            return received
        return min(sent, received)

    def stamp(self, number: int, sent: datetime | None, received: datetime, monotonic: float) -> FrameStamp:
        """A frame's stamp. A time a little in the future is a clock that runs ahead: captured is never after
        received.
        """
        if sent is None:
            return FrameStamp(number, received, received, monotonic)
        offset = (received - sent).total_seconds()
        if abs(offset) > self.largest_offset_s:
            return FrameStamp(number, received, received, monotonic, "arrival", offset)
        return FrameStamp(number, min(sent, received), received, monotonic, "rtcp", offset)


class SenderClock:
    """The camera's wall clock for each video packet: asked for once a second, and told on by the packets' timestamps."""

    def __init__(self, began: float) -> None:
        self._began = self._asked = began
        self._sent: datetime | None = None
        self._pts = 0

    def of(self, packet: Any, pts: int | None, tick_s: float, monotonic: float) -> datetime | None:
        """None where the camera tells no time, or has not yet."""
        if self._sent is not None and pts is not None:
            since = (pts - self._pts) * tick_s
            if -SENDER_AGAIN_S < since < SENDER_AGAIN_S and monotonic - self._asked < 2 * SENDER_AGAIN_S:
                return self._sent + timedelta(seconds=since)
        elif monotonic - self._began > SENDER_FIRST_S and monotonic - self._asked < SENDER_AGAIN_S:
            return None
        self._asked = monotonic
        sent = _sender_time(packet)
        self._sent, self._pts = (sent, pts) if pts is not None else (None, 0)
        return sent


def _sender_time(packet: Any) -> datetime | None:
    """The camera's wall clock for this packet, from AVProducerReferenceTime {int64 µs since 1970; int flags}."""
    raw = bytes(packet.get_sidedata("prft"))
    if len(raw) < 8:  # empty where there is none
        return None
    microseconds = struct.unpack_from("=q", raw)[0]
    return _EPOCH + timedelta(microseconds=microseconds) if 0 <= microseconds < _LATEST_US else None
