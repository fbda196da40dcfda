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
AGAIN_S = 1.0  # a worker that is only starting takes requests that have expired by then: ask afresh


def workers_answer(ask: Callable[[SlotRef], None], space: str, *, within_s: float, stop: threading.Event) -> bool:
    """Wait for an answer, at most `within_s` seconds or until `stop`; False when none came."""
    began = clock.monotonic()
    grey = Picture.of_bgr(np.full((SIDE, SIDE, 3), 128, np.uint8))
    at = clock.now()
    with SlotWriter("canary", generation=1, space=space, max_width=SIDE, max_height=SIDE) as slot:
        slot.put(grey, FrameStamp(1, at, at, began))
        while (now := clock.monotonic()) - began < within_s and not stop.is_set():
            if slot.take_result() is not None:
                return True
            waited = slot.outstanding_s(now)
            if waited is not None and waited > AGAIN_S:
                slot.give_up()
            if ref := slot.request(now):
                ask(ref)
            stop.wait(0.05)
    return False
