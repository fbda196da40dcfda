"""Speak the default messages once, with espeak-ng: `python -m responses.voice.make`.

A short two-tone chime first, which makes people listen, then the words: mono, 16 bit, 8 kHz, as cameras' loudspeakers
take it. espeak-ng is used through the espeakng-loader wheel. Its licence (GPL-3) covers the program and its data, not
what it says: the recordings are the project's own.
"""

import ctypes
import sys
import wave
from math import gcd
from pathlib import Path

import espeakng_loader
import numpy as np

from responses.spoken import SPOKEN

FOLDER = Path(__file__).resolve().parents[2] / "static" / "voice"
RATE = 8000
PEAK = 0.86  # of full scale: µ-law and small loudspeakers distort above
DRIVE = 2.0  # lifts the quiet parts of the speech: it must carry across a yard
SYNCHRONOUS = 2  # espeak's AUDIO_OUTPUT_SYNCHRONOUS: samples come to the callback, nothing is played
UTF8, PARAMETER_RATE, PARAMETER_PITCH = 1, 1, 3
WORDS_PER_MINUTE, PITCH = 148, 38  # slow and low: outdoors, through a horn

SpeechCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def speak(text: str, *, voice: str = "English (Great Britain)") -> tuple[np.ndarray, int]:
    """The text as float samples -1..1, and their rate. Raises RuntimeError when espeak-ng refuses."""
    library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if rate <= 0:
        raise RuntimeError("espeak-ng did not start")
    pieces: list[np.ndarray] = []

    @SpeechCallback
    def collect(samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: object) -> int:
        if samples and count > 0:
            pieces.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        return 0

    library.espeak_SetSynthCallback(collect)
    if library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise RuntimeError(f"espeak-ng has no voice {voice}")
    library.espeak_SetParameter(PARAMETER_RATE, WORDS_PER_MINUTE, 0)
    library.espeak_SetParameter(PARAMETER_PITCH, PITCH, 0)
    data = text.encode() + b"\0"
    if library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 1, 0, UTF8, None, None) != 0:
        raise RuntimeError("espeak-ng refused the text")
    library.espeak_Synchronize()
    library.espeak_Terminate()
    if not pieces:
        raise RuntimeError("espeak-ng said nothing")
    return np.concatenate(pieces).astype(np.float64) / 32768.0, rate


def resampled(samples: np.ndarray, rate: int) -> np.ndarray:
    """To 8 kHz: a windowed-sinc low-pass below 3.7 kHz, then every wanted instant by interpolation."""
    if rate == RATE:
        return samples
    cut = 3700 / rate
    taps = np.arange(-120, 121)
    kernel = 2 * cut * np.sinc(2 * cut * taps) * np.hamming(len(taps))
    smooth = np.convolve(samples, kernel / kernel.sum(), mode="same")
    step = gcd(rate, RATE)
    count = len(smooth) * (RATE // step) // (rate // step)
    return np.interp(np.arange(count) * rate / RATE, np.arange(len(smooth)), smooth)


def chime() -> np.ndarray:
    """Two falling tones, 0.32 s, then a breath of silence."""

    def tone(frequency: float, seconds: float) -> np.ndarray:
        t = np.arange(int(seconds * RATE)) / RATE
        edge = np.minimum(1.0, np.minimum(t, seconds - t) / 0.01)
        return 0.5 * np.sin(2 * np.pi * frequency * t) * edge

    return np.concatenate([tone(988, 0.14), tone(740, 0.18), np.zeros(int(0.15 * RATE))])


def message(text: str) -> np.ndarray:
    """Chime and words as 16-bit samples, levelled."""
    samples, rate = speak(text)
    words = resampled(samples, rate)
    loud = np.flatnonzero(np.abs(words) > 0.01)
    words = words[max(loud[0] - 400, 0) : loud[-1] + 1200]
    words = np.tanh(DRIVE * words / np.abs(words).max()) / np.tanh(DRIVE) * PEAK
    return np.round(np.concatenate([chime(), words, np.zeros(RATE // 10)]) * 32767).astype("<i2")


def write(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(samples.tobytes())


def main() -> None:
    """Write every default message."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in SPOKEN.items():
        samples = message(text)
        write(FOLDER / f"{name}.wav", samples)
        sys.stdout.write(f"{name}.wav  {len(samples) / RATE:.1f} s\n")


if __name__ == "__main__":
    main()
