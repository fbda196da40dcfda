"""One decoded frame, seen as luma, as I420 or as RGB without copying more than is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av

MAX_PIXELS = 33_177_600  # 8K: nothing a camera sends is larger, and a decompression bomb is

U8 = NDArray[np.uint8]


class PictureRefused(ValueError):
    """The picture is too large, too small or not a picture."""


def check_size(width: int, height: int, most: int = MAX_PIXELS) -> None:
    """Raise PictureRefused where a picture of this size in pixels must not be decoded."""
    if width < 16 or height < 16:
        raise PictureRefused(f"the picture is too small: {width}×{height}")
    if width * height > most:
        raise PictureRefused(f"the picture is too large: {width}×{height}, at most {most} pixels")


class Picture:
    """A frame as three planes: y (height, width), u and v (height/2, width/2), uint8. Sides are even.

    The planes may be views into the decoder's memory; they stay valid as long as the picture lives, and
    nobody writes into them.
    """

    __slots__ = ("u", "v", "y")

    def __init__(self, y: U8, u: U8, v: U8) -> None:
        height, width = y.shape
        if height % 2 or width % 2 or u.shape != (height // 2, width // 2) or v.shape != u.shape:
            raise PictureRefused(f"planes do not fit each other: {y.shape}, {u.shape}, {v.shape}")
        check_size(width, height)
        self.y, self.u, self.v = y, u, v

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])

    @classmethod
    def of_frame(cls, frame: av.VideoFrame) -> Picture:
        """Views into a decoded PyAV frame; other pixel formats than 4:2:0 are converted first."""
        check_size(frame.width, frame.height)
        if frame.format.name not in ("yuv420p", "yuvj420p"):
            frame = frame.reformat(format="yuv420p")
        width, height = frame.width & ~1, frame.height & ~1
        y, u, v = (_plane(plane) for plane in frame.planes[:3])
        half_w, half_h = width // 2, height // 2
        return cls(y[:height, :width], u[:half_h, :half_w], v[:half_h, :half_w])

    @classmethod
    def of_bgr(cls, image: U8) -> Picture:
        """From an OpenCV image (height, width, 3); an odd last row or column is cut off."""
        height, width = image.shape[0] & ~1, image.shape[1] & ~1
        check_size(width, height)
        return cls.of_i420(cv2.cvtColor(image[:height, :width], cv2.COLOR_BGR2YUV_I420), width, height)

    @classmethod
    def of_i420(cls, data: Any, width: int, height: int) -> Picture:
        """From I420 bytes (or an array of them): y, then u, then v, without padding."""
        flat = np.frombuffer(data, np.uint8) if not isinstance(data, np.ndarray) else data.reshape(-1)
        luma, chroma = width * height, (width // 2) * (height // 2)
        if flat.size != luma + 2 * chroma:
            raise PictureRefused(f"{flat.size} bytes are no {width}×{height} picture")
        return cls(
            flat[:luma].reshape(height, width),
            flat[luma : luma + chroma].reshape(height // 2, width // 2),
            flat[luma + chroma :].reshape(height // 2, width // 2),
        )

    def shrunk(self, max_width: int, max_height: int) -> Picture:
        """This picture, scaled down with its proportions kept where it is larger than the limits (pixels)."""
        scale = min(max_width / self.width, max_height / self.height)
        if scale >= 1.0:
            return self
        width, height = max(16, int(self.width * scale) & ~1), max(16, int(self.height * scale) & ~1)
        half = (width // 2, height // 2)
        return Picture(_resize(self.y, (width, height)), _resize(self.u, half), _resize(self.v, half))

    def write_i420(self, target: U8) -> int:
        """Copy the planes into a flat uint8 array; gives the number of bytes written."""
        at = 0
        for plane in (self.y, self.u, self.v):
            target[at : at + plane.size].reshape(plane.shape)[...] = plane
            at += plane.size
        return at

    def i420(self) -> U8:
        """A flat copy, (height × 1.5 × width,)."""
        flat = np.empty(self.y.size + self.u.size + self.v.size, np.uint8)
        self.write_i420(flat)
        return flat

    def rgb(self) -> U8:
        """(height, width, 3), red first."""
        return self._convert(cv2.COLOR_YUV2RGB_I420)

    def bgr(self) -> U8:
        """(height, width, 3), blue first, as OpenCV has it."""
        return self._convert(cv2.COLOR_YUV2BGR_I420)

    def _convert(self, code: int) -> U8:
        packed = self.i420().reshape(self.height * 3 // 2, self.width)
        image: U8 = np.asarray(cv2.cvtColor(packed, code), np.uint8)
        return image


def _plane(plane: Any) -> U8:
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)


def _resize(plane: U8, size: tuple[int, int]) -> U8:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)
