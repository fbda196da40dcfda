from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest

from cameras.vision.detector import OnnxDetector
from cameras.vision.picture import Picture
from cameras.vision.slots import SlotWriter
from cameras.vision.types import FrameStamp

from .world import World

FOOTAGE = Path(__file__).parents[2] / "soc" / "demo" / "footage"
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def stamp_at(seconds: float, number: int | None = None) -> FrameStamp:
    at = NOON + timedelta(seconds=seconds)
    return FrameStamp(int(seconds * 1000) if number is None else number, at, at, seconds)


def scene(width: int = 640, height: int = 360, level: int = 90) -> np.ndarray:
    """A textured grey wall, always the same."""
    noise = np.random.default_rng(7).integers(-20, 20, (height, width), np.int16)
    return cv2.GaussianBlur((noise + level).clip(0, 255).astype(np.uint8), (9, 9), 0)


def picture(width: int = 640, height: int = 360, seed: int = 1) -> Picture:
    image = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    return Picture.of_bgr(image)


@pytest.fixture
def slot(tmp_path: Path) -> Iterator[SlotWriter]:
    with SlotWriter("cam-1", generation=3, space="test", directory=tmp_path) as writer:
        yield writer


@pytest.fixture(scope="session")
def detector() -> OnnxDetector:
    return OnnxDetector()


@pytest.fixture
def footage() -> Callable[[str], Path]:
    def find(name: str) -> Path:
        path = FOOTAGE / name
        assert path.exists(), f"footage {name} belongs to the project and is not there"
        return path

    return find


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """The simulated cameras, without a log-in."""
    with World() as running:
        yield running
