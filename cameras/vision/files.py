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


class FileRefused(ValueError):
    """The file cannot be read, or not all of it, in words."""


@dataclass(frozen=True, slots=True)
class FilePicture:
    """A picture of a file: its number from 0, its time in seconds from the first, the way up it is meant to be seen."""

    number: int
    seconds: float
    picture: Picture


def pictures_of(path: Path) -> Iterator[FilePicture]:
    """Every picture of a video, or the one of a still. A damaged part is passed over.

    Raises FileRefused: at once where the file is none or none of it can be decoded, at the end where some of it could
    not. A picture of more than MAX_PIXELS is not decoded.
    """
    if not path.exists():
        raise FileRefused("there is no such file")
    if not path.is_file():
        raise FileRefused("that is not a file")
    try:
        # A playlist or an SDP may name other places: nothing but files is opened.
        container = av.open(str(path), options={"max_pixels": str(MAX_PIXELS), "protocol_whitelist": "file"})
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise FileRefused(f"not a video or picture that can be read ({_words(error)})") from error
    with container:
        if not container.streams.video:
            raise FileRefused("there is no picture in it")
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        # Given to av.open it holds for the probing alone.
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        yield from _decoded(container, stream)


def _decoded(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[FilePicture]:
    count = damaged = 0
    first: float | None = None
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
            seconds = float(frame.time) if frame.time is not None else None
            first = seconds if first is None else first
            try:
                picture = _upright(frame)
            except PictureRefused as error:
                raise FileRefused(str(error)) from error
            yield FilePicture(count, max((seconds or 0.0) - (first or 0.0), 0.0), picture)
            count += 1
    if not count:
        raise FileRefused(
            f"none of it can be decoded: damaged, or more than {MAX_PIXELS} pixels ({last_words or 'empty'})"
        )
    if damaged:
        raise FileRefused(f"{damaged} parts of it are damaged and were passed over ({last_words})")


def _upright(frame: av.VideoFrame) -> Picture:
    """Telephones film lying on their side and write down how to turn the picture."""
    picture = Picture.of_frame(frame)
    turns = round(frame.rotation / 90) % 4
    if not turns:
        return picture
    return Picture(*(np.ascontiguousarray(np.rot90(plane, turns)) for plane in (picture.y, picture.u, picture.v)))


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
