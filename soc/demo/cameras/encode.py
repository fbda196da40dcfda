"""One H.264 encoder setting for everything the cameras show, so that clips can follow each other in one stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from numpy.typing import NDArray

IDR = 5
SPS = 7
PPS = 8
MICROSECONDS = Fraction(1, 1_000_000)


@dataclass(frozen=True)
class AccessUnit:
    """One encoded picture: its NAL units without start codes, and seconds since the start of its clip.

    jpeg: it is no H.264, and its only unit a whole JPEG.
    """

    nals: tuple[bytes, ...]
    key: bool
    at_s: float
    jpeg: bool = False


def open_encoder(width: int, height: int, fps: Fraction, *, crf: int, preset: str) -> VideoCodecContext:
    """An x264 encoder: main profile, no B-frames, a key frame only where the caller asks for one.

    Streams of one size and rate made here have the same SPS, and every key frame carries SPS and PPS, so a decoder
    accepts any key frame of any of them next.
    """
    context = av.CodecContext.create("libx264", "w")
    context.width = width
    context.height = height
    context.pix_fmt = "yuv420p"
    context.time_base = MICROSECONDS
    context.framerate = fps
    context.thread_count = 1
    context.options = {
        "preset": preset,
        "profile": "main",
        "crf": str(crf),
        # Look-ahead off keeps it at one picture in, one picture out.
        "x264-params": "keyint=infinite:scenecut=0:bframes=0:rc-lookahead=0:sync-lookahead=0:ref=1:"
        "weightp=0:8x8dct=0:repeat-headers=1:force-cfr=1",
    }
    return context


def encode(context: VideoCodecContext, picture: av.VideoFrame, *, at_s: float, key: bool) -> Iterator[AccessUnit]:
    """Feed one picture; yields the units that came out."""
    picture.pts = round(at_s / float(MICROSECONDS))
    picture.time_base = MICROSECONDS
    picture.pict_type = av.video.frame.PictureType.I if key else av.video.frame.PictureType.NONE
    for packet in context.encode(picture):
        yield unit_from_annexb(bytes(packet))


def unit_from_annexb(data: bytes, at_s: float = 0.0) -> AccessUnit:
    """Split a byte stream of one picture at its start codes."""
    nals = tuple(split_annexb(data))
    return AccessUnit(nals=nals, key=any(kind(nal) == IDR for nal in nals), at_s=at_s)


def split_annexb(data: bytes) -> Iterator[bytes]:
    """NAL units of an Annex B byte stream, without start codes or trailing zeros."""
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        end = data.find(b"\x00\x00\x01", start + 3)
        nal = data[start + 3 : end if end >= 0 else len(data)].rstrip(b"\x00")
        if nal:
            yield nal
        start = end


def kind(nal: bytes) -> int:
    """The NAL unit's type (RFC 6184, 1.3)."""
    return nal[0] & 0x1F


def picture_from_rgb(pixels: NDArray[np.uint8]) -> av.VideoFrame:
    """A frame for the encoder from [height, width, 3] RGB."""
    return av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
