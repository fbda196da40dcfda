"""The pictures of a file on disk: a video or a still, read with the care that somebody else's file asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import av.error
import numpy as np

from .picture import MAX_PIXELS, Picture, PictureRefused

MOST_DAMAGED: Final = 1000  # parts; then the rest is not worth the time
DRAWN: Final = frozenset({"ansi", "bintext", "idf", "xbin"})  # FFmpeg draws the letters of a text, and calls that video
USUAL_FPS: Final = 25.0
CUT_S: Final = 1.0  # whose time goes back further is cut together of several


class FileRefused(ValueError):
    """The file cannot be read, or not all of it, in words."""


@dataclass(frozen=True, slots=True)
class FilePicture:
    """A picture of a file: its number from 0, its time in seconds from the first, the way up it is meant to be seen.

    Where a file tells no times, pictures are as far apart as it says, or a 25th of a second. Where its time begins anew, as
    where recordings were put one behind the other, it goes on.
    """

    number: int
    seconds: float
    picture: Picture


def pictures_of(path: Path) -> Iterator[FilePicture]:
    """Every picture of a video, or the one of a still. A damaged part is passed over.

    Raises FileRefused: at once where the file is none or none of it can be decoded, at the end where some of it could
    not. A picture of more than MAX_PIXELS is not decoded.
    """
    try:
        there, usable = path.exists(), path.is_file()
    except OSError as error:
        raise FileRefused(f"it cannot be read ({_words(error)})") from error
    if not usable:
        raise FileRefused("that is not a file" if there else "there is no such file")
    try:
        # A playlist or an SDP may name other places: nothing but files is opened. Nor is a name with a colon another
        # protocol, or one with a percent sign a whole series of pictures.
        options = {"max_pixels": str(MAX_PIXELS), "protocol_whitelist": "file", "pattern_type": "none"}
        container = av.open(f"file:{path.absolute()}", options=options)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise FileRefused(f"not a video or picture that can be read ({_words(error)})") from error
    with container:
        if not container.streams.video:
            raise FileRefused("there is no picture in it")
        stream = container.streams.video[0]
        if stream.codec_context is None or stream.codec_context.name in DRAWN:
            raise FileRefused("not a video or picture, but a text")
        stream.thread_type = "NONE"
        # Given to av.open it holds for the probing alone.
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        yield from _decoded(container, stream)


def _decoded(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[FilePicture]:
    count = damaged = 0
    times = _Times(float(stream.average_rate or 0) or USUAL_FPS)
    last_words = ""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            if packet is None:
                break
            frames = packet.decode()
        except (av.error.FFmpegError, OSError) as error:
            damaged += 1
            last_words = _words(error)
            if damaged > MOST_DAMAGED:
                break
            continue
        for frame in frames:
            seconds = times.of(float(frame.time) if frame.time is not None else None)
            try:
                picture = _upright(frame)
            except PictureRefused as error:
                raise FileRefused(str(error)) from error
            yield FilePicture(count, seconds, picture)
            count += 1
    if not count:
        raise FileRefused(
            f"none of it can be decoded: damaged, or more than {MAX_PIXELS} pixels ({last_words or 'empty'})"
        )
    if damaged:
        raise FileRefused(f"{damaged} parts of it are damaged and were passed over ({last_words})")


class _Times:
    """A file's own times as seconds from its first picture, never going back."""

    def __init__(self, fps: float) -> None:
        self._step = 1 / fps
        self._begin: float | None = None  # what the file calls the time at which ours is 0
        self._last: float | None = None

    def of(self, told: float | None) -> float:
        """Of the next picture. told: what the file says, in seconds, None where it says nothing."""
        following = 0.0 if self._last is None else self._last + self._step
        if told is None:
            now = following
        else:
            if self._begin is None or (self._last or 0.0) - (told - self._begin) > CUT_S:
                self._begin = told - following
            now = max(told - self._begin, self._last or 0.0)
        self._last = now
        return now


def _upright(frame: av.VideoFrame) -> Picture:
    """Telephones film lying on their side and write down how to turn the picture."""
    picture = Picture.of_frame(frame)
    turns = round(frame.rotation / 90) % 4
    if not turns:
        return picture
    return Picture(*(np.ascontiguousarray(np.rot90(plane, turns)) for plane in (picture.y, picture.u, picture.v)))


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
