"""The little that must be known of H.264 and H.265 bytes: start codes, parameter sets, the codec's name."""

from __future__ import annotations

from collections.abc import Iterator

START = b"\x00\x00\x00\x01"


def units(annex_b: bytes) -> Iterator[bytes]:
    """The NAL units of a byte stream with start codes, without them."""
    at = annex_b.find(b"\x00\x00\x01")
    while at >= 0:
        begin = at + 3
        at = annex_b.find(b"\x00\x00\x01", begin)
        unit = annex_b[begin : at if at >= 0 else len(annex_b)].rstrip(b"\x00")
        if unit:
            yield unit


def is_annex_b(data: bytes) -> bool:
    """True for bytes that begin with a start code."""
    return data.startswith((b"\x00\x00\x01", START))


def avc_parameter_sets(extradata: bytes) -> bytes:
    """SPS and PPS with start codes, from an avcC box or as they are. Empty where there are none."""
    if is_annex_b(extradata):
        return extradata
    if extradata[:1] != b"\x01" or len(extradata) < 7:
        return b""
    found, at = b"", 5
    for mask in (0x1F, 0xFF):
        if at >= len(extradata):
            break
        count, at = extradata[at] & mask, at + 1
        for _ in range(count):
            size = int.from_bytes(extradata[at : at + 2], "big")
            found += START + extradata[at + 2 : at + 2 + size]
            at += 2 + size
    return found


def parameter_sets(annex_b: bytes) -> bytes:
    """The SPS and PPS inside a keyframe with start codes. Empty where it carries none."""
    return b"".join(START + unit for unit in units(annex_b) if unit[0] & 0x1F in (7, 8))


def sequence_header(annex_b: bytes, codec: str) -> bytes:
    """The SPS inside a keyframe with start codes: while it stays the same, so does the picture's size. Empty where the
    keyframe carries none or the codec is neither H.264 nor H.265.
    """
    for unit in units(annex_b):
        kind = {"h264": unit[0] & 0x1F, "hevc": (unit[0] >> 1) & 0x3F}.get(codec)
        if kind == {"h264": 7, "hevc": 33}.get(codec, -1):
            return unit
        if codec == "h264" and kind in (1, 5):  # the picture itself: headers come before it
            break
    return b""


def avc_length_size(extradata: bytes) -> int | None:
    """Bytes of each unit's length field where packets have no start codes; None where they have."""
    return (extradata[4] & 3) + 1 if extradata[:1] == b"\x01" and len(extradata) > 4 else None


def to_annex_b(packet: bytes, length_size: int | None) -> bytes:
    """A packet with start codes instead of length fields. A damaged tail is left out."""
    if length_size is None:
        return packet
    parts, at = [], 0
    while at + length_size < len(packet):
        size = int.from_bytes(packet[at : at + length_size], "big")
        at += length_size
        if size == 0 or at + size > len(packet):
            break
        parts.append(START + packet[at : at + size])
        at += size
    return b"".join(parts)


def avc_codec_string(header: bytes) -> str | None:
    """avc1.PPCCLL from parameter sets (either form) or a keyframe with start codes; None without an SPS."""
    for unit in units(avc_parameter_sets(header)):
        if unit[0] & 0x1F == 7 and len(unit) >= 4:
            return f"avc1.{unit[1:4].hex()}"
    return None
