"""RTP and RTCP as the cameras send them: H.264 (RFC 6184), PCMU (RFC 3551), sender reports and BYE (RFC 3550)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

H264 = 96
PCMU = 0
VIDEO_HZ = 90_000
AUDIO_HZ = 8_000
# 1,400 bytes of payload fit an Ethernet frame with IP, UDP and RTP headers.
PAYLOAD = 1_400
NTP_EPOCH = 2_208_988_800
CNAME = b"camera"
_FU_A = 28


def split_h264(nals: tuple[bytes, ...]) -> Iterator[tuple[bytes, bool]]:
    """Payloads of one picture and their marker bits: single NAL units, or FU-A fragments of long ones."""
    for number, nal in enumerate(nals):
        last = number == len(nals) - 1
        if len(nal) <= PAYLOAD:
            yield nal, last
            continue
        indicator = bytes([(nal[0] & 0xE0) | _FU_A])
        body, size = nal[1:], PAYLOAD - 2
        for start in range(0, len(body), size):
            first, final = start == 0, start + size >= len(body)
            header = bytes([(0x80 if first else 0) | (0x40 if final else 0) | (nal[0] & 0x1F)])
            yield indicator + header + body[start : start + size], last and final


def packet(kind: int, sequence: int, timestamp: int, ssrc: int, payload: bytes, *, marker: bool) -> bytes:
    """One RTP packet."""
    return (
        struct.pack(
            "!BBHII",
            0x80,
            (0x80 if marker else 0) | kind,
            sequence & 0xFFFF,
            timestamp & 0xFFFFFFFF,
            ssrc,
        )
        + payload
    )


def sender_report(ssrc: int, wall: float, timestamp: int, packets: int, octets: int) -> bytes:
    """A compound RTCP packet (SR + SDES) that ties the RTP timestamp to the wall clock (Unix seconds)."""
    seconds = int(wall)
    fraction = int((wall - seconds) * (1 << 32)) & 0xFFFFFFFF
    report = struct.pack(
        "!BBHIIIIII",
        0x80,
        200,
        6,
        ssrc,
        (seconds + NTP_EPOCH) & 0xFFFFFFFF,
        fraction,
        timestamp & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    item = struct.pack("!IBB", ssrc, 1, len(CNAME)) + CNAME
    item += b"\0" * (4 - len(item) % 4)
    return report + struct.pack("!BBH", 0x81, 202, len(item) // 4) + item


def bye(ssrc: int) -> bytes:
    """RTCP BYE with the empty receiver report that a compound packet begins with."""
    return struct.pack("!BBHI", 0x80, 201, 1, ssrc) + struct.pack("!BBHI", 0x81, 203, 1, ssrc)


def payload_of(data: bytes) -> tuple[int, int, bytes] | None:
    """(payload type, timestamp, payload) of a received RTP packet; None if it is none."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    kind, timestamp = data[1] & 0x7F, int.from_bytes(data[4:8], "big")
    start = 12 + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        if len(data) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(data[start + 2 : start + 4], "big")
    end = len(data) - (data[-1] if data[0] & 0x20 else 0)
    return (kind, timestamp, data[start:end]) if start < end else None
