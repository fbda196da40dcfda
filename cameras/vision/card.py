"""A detector's model card: which file, that it is the right one, and how to read what it says."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

WEIGHTS: Final = Path(__file__).parent / "weights"
DEFAULT_CARD: Final = WEIGHTS / "efficientdet_lite0_320_int8.json"
LARGEST_CARD: Final = 1_000_000  # bytes


class ModelRefused(RuntimeError):
    """The model's file or card is missing, damaged or not what the card says."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What somebody measured with a model: on which set, with which result."""

    on: str
    result: str


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What must be known to run a detector.

    family: how it is fed and read (families.py). side: input width and height in pixels. classes: the model's class
    number → label; others are not looked at. min_score, night_min_score: thresholds 0..1 it works well at, by day and
    in grey or dark pictures. nms_iou: overlap above which two boxes of a kind are one object.
    """

    name: str
    family: str
    path: Path
    sha256: str
    side: int
    classes: Mapping[int, str]
    min_score: float
    night_min_score: float
    nms_iou: float
    origin: str
    licence: str
    measured: tuple[Measured, ...] = ()

    def read_model(self) -> bytes:
        """The model's bytes, checked against the card's hash. Raises ModelRefused."""
        try:
            data = self.path.read_bytes()
        except OSError as error:
            raise ModelRefused(f"The detector's file {self.path.name} cannot be read: {error.strerror}.") from error
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise ModelRefused(
                f"The detector's file {self.path.name} is not the one its card describes "
                f"(SHA-256 {found[:12]}… instead of {self.sha256[:12]}…). Restore it from the distribution."
            )
        return data


def load_card(path: Path = DEFAULT_CARD) -> ModelCard:
    """Read a card; the model lies beside it. Raises ModelRefused."""
    try:
        if path.stat().st_size > LARGEST_CARD:
            raise ModelRefused(f"The model card {path.name} is too large to be one.")
        card = _parsed(json.loads(path.read_text(encoding="utf-8")), path.parent)
    except OSError as error:
        raise ModelRefused(f"The model card {path.name} cannot be read: {error.strerror}.") from error
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelRefused(f"The model card {path.name} is not complete: {error!r}.") from error
    if not card.classes or min(card.classes) < 0 or not 16 <= card.side <= 4096:
        raise ModelRefused(f"The model card {path.name} names no classes or no sensible input size.")
    if not all(label.isprintable() and label.strip() for label in card.classes.values()):
        raise ModelRefused(f"The model card {path.name} has a class without a name, or with one that is no text.")
    if not all(0.0 < score < 1.0 for score in (card.min_score, card.night_min_score, card.nms_iou)):
        raise ModelRefused(f"The model card {path.name} has a threshold that does not lie between 0 and 1.")
    return card


def _parsed(raw: Any, folder: Path) -> ModelCard:
    return ModelCard(
        name=str(raw["name"]),
        family=str(raw["family"]),
        path=folder / Path(raw["file"]).name,
        sha256=str(raw["sha256"]).lower(),
        side=int(raw["side"]),
        classes=MappingProxyType({int(number): str(label) for number, label in raw["classes"].items()}),
        min_score=float(raw["min_score"]),
        night_min_score=float(raw["night_min_score"]),
        nms_iou=float(raw["nms_iou"]),
        origin=str(raw["origin"]),
        licence=str(raw["licence"]),
        measured=tuple(Measured(str(one["on"]), str(one["result"])) for one in raw["measured"]),
    )
