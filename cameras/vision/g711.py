"""µ-law and A-law (ITU-T G.711) by table: 16-bit samples to bytes and back."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 8000  # samples a second
SILENCE: Final = {"PCMU": 0xFF, "PCMA": 0xD5}

_I16 = NDArray[np.int16]


def _ulaw_values() -> _I16:
    """What each of the 256 µ-law bytes means: sign, 3 bits of exponent, 4 bits of mantissa, all inverted."""
    code = ~np.arange(256, dtype=np.uint8)
    magnitude = ((((code & 0x0F).astype(np.int32) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_values() -> _I16:
    """What each of the 256 A-law bytes means: every other bit inverted; the sign bit set means positive."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    exponent = ((code & 0x70) >> 4).astype(np.int32)
    mantissa = ((code & 0x0F).astype(np.int32) << 4) + 8
    magnitude = np.where(exponent > 0, (mantissa + 0x100) << np.maximum(exponent - 1, 0), mantissa)
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _nearest(values: _I16) -> NDArray[np.uint8]:
    """For each 16-bit sample (as an index, offset by 32768) the byte whose value is nearest."""
    order = np.argsort(values, kind="stable")
    known = values[order].astype(np.int32)
    limits = (known[:-1] + known[1:] + 1) // 2
    return order[np.searchsorted(limits, np.arange(-32768, 32768), side="right")].astype(np.uint8)


_VALUES: Final = {"PCMU": _ulaw_values(), "PCMA": _alaw_values()}
_BYTES: Final = {law: _nearest(values) for law, values in _VALUES.items()}


def encode(samples: _I16, law: str = "PCMU") -> bytes:
    """16-bit samples as "PCMU" (µ-law) or "PCMA" (A-law) bytes, one each."""
    return _BYTES[law][samples.astype(np.int32) + 32768].tobytes()


def decode(data: bytes, law: str = "PCMU") -> _I16:
    """The samples of G.711 bytes."""
    return _VALUES[law][np.frombuffer(data, np.uint8)]
