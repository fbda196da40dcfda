"""A stream that is kept and not looked at: packets into a ring, in a thread of its own, connected again and again."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from .address import AddressRefused
from .faults import CameraError
from .ingest import Frame, Stream
from .keeping_up import Backoff
from .opening import StreamError, StreamInfo

log = logging.getLogger(__name__)

FRESH_S: Final = 2.0  # a stream whose last packet is older is not relied upon
_LOOK_S: Final = 0.2


class Recorder:
    """Keeps a camera's stream. `look` lends its pictures to another thread: decoded only then, from the next keyframe.

    open_stream: makes the stream of one connection; called again for each, in the recorder's thread.
    at_end: called in that thread when it ends.
    """

    def __init__(
        self, open_stream: Callable[[], Stream], *, name: str, at_end: Callable[[], None] = lambda: None
    ) -> None:
        self.trouble: CameraError | AddressRefused | None = None  # why there was no stream at the last try
        self._open_stream, self._at_end, self._name = open_stream, at_end, name
        self._stream: Stream | None = None
        self._looker: Callable[[Frame], None] | None = None
        self._look_failed: Exception | None = None
        self._lent = threading.Condition(threading.RLock())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"record {name}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        self._thread.join(timeout_s)

    def alive(self) -> bool:
        return self._thread.is_alive()

    def stream(self) -> Stream | None:
        """The stream, where it is known what it is and packets come just now."""
        stream = self._stream
        if stream is None or stream.info is None:
            return None
        age = stream.age_s()
        return stream if age is not None and age < FRESH_S else None

    def wait(self, timeout_s: float) -> Stream | None:
        """The same, waiting for it unless a try has failed."""
        with self._lent:
            self._lent.wait_for(lambda: self.stream() or self.trouble or self._stop.is_set(), timeout_s)
        return self.stream()

    def look(self, on_frame: Callable[[Frame], None], *, should_stop: Callable[[], bool]) -> None:
        """Have every picture handed to `on_frame`, in the recorder's thread, until `should_stop()`. No call is under way
        any more when this returns.

        Raises StreamError when the stream fails meanwhile, and what `on_frame` raises.
        """
        with self._lent:
            stream = self._stream
            self._look_failed, self._looker = None, on_frame
        try:
            while not should_stop():
                with self._lent:
                    if self._look_failed is not None:
                        raise self._look_failed
                    if self._stream is not stream or stream is None:
                        raise self.trouble if isinstance(self.trouble, StreamError) else StreamError("ended")
                    self._lent.wait(_LOOK_S)
        finally:
            with self._lent:
                self._looker = None

    def _run(self) -> None:
        backoff = Backoff()
        while not self._stop.is_set():
            try:
                stream = self._open_stream()
                self._keep(stream, backoff)
            except (CameraError, AddressRefused) as error:
                self._ended(error)
            except Exception:
                log.exception("%s: unexpected, connecting again", self._name)
                self._ended(StreamError("ended", "the log says why"))
            self._stop.wait(backoff.next())
        with self._lent:
            self._stream = None
            self._lent.notify_all()
        self._at_end()

    def _keep(self, stream: Stream, backoff: Backoff) -> None:
        def opened(info: StreamInfo) -> None:
            backoff.opened()
            with self._lent:
                self._stream, self.trouble = stream, None
                self._lent.notify_all()

        try:
            stream.read(
                self._frame, on_open=opened, should_stop=self._stop.is_set, looking=lambda: self._looker is not None
            )
        finally:
            with self._lent:
                self._stream = None
                self._lent.notify_all()

    def _ended(self, error: CameraError | AddressRefused) -> None:
        with self._lent:
            self.trouble = error
            self._lent.notify_all()

    def _frame(self, frame: Frame) -> None:
        with self._lent:
            if self._looker is None:
                return
            try:
                self._looker(frame)
            except Exception as error:
                self._look_failed, self._looker = error, None
                self._lent.notify_all()
