"""How light it is in front of a camera, and which scores count then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from .card import ModelCard
from .picture import Picture

# Two limits each: it takes more to change back than to change.
DARK, LIGHT_AGAIN = 0.17, 0.23  # mean brightness, 0..1
GREY, COLOURED_AGAIN = 0.018, 0.035  # colour, 0..1; infrared pictures have none, whatever their tint
EVERY_S: Final = 1.0
STEP: Final = 16  # every so manieth row says enough; what lies in one row comes from memory together
_FROM_GREY: Final = np.abs(np.arange(256) - 128).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Light:
    """level: mean brightness 0..1. colour: how far colours are from grey, 0..1 (nine tenths of the picture are below
    it). night: dark or colourless, as infrared pictures are."""

    level: float
    colour: float
    night: bool = False

    @classmethod
    def of(cls, picture: Picture, *, was_night: bool = False) -> Light:
        """Measure a picture. `was_night` says what it was before: in between, that stays."""
        level = float(cv2.mean(picture.y[::STEP])[0]) / 255
        u, v = (cv2.LUT(plane[:: STEP // 2], _FROM_GREY) for plane in (picture.u, picture.v))
        counts = np.bincount(np.maximum(u, v).reshape(-1), minlength=129)
        colour = int(np.searchsorted(counts.cumsum(), 0.9 * counts.sum())) / 128
        if was_night:
            night = level < LIGHT_AGAIN or colour < COLOURED_AGAIN
        else:
            night = level < DARK or colour < GREY
        return cls(level, colour, night)


class LightMeter:
    """Measures once a second; a lamp that flickers does not change the profile with every picture."""

    def __init__(self) -> None:
        self._light: Light | None = None
        self._at = 0.0

    def update(self, picture: Picture, monotonic: float) -> Light:
        """The light now; monotonic seconds say when to measure again."""
        if self._light is None or not 0 <= monotonic - self._at < EVERY_S:
            self._light = Light.of(picture, was_night=self._light is not None and self._light.night)
            self._at = monotonic
        return self._light


@dataclass(frozen=True, slots=True)
class Profile:
    """What a detector is asked for in this light."""

    name: str
    min_score: float

    @classmethod
    def of(
        cls, card: ModelCard, light: Light, day_score: float | None = None, night_score: float | None = None
    ) -> Profile:
        """The camera's own scores where it has some, else the card's."""
        if light.night:
            return cls("night", card.night_min_score if night_score is None else night_score)
        return cls("day", card.min_score if day_score is None else day_score)
