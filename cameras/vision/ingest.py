"""One camera, read by one thread: encoded packets into the ring, decoded frames to the caller, every wait
bounded.
"""

from __future__ import annotations

import random
import struct
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, Literal

import av
import av.error

from .address import PinnedAddress
from .h264 import sequence_header
from .line_guard import guarded
from .mask import Mask, MaskedVideo
from .opening import OpenOptions, StreamError, StreamInfo, classify, describe, open_camera, peers
from .picture import Picture, PictureRefused
from .ring import MediaPacket, PacketRing
from .types import FrameStamp

LARGEST_OFFSET_S: Final = 1.0  # a camera's clock further off than this is not believed
LONGEST_GOP_S: Final = 20.0  # a camera may claim any distance between keyframes; the watchdog believes this much
MOST_LATE_S: Final = 4.0  # how far pictures may fall behind their own timestamps before they are no longer live
FORGIVEN_S: Final = 0.3  # of lateness, a second: cameras whose timestamps run too fast are not late
METERED: Final = 7  # of so many frames the decoding of one is measured: not a number that keyframes come by
SENDER_AGAIN_S: Final = 1.0  # how often the sender's clock is asked for; between, its timestamps tell as much
SENDER_FIRST_S: Final = 5.0  # at first with every packet, since it comes with the first report
MOST_BAD_PACKETS: Final = 150  # in a row: a few seconds of a stream that cannot be decoded
LATE_S: Final = 1.0  # so far behind, pictures are not decoded until what waits is read
BUSY_PART: Final = (
    0.05  # a thread that waits for its camera for less than this part of the time is behind, or soon will be
)
CAUGHT_UP_S: Final = 0.02  # waiting so long for a packet, it has read all there was
# So much of its stream may wait to be read: a thread that was served last, and will be again, is not behind. Half of what
# LATE_S allows: whoever skips to a keyframe loses more than that.
PILE_S: Final = 0.5
HELD_S: Final = 10.0  # a connection that lasts so long was a good one
_LATEST_US: Final = 2**32 * 1_000_000  # a camera's clock in the year 2106 or later is none
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def utc_now() -> datetime:
    """The time a packet arrives: the one place in `vision` where a clock is read, replaceable in `Stream`."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame with its stamp."""

    stamp: FrameStamp
    picture: Picture
    keyframe: bool
    pts: int | None = None  # as the camera counts, where it does


class Backoff:
    """Seconds to wait before the next attempt: doubling from `first` to `most`, with up to half taken off at
    random, so that a hundred cameras behind one switch do not come back in step.

    It begins anew when a connection has held: a camera that answers and breaks off again at once is waited for longer and
    longer too.
    """

    def __init__(
        self,
        *,
        first: float = 0.5,
        most: float = 15.0,
        chance: Callable[[], float] = random.random,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.first, self.most = first, most
        self._next, self._chance, self._monotonic = first, chance, monotonic
        self._opened: float | None = None

    def opened(self) -> None:
        """A connection has begun."""
        self._opened = self._monotonic()

    def next(self) -> float:
        if self._opened is not None and self._monotonic() - self._opened >= HELD_S:
            self.reset()
        self._opened = None
        wait, self._next = self._next, min(self._next * 2, self.most)
        return wait * (1 - 0.5 * self._chance())

    def reset(self) -> None:
        self._next = self.first


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


class Watchdog:
    """Says when a connected camera is blind: no new frame for max(least, 3 × the distance between keyframes).

    Until the first frame it waits `first_s`: for that a keyframe has to come. Pictures that arrive, but ever later
    than their own timestamps say (a line too thin for them), are as good as none.
    """

    def __init__(self, started: float, *, least_s: float = 3.0, first_s: float = 12.0) -> None:
        self.least_s, self.first_s = least_s, first_s
        self.late_s = 0.0  # of the last packet, by its own timestamp
        self._seen = False
        self._last_frame = started
        self._last_key: float | None = None
        self._gop_s = 0.0
        self._lag = _Lag()

    def saw_packet(self, monotonic: float, keyframe: bool, media_s: float | None = None) -> None:
        """Note a video packet's arrival. media_s: its own timestamp in seconds, where it has one."""
        self.late_s = 0.0 if media_s is None else self._lag.of(media_s, monotonic)
        if self.late_s > MOST_LATE_S:
            raise StreamError("stalled", "its pictures come ever later")
        if not keyframe:
            return
        if self._last_key is not None:
            self._gop_s = min(max(self._gop_s, monotonic - self._last_key), LONGEST_GOP_S)
        self._last_key = monotonic

    def saw_frame(self, monotonic: float) -> None:
        self._last_frame, self._seen = monotonic, True

    @property
    def limit_s(self) -> float:
        return self.first_s if not self._seen else max(self.least_s, 3 * self._gop_s)

    def age_s(self, monotonic: float) -> float:
        return monotonic - self._last_frame

    def check(self, monotonic: float) -> None:
        """Raise StreamError("stalled") where the last frame is too old."""
        if monotonic - self._last_frame > self.least_s and self.age_s(monotonic) > self.limit_s:
            raise StreamError("stalled", f"no frame for {self.age_s(monotonic):.1f} s")


class _Lag:
    """How much later than the best of its recent packets a packet comes, by its own timestamp."""

    def __init__(self) -> None:
        self._best: float | None = None  # arrival minus timestamp of the least late packet
        self._previous = (0.0, 0.0)

    def of(self, media_s: float, monotonic: float) -> float:
        before, arrived = self._previous
        self._previous = (media_s, monotonic)
        if self._best is None or not -1.0 <= media_s - before <= 5.0:  # timestamps jumped: a new count
            self._best = monotonic - media_s
            return 0.0
        self._best = min(self._best + FORGIVEN_S * (monotonic - arrived), monotonic - media_s)
        return monotonic - media_s - self._best


class _Pace:
    """Whether a thread keeps up with its camera. One that does not finds the next packet waiting for it every time, and more
    and more behind that; what it sees would be older and older, as long as the network's buffers have room.

    unread: how many bytes wait to be read; gives None where nobody can tell, and then it is said of every busy thread.
    """

    def __init__(self, now: float, unread: Callable[[], int | None] = lambda: None) -> None:
        self.behind = False
        self._unread = unread
        self._since, self._waited, self._bytes = now, 0.0, 0

    def step(self, waited_s: float, now: float, late_s: float, size: int = 0) -> bool:
        """After each video packet: how long it was waited for, how late it is by its own timestamp, how many bytes it has. Gives
        `behind`.
        """
        self._waited += waited_s
        self._bytes += size
        passed = now - self._since
        if self.behind:
            self.behind = waited_s < CAUGHT_UP_S or late_s > LATE_S / 2
        elif late_s > LATE_S or (passed >= 1.0 and self._waited < BUSY_PART * passed and self._piles_up(passed)):
            self.behind = True
        if passed >= 1.0:
            self._since, self._waited, self._bytes = now, 0.0, 0
        return self.behind

    def _piles_up(self, passed: float) -> bool:
        unread = self._unread()
        return unread is None or unread > PILE_S * self._bytes / passed


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
    ) -> None:
        """inside: entered while the decoder's native code has this camera's bytes, so that a crash can be traced to it.
        mask: what nobody may see. Then frames are masked, and ring and `on_packet` get packets made of masked frames.
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
        self._mask = mask
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
        known = set(peers())
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
        decoder = _Decoder(video, CameraClock(), self._mask)
        sees, hears = _Track("video", video), [_Track("audio", one) for one in container.streams.audio[:1]]
        sender = _SenderClock(self._monotonic())
        packets = container.demux(video, *container.streams.audio[:1])
        pace = (
            _Pace(self._monotonic(), unread) if container.format.name == "rtsp" else None
        )  # a file never keeps anybody waiting
        waited = 0.0
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
                if is_video:
                    media_s = None if copy.pts is None else copy.pts * sees.tick_s
                    watchdog.saw_packet(monotonic, copy.keyframe, media_s)
                    self.late_s = watchdog.late_s
                    behind = pace is not None and pace.step(waited, monotonic, watchdog.late_s, copy.size)
                    waited = 0.0
                    wanted = self._mask is not None or looking()
                    if wanted and not (behind and self.info is not None):
                        frames = self._decoded(decoder, packet, sent, copy, watchdog)
                        if frames and not self._fits(frames[0].picture):
                            return
                        if self._mask is not None:
                            kept = [self._encoded(frame, decoder.image, copy.time_base, container) for frame in frames]
                        if frames and self.info is None:
                            self._opened(container, decoder.image, kept[0], on_open)
                    elif self._rested(decoder, container, copy, watchdog, on_open):
                        self.skipped += wanted
                    else:
                        return
                for one in kept:
                    self.ring.append(one)
                    if self.info is not None and on_packet is not None:
                        on_packet(one)
                for frame in frames:
                    on_frame(frame)
                decoder.image = None  # its memory is the decoder's again as soon as nobody wants the frame
            try:
                watchdog.check(monotonic)
            except StreamError:
                if decoder.failing:
                    raise StreamError("garbage", "its pictures cannot be decoded") from None
                raise

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
        decoder: _Decoder,
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
                    image = _first_picture(container.streams.video[0], copy.data, self.options.max_pixels)
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
        self, decoder: _Decoder, packet: Any, sent: datetime | None, copy: MediaPacket, watchdog: Watchdog
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
            raise StreamError("too_large", str(refused)) from None
        if began is not None:
            self.decode_ms += (1000 * (time.thread_time() - began) - self.decode_ms) / (
                2 if self.frames < METERED else 8
            )
        if frames:
            self.frames += len(frames)
            self.last_frame = copy.monotonic
            watchdog.saw_frame(copy.monotonic)
        return frames


class _Decoder:
    """Decodes packets and gives each frame the arrival of the packet it came in, even where frames are
    reordered.
    """

    def __init__(self, stream: Any, clock: CameraClock, mask: Mask | None = None) -> None:
        self.clock = clock
        self.awake = True  # whether every packet since the last keyframe went through it
        self.image: Any = None  # the newest decoded frame, as PyAV has it
        self._stream, self._mask = stream, mask
        self._arrivals: OrderedDict[int | None, tuple[datetime | None, datetime, float]] = OrderedDict()
        self._failures = 0

    def failed(self) -> int:
        """Count one more packet that could not be decoded; gives how many in a row."""
        self._failures += 1
        return self._failures

    @property
    def failing(self) -> bool:
        """Whether the last packets could not be decoded."""
        return self._failures > 0

    def check_size(self, max_pixels: int) -> None:
        """After a failure: raise StreamError where it failed for the size that the picture claims."""
        context = self._stream.codec_context
        if context.width * context.height > max_pixels:
            raise StreamError("too_large", f"{context.width}×{context.height}")

    def decode(self, packet: Any, first_number: int, sent: datetime | None, copy: MediaPacket) -> list[Frame]:
        if not self.awake:
            if not copy.keyframe:
                return []
            if self._stream.codec_context.is_open:
                self._stream.codec_context.flush_buffers()
            self._arrivals.clear()
            self.awake = True
        arrival = (sent, copy.received, copy.monotonic)
        self._arrivals[copy.pts] = arrival
        while len(self._arrivals) > 64:
            self._arrivals.popitem(last=False)
        decoded = []
        for number, image in enumerate(packet.decode(), first_number):
            stamp = self.clock.stamp(number, *self._arrivals.pop(image.pts, arrival))
            self.image = image
            picture = Picture.of_frame(image)
            if self._mask is not None:
                picture = self._mask.of(picture)  # before anybody else has it
            decoded.append(Frame(stamp, picture, bool(image.key_frame), image.pts))
            self._failures = 0
        return decoded


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


def _first_picture(stream: Any, keyframe: bytes, max_pixels: int) -> Any:
    """The picture of one keyframe by a decoder that is then let go of; None where it gives none."""
    context = av.CodecContext.create(stream.codec_context.codec.name, "r")
    context.extradata = stream.codec_context.extradata
    context.thread_count = 1
    context.options = {"max_pixels": str(max_pixels)}
    try:
        images = [*context.decode(av.Packet(keyframe)), *context.decode(None)]
    except (av.error.FFmpegError, ValueError):
        return None
    return images[0] if images else None


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


class _SenderClock:
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
