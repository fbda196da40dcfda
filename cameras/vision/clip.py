"""A clip from the ring: video copied as the camera encoded it, sound made AAC, an MP4 that browsers play at once."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import av.error

from .clip_jpeg import as_h264
from .clip_sound import encode_sound
from .h264 import avc_codec_string, avc_length_size, avc_parameter_sets, to_annex_b
from .opening import StreamInfo, VideoInfo
from .ring import MediaPacket, PacketRing

TICKS: Final = 90_000  # of the clip's video time base, a second
_BASE: Final = Fraction(1, TICKS)
_JUMP_S: Final = 2.0  # timestamps and arrivals that part by more belong to a new count


class ClipError(Exception):
    """No clip can be cut, and why, in words."""


@dataclass(frozen=True, slots=True)
class ClipOrder:
    """A clip that somebody wants: `trigger` in monotonic seconds, and how much before and after it."""

    trigger: float
    before_s: float = 8.0
    after_s: float = 8.0

    @property
    def until(self) -> float:
        return self.trigger + self.after_s

    def is_due(self, ring: PacketRing, monotonic: float, *, grace_s: float = 2.0) -> bool:
        """True once the ring holds all of it, or nothing more can be hoped for."""
        return ring.reaches(self.until) or monotonic > self.until + grace_s


@dataclass(frozen=True, slots=True)
class Clip:
    """An MP4 and what to know of it.

    `starts_at`: when the first frame was made, or arrived where that is not known; `starts_monotonic`: its arrival on the
    monotonic clock, so that a frame's place in the clip is `stamp.monotonic - starts_monotonic` seconds. `trigger_s`: where
    in the clip the trigger is. `codec`: what a browser calls the video (avc1.…; hvc1 is not played by all), `complete`:
    whether it reaches as far as was ordered.
    """

    data: bytes
    sha256: str
    starts_at: datetime
    starts_monotonic: float
    duration_s: float
    trigger_s: float
    width: int
    height: int
    video_codec: str
    audio_codec: str | None
    codec: str
    complete: bool

    @property
    def size(self) -> int:
        return len(self.data)


def cut(packets: Sequence[MediaPacket], info: StreamInfo, order: ClipOrder) -> Clip:
    """Cut a clip out of a ring's snapshot. Reads only what it is given, so no reader ever waits for it.

    1. Begin with the last keyframe at or before `trigger - before_s`, else with the first there is.
    2. Put every packet on one time line: its own timestamps, anchored to their arrival.
    3. Copy video, decode and encode sound to AAC, write an MP4 with its index in front.

    Single pictures (Motion JPEG) are encoded, since no browser plays them in an MP4.

    Raises ClipError where there is no keyframe or the codec cannot be copied into an MP4.
    """
    if info.video.codec == "mjpeg":
        packets, info = as_h264(packets, info, order.trigger - order.before_s - 1.0, order.until)
    video = _video_part(packets, order)
    times = _on_one_line(video)
    begin = min(times)
    end = max(times) + _frame_s(times)
    sound = [p for p in packets if p.kind == "audio"]
    with _scratch() as path:
        audio_codec = _write(path, video, [t - begin for t in times], info, sound, begin, end)
        data = path.read_bytes()
    first = video[0]
    header = avc_parameter_sets(info.video.extradata) or first.data
    return Clip(
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        starts_at=(first.captured or first.received) + timedelta(seconds=begin - first.monotonic),
        starts_monotonic=begin,
        duration_s=end - begin,
        trigger_s=min(max(order.trigger - begin, 0.0), end - begin),
        width=info.video.width,
        height=info.video.height,
        video_codec=info.video.codec,
        audio_codec=audio_codec,
        codec=(avc_codec_string(header) or "avc1") if info.video.codec == "h264" else "hvc1",
        complete=begin <= order.trigger - order.before_s + 0.5 and end >= order.until - 0.5,
    )


@contextmanager
def _scratch() -> Iterator[Path]:
    """A file for the muxer, which reads it again to put the index in front: in memory, so that a full disk is nothing to it."""
    if not hasattr(os, "memfd_create"):  # not Linux
        with tempfile.TemporaryDirectory(prefix="clip-") as folder:
            yield Path(folder) / "clip.mp4"
        return
    fd = os.memfd_create("clip")
    try:
        yield Path(f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)


def _video_part(packets: Sequence[MediaPacket], order: ClipOrder) -> list[MediaPacket]:
    video = [p for p in packets if p.kind == "video" and p.monotonic <= order.until]
    keyframes = [index for index, p in enumerate(video) if p.keyframe]
    if not keyframes:
        raise ClipError("No picture to begin with: the camera sent no keyframe in time.")
    early = [index for index in keyframes if video[index].monotonic <= order.trigger - order.before_s]
    return video[early[-1] if early else keyframes[0] :]


def _on_one_line(packets: Sequence[MediaPacket]) -> list[float]:
    """Each packet's time in monotonic seconds: evenly spaced as its timestamps are, anchored to arrivals.

    A stream's timestamps may begin anywhere and jump (a first RTCP report, a camera that sets its clock); each count
    of its own is anchored by the packet that was least delayed.
    """
    own = [float(p.pts * p.time_base) if p.pts is not None else p.monotonic for p in packets]
    lags = [p.monotonic - at for p, at in zip(packets, own, strict=True)]
    times: list[float] = []
    start = 0
    for index in range(1, len(packets) + 1):
        if index == len(packets) or abs(lags[index] - lags[index - 1]) > _JUMP_S:
            anchor = min(lags[start:index])
            times += [at + anchor for at in own[start:index]]
            start = index
    return times


def _frame_s(times: Sequence[float]) -> float:
    return (max(times) - min(times)) / (len(times) - 1) if len(times) > 1 else 0.04


def _write(
    path: Path,
    video: Sequence[MediaPacket],
    times: Sequence[float],
    info: StreamInfo,
    sound: Sequence[MediaPacket],
    begin: float,
    end: float,
) -> str | None:
    """Write the file; gives the sound's codec, None where there is none."""
    lengths = avc_length_size(info.video.extradata) if info.video.codec == "h264" else None
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            stream = _video_stream(out, video[0], info.video, lengths)
            samples = encode_sound(out, sound, _on_one_line(sound), begin, end, info.audio) if sound else None
            pending = list(_timed(video, times, lengths, stream)) + (samples[1] if samples else [])
            for packet in sorted(pending, key=lambda p: float(p.dts * p.time_base)):
                out.mux(packet)
        return "aac" if samples else None
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ClipError(f"The clip could not be written ({type(error).__name__}).") from error


def _video_stream(out: Any, first: MediaPacket, video: VideoInfo, lengths: int | None) -> Any:
    """An output stream made after a container that holds the first keyframe and nothing else."""
    if video.codec not in ("h264", "hevc"):
        raise ClipError(f"The camera sends {video.codec.upper()}; clips are made of H.264 or H.265.")
    header = avc_parameter_sets(video.extradata) if video.codec == "h264" else video.extradata
    sample = io.BytesIO(header + to_annex_b(first.data, lengths))
    with av.open(sample, format=video.codec, options={"max_pixels": "33177600"}) as template:
        stream = out.add_stream_from_template(template.streams.video[0])
    stream.time_base = _BASE
    if video.codec == "hevc":
        stream.codec_context.codec_tag = "hvc1"
    return stream


def _timed(video: Sequence[MediaPacket], times: Sequence[float], lengths: int | None, stream: Any) -> Any:
    """Packets with pts from the time line and dts that rise, as late as reordering needs."""
    shown = [round(at * TICKS) for at in times]
    decoded = sorted(shown)
    early = max(at - pts for at, pts in zip(decoded, shown, strict=True))
    previous = -(10**12)
    for source, pts, at in zip(video, shown, decoded, strict=True):
        packet = av.Packet(to_annex_b(source.data, lengths))
        packet.stream = stream
        packet.time_base = _BASE
        packet.dts = previous = max(at - early, previous + 1)
        packet.pts = max(pts, packet.dts)
        packet.is_keyframe = source.keyframe
        yield packet
