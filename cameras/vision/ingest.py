"""One camera, read by one thread: encoded packets into the ring, decoded frames to the caller, every wait
bounded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final, Literal

import av.error

from .address import PinnedAddress
from .camera_clock import CameraClock, SenderClock
from .decoding import Decoder, Frame, first_picture
from .h264 import sequence_header
from .keeping_up import Pace, Watchdog
from .line_guard import guarded
from .mask import Mask, MaskedVideo
from .opening import OpenOptions, StreamError, StreamInfo, classify, describe, open_camera, sockets
from .picture import Picture, PictureRefused
from .ring import MediaPacket, PacketRing
from .seats import Seats, for_this_machine

__all__ = ["Frame", "Stream", "utc_now"]

METERED: Final = 7  # of so many frames the decoding of one is measured: not a number that keyframes come by
MOST_BAD_PACKETS: Final = 150  # in a row: a few seconds of a stream that cannot be decoded
_SEATS: Final = for_this_machine()


def utc_now() -> datetime:
    """The time a packet arrives: the one place in `vision` where a clock is read, replaceable in `Stream`."""
    return datetime.now(UTC)


class Stream:
    """A camera's stream. `read` runs in the camera's own thread until told to stop or until something fails.

    `health` may be read from any thread.
    """

    def __init__(
        self,
        address: PinnedAddress,
        *,
        ring: PacketRing | None = None,
        options: OpenOptions | None = None,
        wall: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        opener: Callable[[PinnedAddress, OpenOptions], Any] = open_camera,
        inside: Callable[[], AbstractContextManager[object]] = nullcontext,
        mask: Mask | None = None,
        seats: Seats = _SEATS,
    ) -> None:
        """inside: entered while the decoder's native code has this camera's bytes, so that a crash can be traced to it.
        mask: what nobody may see. Then frames are masked, and ring and `on_packet` get packets made of masked frames.
        seats: how many threads may have a picture in hand, from its decoding until `on_frame` is done with it.
        """
        self.address = address
        self.ring = ring if ring is not None else PacketRing()
        self.options = options or OpenOptions()
        self.info: StreamInfo | None = None
        self.frames = 0  # frames decoded since the stream object was made; numbers go on over reconnections
        self.packets = 0  # of video, likewise
        self.bad_packets = 0
        self.last_frame: float | None = None  # monotonic seconds
        self.skipped = 0  # pictures that were not decoded since the thread was behind
        self.late_s = 0.0  # how much later than its own timestamp says the last packet was read
        self.on_hardware = False  # whether something else than the processor decodes
        self.decode_ms = 0.0  # processor time that decoding a packet takes, lately
        self._wall, self._monotonic, self._opener, self._inside = wall, monotonic, opener, inside
        self._mask, self._seats = mask, seats
        self._masked: MaskedVideo | None = None
        self._header = b""

    def read(
        self,
        on_frame: Callable[[Frame], None],
        *,
        on_packet: Callable[[MediaPacket], None] | None = None,
        on_open: Callable[[StreamInfo], None] | None = None,
        should_stop: Callable[[], bool] = lambda: False,
        looking: Callable[[], bool] = lambda: True,
    ) -> None:
        """Connect and read until `should_stop()`, or until the camera sends something else; then return.

        1. Open the pinned address; empty the ring of an earlier connection.
        2. Copy every packet into the ring, then hand it to `on_packet`.
        3. While `looking()`, decode video and hand each frame to `on_frame`, in this thread: what takes long belongs
           elsewhere. While not, packets are all that is read; when it is looked at again, it begins with a keyframe.
           A stream with masks is always decoded: its packets are made of masked pictures. Whoever is behind skips
           pictures up to a later keyframe, so that what is seen is never old.
        4. Tell `on_open` what the camera sends, once a first picture is known. When the size of its pictures changes,
           return: what follows is another stream, and does not belong into one clip with what was kept.

        Raises StreamError when the camera fails, stalls or ends; an error in a callback passes through.
        """
        known = sockets()
        with self._inside():
            container = self._opener(self.address, self.options)
        try:
            self.info = self._masked = None
            self._header = b""
            self.ring.clear()
            with guarded((self.address.ip, self.address.port), known, lambda: self.packets) as line:
                try:
                    unread = line.unread if line is not None else lambda: None
                    self._pump(container, on_frame, on_packet, on_open, should_stop, looking, unread)
                except StreamError:
                    if line is not None and line.was_cut:
                        raise StreamError("garbage", "a picture without an end") from None
                    raise
        finally:
            container.close()

    def age_s(self) -> float | None:
        """Seconds since the last frame, None before the first: for a watchdog outside this thread."""
        return None if self.last_frame is None else self._monotonic() - self.last_frame

    def _pump(
        self,
        container: Any,
        on_frame: Callable[[Frame], None],
        on_packet: Callable[[MediaPacket], None] | None,
        on_open: Callable[[StreamInfo], None] | None,
        should_stop: Callable[[], bool],
        looking: Callable[[], bool],
        unread: Callable[[], int | None],
    ) -> None:
        video = container.streams.video[0]
        if video.codec_context is None:
            raise StreamError("no_video", "its format is not known")
        video.thread_type = "NONE"
        # What a container was opened with holds for its probing alone, and a small picture may claim to be a gigabyte.
        video.codec_context.options = {"max_pixels": str(self.options.max_pixels)}
        self.on_hardware = bool(video.codec_context.is_hwaccel)
        watchdog = Watchdog(self._monotonic(), first_s=self.options.first_frame_s)
        decoder = Decoder(video, CameraClock(), self._mask)
        sees, hears = _Track("video", video), [_Track("audio", one) for one in container.streams.audio[:1]]
        sender = SenderClock(self._monotonic())
        packets = container.demux(video, *container.streams.audio[:1])
        pace = (
            Pace(self._monotonic(), unread) if container.format.name == "rtsp" else None
        )  # a file never keeps anybody waiting
        waited, late = 0.0, False  # late: whether pictures are left out until the next keyframe, having been behind
        while not should_stop():
            asked = self._monotonic()
            packet = _next_packet(packets)
            received, monotonic = self._wall(), self._monotonic()
            waited += monotonic - asked
            if packet.size:
                is_video = packet.stream is video
                self.packets += is_video
                sent = sender.of(packet, packet.pts, sees.tick_s, monotonic) if is_video else None
                captured = decoder.clock.captured(sent, received) if is_video else None
                copy = (sees if is_video else hears[0]).copied(packet, received, monotonic, captured)
                frames: list[Frame] = []
                # Of a camera with masks its own packets are never kept, whatever else becomes of them.
                kept = [] if is_video and self._mask is not None else [copy]
                seat: object | None = None
                try:
                    if is_video:
                        media_s = None if copy.pts is None else copy.pts * sees.tick_s
                        watchdog.saw_packet(monotonic, copy.keyframe, media_s)
                        self.late_s = watchdog.late_s
                        behind = pace is not None and pace.step(waited, monotonic, watchdog.late_s, copy.size)
                        waited = 0.0
                        wanted = self._mask is not None or looking()
                        if wanted and not (behind and self.info is not None):
                            seat = self._seats.take()
                            late = late and not (decoder.awake or copy.keyframe)
                            self.skipped += late
                            frames = self._decoded(decoder, packet, sent, copy, watchdog)
                            if frames and not self._fits(frames[0].picture):
                                return
                            kept = self._noted(decoder, frames, copy, container, on_open)
                        elif self._rested(decoder, container, copy, watchdog, on_open):
                            late = wanted
                            self.skipped += late
                        else:
                            return
                    for one in kept:
                        self.ring.append(one)
                        if self.info is not None and on_packet is not None:
                            on_packet(one)
                    for frame in frames:
                        on_frame(frame)
                finally:
                    self._seats.leave(seat)
                decoder.image = None  # its memory is the decoder's again as soon as nobody wants the frame
            try:
                watchdog.check(monotonic)
            except StreamError:
                if decoder.failing:
                    raise StreamError("garbage", "its pictures cannot be decoded") from None
                raise

    def _noted(
        self,
        decoder: Decoder,
        frames: list[Frame],
        copy: MediaPacket,
        container: Any,
        on_open: Callable[[StreamInfo], None] | None,
    ) -> list[MediaPacket]:
        """The packets to keep of decoded frames; with the first of them it is known what the camera sends."""
        kept = [copy]
        if self._mask is not None:
            kept = [self._encoded(frame, decoder.image, copy.time_base, container) for frame in frames]
        if frames and self.info is None:
            self._opened(container, decoder.image, kept[0], on_open)
        return kept

    def _fits(self, picture: Picture) -> bool:
        """Whether a picture is of the size that was told of. An odd row or column is cut off of pictures."""
        if self.info is None:
            return True
        video = self.info.video
        return (video.width & ~1, video.height & ~1) == (picture.width, picture.height)

    def _opened(
        self,
        container: Any,
        image: Any,
        keyframe: MediaPacket,
        on_open: Callable[[StreamInfo], None] | None,
    ) -> None:
        self.info = describe(container, image, max_pixels=self.options.max_pixels, keyframe=keyframe.data)
        if self._masked is not None:
            self.info = replace(self.info, video=self._masked.info(keyframe))
        if on_open is not None:
            on_open(self.info)

    def _rested(
        self,
        decoder: Decoder,
        container: Any,
        copy: MediaPacket,
        watchdog: Watchdog,
        on_open: Callable[[StreamInfo], None] | None,
    ) -> bool:
        """A packet that nobody looks at: False where another stream begins with it.

        Of the first keyframe one picture is made, to know what the camera sends; later ones are told by their header.
        """
        decoder.awake = False
        if copy.keyframe:
            name = container.streams.video[0].codec_context.name
            header = sequence_header(copy.data, name)
            if header != self._header and self.info is not None and self._header and header:
                return False
            self._header = header
            if self.info is None:
                with self._inside():
                    image = first_picture(container.streams.video[0], copy.data, self.options.max_pixels)
                if image is not None:
                    self.last_frame = copy.monotonic
                    self._opened(container, image, copy, on_open)
        if self.info is not None:
            self.last_frame = copy.monotonic
            watchdog.saw_frame(copy.monotonic)
        return True

    def _encoded(self, frame: Frame, image: Any, time_base: Fraction, container: Any) -> MediaPacket:
        """The packet of a masked frame, to be kept in place of the camera's own."""
        picture = frame.picture
        if self._masked is None:
            rate, full = container.streams.video[0].average_rate, image.format.name.startswith("yuvj")
            self._masked = MaskedVideo(picture.width, picture.height, float(rate) if rate else None, full_range=full)
        return self._masked.add(picture, frame.stamp, frame.pts, time_base)

    def _decoded(
        self, decoder: Decoder, packet: Any, sent: datetime | None, copy: MediaPacket, watchdog: Watchdog
    ) -> list[Frame]:
        began = time.thread_time() if self.frames % METERED == 0 else None
        try:
            with self._inside():
                frames = decoder.decode(packet, self.frames, sent, copy)
        except av.error.FFmpegError:
            # One damaged packet is everyday life on a network; a stream of nothing else is not a video.
            self.bad_packets += 1
            decoder.check_size(self.options.max_pixels)
            if decoder.failed() > MOST_BAD_PACKETS:
                raise StreamError("garbage", "its pictures cannot be decoded") from None
            return []
        except PictureRefused as refused:
            decoder.check_size(self.options.max_pixels)
            raise StreamError("garbage", str(refused)) from None  # a few pixels: nobody can be seen in it
        if began is not None:
            self.decode_ms += (1000 * (time.thread_time() - began) - self.decode_ms) / (
                2 if self.frames < METERED else 8
            )
        if frames:
            self.frames += len(frames)
            self.last_frame = copy.monotonic
            watchdog.saw_frame(copy.monotonic)
        return frames


class _Track:
    """One of a connection's streams: what need not be asked of every packet."""

    def __init__(self, kind: Literal["video", "audio"], stream: Any) -> None:
        self.kind: Literal["video", "audio"] = kind
        self.time_base: Fraction = stream.time_base or Fraction(1, 90_000)
        self.tick_s = float(self.time_base)

    def copied(self, packet: Any, received: datetime, monotonic: float, captured: datetime | None) -> MediaPacket:
        key = bool(packet.is_keyframe)
        return MediaPacket(
            self.kind, bytes(packet), packet.pts, packet.dts, self.time_base, key, received, monotonic, captured
        )


def _next_packet(packets: Any) -> Any:
    try:
        packet = next(packets)
    except StopIteration:
        raise StreamError("ended") from None
    except (OSError, av.error.FFmpegError) as error:
        raise classify(error) from None
    if packet.dts is None and packet.size == 0:
        raise StreamError("ended")  # PyAV's flushing packet: the other end closed the connection
    return packet
