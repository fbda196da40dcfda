"""Whose turn it is: of all slots on this host that have something to look at, the most urgent one.

A slot's urgency is how long ago it was looked at (or, after a pause, how long something waits there), times its weight. So
where workers keep up, everybody is served at once; where they do not, cameras of one weight take turns, a heavier one comes
up more often, and the lightest still comes up: no camera starves. Nothing ever queues but one frame per camera, the newest.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import Final

from .bell import AWAKE, BELL, DOZE
from .slot_layout import NAME, PREFIX, default_directory
from .slots import SlotGone, SlotReader, attach

STALE_S: Final = 0.7  # a frame older than this when a worker comes to it is not looked at: it shows the past
LOOK_AGAIN_S: Final = 1.0  # between two looks for slots nobody named
# To ask every slot costs more than an answer does otherwise. So of those that were found, the next few are remembered, for
# so long as nobody can have become much more urgent meanwhile.
AHEAD, AHEAD_S = 4, 0.05


class Turns:
    """A worker's view of the slots of one space. It finds them by itself, at most once a second, and by their names."""

    def __init__(self, space: str, *, directory: Path | None = None) -> None:
        self.space, self._directory = space, directory or default_directory()
        self._readers: dict[str, SlotReader] = {}
        self._looked: float | None = None
        self._ahead: list[SlotReader] = []  # the most urgent last
        self._ahead_until = 0.0

    def meet(self, names: Iterable[str]) -> None:
        """Take up slots by name; one that is gone is passed over."""
        for name in names:
            if name not in self._readers:
                try:
                    self._readers[name] = attach(name, directory=self._directory)
                except SlotGone:
                    continue

    def next(self, monotonic: float) -> tuple[SlotReader, int] | None:
        """The most urgent slot, taken, and the mark to release it with. None where there is nothing to look at."""
        self._look_around(monotonic)
        while self._ahead and monotonic < self._ahead_until:
            reader = self._ahead.pop()
            if reader.due(monotonic) is not None:  # else another worker was quicker
                return reader, reader.claim(monotonic)
        found = [(due, reader) for reader in self._readers.values() if (due := reader.due(monotonic)) is not None]
        if not found:
            return None
        found.sort(key=itemgetter(0))
        self._ahead, self._ahead_until = [reader for _, reader in found[-AHEAD:]], monotonic + AHEAD_S
        best = self._ahead.pop()
        return best, best.claim(monotonic)

    def look_anew(self) -> None:
        """Look for new slots before the next turn, however lately it was done."""
        self._looked = None

    def close(self) -> None:
        self._ahead.clear()
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _look_around(self, monotonic: float) -> None:
        """Forget slots that are gone, and look for new ones."""
        if self._looked is not None and monotonic - self._looked < LOOK_AGAIN_S:
            return
        self._looked = monotonic
        self._ahead.clear()
        for name in [name for name, reader in self._readers.items() if not reader.is_there]:
            self._readers.pop(name).close()
        start = f"{PREFIX}.{self.space}."
        names = (name for name in os.listdir(self._directory) if name.startswith(start))
        self.meet(name for name in names if _is_slot(name))


def _is_slot(name: str) -> bool:
    match = NAME.match(name)
    return match is not None and match["key"] not in (AWAKE, BELL, DOZE)
