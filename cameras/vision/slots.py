"""A camera's newest frame in shared memory, and the answer to it: how frames reach workers without going through a queue.

One file in a memory file system for each camera and generation, mapped by its owner (the watcher) and by any worker on the
host. No lock is held by anybody, so a SIGKILL of either side at any instant leaves nothing locked:

- The frame is guarded by a sequence number that is odd while the owner writes (a seqlock). A reader looks again after using
  it; a torn one is read anew, and an owner that died while writing leaves a frame nobody takes.
- A worker that looks at a frame says since when: another leaves it alone for CLAIM_S, and the owner writes no new one.
- The answer is one block with a checksum over all of it, so half an answer, or two at once, is none.
- Generation and frame number tie an answer to its frame; what belongs to another generation is discarded.

Which slot a worker looks at first is said in `turns`, how the owner hears of an answer in `bell`.

Plain `mmap` instead of `multiprocessing.shared_memory`: the latter's resource tracker removes a block when a process that
merely attached exits, and its pages are not reserved, so a full /dev/shm is a SIGBUS instead of an error.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from .answer import packed, unpacked
from .picture import Picture
from .slot_layout import (
    HEADER,
    NAME,
    PREFIX,
    Layout,
    SlotFrame,
    born,
    create,
    default_directory,
    open_existing,
)
from .types import Box, Detection, FrameStamp

__all__ = [
    "SlotCounts",
    "SlotFrame",
    "SlotGone",
    "SlotReader",
    "SlotRef",
    "SlotResult",
    "SlotWriter",
    "attach",
    "owner_of",
    "sweep",
]

MOST_WAITING: Final = 256  # frames remembered while nobody answers; older ones count as dropped
CLAIM_S: Final = 1.0  # a worker that took a frame and did not answer by then is dead, or as good as
# A frame is not copied where the next one comes before this slot's turn does. It is expected to wait for its turn as long as
# the frames before the last two looks did: one that waited because its request was lost says nothing of the next. The turn
# may come a little earlier, and much earlier once other cameras are still.
EARLY_S: Final = 0.05
SPARED_S: Final = 0.4


class SlotGone(Exception):
    """The slot does not exist (any more): its watcher stopped or reconnected. The task is simply dropped."""


@dataclass(frozen=True, slots=True)
class SlotRef:
    """What travels in a task message: small, and useless once the slot is gone."""

    name: str
    generation: int
    number: int

    def as_list(self) -> list[str | int]:
        return [self.name, self.generation, self.number]

    @classmethod
    def of(cls, raw: Sequence[str | int]) -> SlotRef:
        """From a task's arguments. Raises ValueError for anything that is not the name of a slot."""
        name, generation, number = raw
        if not isinstance(name, str) or not NAME.match(name):
            raise ValueError("not the name of a slot")
        return cls(name, int(generation), int(number))


@dataclass(frozen=True, slots=True)
class SlotResult:
    """A worker's answer, with the stamp of the frame it belongs to. `inference_ms` is the detector's time alone.

    `dropped`: frames put since the previous answer that were overwritten before a worker saw them. `stale`: the frame was
    too old when a worker came to it, and was not looked at.
    """

    stamp: FrameStamp
    detections: tuple[Detection, ...]
    inference_ms: float
    model: str
    dropped: int
    stale: bool = False


@dataclass(frozen=True, slots=True)
class SlotCounts:
    """put = inferred + dropped + waiting, always."""

    put: int
    inferred: int
    dropped: int
    waiting: int


class SlotWriter:
    """The owner's side. One thread uses it at a time; make one for each connection, with a new generation.

    put() makes a frame the newest, request() says whether a worker is to be asked now, take_result() gives the answer. At
    most one request is outstanding; frames put meanwhile replace each other and are counted as dropped.
    """

    def __init__(
        self,
        key: str,
        *,
        generation: int,
        space: str = "main",
        directory: Path | None = None,
        max_width: int = 1920,
        max_height: int = 1080,
    ) -> None:
        """key: the camera: letters, digits, dashes. generation: higher than any before for this camera.
        space: keeps the slots of several installations on one host apart. Larger frames are scaled down to fit.

        Raises OSError where the memory cannot be had.
        """
        self._pid = os.getpid()
        self.name = f"{PREFIX}.{space}.{self._pid}.{born(self._pid)}.{key}.{generation}"
        if not NAME.match(self.name):
            raise ValueError(f"not a usable slot name: {self.name}")
        self.key, self.generation, self.max_width, self.max_height = key, generation, max_width, max_height
        self.path = (directory or default_directory()) / self.name
        self._layout = Layout(create(self.path, HEADER + max_width * max_height * 3 // 2))
        self._layout.format()
        self._waiting: deque[FrameStamp] = deque()
        self._asked_at: float | None = None
        self._taken: int | None = None  # the number of the answer taken last
        self._looked: float | None = None  # when a worker took a frame last, monotonic s
        self._first: float | None = None  # when the first frame since then was captured
        self._waits = (0.0, 0.0)  # weighted seconds from the first frame of all to the look, of the last two looks
        self._weight = 1
        self._closed = False
        self._put = self._inferred = self._dropped = 0

    def put(
        self,
        picture: Picture,
        stamp: FrameStamp,
        *,
        motion: Sequence[Box] = (),
        min_score: float | None = None,
        model: str = "",
        weight: int = 1,
    ) -> None:
        """Make this the newest frame. `motion`, `min_score` and `model` travel along for the detector.

        weight: how urgent this camera is: where workers cannot keep up, its share grows with it.
        """
        small = picture.shrunk(self.max_width, self.max_height)
        self._put, self._weight = self._put + 1, weight
        self._waiting.append(stamp)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._dropped += 1
        self._layout.write_frame(
            SlotFrame(self.generation, stamp.number, stamp.monotonic, small, tuple(motion), min_score, model),
            since=self._waiting[0].monotonic,
            weight=weight,
        )

    def busy(self, monotonic: float) -> bool:
        """Whether a worker is looking at the newest frame: one put now would spoil its look."""
        return self._layout.claimed(monotonic, CLAIM_S)

    def spares(self, captured: float, monotonic: float, *, weight: int, every_s: float) -> bool:
        """Whether a frame captured then (monotonic s) need not be put yet: by the pace at which workers come to this slot, the
        next one, `every_s` later, is there before its turn is. False once that one is late: ask again then.
        """
        looked = self._layout.looked
        if looked != self._looked:
            wait = 0.0 if looked is None or self._first is None else (looked - self._first) * self._weight
            self._waits = (self._waits[1], wait)
            self._looked, self._first = looked, None
        if self._first is None:
            self._first = captured
        due = captured + every_s + EARLY_S
        return captured - self._first < SPARED_S and monotonic < due < self._first + min(self._waits) / weight

    def request(self, monotonic: float) -> SlotRef | None:
        """The reference to send to a worker for the newest frame.

        None while an earlier one is outstanding, or where nothing was put since the last answer.
        """
        if self._asked_at is not None or not self._waiting:
            return None
        self._asked_at = monotonic
        return SlotRef(self.name, self.generation, self._waiting[-1].number)

    def outstanding_s(self, monotonic: float) -> float | None:
        """Seconds since the outstanding request was made; None where there is none."""
        return None if self._asked_at is None else monotonic - self._asked_at

    def give_up(self) -> None:
        """Stop waiting for the outstanding request, so that the next one may be made.

        A late answer still counts if its frame is newer than the last one answered.
        """
        self._asked_at = None

    def take_result(self) -> SlotResult | None:
        """The newest answer, once. None where there is none, or it is not whole or not of this generation."""
        if not self._waiting or (posted := self._layout.answered) == self._taken:
            return None
        posted_now = self._layout.read_result(self.generation)
        if posted_now is None:
            return None
        number, body = posted_now
        if number == posted:
            self._taken = number
        stamp = next((s for s in self._waiting if s.number == number), None)
        if stamp is None:
            return None  # taken already, or older than one taken
        dropped = 0
        while self._waiting.popleft().number != number:
            dropped += 1
        answer = unpacked(body)
        result = SlotResult(stamp, answer.detections, answer.inference_ms, answer.model, dropped, answer.stale)
        self._dropped += dropped + result.stale
        self._inferred += not result.stale
        self._asked_at = None
        return result

    def drop_waiting(self) -> int:
        """Count all that is not answered as dropped (workers are gone, the camera stops); gives how many."""
        dropped = len(self._waiting)
        self._waiting.clear()
        self._dropped += dropped
        self._asked_at = None
        return dropped

    @property
    def counts(self) -> SlotCounts:
        return SlotCounts(self._put, self._inferred, self._dropped, len(self._waiting))

    def close(self) -> None:
        """Take the slot away. Workers that hold it keep their memory until they let go. May be called twice."""
        self.drop_waiting()
        if os.getpid() == self._pid and not self._closed:  # a forked child inherits the object, not the slot
            self._layout.retire()
            self.path.unlink(missing_ok=True)
        self._closed = True
        self._layout.close()

    def __enter__(self) -> SlotWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SlotReader:
    """A worker's side: attach, read the newest frame, post the answer. Holds the memory until closed."""

    def __init__(self, name: str, *, directory: Path | None = None) -> None:
        """Raises SlotGone, or ValueError for a name that is no slot's."""
        if not NAME.match(name):
            raise ValueError("not the name of a slot")
        try:
            self._layout = Layout(open_existing((directory or default_directory()) / name))
        except (OSError, ValueError):
            raise SlotGone(name) from None
        self.name = name
        if not self._layout.is_ready:
            self.close()
            raise SlotGone(name)

    def read(self, *, tries: int = 50, again: bool = False) -> SlotFrame | None:
        """A copy of the newest frame.

        None where none was put yet, where it was answered already (unless `again`: tasks may be delivered
        twice), or where no whole one could be had in so many tries (the owner died while writing).
        """
        for _ in range(tries):
            try:
                frame = self._layout.read_frame()
            except LookupError:
                return None
            if frame is not None:
                answer = None if again else self._layout.read_result(frame.generation)
                return None if answer is not None and answer[0] == frame.number else frame
            time.sleep(0.0005)  # a frame is written in about as long
        return None

    @property
    def is_there(self) -> bool:
        """Whether its owner still has it."""
        return self._layout.is_ready

    def due(self, monotonic: float) -> float | None:
        """How urgent a look at the newest frame is, None where there is nothing to look at or another worker does."""
        return self._layout.due(monotonic, CLAIM_S)

    def claim(self, monotonic: float) -> int:
        """Say that a worker looks at the newest frame from now on; gives a mark for `release`."""
        return self._layout.claim(monotonic)

    def release(self, mark: int) -> None:
        """Let others have it. After the answer, so that nobody looks a second time."""
        self._layout.release(mark)

    def look(self) -> SlotFrame | None:
        """The newest frame without a copy, None where there is no whole one. Its picture is the slot's own memory: when it
        was used, ask `is_intact`, and let go of it before `close`.
        """
        try:
            return self._layout.read_frame(copy=False)
        except LookupError:
            return None

    def is_intact(self, frame: SlotFrame) -> bool:
        """Whether what `look` gave was not written over meanwhile."""
        return self._layout.is_intact(frame)

    def post(
        self,
        frame: SlotFrame,
        detections: Sequence[Detection],
        *,
        inference_ms: float,
        model: str = "",
        stale: bool = False,
    ) -> None:
        """Answer a frame; detections best first. The weakest are left out where there are more than fit.

        stale: it was too old to be looked at.
        """
        body = partial(packed, inference_ms=inference_ms, model=model, stale=stale)
        while not self._layout.write_result(frame.generation, frame.number, body(detections)):
            detections = detections[: len(detections) * 3 // 4]

    def close(self) -> None:
        """Let go of the memory; the slot itself stays. May be called twice."""
        self._layout.close()

    def __enter__(self) -> SlotReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def attach(name: str, *, directory: Path | None = None) -> SlotReader:
    """Attach to a slot by name. Raises SlotGone, or ValueError for a name that is no slot's."""
    return SlotReader(name, directory=directory)


def sweep(*, space: str = "main", directory: Path | None = None) -> list[str]:
    """Remove slots whose owner no longer lives (by process id and time of birth); gives their names.

    A watcher calls it at its start. It never touches a living process's slots, nor another space's.
    """
    removed = []
    for path in (directory or default_directory()).glob(f"{PREFIX}.{space}.*"):
        match = NAME.match(path.name)
        if match and born(int(match["pid"])) != int(match["born"]):
            path.unlink(missing_ok=True)
            removed.append(path.name)
    return removed


@lru_cache(maxsize=1024)
def owner_of(name: str) -> tuple[str, str, str]:
    """(space, process id, time of birth) of whoever made a slot."""
    match = NAME.match(name)
    if match is None:
        raise ValueError("not the name of a slot")
    return match["space"], match["pid"], match["born"]
