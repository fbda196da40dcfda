"""The stateless half of perception: a detect worker takes the newest frame of each slot it is told of and answers."""

from __future__ import annotations

import logging
from collections import OrderedDict
from functools import lru_cache
from time import perf_counter
from typing import Any

from celery import shared_task
from django.conf import settings

from cameras.vision.slots import SlotGone, SlotReader, SlotRef, attach

log = logging.getLogger(__name__)

KEPT_READERS = 64
_readers: OrderedDict[str, SlotReader] = OrderedDict()


def detect_queue() -> str:
    """Frames lie in this host's memory: only its own workers can see them."""
    return f"detect.{settings.WATCH_HOST}"


@lru_cache(maxsize=1)
def detector() -> Any:
    """One warm session per worker process; made after the fork, on first use."""
    from cameras.vision.detector import OnnxDetector

    return OnnxDetector()


@shared_task(name="cameras.detect", ignore_result=True)
def detect(refs: list[list[str | int]]) -> None:
    """Infer the newest frame of each slot. A slot that is gone or was answered already is passed over."""
    for raw in refs:
        ref = SlotRef.of(raw)
        try:
            reader = _reader(ref.name)
        except SlotGone:
            continue
        frame = reader.read()
        if frame is None:
            continue
        began = perf_counter()
        found = detector().detect(frame.picture, motion=frame.motion, min_score=frame.min_score)
        reader.post(frame, found, inference_ms=(perf_counter() - began) * 1000, model=detector().sha256)


def _reader(name: str) -> SlotReader:
    reader = _readers.pop(name, None) or attach(name)
    _readers[name] = reader
    while len(_readers) > KEPT_READERS:
        _readers.popitem(last=False)[1].close()
    return reader
