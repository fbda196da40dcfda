"""A frame as a JPEG, and a JPEG from outside as a picture: both with limits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from .picture import Picture, PictureRefused, check_size

PNG = b"\x89PNG\r\n\x1a\n"
ROWS = 256  # blended at a time: what is transparent must not cost twice the picture again
MOST_BYTES = 8 * 1024 * 1024
MOST_PIXELS = 4096 * 3072  # of one from outside: with what decoding a progressive one takes, less than 100 MB


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A JPEG with its size in pixels and the SHA-256 of its bytes."""

    jpeg: bytes
    width: int
    height: int
    sha256: str


def take(picture: Picture, *, max_width: int = 1280, max_height: int = 1280, quality: int = 82) -> Snapshot:
    """Encode a picture, scaled down to the limits (pixels). Boxes are not drawn in: they are data beside it."""
    small = picture.shrunk(max_width, max_height)
    done, encoded = cv2.imencode(".jpg", small.bgr(), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise PictureRefused("the picture could not be encoded")
    jpeg = encoded.tobytes()
    return Snapshot(jpeg, small.width, small.height, hashlib.sha256(jpeg).hexdigest())


def decode(data: bytes, *, most_bytes: int = MOST_BYTES) -> Picture:
    """A picture from a JPEG or PNG that somebody sent. Raises PictureRefused where it is too large, damaged or none.

    Its size is read from its header first: a bomb is a few bytes that claim to be a gigabyte. What a PNG leaves transparent
    is white, as on the paper that drawings are made for.
    """
    if len(data) > most_bytes:
        raise PictureRefused(f"the picture file is too large: at most {most_bytes // (1024 * 1024)} MB")
    claimed = _claimed_size(data)
    if claimed is None:
        raise PictureRefused("this is not a JPEG or PNG picture")
    check_size(*claimed, MOST_PIXELS)
    try:
        image = _png(data) if data.startswith(PNG) else cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        image = None
    if image is None:
        raise PictureRefused("the picture is damaged")
    return Picture.of_bgr(np.asarray(image, np.uint8))


def _png(data: bytes) -> Any:
    """BGR on white, None for a damaged one. (Read as colour alone, all that is transparent would be black.)"""
    image: Any = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:
        return None
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    if image.shape[2] == 3:
        return image
    found = np.empty((*image.shape[:2], 3), np.uint8)
    for top in range(0, image.shape[0], ROWS):
        band = image[top : top + ROWS].astype(np.uint16)
        alpha = band[:, :, 3:]
        found[top : top + ROWS] = (band[:, :, :3] * alpha + 255 * (255 - alpha)) // 255
    return found


def _claimed_size(data: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels as the header says, None for what is neither JPEG nor PNG."""
    if data.startswith(PNG) and data[12:16] == b"IHDR" and len(data) >= 24:
        return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame begins: height, then width
            return int.from_bytes(data[at + 7 : at + 9], "big"), int.from_bytes(data[at + 5 : at + 7], "big")
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None
