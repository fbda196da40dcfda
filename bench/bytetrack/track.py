"""Run by ByteTrack's own interpreter: scenes as JSON on standard input, their tracks as JSON on standard output.

In: {"settings": {…}, "scenes": [[[[score, x1, y1, x2, y2], …] a frame, …], …]}, boxes in pixels.
Out: {"scenes": [[[[id, x1, y1, x2, y2], …] a frame, …], …], "ms": median milliseconds a frame}.
"""

from __future__ import annotations

import json
import statistics
import sys
from time import perf_counter
from typing import Any

import numpy as np
import supervision
from trackers import ByteTrackTracker


def main() -> None:
    asked = json.load(sys.stdin)
    took: list[float] = []
    scenes = [tracked(scene, asked["settings"], took) for scene in asked["scenes"]]
    json.dump({"scenes": scenes, "ms": statistics.median(took)}, sys.stdout)


def tracked(scene: list[Any], settings: dict[str, Any], took: list[float]) -> list[list[list[float]]]:
    tracker = ByteTrackTracker(**settings)
    frames = []
    for found in scene:
        rows = np.array(found, float).reshape(-1, 5)
        boxes = supervision.Detections(xyxy=rows[:, 1:], confidence=rows[:, 0], class_id=np.zeros(len(rows), int))
        began = perf_counter()
        given = tracker.update(boxes)
        took.append((perf_counter() - began) * 1000)
        ids = given.tracker_id if given.tracker_id is not None else ()
        frames.append([[int(id), *map(float, box)] for id, box in zip(ids, given.xyxy, strict=False) if id >= 0])
    return frames


if __name__ == "__main__":
    main()
