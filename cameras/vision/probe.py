"""A first look at a camera, in a short-lived process of its own with little memory, little time and no rights.

`probe()` is the caller's side. The process is `python -m cameras.vision.probe`: one JSON object on stdin, one on
stdout, so that a password is never on a command line nor in an environment.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from . import backchannel, confine
from .address import Credentials, PinnedAddress
from .faults import WORDS, Fault
from .ingest import Frame, Stream
from .opening import OpenOptions, StreamError

WALL_S: Final = 20.0
PATIENCE_S: Final = 0.5
CPU_S: Final = 10
MEMORY: Final = 1536 * 1024 * 1024  # FFmpeg's, OpenCV's and numpy's own libraries are most of it
FRAMES: Final = 8


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What a camera sends, or why it cannot be used.

    fault: None where it can be used, else a code of `faults.WORDS`;
    message: words for the person who typed the address in. fps: measured over the first frames. backchannel: whether
    it takes sound, None where that could not be asked. clock_offset_s: arrival minus the camera's clock, None where
    it tells no time.
    """

    fault: str | None = None
    message: str = ""
    video_codec: str = ""
    width: int = 0
    height: int = 0
    fps: float | None = None
    codec: str | None = None
    audio_codec: str | None = None
    backchannel: bool | None = None
    clock_offset_s: float | None = None

    @property
    def usable(self) -> bool:
        return self.fault is None


def probe(
    address: PinnedAddress, *, wall_s: float = WALL_S, should_stop: Callable[[], bool] = lambda: False
) -> ProbeReport:
    """Look at a pinned address. Takes up to `wall_s` seconds, or until `should_stop()`, which then reads as timed out;
    never raises for what the camera does.
    """
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-m", "cameras.vision.probe"],
        cwd=root,
        env=_bare_environment(root),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    question: bytes | None = json.dumps(_asked(address)).encode()
    until = time.monotonic() + wall_s
    while True:
        try:
            out, _ = process.communicate(question, timeout=min(PATIENCE_S, wall_s))
            break
        except subprocess.TimeoutExpired:
            question = None  # it is on its way; what is left is waiting
            if time.monotonic() < until and not should_stop():
                continue
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return _refusal("timed_out")
    return _understood(out)


def _understood(out: bytes) -> ProbeReport:
    """What the process said; whatever it said, the types are those of a report."""
    try:
        raw = json.loads(out[:65536])
        return ProbeReport(
            fault=None if raw["fault"] is None else str(raw["fault"])[:40],
            message=str(raw["message"])[:500],
            video_codec=str(raw["video_codec"])[:40],
            width=int(raw["width"]),
            height=int(raw["height"]),
            fps=None if raw["fps"] is None else float(raw["fps"]),
            codec=None if raw["codec"] is None else str(raw["codec"])[:40],
            audio_codec=None if raw["audio_codec"] is None else str(raw["audio_codec"])[:40],
            backchannel=None if raw["backchannel"] is None else bool(raw["backchannel"]),
            clock_offset_s=None if raw["clock_offset_s"] is None else float(raw["clock_offset_s"]),
        )
    except (ValueError, KeyError, TypeError):
        return _refusal("crashed")


def _asked(address: PinnedAddress) -> dict[str, Any]:
    given = address.credentials
    return {
        "scheme": address.scheme,
        "host": address.host,
        "ip": address.ip,
        "port": address.port,
        "path": address.path,
        "credentials": [given.username, given.password] if given else None,
    }


def _bare_environment(root: Path) -> Mapping[str, str]:
    """Nothing of ours: no database address, no secret."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(root),
        "LANG": "C.UTF-8",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


def _refusal(fault: Fault) -> ProbeReport:
    return ProbeReport(fault, WORDS[fault])


def look(address: PinnedAddress) -> ProbeReport:
    """Open the camera, take a few frames, ask for its loudspeaker. In the short-lived process only."""
    frames: list[Frame] = []
    stream = Stream(address, options=OpenOptions(first_frame_s=10.0))
    try:
        stream.read(frames.append, should_stop=lambda: len(frames) >= FRAMES)
    except StreamError as error:
        if not frames:
            return ProbeReport(error.fault, str(error))
    if stream.info is None:
        return _refusal("no_video")
    video, audio = stream.info.video, stream.info.audio
    offsets = sorted(f.stamp.offset_s for f in frames if f.stamp.offset_s is not None)
    return ProbeReport(
        video_codec=video.codec,
        width=video.width,
        height=video.height,
        fps=_measured_fps(stream),
        codec=video.codec_string,
        audio_codec=audio.codec if audio else None,
        backchannel=_asks_backchannel(address),
        clock_offset_s=round(offsets[len(offsets) // 2], 3) if offsets else None,
    )


def _measured_fps(stream: Stream) -> float | None:
    times = sorted(
        float(p.pts * p.time_base) for p in stream.ring.snapshot() if p.kind == "video" and p.pts is not None
    )
    steps = sorted(b - a for a, b in pairwise(times) if b > a)
    return round(1 / steps[len(steps) // 2], 2) if steps else None


def _asks_backchannel(address: PinnedAddress) -> bool | None:
    try:
        return backchannel.probe(address, timeout_s=3.0)
    except backchannel.TalkError:
        return None


def main() -> int:
    """1. Read the question. 2. Give up rights and memory. 3. Look. 4. Answer."""
    asked = json.load(sys.stdin)
    given = asked["credentials"]
    address = PinnedAddress(
        str(asked["scheme"]),
        str(asked["host"]),
        str(asked["ip"]),
        int(asked["port"]),
        str(asked["path"]),
        Credentials(*given) if given else None,
    )
    confine.drop_root()
    confine.limit(memory_bytes=MEMORY, cpu_s=CPU_S)
    json.dump(asdict(look(address)), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
