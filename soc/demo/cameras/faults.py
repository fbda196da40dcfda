"""The ways in which a camera can misbehave, on request."""

from __future__ import annotations

import asyncio
import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av

from soc.demo.cameras import jpeg
from soc.demo.cameras.encode import SPS, AccessUnit, encode, kind, open_encoder

OFFLINE = "offline"  # connections are dropped, new ones too, at their first request
FREEZE = "freeze"  # stays connected and answers, sends no more media
GARBAGE = "garbage"  # random bytes instead of media and answers
STILL = "still"  # the same picture again and again
NO_VIDEO = "no-video"  # describes itself with sound only
HANG = "hang"  # accepts connections and never answers
DRIP = "drip"  # everything arrives at 400 bytes a second
RESET = "reset"  # every connection is reset after a second of pictures
HALF = "half-frame"  # sends half a picture, and on that connection nothing ever after
RESIZE = "resize"  # pictures of half the size, with parameter sets of their own
CODEC = "codec"  # motion JPEG in place of H.264
ENDLESS = "endless"  # one picture that never ends, at 50 MB a second
CORRUPT = "corrupt"  # every picture arrives with damaged bytes
BOMB = "bomb"  # small pictures that claim to be of 256 million pixels
SOUND_ONLY = "sound-only"  # stays connected and goes on sending sound, and no picture
CLOCK = "clock"  # tells a wall clock that is an hour ahead
TIMESTAMPS = "timestamps"  # RTP timestamps that jump by hours, forth and back

KINDS = (
    OFFLINE, FREEZE, GARBAGE, STILL, NO_VIDEO, HANG, DRIP, RESET, HALF, RESIZE, CODEC, ENDLESS, CORRUPT, BOMB, SOUND_ONLY, CLOCK,
    TIMESTAMPS,
)  # fmt: skip
DROPS_CLIENTS = (OFFLINE, NO_VIDEO, RESET)
SILENT = (OFFLINE, FREEZE, HANG)
REPLACES = (STILL, RESIZE, CODEC, BOMB)  # other pictures instead of the reel's
RESET_AFTER_S = 1.0
WRONG_BY_S = 3600.0
JUMP_EVERY_S = 2.0
ENDLESS_BYTES, ENDLESS_S = 250_000, 0.005
BOMB_SIDE = 16_000  # FFmpeg itself refuses 16,384
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


async def pictures_instead(fault: str, key: AccessUnit, fps: float) -> list[AccessUnit]:
    """Ten pictures to be repeated, made of ``key``, a key frame with its parameter sets. Raises ValueError without one."""
    return await asyncio.to_thread(_instead, fault, key, fps)


def _instead(fault: str, key: AccessUnit, fps: float) -> list[AccessUnit]:
    if fault == BOMB:
        claiming = (claimed_size(BOMB_SIDE, BOMB_SIDE), *(nal for nal in key.nals if kind(nal) != SPS))
        return [AccessUnit(claiming, key=True, at_s=number / fps) for number in range(STILL_PICTURES)]
    decoder = av.CodecContext.create("h264", "r")
    packet = av.Packet(b"".join(b"\0\0\0\1" + nal for nal in key.nals))
    frames = [*decoder.decode(packet), *decoder.decode(None)]
    if not frames or not any(kind(nal) == SPS for nal in key.nals):
        raise ValueError("a key frame with its parameter sets is needed")
    frame = frames[0]
    if fault == CODEC:
        picture = jpeg.encode(frame, fps)
        return [AccessUnit((picture,), True, number / fps, jpeg=True) for number in range(STILL_PICTURES)]
    if fault == RESIZE:
        frame = frame.reformat(width=frame.width // 4 * 2, height=frame.height // 4 * 2)
    encoder = open_encoder(frame.width, frame.height, Fraction(fps).limit_denominator(1000), crf=26, preset="veryfast")
    units: list[AccessUnit] = []
    for number in range(STILL_PICTURES):
        units += encode(encoder, frame, at_s=number / fps, key=number == 0)
    return units


def claimed_size(width: int, height: int, references: int = 4) -> bytes:
    """A baseline SPS (H.264, 7.3.2.1.1) for pictures of that size, multiples of 16 pixels."""
    bits = "".join(map(_golomb, (0, 0, 2, references))) + "0"  # id, frame numbers, order counts by frame, references
    bits += _golomb(width // 16 - 1) + _golomb(height // 16 - 1) + "1100" + "1"  # frames only, no crop, no VUI; stop
    bits += "0" * (-len(bits) % 8)
    body = bytes([66, 0xC0, 62]) + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes([0x60 | SPS]) + re.sub(b"\0\0(?=[\0-\3])", b"\0\0\3", body)


def _golomb(value: int) -> str:
    digits = f"{value + 1:b}"
    return "0" * (len(digits) - 1) + digits


def endless_part() -> bytes:
    """The middle of a NAL unit in parts (FU-A, RFC 6184 5.8): neither its first nor its last."""
    return bytes([0x7C, 0x05]) + bytes(range(1, 256)) * 5


def damage(payload: bytes, chance: random.Random) -> bytes:
    """An RTP payload with one wrong byte in 200; its first two stay: it still is the part of a picture that it was."""
    if len(payload) < 8:
        return payload
    damaged = bytearray(payload)
    for _ in range(len(payload) // 200 + (chance.random() < len(payload) % 200 / 200)):
        damaged[chance.randrange(2, len(damaged))] ^= chance.randrange(1, 256)
    return bytes(damaged)
