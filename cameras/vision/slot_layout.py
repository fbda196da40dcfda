"""What lies where in a slot, and how it is written and read without a lock held by anybody. `slots` is the way in.

Bytes 0..63: eight words, each with one writer. From 64: the frame's header, from 256 its hints; from 1024 the answer;
from 4096 the pixels, I420 without padding.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import re
import struct
import tempfile
import threading
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .picture import Picture
from .types import Box

MAGIC: Final = 0x4E44534C4F543034
PREFIX: Final = "nightdesk"
HEADER: Final = 4096
MOST_HINTS: Final = 16
NAME: Final = re.compile(
    rf"{PREFIX}\.(?P<space>[\w-]+)\.(?P<pid>\d+)\.(?P<born>\d+)\.(?P<key>[\w-]+)\.(?P<generation>\d+)\Z"
)

# The words. The owner's: magic; sequence, odd while a frame is written; newest, the number of the frame there, plus one;
# since, ns at which the oldest frame nobody looked at came; weight. The workers': answered, a frame's number plus one;
# claim, ns at which a worker took the frame, 0 where none has it; looked, ns at which one took a frame last.
_MAGIC, _SEQUENCE, _NEWEST, _SINCE, _WEIGHT, _ANSWERED, _CLAIM, _LOOKED = range(8)
_PAUSE_NS: Final = 1_000_000_000
_WORDS: Final = 64
_RESULT_AT: Final = 1024
_RESULT_ROOM: Final = HEADER - _RESULT_AT
# generation, number, monotonic ns, width, height, hints, least score, model
_FRAME: Final = struct.Struct("=QQQIIIf80s")
_FRAME_AT: Final = _WORDS
_LONGEST_NAME: Final = 80  # bytes, of a model
_HINT: Final = struct.Struct("=4f")
_HINTS_AT: Final = 256
_RESULT: Final = struct.Struct("=IIQQ")  # checksum of the rest, length, generation, frame number; then the body


@dataclass(frozen=True, slots=True)
class SlotFrame:
    """The newest frame of a slot. `motion`, `model` (the name of a card, "" for the house's) and `min_score` are what the
    watcher asks the detector. `sequence` says which writing it is.
    """

    generation: int
    number: int
    monotonic: float
    picture: Picture
    motion: tuple[Box, ...]
    min_score: float | None
    model: str = ""
    sequence: int = 0


class Layout:
    """A mapped slot. One writer of frames, any number of readers; anybody may answer."""

    def __init__(self, mapping: mmap.mmap) -> None:
        self._map = mapping
        self._words = memoryview(mapping)[:_WORDS].cast("Q")
        self._pixels: NDArray[np.uint8] = np.frombuffer(mapping, np.uint8, offset=HEADER)
        # Taking and giving back a lock of our own orders memory between processors. Nobody else ever holds it.
        self._fence = threading.Lock()

    @property
    def is_ready(self) -> bool:
        """Whether it is a slot, and its owner has not taken it away."""
        return bool(self._words[_MAGIC] == MAGIC)

    def format(self) -> None:
        self._words[_SEQUENCE] = 0
        self._words[_MAGIC] = MAGIC

    def retire(self) -> None:
        """Say that nobody need look here any more: the file's name is gone at once, its memory is not."""
        self._words[_MAGIC] = 0

    def write_frame(self, frame: SlotFrame, *, since: float, weight: int) -> None:
        """Make it the newest. The sequence number is odd meanwhile; where writing fails it stays so.

        since: monotonic seconds of the oldest frame that nobody looked at. weight: how urgent its camera is, 1 or more.
        """
        picture, hints = frame.picture, frame.motion[:MOST_HINTS]
        least = -1.0 if frame.min_score is None else frame.min_score
        self._words[_SEQUENCE] |= 1
        self._order()
        _FRAME.pack_into(
            self._map,
            _FRAME_AT,
            frame.generation,
            frame.number,
            int(frame.monotonic * 1e9),
            picture.width,
            picture.height,
            len(hints),
            least,
            frame.model.encode()[:_LONGEST_NAME],
        )
        for index, hint in enumerate(hints):
            _HINT.pack_into(self._map, _HINTS_AT + index * _HINT.size, *hint.as_tuple())
        picture.write_i420(self._pixels)
        self._words[_SINCE], self._words[_WEIGHT] = max(int(since * 1e9), 0), weight
        self._words[_NEWEST] = frame.number + 1
        self._order()
        self._words[_SEQUENCE] += 1

    def read_frame(self, *, copy: bool = True) -> SlotFrame | None:
        """The newest frame, None where it is torn. Raises LookupError where none was ever written.

        Without `copy` its picture is the slot's own memory: ask `is_intact` after using it, and let go of it before closing.
        """
        before = self._words[_SEQUENCE]
        if before == 0:
            raise LookupError("no frame yet")
        if before % 2:
            return None
        self._order()
        header = self._map[:_RESULT_AT]
        width, height = _FRAME.unpack_from(header, _FRAME_AT)[3:5]
        size = width * height * 3 // 2
        if not 0 < size <= self._pixels.size:
            return None
        pixels = self._pixels[:size]
        if copy:
            pixels = pixels.copy()
        self._order()
        return _parsed(header, pixels, before) if self._words[_SEQUENCE] == before else None

    def is_intact(self, frame: SlotFrame) -> bool:
        """Whether nothing was written since `read_frame` gave it."""
        self._order()
        return bool(self._words[_SEQUENCE] == frame.sequence)

    def due(self, monotonic: float, claim_s: float) -> float | None:
        """How urgent it is to look at the newest frame: seconds since the last look, times the weight.

        Where nothing was to be seen for a while after the last look, the seconds count from when there was something again.

        None where there is nothing to look at: no frame, one being written or answered, or one that a worker took less
        than `claim_s` ago. One that took it and then died or stands still cannot keep it longer.
        """
        # Each is asked for by every worker, again and again: one look at all words costs a third of one look at each.
        magic, sequence, newest, since, weight, answered, claim, looked = self._words.tolist()
        if not newest or newest == answered or sequence % 2 or magic != MAGIC:
            return None
        if claim and 0 <= monotonic - claim / 1e9 < claim_s:
            return None
        owed = looked if since - looked < _PAUSE_NS else since
        return float((monotonic - owed / 1e9) * weight)

    def claim(self, monotonic: float) -> int:
        """Take the frame. Gives a mark for `release`; two workers at the very same instant both look, which harms nobody."""
        mark = max(int(monotonic * 1e9), 1)
        self._words[_CLAIM] = mark
        self._order()
        return mark

    def release(self, mark: int) -> None:
        if self._words[_CLAIM] == mark:
            self._words[_LOOKED] = mark
            self._words[_CLAIM] = 0

    def claimed(self, monotonic: float, claim_s: float) -> bool:
        """Whether a worker has the frame now."""
        taken = self._words[_CLAIM]
        return taken != 0 and 0 <= monotonic - taken / 1e9 < claim_s

    @property
    def looked(self) -> float | None:
        """Monotonic seconds at which a worker took a frame last of those it is done with; None before the first."""
        looked = self._words[_LOOKED]
        return looked / 1e9 if looked else None

    @property
    def answered(self) -> int | None:
        """The number of the frame answered last; for the answer itself read the result."""
        number = self._words[_ANSWERED]
        return number - 1 if number else None

    def write_result(self, generation: int, number: int, body: bytes) -> bool:
        """Answer a frame; False where the body is too long."""
        if _RESULT.size + len(body) > _RESULT_ROOM:
            return False
        rest = struct.pack("=IQQ", len(body), generation, number) + body
        block = struct.pack("=I", zlib.crc32(rest)) + rest
        self._map[_RESULT_AT : _RESULT_AT + len(block)] = block
        self._order()
        self._words[_ANSWERED] = number + 1
        return True

    def read_result(self, generation: int) -> tuple[int, bytes] | None:
        """(frame number, body) of the newest answer, None where it is not whole or of another generation."""
        if not self._words[_ANSWERED]:
            return None
        _, length, its_generation, number = _RESULT.unpack_from(self._map, _RESULT_AT)
        if its_generation != generation or not 0 < length <= _RESULT_ROOM - _RESULT.size:
            return None
        block = self._map[_RESULT_AT : _RESULT_AT + _RESULT.size + length]
        checksum, length, its_generation, number = _RESULT.unpack_from(block)
        if its_generation != generation or _RESULT.size + length > len(block):
            return None
        if zlib.crc32(block[4 : _RESULT.size + length]) != checksum:
            return None
        return number, block[_RESULT.size : _RESULT.size + length]

    def close(self) -> None:
        """Let go of the memory. May be called twice."""
        if not self._map.closed:
            self._words.release()
            self._pixels = np.empty(0, np.uint8)
            with contextlib.suppress(BufferError):  # somebody still holds a picture in it: it goes when that goes
                self._map.close()

    def _order(self) -> None:
        with self._fence:
            return


def create(path: Path, size: int) -> mmap.mmap:
    """A new block of shared memory. Raises OSError where it cannot be had."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)  # now or never: later a full file system would be a SIGBUS
        return mmap.mmap(descriptor, size)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def open_existing(path: Path) -> mmap.mmap:
    """Map a slot that somebody made. Raises OSError or ValueError where there is none, or an unfinished one."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    try:
        mapping = mmap.mmap(descriptor, 0)
    finally:
        os.close(descriptor)
    if len(mapping) <= HEADER:
        mapping.close()
        raise ValueError("not a slot")
    return mapping


def default_directory() -> Path:
    """The host's memory file system, or the temporary folder where there is none."""
    shm = Path("/dev/shm")  # noqa: S108  this is no temporary file but the place for shared memory
    return shm if os.access(shm, os.W_OK) else Path(tempfile.gettempdir())


def born(pid: int) -> int:
    """When a process started, in clock ticks since boot; 0 where there is none. Process ids come again."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    fields = stat.rpartition(")")[2].split()
    return 0 if fields[0] in "ZX" else int(fields[19])


def _parsed(header: bytes, pixels: NDArray[np.uint8], sequence: int) -> SlotFrame:
    generation, number, monotonic_ns, width, height, count, least, model = _FRAME.unpack_from(header, _FRAME_AT)
    corners = (_HINT.unpack_from(header, _HINTS_AT + i * _HINT.size) for i in range(min(count, MOST_HINTS)))
    boxes = (Box.clipped(*four) for four in corners)
    return SlotFrame(
        generation,
        number,
        monotonic_ns / 1e9,
        Picture.of_i420(pixels, width, height),
        tuple(box for box in boxes if box is not None),
        None if least < 0 else float(least),
        model.rstrip(b"\0").decode(errors="replace"),
        sequence,
    )
