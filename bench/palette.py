"""Making a picture of a screen smaller: 256 colours, of which those of the page itself stay exactly as they are."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

EXACT, COLOURS = 96, 256  # so many of the commonest colours are kept; the rest stand for what photographs have


def with_palette(picture: bytes) -> bytes:
    """A PNG or other picture as a PNG of 256 colours."""
    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    pixels = cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)
    colours, place, count = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    order = np.argsort(-count)
    common, rest = order[:EXACT], order[EXACT:]
    index = np.zeros(len(colours), np.uint8)
    index[common] = np.arange(len(common))
    palette = colours[common].astype(np.float32)
    if len(rest):
        middles, nearest = _grouped(colours[rest].astype(np.float32), COLOURS - EXACT)
        index[rest] = len(common) + nearest
        palette = np.concatenate([palette, middles])
    return _png(index[place.reshape(-1)].reshape(pixels.shape[:2]), np.rint(palette).astype(np.uint8))


def _grouped(colours: NDArray[np.float32], groups: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """(groups, 3) colours that stand for all, and for each colour which of them."""
    groups = min(groups, len(colours))
    cv2.setRNGSeed(1)
    some = colours[:: max(1, len(colours) // 20_000)]
    enough = (cv2.TERM_CRITERIA_MAX_ITER | cv2.TERM_CRITERIA_EPS, 12, 0.5)
    middles = cv2.kmeans(some, groups, None, enough, 1, cv2.KMEANS_PP_CENTERS)[2]  # type: ignore[call-overload]
    parts = np.array_split(colours, max(1, len(colours) // 4000))
    nearest = [np.argmin(((part[:, None] - middles[None]) ** 2).sum(axis=2), axis=1) for part in parts]
    return middles, np.concatenate(nearest)


def _png(rows: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    height, width = rows.shape
    lines = np.hstack([np.zeros((height, 1), np.uint8), rows])  # each line without a filter
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = [
        (b"IHDR", header),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    ]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)
