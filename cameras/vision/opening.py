"""Opening a camera with FFmpeg's teeth drawn, and saying in words what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, Literal

import av
import av.error

from .address import PinnedAddress
from .h264 import avc_codec_string, parameter_sets
from .picture import MAX_PIXELS

StreamFault = Literal[
    "refused",
    "unreachable",
    "timed_out",
    "unauthorised",
    "not_found",
    "no_video",
    "garbage",
    "too_large",
    "stalled",
    "ended",
]

# What each fault means to somebody who can act on it. The code is what gets stored and translated.
WORDS: Final[dict[StreamFault, str]] = {
    "refused": "The camera refused the connection: is it on, and is the port right?",
    "unreachable": "The camera cannot be reached: check its address and the network.",
    "timed_out": "The camera did not answer in time.",
    "unauthorised": "The camera did not accept the user name and password.",
    "not_found": "The camera answered, but has no stream at this path.",
    "no_video": "The camera answered, but sends no video.",
    "garbage": "What answered is not a camera stream, or the stream is damaged.",
    "too_large": "The camera's picture is too large.",
    "stalled": "The camera is connected but sends no new pictures.",
    "ended": "The camera ended the stream.",
}


class StreamError(Exception):
    """A camera that cannot be read. `fault` is the code; `permanent` says that trying again soon is
    pointless.

    The message never holds credentials: only `WORDS` and FFmpeg's name of the error go into it.
    """

    def __init__(self, fault: StreamFault, detail: str = "") -> None:
        super().__init__(f"{WORDS[fault]} ({detail})" if detail else WORDS[fault])
        self.fault: StreamFault = fault
        self.detail = detail
        self.permanent = fault in ("unauthorised", "not_found", "no_video", "too_large")


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """Limits for opening and reading: seconds and pixels."""

    open_timeout_s: float = 5.0
    read_timeout_s: float = 3.0
    first_frame_s: float = 12.0  # a camera may have us wait for its next keyframe
    max_pixels: int = MAX_PIXELS


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

    Raises StreamError.
    """
    limits = options or OpenOptions()
    try:
        container = av.open(
            address.url_for_ffmpeg,
            options=ffmpeg_options(limits),
            timeout=(limits.open_timeout_s, limits.read_timeout_s),
        )
    except (OSError, av.error.FFmpegError, ValueError) as error:
        raise classify(error) from None  # the cause would carry the URL, and with it the password
    if not container.streams.video:
        container.close()
        raise StreamError("no_video")
    return container


def ffmpeg_options(limits: OpenOptions) -> dict[str, str]:
    """FFmpeg's options for a camera: TCP only, no other protocol, and no looking about before the first packet.

    The description names the codecs, and the first frame tells the rest: probing would only add its wait to the
    one for a keyframe.
    """
    return {
        "rtsp_transport": "tcp",
        "allowed_media_types": "video+audio",
        "protocol_whitelist": "rtsp,rtp,udp,tcp,tls",
        "user_agent": "Nightdesk",
        "fflags": "nobuffer+discardcorrupt",
        "flags": "low_delay",
        "probesize": "32",
        "analyzeduration": "1",
        "fpsprobesize": "0",
        "max_delay": "0",
        "max_streams": "8",
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
    for kinds, fault in _FAULTS:
        if isinstance(error, kinds):
            return StreamError(fault, "" if fault in ("unauthorised", "ended") else name)
    return StreamError("unreachable", name)


_FAULTS: Final[tuple[tuple[tuple[type[BaseException], ...], StreamFault], ...]] = (
    ((av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError), "unauthorised"),
    ((av.error.HTTPNotFoundError,), "not_found"),
    ((av.error.HTTPError, av.error.InvalidDataError, av.error.LookupError), "garbage"),
    ((av.error.ExitError, TimeoutError), "timed_out"),
    ((ConnectionRefusedError,), "refused"),
    ((EOFError, ConnectionResetError, BrokenPipeError, ConnectionAbortedError), "ended"),
    ((ValueError, av.error.UnknownError, av.error.PatchWelcomeError), "garbage"),
)
