"""Opening a camera with FFmpeg's teeth drawn, and saying in words what went wrong."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import stat
import threading
from collections.abc import Container
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any, Final

import av
import av.error
from av.codec.hwaccel import HWAccel, hwdevices_available

from .address import PinnedAddress
from .faults import CameraError, Fault
from .h264 import avc_codec_string, parameter_sets
from .picture import MAX_PIXELS
from .rtsp import RtspClient, RtspError

MOST_STREAMS: Final = 8
# To see what a stream is, FFmpeg decodes what comes first; its head says it too, and whoever reads it decodes it once more.
_UNDECODED: Final = {"skip_frame": "all"}
_looking_through: Final = threading.Lock()


class StreamError(CameraError):
    """A camera that cannot be read."""


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """Limits for opening and reading: seconds and pixels. hardware: what decodes instead of the processor, by FFmpeg's name
    ("cuda", "vaapi" …), where it is there; empty for the processor.
    """

    open_timeout_s: float = 5.0
    read_timeout_s: float = 3.0
    first_frame_s: float = 12.0  # a camera may have us wait for its next keyframe
    max_pixels: int = MAX_PIXELS
    hardware: str = ""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What must be known of a video stream to decode, remux or play it. `fps` is what it claims, or None."""

    codec: str
    width: int
    height: int
    fps: float | None
    time_base: Fraction
    pixel_format: str
    extradata: bytes

    @property
    def codec_string(self) -> str | None:
        """The name WebCodecs and `<video>` want, such as avc1.42c01f; None where it cannot be told."""
        return avc_codec_string(self.extradata) if self.codec == "h264" else None


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """An audio stream: codec, samples a second, channels."""

    codec: str
    rate: int
    channels: int
    time_base: Fraction
    extradata: bytes


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a camera sends."""

    video: VideoInfo
    audio: AudioInfo | None = None


def open_camera(address: PinnedAddress, options: OpenOptions | None = None) -> Any:
    """Open a pinned camera address: an av.container.InputContainer with at least one video stream.

    1. Ask for the description ourselves: it says precisely what is wrong, and a redirection ends here.
    2. Have FFmpeg open it.
    3. See that FFmpeg is connected to the pinned address. It follows redirections and cannot be told not to; a
       camera that sends only FFmpeg elsewhere is let go of before a picture is taken.

    Raises StreamError.
    """
    limits = options or OpenOptions()
    _ask_first(address, limits)
    before = sockets()
    try:
        container = av.open(
            address.url_for_ffmpeg,
            options=ffmpeg_options(limits),
            stream_options=[_UNDECODED] * MOST_STREAMS,  # type: ignore[list-item]  # PyAV's stub says strings
            timeout=(limits.open_timeout_s, limits.read_timeout_s),
            hwaccel=_hardware(limits.hardware),
        )
    except (OSError, av.error.FFmpegError, ValueError) as error:
        raise classify(error) from None  # the cause would carry the URL, and with it the password
    fault: Fault | None = None
    if (address.ip, address.port) not in peers(known=before).values():
        fault = "redirected"
    elif not container.streams.video:
        fault = "no_video"
    if fault is not None:
        container.close()
        raise StreamError(fault)
    return container


def _hardware(name: str) -> HWAccel | None:
    """A device to decode with; None where it is the processor. What the device cannot decode, the processor does."""
    return HWAccel(name, allow_software_fallback=True) if name and not hardware_trouble(name) else None


@cache
def hardware_trouble(name: str) -> str:
    """Why decoding on that device does not work here, in words for the log; empty where it does. Tried once a process."""
    known = hwdevices_available()
    if name not in known:
        return f"“{name}” is none of the devices that this FFmpeg knows ({', '.join(known)}): the processor decodes."
    try:
        HWAccel(name).create(av.Codec("h264", "r"))
    except (av.error.FFmpegError, OSError, ValueError, NotImplementedError) as error:
        return f"Decoding with {name} does not work here ({type(error).__name__}): the processor decodes."
    return ""


def _ask_first(address: PinnedAddress, limits: OpenOptions) -> None:
    try:
        with RtspClient(address, timeout_s=limits.open_timeout_s) as client:
            reply = client.request("DESCRIBE", headers={"Accept": "application/sdp"})
    except RtspError as error:
        raise StreamError(error.fault, error.detail) from None
    if not reply.body.lstrip().startswith(b"v=0"):
        raise StreamError("garbage", "no session description")
    if re.search(rb"(?m)^m=video ", reply.body) is None:
        raise StreamError("no_video")


def sockets() -> dict[int, int]:
    """This process's sockets: inode → descriptor. Asks the system once for each descriptor: where many cameras come back at
    the same time, each looks through those of all the others.

    One thread at a time: every question to the system gives Python's lock away, and many who ask at once spend more time on
    handing that on than on asking.
    """
    found: dict[int, int] = {}
    with _looking_through:
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):  # closed since it was listed
                target = os.readlink(f"/proc/self/fd/{name}")
                if target.startswith("socket:["):
                    found[int(target[8:-1])] = int(name)
    return found


def duplicate(inode: int, descriptor: int) -> socket.socket | None:
    """A descriptor of our own for one of `sockets`; None where that was closed meanwhile."""
    try:
        copy = os.dup(descriptor)
    except OSError:
        return None
    status = os.fstat(copy)
    if stat.S_ISSOCK(status.st_mode) and status.st_ino == inode:
        return socket.socket(fileno=copy)
    os.close(copy)  # the number is another's by now
    return None


def peer_of(connection: socket.socket) -> tuple[str, int] | None:
    """The address and port of the other end; None where it has none, as one that listens or is half open."""
    if connection.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        address, port = connection.getpeername()[:2]
    except OSError:
        return None
    return address, port


def peers(known: Container[int] = ()) -> dict[int, tuple[str, int]]:
    """Where this process's TCP connections lead: inode of the socket → (address, port) of the other end. known: inodes that
    need not be asked.
    """
    found: dict[int, tuple[str, int]] = {}
    for inode, descriptor in sockets().items():
        if inode in known or (connection := duplicate(inode, descriptor)) is None:
            continue
        with connection:
            if (peer := peer_of(connection)) is not None:
                found[inode] = peer
    return found


def ffmpeg_options(limits: OpenOptions) -> dict[str, str]:
    """FFmpeg's options for a camera: TCP only, no other protocol, and no looking about before the first packet.

    The description names the codecs, and the first frame tells the rest: probing would only add its wait to the
    one for a keyframe. Not `nobuffer`: what FFmpeg reads while it opens would be thrown away, and that is the keyframe
    which a camera begins with; the next may be seconds away.
    """
    return {
        "rtsp_transport": "tcp",
        "allowed_media_types": "video+audio",
        "protocol_whitelist": "rtsp,rtp,udp,tcp,tls",
        "user_agent": "Nightdesk",
        "fflags": "discardcorrupt",
        "flags": "low_delay",
        "probesize": "32",
        "analyzeduration": "1",
        "fpsprobesize": "0",
        "max_delay": "0",
        "max_streams": str(MOST_STREAMS),
        "max_pixels": str(limits.max_pixels),
        "threads": "1",
    }


def describe(container: Any, frame: Any = None, *, max_pixels: int = MAX_PIXELS, keyframe: bytes = b"") -> StreamInfo:
    """What an open container holds. `frame` is its first decoded frame and `keyframe` the packet it came in, for
    what a description leaves open. Raises StreamError where there is no usable video.
    """
    if not container.streams.video:
        raise StreamError("no_video")
    video = container.streams.video[0]
    context = video.codec_context
    if context is None:
        raise StreamError("no_video", "its format is not known")
    width, height = (frame or context).width, (frame or context).height
    if not width or not height:
        raise StreamError("no_video", "its format could not be recognised")
    if width * height > max_pixels:
        raise StreamError("too_large", f"{width}×{height}")
    rate = video.average_rate
    extradata = bytes(context.extradata or b"")
    return StreamInfo(
        VideoInfo(
            codec=context.name,
            width=width,
            height=height,
            fps=float(rate) if rate and 0 < rate <= 240 else None,
            time_base=video.time_base,
            pixel_format=frame.format.name if frame else context.pix_fmt or "",
            extradata=extradata or (parameter_sets(keyframe) if context.name == "h264" else b""),
        ),
        _describe_audio(container),
    )


def _describe_audio(container: Any) -> AudioInfo | None:
    if not container.streams.audio:
        return None
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context is None or not context.sample_rate:
        return None
    return AudioInfo(
        codec=context.name,
        rate=context.sample_rate,
        channels=context.channels or 1,
        time_base=stream.time_base,
        extradata=bytes(context.extradata or b""),
    )


def classify(error: BaseException) -> StreamError:
    """FFmpeg's error as one of ours. Never repeats its text, which names the URL."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno == errno.EIO:
        return StreamError("stalled", "it stopped in the middle")  # of an answer or a picture, and stayed connected
    for kinds, fault in _FAULTS:
        if isinstance(error, kinds):
            return StreamError(fault, "" if fault in ("unauthorised", "ended") else name)
    return StreamError("unreachable", name)


_FAULTS: Final[tuple[tuple[tuple[type[BaseException], ...], Fault], ...]] = (
    ((av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError), "unauthorised"),
    ((av.error.HTTPNotFoundError,), "not_found"),
    ((av.error.HTTPError, av.error.InvalidDataError, av.error.LookupError), "garbage"),
    ((av.error.ExitError, TimeoutError), "timed_out"),
    ((ConnectionRefusedError,), "refused"),
    ((EOFError, ConnectionResetError, BrokenPipeError, ConnectionAbortedError), "ended"),
    ((ValueError, av.error.UnknownError, av.error.PatchWelcomeError), "garbage"),
)
