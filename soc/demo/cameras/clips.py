"""The committed clips, read into memory as encoded pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import av

from soc.demo.cameras.encode import PPS, SPS, AccessUnit, kind, split_annexb

FOOTAGE = Path(__file__).parent.parent / "footage"


@dataclass(frozen=True)
class Clip:
    """A clip that can be cut at its key frames. Times are seconds from its first picture."""

    name: str
    fps: float
    units: tuple[AccessUnit, ...]

    @property
    def parameter_sets(self) -> tuple[bytes, bytes]:
        """(SPS, PPS), as the SDP tells them."""
        return parameter_sets(self.units)

    @property
    def seconds(self) -> float:
        return len(self.units) / self.fps

    def faster(self, speed: float) -> Clip:
        """The same pictures, so many times as many of them a second."""
        return self if speed == 1.0 else replace(self, fps=self.fps * speed)


@dataclass(frozen=True)
class Staged:
    """A clip with one person in it, and from when to when that person is in view."""

    clip: Clip
    in_view_from_s: float
    in_view_to_s: float

    def faster(self, speed: float) -> Staged:
        return Staged(self.clip.faster(speed), self.in_view_from_s / speed, self.in_view_to_s / speed)


@cache
def load(name: str) -> Clip:
    """Read ``footage/NAME.mp4``; shared by every camera that shows it."""
    units: list[AccessUnit] = []
    with av.open(str(FOOTAGE / f"{name}.mp4")) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 10)
        annexb = av.BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in container.demux(stream):
            for plain in annexb.filter(packet if packet.size else None):
                nals = tuple(split_annexb(bytes(plain)))
                units.append(AccessUnit(nals=nals, key=bool(plain.is_keyframe), at_s=len(units) / fps))
    return Clip(name=name, fps=fps, units=tuple(units))


@cache
def staged(name: str) -> Staged:
    """An intrusion with its ground truth."""
    truth = json.loads((FOOTAGE / "clips.json").read_text())[name]
    return Staged(load(name), float(truth["in_view_from_s"]), float(truth["in_view_to_s"]))


def parameter_sets(units: Sequence[AccessUnit]) -> tuple[bytes, bytes]:
    """The first SPS and PPS among the units."""
    nals = [nal for unit in units for nal in unit.nals]
    return next(nal for nal in nals if kind(nal) == SPS), next(nal for nal in nals if kind(nal) == PPS)
