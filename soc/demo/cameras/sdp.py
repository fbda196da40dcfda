"""The session description a camera gives (RFC 4566, RFC 6184 8.2, ONVIF Streaming 5.3.2)."""

from __future__ import annotations

import base64

from soc.demo.cameras.jpeg import JPEG
from soc.demo.cameras.rtp import H264, PCMU

VIDEO = "video"
SOUND = "sound"
SPEAKER = "speaker"


def describe(
    address: str, parameter_sets: tuple[bytes, bytes] | None, *, sound: bool, speaker: bool, motion_jpeg: bool = False
) -> str:
    """The SDP: video where parameter sets are given, sound to the client, and the speaker (ONVIF backchannel)."""
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        "s=camera",
        f"c=IN IP4 {address}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
    ]
    if parameter_sets and motion_jpeg:
        lines += [f"m=video 0 RTP/AVP {JPEG}", f"a=rtpmap:{JPEG} JPEG/90000", f"a=control:{VIDEO}", "a=recvonly"]
    elif parameter_sets:
        sps, pps = parameter_sets
        sprop = ",".join(base64.b64encode(part).decode() for part in (sps, pps))
        lines += [
            f"m=video 0 RTP/AVP {H264}",
            f"a=rtpmap:{H264} H264/90000",
            f"a=fmtp:{H264} packetization-mode=1;profile-level-id={sps[1:4].hex()};sprop-parameter-sets={sprop}",
            f"a=control:{VIDEO}",
            "a=recvonly",
        ]
    if sound:
        lines += [f"m=audio 0 RTP/AVP {PCMU}", "a=rtpmap:0 PCMU/8000", f"a=control:{SOUND}", "a=recvonly"]
    if speaker:
        # Directions are seen from the client: the client only sends on this one.
        lines += [f"m=audio 0 RTP/AVP {PCMU}", "a=rtpmap:0 PCMU/8000", f"a=control:{SPEAKER}", "a=sendonly"]
    return "\r\n".join([*lines, ""])
