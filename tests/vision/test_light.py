from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from cameras.vision.card import load_card
from cameras.vision.light import Light, LightMeter, Profile
from cameras.vision.picture import Picture
from cameras.vision.pipeline import frames_of

CARD = load_card()


def plain(level: int, tint: int = 0) -> Picture:
    chroma = np.full((90, 160), 128 + tint, np.uint8)
    return Picture(np.full((180, 320), level, np.uint8), chroma, chroma)


@pytest.mark.parametrize(
    ("picture", "night"),
    [
        (plain(120, tint=30), False),
        (plain(120, tint=0), True),  # infrared
        (plain(120, tint=2), True),  # infrared through a camera with a tint
        (plain(20, tint=30), True),
    ],
)
def test_grey_and_dark_pictures_are_night(picture: Picture, night: bool):
    assert Light.of(picture).night is night


def test_the_street_in_daylight_is_day(footage: Callable[[str], Path]):
    frame = next(frames_of(footage("street.mp4"), started=datetime(2026, 1, 1, tzinfo=UTC)))
    assert not Light.of(frame.picture).night


def test_it_takes_more_to_become_day_again_than_to_become_night():
    between = plain(50, tint=30)
    assert not Light.of(between).night
    assert Light.of(between, was_night=True).night
    assert not Light.of(plain(80, tint=30), was_night=True).night


def test_light_is_measured_once_a_second():
    meter = LightMeter()
    assert not meter.update(plain(120, tint=30), 10.0).night
    assert not meter.update(plain(10), 10.5).night
    assert meter.update(plain(10), 11.0).night
    assert not meter.update(plain(120, tint=30), 3.0).night  # the clock began anew: measured at once


def test_by_night_the_night_score_counts_and_a_cameras_own_comes_first():
    day, night = Light.of(plain(120, tint=30)), Light.of(plain(120))
    assert Profile.of(CARD, day) == Profile("day", CARD.min_score)
    assert Profile.of(CARD, night) == Profile("night", CARD.night_min_score)
    assert Profile.of(CARD, day, day_score=0.6, night_score=0.2).min_score == 0.6
    assert Profile.of(CARD, night, day_score=0.6, night_score=0.2).min_score == 0.2
    assert CARD.night_min_score < CARD.min_score
