"""What is parked before a camera, kept in a small file: a watch process that takes the camera up knows it already.

It is a help and no truth: where it cannot be read or written, a parked car is reported once more, and nothing else happens.
"""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime
from pathlib import Path
from uuid import UUID

from cameras.vision.scene import Parked, Scene
from cameras.vision.types import Box, FrameStamp

log = logging.getLogger(__name__)


class Memory:
    """One camera's file in a folder. Call `recall` with the first picture, `keep` when a connection has ended."""

    def __init__(self, folder: Path, camera_id: UUID) -> None:
        self.path = folder / f"{camera_id}.json"
        self._kept: tuple[Parked, ...] = ()
        self._failed = False

    def recall(self, scene: Scene, stamp: FrameStamp) -> None:
        try:
            rows = json.loads(self.path.read_text(encoding="utf-8"))
            parked = tuple(
                Parked(
                    str(row["label"]),
                    float(row["score"]),
                    Box(*map(float, row["box"])),
                    datetime.fromisoformat(row["seen_at"]),
                    tuple(map(str, row["zones"])),
                )
                for row in rows
            )
            scene.recall(parked, stamp)
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s: what was parked is not known any more (%s)", self.path.name, type(error).__name__)
            return
        self._kept = parked

    def keep(self, parked: tuple[Parked, ...]) -> None:
        """Write down what is parked, where that has changed: at once or not at all. The disk may be slow: not while
        pictures come.
        """
        if parked == self._kept:
            return
        rows = [
            {
                "label": one.label,
                "score": one.score,
                "box": one.box.as_tuple(),
                "seen_at": one.seen_at.isoformat(),
                "zones": one.zones,
            }
            for one in parked
        ]
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part = self.path.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps(rows), encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            if not self._failed:
                log.warning("%s: what is parked is not written down: %s", self.path.name, error.strerror)
            self._failed = True
            return
        self._kept, self._failed = parked, False
