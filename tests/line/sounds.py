"""Finding a sound in a recording."""

from __future__ import annotations

import io
import wave

import numpy as np
from numpy.typing import NDArray

RATE = 8000


def read_wav(content: bytes) -> NDArray[np.float64]:
    """The samples of a WAV file of 8 kHz, 16 bit, one channel."""
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 1)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def likeness(sound: NDArray[np.float64], recording: NDArray[np.float64]) -> float:
    """How much the best place of the recording is like the sound: 1 is the same but for its loudness, 0 nothing like it.

    The normalised cross-correlation, over every place where the sound could begin.
    """
    if len(recording) < len(sound):
        recording = np.pad(recording, (0, len(sound) - len(recording)))
    size = len(recording) + len(sound)
    product = np.fft.rfft(recording, size) * np.conj(np.fft.rfft(sound, size))
    places = len(recording) - len(sound) + 1
    matched = np.fft.irfft(product, size)[:places]
    energy = np.concatenate([[0.0], np.cumsum(recording**2)])
    local = energy[len(sound) :] - energy[:places]
    return float(np.max(matched / np.sqrt(np.maximum(local, 1.0) * np.sum(sound**2))))
