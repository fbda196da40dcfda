"""Telling the detect workers which slots have a new frame. A hint: lost, late or refused, the watcher notices."""

from __future__ import annotations

import logging
import threading

from cameras.tasks import detect, detect_queue
from cameras.vision.slots import SlotRef

log = logging.getLogger(__name__)

EXPIRES_S = 2.0  # an older request is for a frame that has been replaced


class HandOff:
    """One thread per watch process: sends the references that came meanwhile as one task. `ask` never blocks."""

    def __init__(self) -> None:
        self._waiting: dict[str, SlotRef] = {}
        self._wake = threading.Condition()
        self._stop = False
        self._silent = False
        self._thread = threading.Thread(target=self._run, name="hand-off", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ask(self, ref: SlotRef) -> None:
        with self._wake:
            self._waiting[ref.name] = ref
            self._wake.notify()

    def stop(self) -> None:
        with self._wake:
            self._stop = True
            self._wake.notify()
        self._thread.join(timeout=3)

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._waiting or self._stop)
                if self._stop:
                    return
                refs, self._waiting = list(self._waiting.values()), {}
            try:
                detect.apply_async(
                    ([ref.as_list() for ref in refs],), queue=detect_queue(), expires=EXPIRES_S, retry=False
                )
                self._silent = False
            except Exception as error:
                # The broker is away. The camera asks again, and after three seconds the motion becomes an alarm.
                if not self._silent:
                    log.warning("detect workers cannot be told: %s", type(error).__name__)
                self._silent = True
