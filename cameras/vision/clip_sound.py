"""A clip's sound: whatever the camera sends, decoded, laid on the clip's time line and encoded as AAC."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

import av
import av.error
import numpy as np
from numpy.typing import NDArray

from .opening import AudioInfo
from .ring import MediaPacket

RATE: Final = 16_000  # G.711's 8 kHz is at the edge of what players expect of AAC
_LOOSE_S: Final = 0.06  # sound that is off by less follows on without a gap: arrivals jitter


def encode_sound(
    out: Any,
    packets: Sequence[MediaPacket],
    times: Sequence[float],
    begin: float,
    end: float,
    audio: AudioInfo | None,
) -> tuple[Any, list[Any]] | None:
    """Add an AAC stream to `out`; gives it with its packets, or None where nothing could be decoded.

    times: monotonic seconds of each packet; begin, end: those of the clip.
    """
    if audio is None:
        return None
    wave = _wave(packets, times, begin, end, audio)
    if wave is None:
        return None
    stream = out.add_stream("aac", rate=RATE, layout="mono")
    stream.bit_rate = 32_000
    encoded: list[Any] = []
    for at in range(0, len(wave), 1024):
        block = np.ascontiguousarray(wave[at : at + 1024]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        encoded += stream.encode(frame)
    encoded += stream.encode(None)
    return stream, encoded


def _wave(
    packets: Sequence[MediaPacket], times: Sequence[float], begin: float, end: float, audio: AudioInfo
) -> NDArray[np.float32] | None:
    """One channel of samples at RATE from begin to end, silent where nothing was received."""
    context = _decoder(audio)
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=RATE)
    wave = np.zeros(round((end - begin) * RATE), np.float32)
    cursor, heard = None, False
    for packet, at in zip(packets, times, strict=True):
        if not begin - 0.5 <= at < end:
            continue
        place = round((at - begin) * RATE)
        cursor = place if cursor is None or abs(place - cursor) > _LOOSE_S * RATE else cursor
        for samples in _samples(context, resampler, packet.data):
            low, high = max(cursor, 0), min(cursor + len(samples), len(wave))
            if low < high:
                wave[low:high] = samples[low - cursor : high - cursor]
                heard = True
            cursor += len(samples)
    return wave if heard else None


def _decoder(audio: AudioInfo) -> Any:
    context: Any = av.CodecContext.create(audio.codec, "r")
    context.sample_rate = audio.rate
    context.layout = "stereo" if audio.channels == 2 else "mono"
    if audio.extradata:
        context.extradata = audio.extradata
    return context


def _samples(context: Any, resampler: Any, data: bytes) -> list[NDArray[np.float32]]:
    try:
        frames = context.decode(av.Packet(data))
    except av.error.FFmpegError:
        return []  # a damaged packet is twenty milliseconds of silence
    found = []
    for frame in frames:
        frame.pts = None
        found += [np.asarray(part.to_ndarray(), np.float32).reshape(-1) for part in resampler.resample(frame)]
    return found
