"""A frame as a JPEG, and a JPEG from outside as a picture: both with limits."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np

from .picture import MAX_PIXELS, Picture, PictureRefused

MOST_BYTES = 8 * 1024 * 1024


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
    """A picture from a file somebody sent. Raises PictureRefused where it is too large, damaged or none."""
    if len(data) > most_bytes:
        raise PictureRefused(f"the picture file is too large: at most {most_bytes // (1024 * 1024)} MB")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        raise PictureRefused(f"the picture is damaged or larger than {MAX_PIXELS} pixels") from None
    if image is None:
        raise PictureRefused("this is not a picture")
    return Picture.of_bgr(np.asarray(image, np.uint8))
