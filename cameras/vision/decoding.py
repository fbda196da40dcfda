"""From packets to pictures: one decoder for each connection, each picture with the stamp of the packet it came in."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import av
import av.error

from .camera_clock import CameraClock
from .mask import Mask
from .opening import StreamError
from .picture import Picture
from .ring import MediaPacket
from .types import FrameStamp


@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame with its stamp."""

    stamp: FrameStamp
    picture: Picture
    keyframe: bool
    pts: int | None = None  # as the camera counts, where it does


class Decoder:
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


def first_picture(stream: Any, keyframe: bytes, max_pixels: int) -> Any:
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
