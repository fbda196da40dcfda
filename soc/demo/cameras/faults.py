"""The ways in which a camera can misbehave, on request."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av

from soc.demo.cameras.encode import SPS, AccessUnit, encode, kind, open_encoder

OFFLINE = "offline"  # connections are dropped, new ones too, at their first request
FREEZE = "freeze"  # stays connected and answers, sends no more media
GARBAGE = "garbage"  # random bytes instead of media and answers
STILL = "still"  # the same picture again and again
NO_VIDEO = "no-video"  # describes itself with sound only
HANG = "hang"  # accepts connections and never answers
DRIP = "drip"  # everything arrives at 400 bytes a second

KINDS = (OFFLINE, FREEZE, GARBAGE, STILL, NO_VIDEO, HANG, DRIP)
DROPS_CLIENTS = (OFFLINE, NO_VIDEO)
DRIP_BYTES_S = 400
LONGEST_S = 24 * 3600.0
STILL_PICTURES = 10


@dataclass
class Spell:
    """One time of misbehaviour, in seconds since the camera was made; ``to_s`` moves if it is ended early."""

    kind: str
    from_s: float
    to_s: float


class Faults:
    """A camera's faults: at most one at a time, each ending by itself; the past ones are remembered."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self.history: deque[Spell] = deque(maxlen=1_000)

    @property
    def current(self) -> str | None:
        """The fault at this moment."""
        last = self.history[-1] if self.history else None
        return last.kind if last and last.from_s <= self._seconds() < last.to_s else None

    def begin(self, fault: str, seconds: float) -> Spell:
        """Start a fault; it replaces a running one."""
        self.end()
        now = self._seconds()
        spell = Spell(fault, now, now + min(seconds, LONGEST_S))
        self.history.append(spell)
        return spell

    def end(self) -> None:
        """Stop the running fault, if there is one."""
        if self.current:
            self.history[-1].to_s = self._seconds()

    def within(self, from_s: float, to_s: float) -> bool:
        """Whether any fault overlapped that time."""
        return any(spell.from_s < to_s and spell.to_s > from_s for spell in self.history)


async def freeze_picture(key: AccessUnit, fps: float) -> list[AccessUnit]:
    """Ten pictures that all show ``key``, a key frame first, to be repeated."""
    return await asyncio.to_thread(_repeat, key, fps)


def _repeat(key: AccessUnit, fps: float) -> list[AccessUnit]:
    decoder = av.CodecContext.create("h264", "r")
    packet = av.Packet(b"".join(b"\0\0\0\1" + nal for nal in key.nals))
    frames = [*decoder.decode(packet), *decoder.decode(None)]
    if not frames or not any(kind(nal) == SPS for nal in key.nals):
        raise ValueError("a key frame with its parameter sets is needed")
    frame = frames[0]
    encoder = open_encoder(frame.width, frame.height, Fraction(fps).limit_denominator(1000), crf=26, preset="veryfast")
    units: list[AccessUnit] = []
    for number in range(STILL_PICTURES):
        units += encode(encoder, frame, at_s=number / fps, key=number == 0)
    return units
