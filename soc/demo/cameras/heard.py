"""What a camera's loudspeaker was given to play, with the wall time at which it arrived."""

from __future__ import annotations

import io
import wave
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from soc.demo.cameras import g711
from soc.demo.cameras.rtp import AUDIO_HZ

SILENCE_S = 0.5  # a longer gap between packets begins a new segment
KEEP_S = 600.0  # of audio, in all
FULL_SCALE = 32_768.0


@dataclass
class Segment:
    """One stretch of speech: when its first and last packets arrived (Unix time) and its µ-law bytes."""

    began: float
    last: float
    data: bytearray = field(default_factory=bytearray)

    @property
    def seconds(self) -> float:
        return len(self.data) / AUDIO_HZ

    @property
    def rms(self) -> float:
        """Loudness, 0..1 of full scale."""
        samples = g711.decode(bytes(self.data)).astype(np.float64)
        return float(np.sqrt(np.mean(np.square(samples)))) / FULL_SCALE if len(samples) else 0.0


class Heard:
    """Collects PCMU payloads; keeps the latest ten minutes."""

    def __init__(self) -> None:
        self.segments: deque[Segment] = deque()
        self.seconds = 0.0  # in all, whatever was let go of since

    def add(self, payload: bytes, wall: float) -> None:
        """Take one packet's payload that arrived at ``wall`` (Unix time)."""
        if not self.segments or wall - self.segments[-1].last > SILENCE_S:
            self.segments.append(Segment(wall, wall))
        segment = self.segments[-1]
        segment.last = wall
        segment.data += payload
        self.seconds += len(payload) / AUDIO_HZ
        while len(self.segments) > 1 and sum(part.seconds for part in self.segments) > KEEP_S:
            self.segments.popleft()
        if segment.seconds > KEEP_S:
            del segment.data[: len(segment.data) - int(KEEP_S * AUDIO_HZ)]

    def wav(self) -> bytes:
        """Everything kept, as an 8 kHz 16-bit mono WAV."""
        data = b"".join(bytes(segment.data) for segment in self.segments)
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(AUDIO_HZ)
            out.writeframes(g711.decode(data).astype("<i2").tobytes())
        return file.getvalue()

    def summary(self) -> list[dict[str, object]]:
        """The segments, without their sound."""
        return [
            {
                "started": datetime.fromtimestamp(part.began, UTC).isoformat(timespec="milliseconds"),
                "ended": datetime.fromtimestamp(part.last, UTC).isoformat(timespec="milliseconds"),
                "seconds": round(part.seconds, 3),
                "rms": round(part.rms, 5),
            }
            for part in self.segments
        ]
