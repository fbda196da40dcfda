"""Motion JPEG as cameras send it by RTP (RFC 2435): one picture, and the payloads it travels in."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import av

JPEG = 26
PAYLOAD = 1_400
LARGEST = 2_040  # pixels of a side: the payload counts blocks of eight in one byte
_OWN_TABLES = 255
_QUANTISATION, _SCAN = 0xDB, 0xDA


def encode(frame: av.VideoFrame, fps: float) -> bytes:
    """A JPEG of the frame with the Huffman tables of the standard, which RTP leaves out."""
    if max(frame.width, frame.height) > LARGEST:
        raise ValueError(f"by RTP a JPEG has at most {LARGEST} pixels a side")
    context = av.CodecContext.create("mjpeg", "w")
    context.width, context.height = frame.width // 8 * 8, frame.height // 8 * 8
    context.pix_fmt, context.thread_count = "yuvj420p", 1
    context.time_base = 1 / Fraction(fps).limit_denominator(1000)
    context.options = {"huffman": "default", "qmin": "3", "qmax": "6"}
    picture = frame.reformat(width=context.width, height=context.height, format="yuvj420p")
    picture.pts, picture.time_base = 0, context.time_base
    return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])


def split(picture: bytes) -> Iterator[tuple[bytes, bool]]:
    """Payloads of one picture and their marker bits. Raises ValueError for what is no baseline JPEG."""
    tables, width, height, scan = _taken_apart(picture)
    at = 0
    while at < len(scan):
        head = at.to_bytes(4, "big") + bytes([1, _OWN_TABLES, width // 8, height // 8])
        if at == 0:
            head += bytes(2) + len(tables).to_bytes(2, "big") + tables
        part = scan[at : at + PAYLOAD - len(head)]
        at += len(part)
        yield head + part, at >= len(scan)


def _taken_apart(picture: bytes) -> tuple[bytes, int, int, bytes]:
    """(quantisation tables, width, height, what is coded)."""
    tables, size, at = b"", (0, 0), 2
    while at + 4 <= len(picture) and picture[at] == 0xFF:
        marker, length = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        body = picture[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == _QUANTISATION:
            tables += b"".join(body[start + 1 : start + 65] for start in range(0, len(body), 65))
        elif marker == 0xC0:
            size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
        elif marker == _SCAN and all(size):
            return tables, *size, picture[at:].removesuffix(b"\xff\xd9")
    raise ValueError("this is no baseline JPEG")
