"""A worker's answer as bytes in a slot. It is written and read just after an inference, when nothing is in the processor's
caches: as plain numbers it costs a third of what it does as text.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .types import Box, Detection

# Inference ms, stale, how many detections, bytes of text. Then the numbers, then the text.
_HEAD: Final = struct.Struct("=d?II")
_EACH: Final = 5  # numbers of a detection, 64 bits each: score (to four places), left, top, right, bottom
_BETWEEN: Final = "\0"  # the model and the labels
_LONGEST_MODEL: Final = 80


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found in one frame, best first. `inference_ms` is the detector's time alone, `model` its SHA-256. `stale`: the
    frame was too old to be looked at.
    """

    detections: tuple[Detection, ...]
    inference_ms: float
    model: str = ""
    stale: bool = False


def packed(detections: Sequence[Detection], *, inference_ms: float, model: str, stale: bool) -> bytes:
    """The bytes of an answer. Raises ValueError for a label that cannot be told from two."""
    numbers: list[float] = []
    texts = [model[:_LONGEST_MODEL]]
    for found in detections:
        box = found.box
        numbers += (round(found.score, 4), box.x1, box.y1, box.x2, box.y2)
        texts.append(found.label)
    text = _BETWEEN.join(texts)
    if text.count(_BETWEEN) != len(detections):
        raise ValueError("a label holds a zero byte")
    raw = text.encode()
    head = _HEAD.pack(inference_ms, stale, len(detections), len(raw))
    return head + struct.pack(f"={len(numbers)}d", *numbers) + raw


def unpacked(body: bytes) -> Answer:
    """What `packed` made. Raises ValueError for anything else."""
    try:
        inference_ms, stale, count, length = _HEAD.unpack_from(body)
        if len(body) != _HEAD.size + 8 * _EACH * count + length:
            raise ValueError("not an answer")
        numbers = struct.unpack_from(f"={_EACH * count}d", body, _HEAD.size)
    except struct.error:
        raise ValueError("not an answer") from None
    model, *labels = body[len(body) - length :].decode().split(_BETWEEN)
    if len(labels) != count:
        raise ValueError("not an answer")
    detections = tuple(
        Detection(label, numbers[at], Box(*numbers[at + 1 : at + _EACH]))
        for label, at in zip(labels, range(0, _EACH * count, _EACH), strict=True)
    )
    return Answer(detections, inference_ms, model, stale)
