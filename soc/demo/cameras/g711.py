"""G.711 µ-law by table (ITU-T G.711): 8 kHz, one byte a sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BIAS = 0x84
_CLIP = 32_635


def _expand() -> NDArray[np.int16]:
    codes = ~np.arange(256, dtype=np.uint8)
    exponent = (codes >> 4) & 7
    mantissa = (codes & 0x0F).astype(np.int32)
    size = ((mantissa << 3) + _BIAS << exponent.astype(np.int32)) - _BIAS
    return np.where(codes & 0x80, -size, size).astype(np.int16)


_LINEAR = _expand()


def decode(data: bytes) -> NDArray[np.int16]:
    """µ-law bytes to 16-bit linear samples."""
    return _LINEAR[np.frombuffer(data, np.uint8)]


def encode(samples: NDArray[np.int16]) -> bytes:
    """16-bit linear samples to µ-law bytes."""
    wide = samples.astype(np.int32)
    size = np.minimum(np.abs(wide), _CLIP) + _BIAS
    exponent = np.floor(np.log2(size)).astype(np.int32) - 7
    mantissa = (size >> (exponent + 3)) & 0x0F
    sign = np.where(wide < 0, 0x80, 0)
    return (~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8).tobytes()
