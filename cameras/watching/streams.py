"""The streams of one camera: its picture, and where it has one the small picture.

With a small picture that one is looked at; of the large one only packets are kept, for evidence and the live view. Where
one of them fails, the other does for both. A camera with privacy masks is read by its large picture alone: what is kept
has to be made of masked pictures anyway.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from django.conf import settings

from cameras.vision.address import AddressRefused, PinnedAddress
from cameras.vision.ingest import Frame, Stream
from cameras.vision.keeping_up import Backoff
from cameras.vision.mask import Mask
from cameras.vision.opening import OpenOptions, StreamError
from cameras.vision.picture import MAX_PIXELS
from cameras.vision.probe import probe
from cameras.vision.recorder import Recorder
from cameras.vision.ring import PacketRing
from cameras.watching.plan import Plan

log = logging.getLogger(__name__)

CRASHED: Final = "What answers there makes the decoder crash; it is not watched."
CRASHED_AGAIN_S: Final = 600.0
SMALL_RING_S: Final = 12.0  # of the small picture's packets, for when the large one fails
SMALL_RING_BYTES: Final = 6 * 1024 * 1024
LARGE_WAIT_S: Final = 3.0  # for the large picture, before a camera is given up that has lost the small one
PROBE_STOP_S: Final = 2.0
SMALL_AGAIN_S: Final = (2.0, 300.0)  # between two looks at a small picture that failed: first, most


class ProbeRefused(Exception):
    """A first look found nothing to watch. `fault` is the code, the message is for people."""

    def __init__(self, fault: str, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class Streams:
    """Connects one camera. `read` and `look_first` run in the camera's thread, the rest may be called from any."""

    def __init__(
        self,
        plan: Plan,
        *,
        probes: threading.Semaphore,
        inside: Callable[[], AbstractContextManager[object]],
        leave: Callable[[], None],
        stopping: Callable[[], bool],
    ) -> None:
        """probes: how many first looks may be under way. inside: entered while native code has this camera's bytes;
        leave: called in a thread of ours that ends. stopping: whether the camera is to be left.
        """
        self.plan = plan
        self.looked: Stream | None = None  # the stream that is looked at, or was last
        self._probes, self._inside, self._leave, self._stopping = probes, inside, leave, stopping
        # What is looked at, what it had skipped when that began, and what was skipped before: one value, set at once.
        self._skips: tuple[Stream | None, int, int] = (None, 0, 0)
        self._reading = False
        self._hardware = settings.HARDWARE_DECODING
        self._large: Recorder | None = None
        self._small_lost: Exception | None = None  # why the small picture is not looked at
        self._small_unseen = False  # it was never found harmless: it is not opened here before it is

    # --- a first look

    def look_first(self) -> bool:
        """Addresses that were never looked at: first by a short-lived process with nothing to lose. Gives whether all of
        them are usable.

        Raises ProbeRefused, AddressRefused where there is nothing to watch: a small picture is not needed.
        """
        self._probe(self.plan.pinned(), self._stopping)
        try:
            if (small := self.plan.pinned_sub()) and not self._stopping():
                self._probe(small, self._stopping)
        except (ProbeRefused, AddressRefused) as refused:
            self._small_lost, self._small_unseen = refused, True
            return False
        return not self._stopping()

    def _probe(self, address: PinnedAddress, stopping: Callable[[], bool]) -> None:
        while not self._probes.acquire(timeout=0.5):
            if stopping():
                return
        try:
            report = probe(address, should_stop=stopping)
        finally:
            self._probes.release()
        if report.fault is not None and not stopping():
            raise ProbeRefused(report.fault, CRASHED if report.fault == "crashed" else report.message)

    # --- reading

    def read(self, on_frame: Callable[[Frame], None], *, on_open: Callable[[], None]) -> None:
        """Read until the camera is to be left, or something else is to be looked at; pictures go to `on_frame`, one at a
        time, though not always by the same thread.

        Raises StreamError, AddressRefused and what `on_frame` raises.
        """
        masks = self.plan.privacy_masks
        if not self.plan.sub_address or masks:
            mask = Mask(masks) if masks else None
            self._look_at(self._stream(self.plan.pinned(), PacketRing(), mask), on_frame, on_open)
            return
        large = self._recorder()
        if self._small_lost is None or (not self._small_unseen and large.stream() is None):
            self._look_at_small(large, on_frame, on_open)
        else:
            self._look_at_large(large, on_frame, on_open)

    def late(self) -> int:
        """Pictures that were not looked at, so that those that were are never old."""
        stream, before, earlier = self._skips
        return earlier + (stream.skipped - before if stream is not None else 0)

    def let_go(self) -> None:
        """Nobody needs what was read last."""
        self.looked = None

    def kept(self) -> Stream | None:
        """The stream whose packets are evidence: the large picture's, else the one that is looked at or was last."""
        return (self._large.stream() if self._large else None) or self.looked

    def on_air(self) -> Stream | None:
        """The stream to show: what is kept, where it is read just now."""
        stream = self._large.stream() if self._large else None
        if stream is None and self._reading:
            stream = self.looked
        return stream if stream is not None and stream.info is not None else None

    def trouble(self) -> str:
        """What one of two pictures lacks, in words; empty where all is well."""
        large = self._large
        if large is None:
            return ""
        if self._small_lost is not None:
            return f"The small picture is missing, the large one is looked at. {self._small_lost}"
        if large.trouble is not None and large.stream() is None:
            return f"The large picture is missing, the small one is kept. {large.trouble}"
        return ""

    def stop(self) -> None:
        if self._large is not None:
            self._large.stop()

    def join(self, timeout_s: float) -> None:
        if self._large is not None:
            self._large.join(timeout_s)

    def alive(self) -> bool:
        return self._large is not None and self._large.alive()

    def _recorder(self) -> Recorder:
        if self._large is None:
            self._large = Recorder(
                lambda: self._stream(self.plan.pinned(), PacketRing(), max_pixels=MAX_PIXELS),
                name=self.plan.name,
                at_end=self._leave,
            )
            self._large.start()
        return self._large

    def _stream(
        self, address: PinnedAddress, ring: PacketRing, mask: Mask | None = None, *, max_pixels: int | None = None
    ) -> Stream:
        """max_pixels: of a picture that is only kept; what is looked at has a limit of its own."""
        options = OpenOptions(hardware=self._hardware, max_pixels=max_pixels or settings.LOOKED_PIXELS)
        return Stream(address, ring=ring, options=options, inside=self._inside, mask=mask)

    def _look_at(self, stream: Stream, on_frame: Callable[[Frame], None], on_open: Callable[[], None]) -> None:
        self._begin(stream)
        try:
            stream.read(on_frame, on_open=lambda info: on_open(), should_stop=self._stopping)
        except StreamError as error:
            if stream.on_hardware and error.fault == "garbage":
                log.warning("%s: cannot be decoded with %s, the processor tries", self.plan.name, self._hardware)
                self._hardware = ""
            raise
        finally:
            self._end()

    def _begin(self, stream: Stream) -> None:
        self._skips = (stream, stream.skipped, self.late())
        self.looked, self._reading = stream, True

    def _end(self) -> None:
        self._skips = (None, 0, self.late())
        self._reading = False

    def _look_at_small(self, large: Recorder, on_frame: Callable[[Frame], None], on_open: Callable[[], None]) -> None:
        """Where it fails and the large one is there, that is looked at from now on."""

        def opened() -> None:
            self._small_lost = None
            on_open()

        try:
            address = self.plan.pinned_sub()
            assert address is not None
            ring = PacketRing(seconds=SMALL_RING_S, max_bytes=SMALL_RING_BYTES)
            self._look_at(self._stream(address, ring), on_frame, opened)
        except (StreamError, AddressRefused) as error:
            self._small_lost = error
            if large.wait(LARGE_WAIT_S) is None:
                raise
            log.info("%s: the small picture is missing: %s", self.plan.name, error)
            on_open()

    def _look_at_large(self, large: Recorder, on_frame: Callable[[Frame], None], on_open: Callable[[], None]) -> None:
        """Until the small one answers a look from another process."""
        stream = large.wait(LARGE_WAIT_S)
        if stream is None:
            raise large.trouble or StreamError("timed_out")
        again = _Again(self._try_small, after=self._small_lost)
        self._begin(stream)
        on_open()
        try:
            large.look(on_frame, should_stop=lambda: self._stopping() or again.answered.is_set())
        finally:
            self._end()
            again.stop()
        if again.answered.is_set():
            self._small_lost, self._small_unseen = None, False

    def _try_small(self, stopping: Callable[[], bool]) -> None:
        address = self.plan.pinned_sub()
        assert address is not None
        self._probe(address, stopping)


class _Again:
    """Tries something again and again, in a thread of its own, until it works or is stopped."""

    def __init__(self, attempt: Callable[[Callable[[], bool]], None], *, after: Exception | None) -> None:
        """after: why it does not work now."""
        self.answered = threading.Event()
        self._attempt, self._after = attempt, after
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="small picture", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(PROBE_STOP_S)

    def _run(self) -> None:
        backoff = Backoff(first=SMALL_AGAIN_S[0], most=SMALL_AGAIN_S[1])
        failed = self._after
        while not self._stop.wait(_patience_s(failed) or backoff.next()):
            try:
                self._attempt(self._stop.is_set)
            except (ProbeRefused, AddressRefused, OSError) as error:
                failed = error
                continue
            if not self._stop.is_set():
                self.answered.set()
            return


def _patience_s(error: Exception | None) -> float:
    """How long what crashed the decoder is left alone; 0 for any other error."""
    return CRASHED_AGAIN_S if isinstance(error, ProbeRefused) and error.fault == "crashed" else 0.0
