"""Privacy masks: what nobody may see is blackened in the decoded picture, and only masked pictures are encoded again.

A camera with masks has its packets decoded and forgotten; everything behind the stream (gate, detector, ring, clip,
snapshot, live view) is made of pictures that came through here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from .h264 import parameter_sets
from .opening import VideoInfo
from .picture import Picture
from .ring import MediaPacket
from .types import FrameStamp, Point

BLACK, GREY = 16, 128  # of luma; of both chroma planes
KEY_S: Final = 2.0  # between keyframes: a clip and a live view begin at one
CRF: Final = 24
BITS_A_PIXEL: Final = 0.25  # the most, of a picture at the rate the camera sends them
LEAST_BITS, MOST_BITS = 1_000_000, 6_000_000  # a second: the ring holds 24 MiB for 30 s
USUAL_FPS: Final = 15.0
_TICKS: Final = 1_000_000


class Mask:
    """Outlines (points 0..1) to blacken, ready for pictures of any size. May be used by one thread at a time."""

    def __init__(self, polygons: Sequence[Sequence[Point]]) -> None:
        """Raises ValueError where there is nothing to mask or an outline has no area."""
        if not polygons or any(len(polygon) < 3 for polygon in polygons):
            raise ValueError("a mask needs outlines of three points or more")
        self.polygons = tuple(tuple(polygon) for polygon in polygons)
        self._size = (0, 0)
        self._luma: NDArray[np.bool_] = np.zeros((0, 0), np.bool_)
        self._chroma = self._luma

    def of(self, picture: Picture) -> Picture:
        """A copy, blackened. The picture given is left as it is: its planes may be what the decoder predicts from."""
        width, height = picture.width, picture.height
        if (width, height) != self._size:
            self._fit(width, height)
        masked = np.empty((height * 3 // 2, width), np.uint8)
        picture.write_i420(masked.reshape(-1))
        copy = Picture.of_i420(masked, width, height)
        for plane, where, value in (
            (copy.y, self._luma, BLACK),
            (copy.u, self._chroma, GREY),
            (copy.v, self._chroma, GREY),
        ):
            np.copyto(plane, np.uint8(value), where=where)
        return copy

    def _fit(self, width: int, height: int) -> None:
        """Every pixel that an outline touches, and one more around it: none of its edge is to shine through, nor a
        chroma sample that only one of its four pixels hides.
        """
        luma = np.zeros((height, width), np.uint8)
        for polygon in self.polygons:
            corners = np.array([(round(x * width), round(y * height)) for x, y in polygon], np.int32)
            cv2.fillPoly(luma, [corners], 255)
        luma = np.asarray(cv2.dilate(luma, np.ones((3, 3), np.uint8)), np.uint8)
        self._luma = luma > 0
        self._chroma = np.asarray(self._luma.reshape(height // 2, 2, width // 2, 2).any(axis=(1, 3)))
        # What a chroma sample hides is hidden in luma too: no grey figure is left in a black one's colours.
        self._luma = self._chroma.repeat(2, axis=0).repeat(2, axis=1)
        self._size = (width, height)


class MaskedVideo:
    """An H.264 stream of masked pictures: one in, one packet out, with the original's time stamps.

    x264, ultrafast: a camera with masks is read by the same thread as before, and must stay cheap. A keyframe every
    KEY_S seconds, each with its parameter sets.
    """

    def __init__(self, width: int, height: int, fps: float | None, *, full_range: bool = False) -> None:
        rate = fps if fps and fps <= 60 else USUAL_FPS
        bits = int(min(max(width * height * rate * BITS_A_PIXEL, LEAST_BITS), MOST_BITS))
        context: Any = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, _TICKS)
        context.framerate = Fraction(rate).limit_denominator(1000)
        context.thread_count = 1
        context.color_range = 2 if full_range else 1
        context.options = {
            "preset": "ultrafast",
            "tune": "zerolatency",
            "crf": str(CRF),
            "forced-idr": "1",
            "x264-params": f"keyint=infinite:scenecut=0:vbv-maxrate={bits // 1000}:vbv-bufsize={2 * bits // 1000}",
        }
        self.width, self.height, self.fps = width, height, fps
        self._context = context
        self._begun: float | None = None
        self._key_at = 0.0
        self._last = -1
        self._arrived: tuple[float, datetime] | None = None

    def add(self, picture: Picture, stamp: FrameStamp, pts: int | None, time_base: Fraction) -> MediaPacket:
        """The packet of a masked picture. pts: the original's, in time_base seconds, None where it has none."""
        if self._begun is None:
            self._begun = stamp.monotonic
            self._key_at = stamp.monotonic - KEY_S
        key = stamp.monotonic - self._key_at >= KEY_S
        if key:
            self._key_at = stamp.monotonic
        frame = av.VideoFrame.from_ndarray(picture.i420().reshape(-1, picture.width), format="yuv420p")
        self._last = frame.pts = max(round((stamp.monotonic - self._begun) * _TICKS), self._last + 1)
        frame.time_base = Fraction(1, _TICKS)
        frame.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
        if self._arrived is None or self._arrived[0] < stamp.monotonic:
            # Pictures come in the order they are shown in, which is not that of their arrival; a ring is.
            self._arrived = (stamp.monotonic, stamp.received)
        packets = self._context.encode(frame)
        data = b"".join(bytes(packet) for packet in packets)
        return MediaPacket(
            kind="video",
            data=data,
            pts=pts,
            dts=pts,
            time_base=time_base,
            keyframe=any(packet.is_keyframe for packet in packets),
            received=self._arrived[1],
            monotonic=self._arrived[0],
            captured=stamp.captured,
        )

    def info(self, first: MediaPacket) -> VideoInfo:
        """What the stream is, from its first keyframe."""
        return VideoInfo(
            codec="h264",
            width=self.width,
            height=self.height,
            fps=self.fps,
            time_base=first.time_base,
            pixel_format="yuv420p",
            extradata=parameter_sets(first.data),
        )
