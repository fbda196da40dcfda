"""Whether the detect workers answer: a grey picture is handed over before the first camera is opened.

After a cold start the workers load their models while the watcher is ready at once; without this wait the first leaf that
moves would be motion that nobody looked at. After a restart of the watcher alone the answer comes in milliseconds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np

from cameras.vision.picture import Picture
from cameras.vision.slots import SlotRef, SlotWriter
from cameras.vision.types import FrameStamp
from soc.core import clock

SIDE = 64
AGAIN_S = 1.0  # a worker that is only starting finds requests expired and pictures too old: ask afresh, with a new one


def workers_answer(ask: Callable[[SlotRef], None], space: str, *, within_s: float, stop: threading.Event) -> bool:
    """Wait for an answer, at most `within_s` seconds or until `stop`; False when none came."""
    began = clock.monotonic()
    grey = Picture.of_bgr(np.full((SIDE, SIDE, 3), 128, np.uint8))
    at = clock.now()
    with SlotWriter("canary", generation=1, space=space, max_width=SIDE, max_height=SIDE) as slot:
        put_at, number = -AGAIN_S, 0
        while (now := clock.monotonic()) - began < within_s and not stop.is_set():
            result = slot.take_result()
            if result is not None and not result.stale:
                return True
            if now - put_at >= AGAIN_S and not slot.busy(now):
                put_at, number = now, number + 1
                slot.put(grey, FrameStamp(number, at, at, now))
                slot.give_up()
            if ref := slot.request(now):
                ask(ref)
            stop.wait(0.05)
    return False
