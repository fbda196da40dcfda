"""A clip of a camera that sends single pictures (Motion JPEG), which no browser plays in an MP4: encoded as H.264."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from .mask import MaskedVideo
from .opening import StreamInfo
from .picture import PictureRefused
from .ring import MediaPacket
from .snapshot import decode
from .types import FrameStamp

MOST_FPS: Final = 12.0  # each costs a JPEG decoded and a picture encoded
_LOOSE_S: Final = 0.02  # arrivals jitter


def as_h264(
    packets: Sequence[MediaPacket], info: StreamInfo, begin: float, end: float
) -> tuple[list[MediaPacket], StreamInfo]:
    """The pictures between two monotonic times as H.264 packets that arrived when they did; sound as it is.

    Damaged pictures are left out, and those of another size than the first. No packets where none could be read.
    """
    made: list[MediaPacket] = [packet for packet in packets if packet.kind == "audio"]
    video, first, last = None, None, float("-inf")
    for number, packet in enumerate(packets):
        if (
            packet.kind != "video"
            or not begin <= packet.monotonic <= end
            or packet.monotonic - last < 1 / MOST_FPS - _LOOSE_S
        ):
            continue
        try:
            picture = decode(packet.data)
        except PictureRefused:
            continue
        if video is None:
            video = MaskedVideo(picture.width, picture.height, min(info.video.fps or MOST_FPS, MOST_FPS))
        elif (picture.width, picture.height) != (video.width, video.height):
            continue
        last = packet.monotonic
        stamp = FrameStamp(number, packet.captured or packet.received, packet.received, packet.monotonic)
        encoded = video.add(picture, stamp, packet.pts, packet.time_base)
        first = first or encoded
        made.append(encoded)
    if video is None or first is None:
        return [], info
    return sorted(made, key=lambda packet: packet.monotonic), replace(info, video=video.info(first))
