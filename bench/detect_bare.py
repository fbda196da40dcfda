"""A bare process that detects: `python -m bench.detect_bare`. No slots, no queue, no tracks.

Each line of its input is {"seconds": …}, each line of its output {"frames": …, "seconds": …, "cpu_s": …}.
"""

from __future__ import annotations

import json
import sys
import time

from bench.detect_feed import KEPT, STREET, pictures


def main() -> None:
    from cameras.vision.detector import OnnxDetector
    from cameras.vision.types import Box

    everywhere = (Box(0.0, 0.0, 1.0, 1.0),)  # as OpenGate says
    detector, street = OnnxDetector(), pictures(STREET, 0, KEPT)
    print(json.dumps({"ready": 1}), flush=True)
    for line in sys.stdin:
        seconds = float(json.loads(line)["seconds"])
        began, spent, frames = time.monotonic(), time.process_time(), 0
        while time.monotonic() - began < seconds:
            detector.detect(street[frames % len(street)], motion=everywhere)
            frames += 1
        took = {"frames": frames, "seconds": time.monotonic() - began, "cpu_s": time.process_time() - spent}
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main()
