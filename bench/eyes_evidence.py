"""What it costs to keep a camera's packets and to cut clips of them, and how soon after an event there is one.

Simulated cameras in one process, read in another, as in `eyes_ingest`.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any, Final

from bench.eyes_ingest import BUSY_FPS, RUNS, Helper, helper, listed
from bench.figures import Row
from cameras.watching.film import AFTER_S, BEFORE_S

SECONDS: Final = 2.0
CAMERAS: Final = 5
FIRST_S: Final = 1.0


def measure(say: Callable[[str], None]) -> list[Row]:
    """All rows."""
    with (
        helper("bench.ingest_cameras", str(CAMERAS)) as cameras,
        helper("bench.evidence_reader", str(int(cameras.said["port"]))) as reader,
    ):
        return [keeping(reader, say), cutting(reader, say), *ready(reader, say)]


def keeping(reader: Helper, say: Callable[[str], None]) -> Row:
    """A 720p stream at 25 pictures a second with something going on, kept for clips and the live view."""
    bare, ours = [], []
    for _ in range(RUNS):
        bare.append(reader.ask(do="bare", camera="busy", seconds=SECONDS)["ms"])
        ours.append(reader.ask(do="keep", camera="busy", seconds=SECONDS)["ms"])
    say(f"packets read {listed(bare)}, kept {listed(ours)}")
    kept, read = statistics.median(ours), statistics.median(bare)
    return Row(
        "CPU of recording a 720p stream over reading it bare",
        statistics.median(a / b for a, b in zip(ours, bare, strict=True)),
        "×",
        1.0,
        "PyAV, which reads the packets and lets go of them",
        note=f"{kept:.3f} ms over {read:.3f} ms a picture; {kept * BUSY_FPS / 10:.1f} % of a core at {BUSY_FPS} a second; "
        f"medians of {RUNS}",
    )


def cutting(reader: Helper, say: Callable[[str], None]) -> Row:
    """A whole clip of the same stream."""
    found: Any = reader.ask(do="cut", camera="busy", seconds=BEFORE_S + AFTER_S, times=RUNS)
    say(f"a clip of {found['s']:.1f} s cut in {listed(found['cut'])}, decoded in {listed(found['decode'])}")
    value, baseline = statistics.median(found["cut"]), statistics.median(found["decode"])
    return Row(
        "clip, processor time",
        value,
        "ms",
        baseline,
        "decoding the same packets",
        note=f"{found['s']:.1f} s of 720p at {BUSY_FPS} pictures a second, {found['kib']:.0f} KiB, copied and not encoded; "
        f"medians of {RUNS}",
    )


def ready(reader: Helper, say: Callable[[str], None]) -> list[Row]:
    """From the picture that something was seen in to the file."""
    found: Any = reader.ask(do="events", count=CAMERAS)
    rows = []
    for which, least, goal in (("first", 0.0, FIRST_S), ("whole", AFTER_S, None)):
        took = found[which]
        say(f"{which} clip after {', '.join(f'{value:.2f}' for value in took)} s")
        rows.append(
            Row(
                f"event → {which} clip ready",
                statistics.median(took),
                "s",
                least,
                "so long it goes on after the event",
                goal,
                f"{len(took)} cameras one after the other, largest {max(took):.2f}; cut and on the disk, without the database",
            )
        )
    return rows
