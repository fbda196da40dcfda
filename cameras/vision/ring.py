"""The last seconds of a camera's encoded packets, kept so that a clip can begin before its trigger."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from itertools import islice
from typing import Literal, NamedTuple


class MediaPacket(NamedTuple):
    """An encoded packet as it came in. `pts` and `dts` count `time_base` seconds; `monotonic` is its arrival.

    `captured`: when its picture was made, where the camera tells; None where only its arrival is known. A tuple, since many
    are made each second.
    """

    kind: Literal["video", "audio"]
    data: bytes
    pts: int | None
    dts: int | None
    time_base: Fraction
    keyframe: bool
    received: datetime
    monotonic: float
    captured: datetime | None = None

    @property
    def size(self) -> int:
        return len(self.data)


@dataclass(frozen=True, slots=True)
class RingSpan:
    """How much a ring holds: packets, bytes, and the monotonic seconds of its first and last packet."""

    packets: int
    bytes: int
    first: float
    last: float


class PacketRing:
    """Packets of one camera in order of arrival, bounded by seconds and by bytes.

    The oldest group of pictures leaves as a whole, once the next one alone is long enough, so the ring begins
    with a keyframe and always reaches back `seconds`. The bound on bytes is hard: where it cuts into a group,
    the rest of that group is useless and goes too. One thread appends; any thread may take a snapshot.
    """

    def __init__(self, *, seconds: float = 30.0, max_bytes: int = 24 * 1024 * 1024) -> None:
        if seconds <= 0 or max_bytes <= 0:
            raise ValueError("a ring needs room")
        self.seconds, self.max_bytes = seconds, max_bytes
        self._packets: deque[MediaPacket] = deque()
        self._keyframes: deque[float] = deque()  # arrival of each keyframe still held
        self._bytes = 0
        self._count = 0  # of all packets that ever came
        self._lock = threading.Lock()
        self._more = threading.Condition(self._lock)
        self._followers = 0  # who wait for more

    def append(self, packet: MediaPacket) -> None:
        with self._lock:
            self._packets.append(packet)
            self._count += 1
            if self._followers:
                self._more.notify_all()
            self._bytes += len(packet.data)
            if packet.kind == "video" and packet.keyframe:
                self._keyframes.append(packet.monotonic)
            while len(self._keyframes) > 1 and self._keyframes[1] <= packet.monotonic - self.seconds:
                self._drop_first_group()
            if not self._keyframes:  # nothing to begin with yet, or no video at all: bound it by age alone
                while self._packets and self._packets[0].monotonic < packet.monotonic - self.seconds:
                    self._pop()
            while self._bytes > self.max_bytes and self._packets:
                self._drop_first_group()

    def clear(self) -> None:
        """Forget everything: packets of another connection do not belong into one clip."""
        with self._lock:
            self._packets.clear()
            self._keyframes.clear()
            self._bytes = 0

    def snapshot(self) -> tuple[MediaPacket, ...]:
        """All packets held now. Only references are copied under the lock, so the reader is never kept
        waiting.
        """
        with self._lock:
            return tuple(self._packets)

    def group(self) -> tuple[tuple[MediaPacket, ...], int]:
        """The packets from the newest video keyframe on, and the count to go on from with `after`."""
        with self._lock:
            held = tuple(self._packets)
            count = self._count
        for at in range(len(held) - 1, -1, -1):
            if held[at].kind == "video" and held[at].keyframe:
                return held[at:], count
        return (), count

    def after(self, count: int, *, timeout_s: float) -> tuple[tuple[MediaPacket, ...], int]:
        """What came since that count, waiting for the first of it; and the new count. What was dropped since is left
        out, so whoever is that late has to begin anew at a keyframe.
        """
        with self._lock:
            if self._count <= count:
                self._followers += 1
                try:
                    self._more.wait(timeout_s)
                finally:
                    self._followers -= 1
            missed = min(self._count - count, len(self._packets))
            return tuple(islice(self._packets, len(self._packets) - missed, None)), self._count

    def span(self) -> RingSpan | None:
        """What is held now; None for an empty ring."""
        with self._lock:
            if not self._packets:
                return None
            first, last = self._packets[0].monotonic, self._packets[-1].monotonic
            return RingSpan(len(self._packets), self._bytes, first, last)

    def reaches(self, monotonic: float) -> bool:
        """True once a packet as late as this monotonic time was received."""
        span = self.span()
        return span is not None and span.last >= monotonic

    def _pop(self) -> MediaPacket:
        packet = self._packets.popleft()
        self._bytes -= packet.size
        if packet.kind == "video" and packet.keyframe:
            self._keyframes.popleft()
        return packet

    def _drop_first_group(self) -> None:
        """Drop packets up to the next keyframe, or all where there is none."""
        self._pop()
        while self._packets and not (self._packets[0].kind == "video" and self._packets[0].keyframe):
            self._pop()
