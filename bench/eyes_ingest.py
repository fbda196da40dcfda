"""What it costs to read a camera: over PyAV's bare decoding of the same stream, and over Debian's `motion`.

Cameras run in one process and are read in another, whose threads' processor time is what is counted. Each figure is the
median of five, and its baseline was measured in turn with it.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from bench.figures import Row

RUNS: Final = 5
BUSY_S, IDLE_S, MOTION_S = 2.0, 2.0, 2.0
CAMERAS, FILL_S, MANY_S = 64, 32.0, 8.0
MOST_OVER_BARE, MOST_OVER_MOTION, MOST_IDLE, MOST_MIB = 1.15, 0.6, 1.5, 15.0
FIRST_MS: Final = 1000.0
MOTION_WITHIN_S: Final = 20.0
BUSY_FPS: Final = 25
ROOT: Final = Path(__file__).parents[1]
FIELD_KEY: Final = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

# Debian's own settings of `motion`, but for the camera and its doors to the network. It records what moves; a stream of
# ours keeps its packets, of which clips are cut.
MOTION_SETTINGS: Final = """
daemon off
setup_mode off
log_level 3
target_dir {folder}
netcam_url rtsp://127.0.0.1:{port}/busy
width 1280
height 720
framerate 25
threshold 1500
despeckle_filter EedDl
minimum_motion_frames 1
pre_capture 3
picture_output off
movie_output on
movie_max_time 60
movie_quality 45
movie_codec mkv
event_gap 60
webcontrol_port 0
stream_port 0
"""


def measure(say: Callable[[str], None]) -> list[Row]:
    with helper("bench.ingest_cameras", str(CAMERAS)) as cameras:
        port = int(cameras.said["port"])
        with helper("bench.ingest_reader", str(port)) as reader:
            rows = busy(reader, port, say)
            rows += idle(reader, say)
            rows += first(reader, say)
        with helper("bench.ingest_reader", str(port)) as reader:  # whose memory is only that of its cameras
            rows += many(reader, say)
    return rows


class Helper:
    """A process that answers questions, one JSON line each."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.said = self._answer()

    def ask(self, **question: Any) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a measuring process ended with {self._process.wait(10)}")
        answer: dict[str, float] = json.loads(line)
        return answer


@contextmanager
def helper(module: str, *arguments: str) -> Iterator[Helper]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "SECRET_KEY": "measured",
        "FIELD_KEY": FIELD_KEY,
        "CAMERA_NETWORKS": "127.0.0.0/8",
        "LOG_LEVEL": "ERROR",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Helper(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def busy(reader: Helper, port: int, say: Callable[[str], None]) -> list[Row]:
    """720p at 25 pictures a second with something going on."""
    bare, ours, gated = [], [], []
    installed = shutil.which("motion")
    for _ in range(RUNS):
        bare.append(reader.ask(do="bare", camera="busy", seconds=BUSY_S)["ms"])
        ours.append(reader.ask(do="ingest", camera="busy", seconds=BUSY_S)["ms"])
        if installed:
            gated.append(reader.ask(do="gate", camera="busy", seconds=BUSY_S)["ms"])
    say(f"busy 720p frame: bare {listed(bare)}, ours {listed(ours)}")
    rows = [ratio("ingest CPU per 720p frame over bare PyAV decode", ours, bare, MOST_OVER_BARE)]
    if not installed:
        return [*rows, Row("ingest and gate CPU per 720p frame over motion", 0.0, "×", note="motion is not installed")]
    theirs = motion(installed, port)
    say(f"with the gate {listed(gated)}, motion {listed(theirs)}")
    return [
        *rows,
        ratio(
            "ingest and gate CPU per 720p frame over motion",
            gated,
            theirs,
            MOST_OVER_MOTION,
            "Debian's motion, as it is configured there,",
        ),
    ]


def idle(reader: Helper, say: Callable[[str], None]) -> list[Row]:
    """The whole thread of a camera before which nothing moves, at 10 pictures a second."""
    bare, ours = [], []
    for _ in range(RUNS):
        bare.append(reader.ask(do="bare", camera="idle-0", seconds=IDLE_S)["ms"])
        ours.append(reader.ask(do="watch", camera="idle-0", seconds=IDLE_S)["ms"])
    say(f"idle 720p frame: bare {listed(bare)}, watched {listed(ours)}")
    return [ratio("CPU of an idle 720p camera at 10 fps over bare decode", ours, bare, MOST_IDLE)]


def first(reader: Helper, say: Callable[[str], None]) -> list[Row]:
    """From the connection to the first picture, of a camera that sends a keyframe each second and begins with one."""
    bare: list[float] = []
    ours: list[float] = []
    for number in range(RUNS):
        for took, plain in ((bare, True), (ours, False)):
            time.sleep((number + 0.5) / RUNS)  # else it would begin just after a keyframe each time
            took.append(reader.ask(do="first", camera="busy", bare=plain)["ms"])
    say(f"first picture: PyAV as it is {listed(bare)}, ours {listed(ours)}")
    return [
        Row(
            "connection → first picture",
            statistics.median(ours),
            "ms",
            statistics.median(bare),
            "PyAV with FFmpeg's own settings",
            FIRST_MS,
            f"of {RUNS}, largest {max(ours):.0f}; up to a second of it is the camera's wait for its next keyframe",
        )
    ]


def many(reader: Helper, say: Callable[[str], None]) -> list[Row]:
    """As many cameras as one process is meant for, with full rings."""
    found = reader.ask(do="many", count=CAMERAS, fill_s=FILL_S, seconds=MANY_S)
    say(f"{CAMERAS} cameras: {found}")
    memory = found["mib"] + found["slot_mib"]
    lost = max(found["lost"], found["dropped"]) + found["offline"]  # what was dropped is missing among the numbers too
    return [
        Row(
            f"memory per idle 720p camera, of {CAMERAS} in one process",
            memory,
            "MiB",
            found["slot_mib"],
            "its slot in shared memory, counted in",
            MOST_MIB,
            f"with {FILL_S:.0f} s of packets in each ring; {found['cpu']:.0%} of a core, {found['ms']:.2f} ms a frame",
        ),
        Row(
            f"pictures lost by {CAMERAS} idle 720p cameras in one process",
            lost,
            "frames",
            goal=0.0,
            note=f"of {CAMERAS * 10 * (FILL_S + MANY_S):.0f}; by the cameras' own timestamps, drops and cameras not online",
        ),
    ]


def ratio(figure: str, ours: list[float], base: list[float], goal: float, against: str = "bare PyAV decode") -> Row:
    """The median of how much more it is, each run over the baseline run before it."""
    value = statistics.median(a / b for a, b in zip(ours, base, strict=True))
    note = f"{statistics.median(ours):.2f} ms over {statistics.median(base):.2f} ms a frame, medians of {len(ours)}"
    return Row(figure, value, "×", 1.0, f"{against} of the same stream", goal, note)


def listed(values: list[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values) + " ms"


def motion(program: str, port: int) -> list[float]:
    """Processor milliseconds that `motion` takes for a frame of the busy camera, RUNS times. It is given all the time that it
    wants only where the machine has nothing else to do: where it has, it takes fewer pictures, and looks cheaper than it is.
    """
    with tempfile.TemporaryDirectory(prefix="motion-") as folder:
        settings = Path(folder) / "motion.conf"
        settings.write_text(MOTION_SETTINGS.format(folder=folder, port=port))
        process = subprocess.Popen(
            [program, "-n", "-c", str(settings)], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            limit = time.monotonic() + MOTION_WITHIN_S
            while not list(Path(folder).glob("*.mkv")):  # it records what moves: now it sees the camera
                if time.monotonic() > limit or process.poll() is not None:
                    raise RuntimeError("motion did not see the camera")
                time.sleep(0.2)
            time.sleep(1.0)
            return [_spent_ms(psutil.Process(process.pid)) for _ in range(RUNS)]
        finally:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _spent_ms(process: psutil.Process) -> float:
    began, spent = time.monotonic(), sum(process.cpu_times()[:2])
    time.sleep(MOTION_S)
    return 1000 * (sum(process.cpu_times()[:2]) - spent) / ((time.monotonic() - began) * BUSY_FPS)
